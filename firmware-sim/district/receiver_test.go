package district

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/wire"
)

var sender = wire.Device{Tenant: "510107", ID: "fp-1"}

// post hands the receiver one message as the agent makes it.
func post(t *testing.T, r *Receiver, m wire.Meta, body []byte) {
	t.Helper()
	msg, err := wire.Envelope(sender, m, body, time.Time{}, false)
	if err != nil {
		t.Fatal(err)
	}
	r.Handle(sender.Topic(wire.Leaf(m.Lane, body, false)), msg, false)
}

func numbered(lane byte, epoch string, first uint64) wire.Meta {
	return wire.Meta{Lane: lane, Epoch: epoch, First: first, N: 1, Boot: 1, Mono: 1, Error: -1}
}

// body is a stored body of the alarm lane that differs by n.
func body(n uint64) []byte {
	return fmt.Appendf(nil, `{"type":"org.firepost.alarm.v1","data":{"aid":"p-1-%d",`+
		`"point":"p","kind":"fire","state":"raised","restored":false}}`, n)
}

func alarms(t *testing.T, r *Receiver, epoch string, numbers ...uint64) {
	t.Helper()
	for _, n := range numbers {
		post(t, r, numbered(wire.LaneAlarm, epoch, n), body(n))
	}
}

// batch is a telemetry message of n records from first.
func batch(t *testing.T, r *Receiver, leaf string, first uint64, n uint32) {
	t.Helper()
	data := strings.TrimSuffix(strings.Repeat(`{"n":"x","v":1},`, int(n)), ",")
	m := numbered(wire.LaneTelemetry, "e1", first)
	m.N = n
	msg, err := wire.Envelope(sender, m,
		fmt.Appendf(nil, `{"type":"org.firepost.telemetry.v1","data":[%s]}`, data), time.Time{}, false)
	if err != nil {
		t.Fatal(err)
	}
	r.Handle(sender.Topic(leaf), msg, false)
}

func watermark(r *Receiver, epoch, lane string) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.store.track(key{sender.ID, epoch, lane}).hw
}

// want checks the counters of a report that most tests are about.
func want(t *testing.T, r *Receiver, stored, duplicates, mismatch, disorder, missing int) {
	t.Helper()
	got := r.Report()
	if got.Malformed != 0 {
		t.Errorf("malformed: %v", got.Faults)
	}
	total := 0
	for _, n := range got.Received {
		total += int(n)
	}
	now := [5]int{
		total, int(got.Duplicates), int(got.BodyMismatch), int(got.OutOfOrder), len(got.Missing),
	}
	if exp := [5]int{stored, duplicates, mismatch, disorder, missing}; now != exp {
		t.Errorf("stored, duplicates, mismatches, disorder, holes: got %v, want %v; %v",
			now, exp, got.Missing)
	}
}

// A record that comes again is stored once, and its alarm is raised once.
func TestRepeatsAreStoredOnce(t *testing.T) {
	r := NewReceiver(Options{})
	alarms(t, r, "e1", 1, 2, 2, 1, 3, 3, 3)
	want(t, r, 3, 4, 0, 0, 0)
	if got := watermark(r, "e1", "a"); got != 3 {
		t.Errorf("watermark: got %d, want 3", got)
	}
	if got := r.Report().Raises["p-1-2"].Count; got != 1 {
		t.Errorf("raises of one alarm: got %d, want 1", got)
	}
}

// The same number with other data is a broken promise of the sender, and is told.
func TestRepeatWithOtherDataIsTold(t *testing.T) {
	r := NewReceiver(Options{})
	alarms(t, r, "e1", 1)
	post(t, r, numbered(wire.LaneAlarm, "e1", 1), body(99))
	want(t, r, 1, 1, 1, 0, 0)
}

