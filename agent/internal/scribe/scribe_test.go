package scribe

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
	"github.com/firepost/firepost/drivers"
)

// The real rooms fit the doors that a Scribe has for them.
var (
	_ Events = (*guard.Ring)(nil)
	_ Outbox = (*buffer.Outbox)(nil)
)

// ring is a ring of events that keeps the newest few.
type ring struct {
	mu     sync.Mutex
	events []alarm.Event // all that were ever put
	keep   int           // 0: all
	more   chan struct{}
}

func newRing(keep int) *ring { return &ring{keep: keep, more: make(chan struct{})} }

func (r *ring) put(events ...alarm.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, events...)
	close(r.more)
	r.more = make(chan struct{})
}

func (r *ring) More() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.more
}

func (r *ring) Next(after uint64, dst []alarm.Event) (events []alarm.Event, missed uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if oldest := len(r.events) - r.keep; r.keep > 0 && int(after) < oldest {
		missed = uint64(oldest) - after
	}
	rest := r.events[after+missed:]
	return append(dst[:0], rest[:min(len(rest), cap(dst))]...), missed
}

// outbox keeps what is put, numbered by lane.
type outbox struct {
	mu     sync.Mutex
	recs   []buffer.Record
	tails  [3]uint64
	losses []buffer.Loss
}

func (o *outbox) Put(l buffer.Lane, n uint32, body []byte) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	first := o.tails[l] + 1
	o.tails[l] += uint64(n)
	o.recs = append(o.recs, buffer.Record{Lane: l, First: first, N: n, Body: body})
	return first
}

func (o *outbox) Next(l buffer.Lane, after uint64, most int) []buffer.Record {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []buffer.Record
	for _, r := range o.recs {
		if r.Lane == l && r.First > after && len(out) < most {
			out = append(out, r)
		}
	}
	return out
}

func (o *outbox) Losses() []buffer.Loss {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]buffer.Loss(nil), o.losses...)
}

func (o *outbox) Declare(body []byte, losses []buffer.Loss) uint64 {
	o.mu.Lock()
	for _, l := range losses {
		for i := range o.losses {
			if o.losses[i] == l {
				o.losses = append(o.losses[:i], o.losses[i+1:]...)
				break
			}
		}
	}
	o.mu.Unlock()
	return o.Put(buffer.Alarm, 1, body)
}

// told is what the outbox has, one line a record: "lane n body".
func (o *outbox) told() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []string
	for _, r := range o.recs {
		out = append(out, fmt.Sprintf("%s %d %s", r.Lane, r.N, r.Body))
	}
	return out
}

// bench is a scribe at work, with the rooms around it in the test's hand.
type bench struct {
	t    *testing.T
	ring *ring
	out  *outbox
	snap *alarm.Snapshot
	mu   sync.Mutex
	stop func()
}

// clock gives the time since it was made.
func clock() func() point.Instant {
	began := time.Now()
	return func() point.Instant { return point.Instant(time.Since(began)) }
}

func start(t *testing.T, c Config, keep int) *bench {
	b := &bench{t: t, ring: newRing(keep), out: &outbox{}}
	b.run(c)
	return b
}

func (b *bench) run(c Config) {
	c.Ring, c.Outbox, c.Now = b.ring, b.out, clock()
	c.Device = func() string { return "fp-1" }
	c.Snapshot = func() *alarm.Snapshot {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.snap == nil {
			return nil
		}
		s := *b.snap
		s.At = c.Now()
		return &s
	}
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error)
	go func() { ended <- New(c).Run(ctx) }()
	b.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Errorf("run: %v", err)
		}
	}
}

// read lets the panel have a reading of the only channel of the only point, as of now.
func (b *bench) read(now point.Instant, c alarm.ChannelState) {
	c.At, c.Seen = now, true
	b.show(alarm.PointState{ID: "heat1", Channels: []alarm.ChannelState{c}})
}

// show makes the next snapshots of these points.
func (b *bench) show(points ...alarm.PointState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.snap = &alarm.Snapshot{Points: points}
}

