package uplink

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// bubble runs a test in virtual time with a store and a district.
func bubble(t *testing.T, f func(*testing.T, *memory, *district)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newMemory(), newDistrict(t)) })
}

func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// A start is not a loss: the first try is made at once, and the order of the greeting is birth,
// description, active alarms.
func TestStartConnectsAtOnceAndIntroducesItself(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		c := config(m, d)
		c.Desc = func() []byte { return []byte(`{"points":[]}`) }
		c.Active = func() (uint64, func(int) []byte) {
			return 1, func(int) []byte { return []byte(`{}`) }
		}
		var n noticed
		c.Notice = n.notice
		k := start(t, c)
		settle(time.Millisecond)
		var leaves []string
		for _, h := range d.all() {
			if !h.Retain {
				t.Errorf("%s is not retained", h.Topic)
			}
			leaves = append(leaves, h.Topic)
		}
		want := []string{d.device.Topic(wire.UpState), d.device.Topic(wire.UpDesc),
			d.device.Topic(wire.UpActive)}
		if !slices.Equal(leaves, want) {
			t.Errorf("published %v, want %v", leaves, want)
		}
		if s := k.Status(); !s.Connected || s.Session != "41-1" {
			t.Errorf("status: got %+v, want connected as 41-1", s)
		}
		if !slices.Equal(n.said(), []string{"uplink_down true", "uplink_down false"}) {
			t.Errorf("notices: got %v", n.said())
		}
	})
}

// After a loss the description is told again only when it changed, the active alarms always, and
// at each change of theirs.
func TestDescriptionIsToldWhenItChangesAndActiveAlarmsAlways(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		c := config(m, d)
		var edition, version atomic.Uint64
		c.Desc = func() []byte { return fmt.Appendf(nil, `{"a":%d}`, edition.Load()) }
		c.Active = func() (uint64, func(int) []byte) {
			v := version.Load()
			return v, func(int) []byte { return fmt.Appendf(nil, `{"v":%d}`, v) }
		}
		start(t, c)
		settle(time.Second)
		d.drop()
		settle(31 * time.Second)
		if got := d.count(wire.UpDesc); got != 1 {
			t.Errorf("descriptions after a loss: got %d, want 1", got)
		}
		if got := d.count(wire.UpActive); got != 2 {
			t.Errorf("active alarms after a loss: got %d, want 2", got)
		}
		version.Store(2)
		settle(2 * time.Second)
		if got := d.count(wire.UpActive); got != 3 {
			t.Errorf("active alarms after a change: got %d, want 3", got)
		}
		edition.Store(2)
		d.drop()
		settle(31 * time.Second)
		if got := d.count(wire.UpDesc); got != 2 {
			t.Errorf("descriptions after a change: got %d, want 2", got)
		}
	})
}

// A site that changes while the line is up is told at once, once.
func TestAnotherSiteIsToldWithinTheConnection(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		c := config(m, d)
		var edition atomic.Uint64
		c.Revision = edition.Load
		c.Desc = func() []byte { return fmt.Appendf(nil, `{"a":%d}`, edition.Load()) }
		start(t, c)
		settle(time.Second)
		edition.Store(1)
		settle(3 * time.Second)
		if descs, births := d.count(wire.UpDesc), d.count(wire.UpState); descs != 2 || births != 2 {
			t.Errorf("got %d descriptions and %d births, want 2 of each", descs, births)
		}
	})
}

// An alarm ends the wait at once, but two tries that alarms asked for are two seconds apart; a
// fault or an event ends no wait.
func TestNewAlarmEndsTheWait(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.refuse = fmt.Errorf("nobody there: %w", ErrBroken)
		start(t, config(m, d))
		settle(10 * time.Minute) // The waits are long now.
		for len(d.tries()) == 0 || time.Since(d.tries()[len(d.tries())-1]) > 50*time.Millisecond {
			settle(10 * time.Millisecond) // right after a failure
		}
		n := len(d.tries())
		m.Put(buffer.Alarm, 1, faultBody(1))
		m.Put(buffer.Event, 1, eventBody(1))
		settle(500 * time.Millisecond)
		if len(d.tries()) != n {
			t.Errorf("a fault or an event ended the wait")
		}
		m.Put(buffer.Alarm, 1, alarmBody(1))
		settle(time.Millisecond)
		if len(d.tries()) != n+1 {
			t.Fatalf("tries after an alarm: got %d, want 1", len(d.tries())-n)
		}
		m.Put(buffer.Alarm, 1, alarmBody(2))
		settle(100 * time.Millisecond)
		if len(d.tries()) != n+1 {
			t.Errorf("a second alarm ended the wait too soon")
		}
		settle(2 * time.Second)
		if gap := d.tries()[n+1].Sub(d.tries()[n]); gap > 2*time.Second || gap < time.Second {
			t.Errorf("the second alarm's try came %v after the first, want 1 s to 2 s", gap)
		}
	})
}