// A hole keeps the watermark down until it is filled, declared or not.
func TestHoleHoldsTheWatermark(t *testing.T) {
	r := NewReceiver(Options{})
	alarms(t, r, "e1", 1, 3, 4)
	want(t, r, 3, 0, 0, 0, 1)
	if got := watermark(r, "e1", "a"); got != 1 {
		t.Errorf("watermark above a hole: got %d, want 1", got)
	}
	if got, exp := r.Report().Missing[0], (Hole{"fp-1", "e1", "a", 2, 2}); got != exp {
		t.Errorf("hole: got %v, want %v", got, exp)
	}
	alarms(t, r, "e1", 2)
	want(t, r, 4, 0, 0, 1, 0)
	if got := watermark(r, "e1", "a"); got != 4 {
		t.Errorf("watermark after the fill: got %d, want 4", got)
	}
}

// A gap settles its numbers; a record that comes later all the same is stored and ends the mark.
func TestDeclaredGap(t *testing.T) {
	r := NewReceiver(Options{})
	alarms(t, r, "e1", 1, 5)
	post(t, r, numbered(wire.LaneAlarm, "e1", 6),
		wire.GapBody(wire.Gap{Epoch: "e1", Lane: "a", From: 2, To: 5, Cause: wire.CauseEvicted}))
	want(t, r, 3, 0, 0, 0, 0)
	if got := r.Report(); got.Absent != 3 || got.Declared["evicted"] != 4 {
		t.Errorf("absent, declared: got %d, %v, want 3, evicted 4", got.Absent, got.Declared)
	}
	if got := watermark(r, "e1", "a"); got != 6 {
		t.Errorf("watermark over a gap: got %d, want 6", got)
	}
	alarms(t, r, "e1", 3)
	want(t, r, 4, 0, 0, 0, 0)
	if got := r.Report(); got.Absent != 2 || got.Filled != 1 {
		t.Errorf("absent, filled: got %d, %d, want 2, 1", got.Absent, got.Filled)
	}
}

// A gap of the panel's own numbers moves no watermark of a lane.
func TestPanelGapMovesNothing(t *testing.T) {
	r := NewReceiver(Options{})
	post(t, r, numbered(wire.LaneAlarm, "e1", 1),
		wire.GapBody(wire.Gap{Lane: wire.LanePanel, From: 1, To: 900, Cause: wire.CauseDroppedRAM}))
	if got := watermark(r, "e1", "a"); got != 1 {
		t.Errorf("watermark: got %d, want 1", got)
	}
	if got := r.Report(); got.Absent != 0 || got.Declared["dropped_ram"] != 900 {
		t.Errorf("absent, declared: got %d, %v, want 0, dropped_ram 900", got.Absent, got.Declared)
	}
}

// Each epoch has numbers of its own; a store_reset settles what the old one left open.
func TestEpochChange(t *testing.T) {
	r := NewReceiver(Options{})
	alarms(t, r, "e1", 1, 2, 4)
	alarms(t, r, "e2", 2)
	want(t, r, 4, 0, 0, 0, 2)
	post(t, r, numbered(wire.LaneAlarm, "e2", 1),
		wire.StoreResetBody(wire.StoreReset{Epoch: "e1", Salvaged: 2, LostEstimate: 1}))
	want(t, r, 5, 0, 0, 1, 0)
	if got := r.Report().StoreResets; got != 1 {
		t.Errorf("store resets: got %d, want 1", got)
	}
}

// A salvaged record is known by the number it had first, and stored once.
func TestSalvagedRecordIsKnownByItsOrigin(t *testing.T) {
	r := NewReceiver(Options{})
	alarms(t, r, "e1", 1, 2)
	for n, orig := range map[uint64]uint64{1: 2, 2: 3} {
		m := numbered(wire.LaneAlarm, "e2", n)
		m.OrigEpoch, m.OrigFirst = "e1", orig
		post(t, r, m, body(orig))
	}
	got := r.Report()
	if got.Received["a"] != 3 || got.Duplicates != 1 || got.BodyMismatch != 0 {
		t.Errorf("stored, duplicates, mismatches: got %d, %d, %d, want 3, 1, 0",
			got.Received["a"], got.Duplicates, got.BodyMismatch)
	}
	if hw := watermark(r, "e2", "a"); hw != 2 {
		t.Errorf("watermark of the new epoch: got %d, want 2", hw)
	}
}