func good(milliC int64) alarm.ChannelState {
	return alarm.ChannelState{Quantity: drivers.Temperature, Value: milliC, Quality: point.Good}
}

func plan(stale time.Duration) alarm.Plan {
	return alarm.Plan{
		Zones: []alarm.ZonePlan{{ID: "kitchen", Name: "厨房"}},
		Points: []alarm.PointPlan{{ID: "heat1", Zone: "kitchen", Spec: detect.Spec{
			Stale: stale, Conditions: []detect.Condition{
				{Kind: detect.Above, Quantity: drivers.Temperature, Limit: 57_000, Level: detect.Alarm},
			},
		}}},
	}
}

func heat(seq uint64, k alarm.Kind) alarm.Event {
	return alarm.Event{
		Seq: seq, Kind: k, Alarm: "heat1-1-1", Point: "heat1", Zone: "kitchen", Signal: alarm.Fire,
		To: detect.Finding{Level: detect.Alarm}, Latched: true,
	}
}

// An event is in the outbox as soon as it is in the ring, on its lane, with its zone's name and the
// state before it.
func TestEventsAreWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{Terms: Terms{Plan: plan(0)}}, 0)
		b.ring.put(heat(1, alarm.Raised))
		synctest.Wait()
		b.ring.put(
			alarm.Event{Seq: 2, Kind: alarm.Silenced}, heat(3, alarm.Acknowledged),
			heat(4, alarm.ResetDone), heat(5, alarm.Raised))
		synctest.Wait()
		told := b.out.told()
		b.stop()
		for i, want := range []struct{ lane, state, prev string }{
			{"a", "raised", "null"},
			{"e", "silenced", "null"},
			{"a", "acknowledged", `"raised"`},
			{"a", "reset", `"acknowledged"`},
			{"a", "raised", "null"},
		} {
			if i >= len(told) {
				t.Fatalf("got %d records, want 5", len(told))
			}
			text := fmt.Sprintf(`"state":%q,"prev":%s`, want.state, want.prev)
			if !strings.HasPrefix(told[i], want.lane+" 1 ") || !strings.Contains(told[i], text) {
				t.Errorf("record %d: got %s, want lane %s and %s", i+1, told[i], want.lane, text)
			}
			if want.lane == "a" && !strings.Contains(told[i], `"zone":"厨房"`) {
				t.Errorf("record %d: %s does not name the zone", i+1, told[i])
			}
		}
	})
}

// A scribe that fell behind the ring tells which events it never saw.
func TestMissedEventsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{}, 8)
		var events []alarm.Event
		for seq := uint64(1001); seq <= 1020; seq++ {
			events = append(events, alarm.Event{Seq: seq, Kind: alarm.Started})
		}
		b.ring.put(events...)
		synctest.Wait()
		b.stop()
		told := b.out.told()
		const gap = `"data":{"lane":"panel","from":1001,"to":1012,"cause":"dropped_ram"}`
		if len(told) != 9 || !strings.Contains(told[0], gap) {
			t.Fatalf("got %d records %s, want %s and 8 events", len(told), told, gap)
		}
		if !strings.Contains(told[1], `"seq":1013`) || !strings.Contains(told[8], `"seq":1020`) {
			t.Errorf("got %s to %s, want 1013 to 1020", told[1], told[8])
		}
	})
}

// explosive panics at the first Put.
type explosive struct {
	*outbox
	left int
}

func (e *explosive) Put(l buffer.Lane, n uint32, body []byte) uint64 {
	if e.left > 0 {
		e.left--
		panic("boom")
	}
	return e.outbox.Put(l, n, body)
}

// After a panic the scribe goes on behind the event that it could not write, and tells of it.
func TestPanicCostsOneEventAndIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, out := newRing(0), &outbox{}
		s := New(Config{
			Ring: r, Outbox: &explosive{out, 1}, Now: clock(),
			Snapshot: func() *alarm.Snapshot { return nil },
		})
		r.put(heat(7, alarm.Raised), heat(8, alarm.Acknowledged))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		func() {
			defer func() { recover() }()
			s.Run(ctx)
		}()
		cancel()
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		told := out.told()
		if len(told) != 2 || !strings.Contains(told[0], `"from":7,"to":7`) ||
			!strings.Contains(told[1], `"seq":8`) {
			t.Errorf("got %s, want a gap of event 7, then event 8", told)
		}
	})
}