// One alarm asks for one try at once, and the back-off begins anew after it; it does not ask again
// and again.
func TestOneAlarmAsksForOneTry(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.refuse = fmt.Errorf("nobody there: %w", ErrBroken)
		start(t, config(m, d))
		settle(10 * time.Minute)
		before := len(d.tries())
		m.Put(buffer.Alarm, 1, alarmBody(1))
		settle(time.Hour)
		after := d.tries()[before:]
		if gap := after[1].Sub(after[0]); gap > 3*time.Second {
			t.Errorf("the next try came after %v, want at most 3 s", gap)
		}
		if len(after) > 200 {
			t.Errorf("tries in an hour: got %d, want about 100", len(after))
		}
	})
}

// An alarm that was on its way when the line broke is as urgent as one that comes after.
func TestAlarmCaughtByTheLossEndsTheWait(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Spread: 30}
		start(t, config(m, d))
		settle(time.Minute)
		d.set(func() { d.mute = true })
		m.Put(buffer.Alarm, 1, alarmBody(1))
		settle(10 * time.Millisecond)
		d.set(func() { d.mute = false })
		d.drop()
		settle(10 * time.Millisecond)
		if len(d.tries()) != 2 || m.left(buffer.Alarm) != 0 {
			t.Errorf("got %d tries and %d alarms left, want 2 and 0", len(d.tries()),
				m.left(buffer.Alarm))
		}
	})
}

// A refusal raises its own fault and is tried seldom; when it ends, the fault ends.
func TestRefusalHasItsOwnFault(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		var n noticed
		d.refuse = fmt.Errorf("not authorised: %w", ErrRefused)
		c := config(m, d)
		c.Notice = n.notice
		k := start(t, c)
		settle(24 * time.Hour)
		if !n.stands("uplink_refused") || n.stands("uplink_down") {
			t.Errorf("faults: got %v, want uplink_refused alone", n.standing())
		}
		if len(d.tries()) > 24*12 || k.Status().Class != "refused" {
			t.Errorf("tries in a day: %d, status %+v", len(d.tries()), k.Status())
		}
		d.set(func() { d.refuse = nil })
		settle(16 * time.Minute)
		if n.stands("uplink_refused") || !k.Status().Connected {
			t.Errorf("after the permission: %v", n.standing())
		}
	})
}

// A certificate outside of its time is a refusal only when our own clock can be believed.
func TestExpiredCertificateIsRefusedOnlyWithAClock(t *testing.T) {
	for _, set := range []bool{false, true} {
		bubble(t, func(t *testing.T, m *memory, d *district) {
			var n noticed
			d.refuse = fmt.Errorf("certificate: %w", ErrClock)
			c := config(m, d)
			c.Notice = n.notice
			if !set {
				c.Stamp = func() buffer.Stamp { return buffer.Stamp{Boot: 41} }
			}
			start(t, c)
			settle(time.Second)
			if n.stands("uplink_refused") != set {
				t.Errorf("clock set %t: uplink_refused %t", set, n.stands("uplink_refused"))
			}
		})
	}
}

// When a broker comes back, stations without an alarm return spread over at least 20 s.
func TestT10QuietStationsReturnSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		const stations = 300
		all := make([]*district, stations)
		stores := make([]*memory, stations)
		done := make(chan error, stations)
		for i := range all {
			all[i], stores[i] = newDistrict(t), newMemory()
			c := config(stores[i], all[i])
			c.Rand = rand.New(rand.NewPCG(uint64(i), 7))
			go func() { done <- New(c).Run(ctx) }()
		}
		settle(time.Minute)
		lost := time.Now()
		for _, d := range all {
			d.drop()
		}
		settle(100 * time.Millisecond)
		stores[17].Put(buffer.Alarm, 1, alarmBody(1))
		raised := time.Now()
		settle(2 * time.Second)
		if a := all[17].records("a"); len(a) == 0 || a[0].at.Sub(raised) > 2*time.Second {
			t.Errorf("the alarm came too late: %v", a)
		}
		settle(time.Minute)
		var first, final time.Duration = time.Hour, 0
		perSecond := make(map[int]int)
		for i, d := range all {
			if i == 17 {
				continue
			}
			after := d.tries()[1].Sub(lost)
			first, final = min(first, after), max(final, after)
			perSecond[int(after/time.Second)]++
		}
		if final-first < 20*time.Second {
			t.Errorf("the stations returned from %v to %v after the loss", first, final)
		}
		for s, n := range perSecond {
			if n > stations/10 {
				t.Errorf("%d stations returned in second %d", n, s)
			}
		}
		cancel()
		for range stations {
			if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	})
}