// More holes than ranges are kept lose nothing: the table rebuilds the watermark.
func TestManyHoles(t *testing.T) {
	r := NewReceiver(Options{})
	const top = 400
	for n := uint64(2); n <= top; n += 2 {
		alarms(t, r, "e1", n)
	}
	r.mu.Lock()
	kept := len(r.store.track(key{sender.ID, "e1", "a"}).ahead)
	r.mu.Unlock()
	if kept != aheadMax {
		t.Errorf("ranges kept: got %d, want %d", kept, aheadMax)
	}
	if got := len(r.Report().Missing); got != top/2 {
		t.Errorf("holes: got %d, want %d", got, top/2)
	}
	for n := uint64(1); n <= top; n += 2 {
		alarms(t, r, "e1", n)
		if got := watermark(r, "e1", "a"); got != n+1 {
			t.Fatalf("watermark after %d: got %d, want %d", n, got, n+1)
		}
	}
	want(t, r, top, 0, 0, top/2, 0)
}

// Whatever comes, in whatever order and however often: each number is stored once, the watermark
// is the end of the first run, and the holes are what neither came nor was declared.
func TestAgainstASet(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		r, came, gone := NewReceiver(Options{}), map[uint64]bool{}, map[uint64]bool{}
		for range 150 {
			first, n := 1+rnd.Uint64N(300), 1+rnd.Uint64N(4)
			if rnd.IntN(10) == 0 {
				r.store.track(key{sender.ID, "e1", "t"}).declare(span{first, first + n - 1})
				for i := range n {
					gone[first+i] = true
				}
				continue
			}
			batch(t, r, wire.UpTelemetry, first, uint32(n))
			for i := range n {
				came[first+i] = true
			}
		}
		hw, top := uint64(0), slices.Max(slices.Collect(maps.Keys(came)))
		for came[hw+1] || gone[hw+1] {
			hw++
		}
		holes := uint64(0)
		for n := uint64(1); n <= top; n++ {
			if !came[n] && !gone[n] {
				holes++
			}
		}
		got, missing := r.Report(), uint64(0)
		for _, h := range got.Missing {
			missing += h.To - h.From + 1
		}
		if w := watermark(r, "e1", "t"); w != hw || got.Received["t"] != uint64(len(came)) ||
			missing != holes {
			t.Fatalf("seed %d: watermark, stored, missing: got %d, %d, %d, want %d, %d, %d",
				seed, w, got.Received["t"], missing, hw, len(came), holes)
		}
	}
}

// Lane t is in order within its live and within its backlog stream, not across them.
func TestOrderOfTelemetryIsByStream(t *testing.T) {
	r := NewReceiver(Options{})
	batch(t, r, wire.UpTelemetry, 101, 10)
	batch(t, r, wire.UpBackfill, 1, 50)
	batch(t, r, wire.UpTelemetry, 111, 10)
	batch(t, r, wire.UpBackfill, 51, 50)
	want(t, r, 120, 0, 0, 0, 0)
	batch(t, r, wire.UpTelemetry, 131, 10)
	batch(t, r, wire.UpTelemetry, 121, 10)
	want(t, r, 140, 0, 0, 1, 0)

	batch(t, r, wire.UpBackfill, 161, 10)
	r.Handle(sender.Topic(wire.UpState), wire.State{Online: true, Session: "1-2"}.JSON(), false)
	batch(t, r, wire.UpBackfill, 141, 20) // A connection's backlog begins anew.
	want(t, r, 170, 0, 0, 1, 0)
}