// values lists the records of the telemetry lane: value and quality, in order.
func (b *bench) values() []string {
	b.t.Helper()
	var out []string
	for _, r := range b.out.Next(buffer.Telemetry, 0, 1000) {
		var body struct {
			Data []struct {
				N string          `json:"n"`
				V json.RawMessage `json:"v"`
				Q string          `json:"q"`
			} `json:"data"`
		}
		if err := json.Unmarshal(r.Body, &body); err != nil {
			b.t.Fatalf("%s: %v", r.Body, err)
		}
		if int(r.N) != len(body.Data) {
			b.t.Errorf("%d numbers for %d records", r.N, len(body.Data))
		}
		for _, d := range body.Data {
			out = append(out, strings.TrimSpace(string(d.V)+" "+d.Q))
		}
	}
	return out
}

// A record is made at the first reading, when the value left its dead-band, at each change of
// quality, and at least every report; and not otherwise.
func TestReportByException(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := clock()
		b := start(t, Config{Terms: Terms{Plan: plan(time.Minute)}}, 0)
		step := func(d time.Duration, c alarm.ChannelState) {
			b.read(now(), c)
			time.Sleep(d)
		}
		step(5*time.Second, good(20_000)) // the first
		step(5*time.Second, good(20_500)) // at the edge of the band
		step(5*time.Second, good(20_501)) // out of it
		doubt := good(20_501)
		doubt.Quality, doubt.Reason = point.Uncertain, point.Saturated
		step(5*time.Second, doubt)
		step(5*time.Second, good(20_501))
		broken := alarm.ChannelState{Quantity: drivers.Temperature, Reason: point.Checksum}
		step(5*time.Second, broken)
		broken.Reason = point.NoDevice
		step(5*time.Second, broken)
		step(5*time.Second, good(20_501))
		for range 14 { // 70 s of quiet: one report
			step(5*time.Second, good(20_502))
		}
		b.stop()
		got := strings.Join(b.values(), ", ")
		const want = "20, 20.5, 20.5 u:saturated, 20.5, b:checksum, b:no_device, 20.5, 20.5"
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// With no dead-band each reading that differs is a record.
func TestNoDeadBandTellsEachChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := clock()
		bands := map[drivers.Quantity]int64{drivers.Temperature: 0}
		b := start(t, Config{Terms: Terms{
			Plan: plan(time.Minute), DeadBands: bands, Report: 10 * time.Second,
		}}, 0)
		for i := range int64(30) {
			b.read(now(), good(20_000+i))
			time.Sleep(2 * time.Second)
		}
		b.stop()
		if got := len(b.values()); got != 30 {
			t.Errorf("got %d records, want 30", got)
		}
	})
}

// A value is told to a tenth of its dead-band and no finer, whatever its sign; without a dead-band
// it is told as it was read.
func TestValuesAreToldAsFinelyAsTheirDeadBand(t *testing.T) {
	for _, c := range []struct{ band, value, want int64 }{
		{500, 20_504, 20_500}, {500, 20_505, 20_510}, {500, -20_505, -20_510}, {500, -4, 0},
		{2_000, 45_149, 45_100}, {2_000, 45_150, 45_200}, {20, 2_871, 2_871}, {99, 7, 7},
		{100, 17, 20}, {0, 20_501, 20_501}, {1 << 62, 1 << 61, 2_300_000_000_000_000_000},
	} {
		if got := round(c.value, step(c.band)); got != c.want {
			t.Errorf("band %d: %d is told as %d, want %d", c.band, c.value, got, c.want)
		}
	}
}

