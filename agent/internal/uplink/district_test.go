package uplink

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// answers lists the states that up/rsp told.
func (d *district) answers() (list []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, h := range d.got {
		if h.Topic == d.device.Topic(wire.UpRsp) {
			var a struct{ ID, State, Reason string }
			if json.Unmarshal([]byte(h.body), &a) == nil {
				list = append(list, a.ID+" "+a.State+" "+a.Reason)
			}
		}
	}
	return list
}

func command(id, name string) []byte {
	return fmt.Appendf(nil, `{"specversion":"1.0","id":%q,"source":"/district","type":%q,
		"data":{"name":%q}}`, id, wire.TypeCmd, name)
}

// Every command that names itself is given to whoever answers it, also one for a group and one that
// is malformed, and again until it is taken. The broker may deliver it anew until that one is done.
func TestCommandsArePassedOnUntilTheyAreTaken(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{}
		var taken []string
		var dones []func()
		tries := 0
		c := config(m, d)
		c.Groups = []string{"north"}
		c.Command = func(w wire.Command, done func()) bool {
			if tries++; tries%2 == 1 {
				return false
			}
			taken, dones = append(taken, w.ID+" "+w.Name), append(dones, done)
			return true
		}
		k := start(t, c)
		settle(time.Second)
		before := d.line().confirmed()
		d.line().down(wire.DownCmd, command("c-1", "acknowledge"), false)
		d.line().down(wire.DownCmd, []byte(`{"specversion":"9","id":"c-3"}`), false)
		group := "firepost/v1/510107/group/north/down/cmd"
		d.line().inbox <- Delivery{Message{Topic: group, Payload: command("c-4", "warning")}, func() {}}
		settle(5 * time.Second)
		if want := []string{"c-1 acknowledge", "c-3 ", "c-4 warning"}; !slices.Equal(taken, want) {
			t.Fatalf("taken: got %q, want %q", taken, want)
		}
		if got := d.line().confirmed(); got != before {
			t.Errorf("%d are confirmed before they are done", got-before)
		}
		for _, done := range dones {
			done()
		}
		if got := d.line().confirmed(); got != before+2 {
			t.Errorf("confirmed: got %d, want 2", got-before)
		}
		d.line().down(wire.DownCmd, []byte(`no JSON`), false)
		settle(time.Second)
		if got := d.line().confirmed(); got != before+3 || len(taken) != 3 {
			t.Errorf("what has no id: confirmed %d, passed on %q", got-before, taken[3:])
		}
		if k.Status().Malformed != 2 || len(d.answers()) != 0 {
			t.Errorf("malformed %d, answered %q", k.Status().Malformed, d.answers())
		}
	})
}

// Without anybody to obey commands each one that names itself is refused.
func TestCommandsThatNobodyTakesAreRefused(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{}
		start(t, config(m, d))
		settle(time.Second)
		d.line().down(wire.DownCmd, command("c-1", "reset"), false)
		d.line().down(wire.DownCmd, []byte(`{"specversion":"9","id":"c-2"}`), false)
		d.line().down(wire.DownCmd, []byte(`no JSON`), false)
		settle(time.Second)
		want := []string{"c-1 rejected unsupported", "c-2 rejected malformed"}
		if got := d.answers(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// A flood of commands does not fill the alarm lane: five a second are answered in order, some
// wait, the rest is dropped and counted.
func TestFloodOfCommandsIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{}
		k := start(t, config(m, d))
		settle(time.Second)
		for i := range 60 {
			d.line().down(wire.DownCmd, command(fmt.Sprint("c-", i), "call"), false)
		}
		settle(999 * time.Millisecond)
		if n := len(d.answers()); n != maxCommands {
			t.Errorf("answers in the first second: got %d, want %d", n, maxCommands)
		}
		settle(time.Minute)
		n := len(d.answers())
		if n < maxWaiting || n > maxWaiting+1 || k.Status().Dropped != uint64(60-n) {
			t.Errorf("answers: got %d, dropped %d", n, k.Status().Dropped)
		}
		if d.line().confirmed() != 61 { // All of them and the hello: a broker stops at what is open.
			t.Errorf("confirmed to the broker: got %d, want 61", d.line().confirmed())
		}
	})
}