// A message that breaks the contract is not stored, and is told.
func TestMalformedIsNotStored(t *testing.T) {
	good, err := wire.Envelope(sender, numbered(wire.LaneAlarm, "e1", 1), body(1), time.Time{}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, fresh string }{
		{`"1.0"`, `"0.3"`},
		{`e1-a-1-1`, `e1-a-1-2`},
		{`e1-a-1-1`, `e1-a-0-1`},
		{`e1-a-1-1`, `e1-a-99999999999999999-1`},
		{`"lane":"a"`, `"lane":"e"`},
		{`0000000000000001`, `1`},
		{`/fp-1"`, `/fp-2"`},
		{`"tq":"none"`, `"tq":"sundial"`},
		{`"mono":"1"`, `"mono":1`},
		{`"mono":"1"`, `"mono":"-1"`},
		{`"hist":false,`, ``},
		{`"data":`, `"date":`},
		{`alarm.v1"`, `rsp.v1"`},
	} {
		r := NewReceiver(Options{})
		bad := strings.Replace(string(good), c.old, c.fresh, 1)
		if bad == string(good) {
			t.Fatalf("%s: not in %s", c.old, good)
		}
		r.Handle(sender.Topic(wire.UpAlarm), []byte(bad), false)
		if got := r.Report(); got.Malformed != 1 || got.Received["a"] != 0 {
			t.Errorf("%s for %s: malformed %d, stored %d", c.fresh, c.old, got.Malformed,
				got.Received["a"])
		}
	}
}

// A will of a session that is over does not take the device offline.
func TestStaleWillIsIgnored(t *testing.T) {
	r := NewReceiver(Options{})
	birth := func(session string) wire.State { return wire.State{Online: true, Session: session} }
	r.Handle(sender.Topic(wire.UpState), birth("1-1").JSON(), false)
	r.Handle(sender.Topic(wire.UpState), birth("1-2").JSON(), false)
	r.Handle(sender.Topic(wire.UpState), birth("1-1").Will(), false)
	if got := r.Report(); !got.Online[sender.ID] || got.StaleWills != 1 || got.Births != 2 {
		t.Errorf("online, stale wills, births: got %v, %d, %d, want true, 1, 2",
			got.Online[sender.ID], got.StaleWills, got.Births)
	}
	r.Handle(sender.Topic(wire.UpState), birth("1-2").Will(), false)
	if r.Report().Online[sender.ID] {
		t.Error("online after the will of the current session")
	}
}

// published collects what a receiver sends, until the test ends.
func published(t *testing.T, r *Receiver) func() []outgoing {
	ctx, cancel := context.WithCancel(t.Context())
	var out []outgoing
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx, func(topic string, payload []byte, retain bool) error {
			out = append(out, outgoing{topic, payload, retain})
			return nil
		})
	}()
	return func() []outgoing {
		cancel()
		<-done
		return out
	}
}

// Every birth is greeted, and records are receipted up to the watermark, many by one receipt.
func TestHelloAndReceipts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewReceiver(Options{Hello: wire.Hello{Receipt: true}})
		stop := published(t, r)
		r.Handle(sender.Topic(wire.UpState), wire.State{Online: true, Session: "1-1"}.JSON(), false)
		synctest.Wait()
		alarms(t, r, "e1", 1, 2, 4)
		batch(t, r, wire.UpTelemetry, 1, 20)
		time.Sleep(time.Second)
		out := stop()
		if len(out) != 2 {
			t.Fatalf("got %d messages, want a hello and one receipt: %+v", len(out), out)
		}
		hello, err := wire.DecodeHello(out[0].payload)
		if err != nil || !hello.Receipt || hello.Now.IsZero() || !out[0].retain {
			t.Errorf("hello: got %+v, %v", hello, err)
		}
		ack, err := wire.DecodeAck(out[1].payload)
		if err != nil || ack.Epoch != "e1" || ack.UpTo["a"] != 2 || ack.UpTo["t"] != 20 {
			t.Errorf("receipt: got %+v, %v, want a 2 and t 20 of e1", ack, err)
		}
	})
}