// A batch whose names are long becomes several bodies, each of which fits into every message; no
// record is lost, and all keep their order.
func TestLongBatchIsDivided(t *testing.T) {
	out := &outbox{}
	s := New(Config{
		Outbox: out, Now: clock(), Device: func() string { return "fp-7k2m4qx6tb" },
	})
	for i := range batchMax {
		s.keep(wire.Record{
			Name: fmt.Sprintf("%s-%02d", strings.Repeat("long", 60), i), Quality: point.Good,
			Quantity: drivers.Temperature, Value: int64(i) * 1000,
		})
	}
	rs, next := out.Next(buffer.Telemetry, 0, 100), 0
	for _, r := range rs {
		if len(r.Body) > wire.MaxBody {
			t.Errorf("a body of %d bytes", len(r.Body))
		}
		for range r.N {
			if !strings.Contains(string(r.Body), fmt.Sprintf("-%02d\"", next)) {
				t.Errorf("record %d is not where it belongs", next)
			}
			next++
		}
	}
	if next != batchMax || len(rs) < 2 {
		t.Errorf("%d records in %d bodies, want %d in several", next, len(rs), batchMax)
	}
}

// A sensor from which nothing comes is never told again with its old value: it is told as bad, at
// once when it is stale and then with each report.
func TestSilentSensorIsToldAsBad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := clock()
		b := start(t, Config{Terms: Terms{Plan: plan(8 * time.Second)}}, 0)
		b.read(now(), good(21_000))
		time.Sleep(150 * time.Second)
		b.read(now(), good(21_000))
		time.Sleep(2 * time.Second)
		b.stop()
		got := strings.Join(b.values(), ", ")
		const want = "21, b:stale, b:stale, b:stale, 21"
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		// It became stale after 8 s, not when the last value came.
		if first := b.out.told()[0]; !strings.Contains(first, `"vs":"bad","t":9,"q":"b:stale"`) {
			t.Errorf("got %s, want the time at which it was stale", first)
		}
	})
}

// A reading that is older than a report and still valid is told once.
func TestOneReadingIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{Terms: Terms{Plan: plan(10 * time.Minute)}}, 0)
		b.read(0, good(21_000))
		time.Sleep(9 * time.Minute)
		b.stop()
		if got := strings.Join(b.values(), ", "); got != "21" {
			t.Errorf("got %s, want 21", got)
		}
	})
}

// A channel that was never read has no record: the panel says how long it has been silent.
func TestUnreadChannelHasNoRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{Terms: Terms{Plan: plan(8 * time.Second)}}, 0)
		b.show(alarm.PointState{
			ID: "heat1", Channels: []alarm.ChannelState{{Quantity: drivers.Temperature}},
		})
		time.Sleep(5 * time.Minute)
		b.stop()
		if got := b.values(); len(got) != 0 {
			t.Errorf("got %s, want nothing", got)
		}
	})
}

// A batch leaves when its first record has waited, or when it is full, and at the end.
func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := clock()
		bands := map[drivers.Quantity]int64{drivers.Temperature: 0}
		b := start(t, Config{Terms: Terms{Plan: plan(time.Minute), DeadBands: bands}}, 0)
		put := func(points int) {
			var states []alarm.PointState
			for i := range points {
				c := good(int64(now()))
				c.At, c.Seen = now(), true
				states = append(states, alarm.PointState{
					ID: point.ID(fmt.Sprintf("p%d", i)), Channels: []alarm.ChannelState{c},
				})
			}
			b.show(states...)
		}
		sizes := func() (n []uint32) {
			for _, r := range b.out.Next(buffer.Telemetry, 0, 100) {
				n = append(n, r.N)
			}
			return n
		}
		put(3)
		time.Sleep(9 * time.Second)
		if got := sizes(); len(got) != 0 {
			t.Errorf("after 9 s: got batches %v, want none", got)
		}
		time.Sleep(3 * time.Second)
		if got := fmt.Sprint(sizes()); got != "[3]" {
			t.Errorf("after 12 s: got batches %s, want [3]", got)
		}
		put(130)
		time.Sleep(1500 * time.Millisecond)
		if got := fmt.Sprint(sizes()); got != "[3 60 60]" {
			t.Errorf("after 130 at once: got batches %s, want [3 60 60]", got)
		}
		b.stop()
		if got := fmt.Sprint(sizes()); got != "[3 60 60 10]" {
			t.Errorf("at the end: got batches %s, want [3 60 60 10]", got)
		}
	})
}