// The district's clock is believed from fresh messages only: a kept hello may be a year old.
func TestClockComesFromFreshMessagesOnly(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		told := make(chan time.Time, 8)
		c := config(m, d)
		c.Platform = func(now time.Time) { told <- now }
		k := start(t, c)
		settle(time.Second)
		at := time.Date(2026, 3, 14, 9, 20, 1, 0, time.UTC)
		kept := wire.Hello{Receipt: true, Spread: 7, Now: at}
		d.line().down(wire.DownHello, kept.JSON(), true)
		settle(time.Millisecond)
		if len(told) != 0 || !k.Status().Hello.Receipt {
			t.Errorf("kept hello: clock told %d times, status %+v", len(told), k.Status().Hello)
		}
		fresh := wire.Hello{Spread: 9, Now: at.Add(time.Hour)}
		d.line().down(wire.DownHello, fresh.JSON(), false)
		settle(time.Millisecond)
		d.line().down(wire.DownHello, kept.JSON(), true)
		ack := wire.Ack{Epoch: m.Epoch(), Now: at.Add(2 * time.Hour)}
		d.line().down(wire.DownAck, ack.JSON(), false)
		settle(time.Millisecond)
		for _, want := range []time.Time{at.Add(time.Hour), at.Add(2 * time.Hour)} {
			if got := <-told; !got.Equal(want) {
				t.Errorf("clock: got %v, want %v", got, want)
			}
		}
		if len(told) != 0 {
			t.Errorf("the clock was told %d times more", len(told))
		}
		if k.Status().Hello.Receipt {
			t.Errorf("a kept hello that came late replaced the fresh one")
		}
	})
}

// Another board with our identity, or a session we never had, twice in ten minutes: the courier
// steps back for a quarter of an hour and raises identity_shared. Our own births and late wills
// mean nothing.
func TestStrangerWithOurIdentityIsLeftTheField(t *testing.T) {
	rows := []struct {
		name, state string
		stranger    bool
	}{
		{"own birth", `{"online":true,"session":"41-1","hw":"5c0e"}`, false},
		{"birth of an earlier run", `{"online":true,"session":"40-9","hw":"5c0e"}`, false},
		{"late will of ours", `{"online":false,"session":"44-1","hw":"5c0e"}`, false},
		{"nonsense", `x`, false},
		{"another board", `{"online":true,"session":"41-1","hw":"ffff"}`, true},
		{"will of another board", `{"online":false,"session":"9-1","hw":"ffff"}`, true},
		{"session we never had", `{"online":true,"session":"41-900","hw":"5c0e"}`, true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, m *memory, d *district) {
				var n noticed
				c := config(m, d)
				c.Notice = n.notice
				start(t, c)
				settle(time.Second)
				d.line().down(wire.UpState, []byte(row.state), false)
				settle(time.Second)
				if n.stands("identity_shared") {
					t.Fatalf("raised at the first message")
				}
				d.line().down(wire.UpState, []byte(row.state), true)
				settle(14 * time.Minute)
				if got := n.stands("identity_shared"); got != row.stranger {
					t.Errorf("identity_shared: got %t, want %t", got, row.stranger)
				}
				if tries := len(d.tries()); tries != 1 {
					t.Errorf("tries in 14 min: got %d, want 1", tries)
				}
				settle(12 * time.Minute)
				if n.stands("identity_shared") || !row.stranger != (len(d.tries()) == 1) {
					t.Errorf("afterwards: %v after %d tries", n.standing(), len(d.tries()))
				}
			})
		})
	}
}

// A body that is none cannot be sent and must not stand in the way.
func TestUnreadableBodyIsDeclared(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{}
		m.Put(buffer.Alarm, 1, []byte("\x00damaged"))
		m.Put(buffer.Alarm, 1, alarmBody(1))
		start(t, config(m, d))
		settle(10 * time.Second)
		if a := d.records("a"); len(a) != 2 || !strings.Contains(a[1].body, "quarantined") {
			t.Errorf("got %+v, want the alarm and a gap", a)
		}
	})
}

// Times of a clock that was not set are worked out anew once the same run has a clock, and only
// then.
func TestTimesAreWorkedOutOnceTheClockIsSet(t *testing.T) {
	none := buffer.Stamp{Boot: 41, Mono: 10_000, Wall: 0}
	ntp := uint8(wire.ClockNTP)
	rows := []struct {
		name    string
		at, now buffer.Stamp
		wall    int64
		tq      wire.ClockQuality
		err     int32
	}{
		{"same run", none, buffer.Stamp{Boot: 41, Mono: 110_000, Wall: 1_800_000_100_000,
			Quality: ntp, Error: 40}, 1_800_000_000_000, wire.ClockFix, 50},
		{"error unknown", none, buffer.Stamp{Boot: 41, Mono: 110_000, Wall: 1_800_000_100_000,
			Quality: ntp, Error: -1}, 1_800_000_000_000, wire.ClockFix, -1},
		{"another run", none, buffer.Stamp{Boot: 42, Mono: 110_000, Wall: 1_800_000_100_000,
			Quality: ntp}, 0, wire.ClockNone, 0},
		{"no clock yet", none, buffer.Stamp{Boot: 41, Mono: 110_000}, 0, wire.ClockNone, 0},
		{"had a clock", buffer.Stamp{Boot: 41, Wall: 5, Quality: ntp}, buffer.Stamp{Boot: 41,
			Mono: 9, Wall: 77, Quality: ntp}, 5, wire.ClockNTP, 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			m := meta(buffer.Record{N: 1, At: row.at}, row.now)
			if m.Wall != row.wall || m.Quality != row.tq || m.Error != row.err {
				t.Errorf("got %d %v %d, want %d %v %d", m.Wall, m.Quality, m.Error,
					row.wall, row.tq, row.err)
			}
		})
	}
}