// An order is sent again at each birth, until its end is told or its time is over. A second end
// that differs from the first breaks the contract; what came before the end may come late.
func TestOrdersAreSentUntilTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewReceiver(Options{})
		born := func(session string) int {
			r.Handle(sender.Topic(wire.UpState), wire.State{Online: true, Session: session}.JSON(), true)
			n := 0
			for _, m := range r.pending() {
				if m.topic == sender.Topic(wire.DownCmd) {
					n++
				}
			}
			return n
		}
		born("1-1")
		for id, holds := range map[string]time.Duration{"c-1": time.Hour, "c-2": time.Minute} {
			r.Order(sender.ID, wire.Command{ID: id, Name: "self_test", Expires: time.Now().Add(holds)})
		}
		if n := born("1-2"); n != 4 { // once each, and once more
			t.Errorf("%d commands were sent, want 4", n)
		}
		answer := func(n uint64, state string) {
			post(t, r, numbered(wire.LaneAlarm, "e1", n), wire.Rsp{ID: "c-1", State: state}.Body())
		}
		answer(1, wire.RspAccepted)
		time.Sleep(2 * time.Minute)
		if n := born("1-3"); n != 1 {
			t.Errorf("%d commands were sent again, want the one that holds", n)
		}
		answer(2, wire.RspDone)
		answer(3, wire.RspAccepted)
		answer(4, wire.RspDone)
		if n := born("1-4"); n != 0 || r.Report().Commands["c-1"] != wire.RspDone {
			t.Errorf("%d sent after the end, state %q", n, r.Report().Commands["c-1"])
		}
		answer(5, wire.RspFailed)
		if got := r.Report(); got.Malformed != 1 {
			t.Errorf("a second end: malformed %d %v", got.Malformed, got.Faults)
		}
	})
}

// What the file has is receipted, though the receiver has been started anew, and nothing else is.
func TestReceiptsOutliveTheReceiver(t *testing.T) {
	path := t.TempDir() + "/district.db"
	for run, want := range []string{`{"a":2}`, `{"a":3}`} {
		f, err := OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			r := NewReceiver(Options{File: f, Hello: wire.Hello{Receipt: true}})
			stop := published(t, r)
			if run == 0 {
				alarms(t, r, "0000e001", 1, 2, 5)
			} else {
				alarms(t, r, "0000e001", 3)
			}
			time.Sleep(time.Minute)
			out := stop()
			last := string(out[len(out)-1].payload)
			if !strings.Contains(last, want) {
				t.Errorf("run %d: receipt %s, want %s", run, last, want)
			}
		})
		f.Close()
	}
}

// Numbers that stay away while later ones are there are asked for, once in ten minutes.
func TestStalledNumbersAreAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewReceiver(Options{})
		stop := published(t, r)
		alarms(t, r, "e1", 1, 2, 6)
		time.Sleep(9 * time.Minute)
		alarms(t, r, "e1", 3)
		time.Sleep(9 * time.Minute)
		if got := r.Report().Resends; got != 0 {
			t.Errorf("9 min after the watermark moved: got %d requests, want none", got)
		}
		time.Sleep(3 * time.Minute)
		alarms(t, r, "e1", 4, 5)
		time.Sleep(time.Hour)
		out := stop()
		if got := r.Report().Resends; got != 1 || len(out) != 1 {
			t.Fatalf("got %d requests and %d messages, want 1", got, len(out))
		}
		c, err := wire.DecodeCommand(out[0].payload)
		if err != nil || c.Name != "resend" || string(c.Args) !=
			`{"epoch":"e1","from":4,"lane":"a","to":5}` {
			t.Errorf("got %+v %s, %v, want numbers 4 to 5", c, c.Args, err)
		}
	})
}
