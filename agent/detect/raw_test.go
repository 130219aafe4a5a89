package detect

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// Raw follows the value before any delay: from the first reading that meets a condition, and over
// each change, though none lasts long enough to stand. A bad reading changes nothing.
func TestRawIsBeforeTheDelays(t *testing.T) {
	r := New(Spec{Conditions: []Condition{{
		Kind: Below, Quantity: drivers.Pressure, Level: Supervisory, Limit: 100,
		Hysteresis: 20, Confirm: 15 * time.Second, Release: 10 * time.Second,
	}}})
	now := point.Instant(0)
	feed := func(value int64, q point.Quality, d time.Duration) Raw {
		t.Helper()
		r.Step(now, []point.Reading{{At: now, Quality: q,
			Sample: drivers.Sample{Quantity: drivers.Pressure, Value: value}}})
		now = now.Add(d)
		return r.(Observer).Raw()
	}
	check := func(got Raw, met bool, since time.Duration, changes uint64) {
		t.Helper()
		if want := (Raw{met, point.Instant(since), changes}); got != want {
			t.Errorf("at %v: got %+v, want %+v", time.Duration(now), got, want)
		}
	}
	if got := r.(Observer).Raw(); got != (Raw{}) {
		t.Errorf("before any reading: got %+v", got)
	}
	check(feed(150, point.Good, time.Second), false, 0, 0)
	check(feed(95, point.Good, time.Second), true, time.Second, 1)
	check(feed(0, point.Bad, time.Second), true, time.Second, 1)
	check(feed(101, point.Good, time.Second), false, 3*time.Second, 2)
	check(feed(95, point.Good, 15*time.Second), true, 4*time.Second, 3)
	check(feed(110, point.Good, time.Second), true, 4*time.Second, 3) // within the hysteresis
	check(feed(121, point.Good, time.Second), false, 20*time.Second, 4)
}

// A reset forgets what is over and still runs out its off-delay, and nothing that stands, also when
// no good reading has said that it is over.
func TestForgetIsForWhatIsOver(t *testing.T) {
	smoke := Spec{Stale: time.Minute, Conditions: []Condition{{
		Kind: Active, Quantity: drivers.Contact, Level: Alarm, Release: 10 * time.Second,
	}}}
	for _, tt := range []struct {
		name    string
		value   int64
		quality point.Quality
		want    Level
	}{
		{"it stands", 1, point.Good, Alarm}, {"it is over", 0, point.Good, Normal},
		{"it cannot be read", 0, point.Bad, Alarm}, {"it is doubtful", 0, point.Uncertain, Alarm},
	} {
		r := New(smoke)
		read := func(at point.Instant, value int64, q point.Quality) Finding {
			return r.Step(at, []point.Reading{{At: at, Quality: q,
				Sample: drivers.Sample{Quantity: drivers.Contact, Value: value}}})
		}
		read(0, 1, point.Good)
		if f := read(point.Instant(time.Second), tt.value, tt.quality); f.Level != Alarm {
			t.Fatalf("%s: it is at %v before the reset", tt.name, f.Level)
		}
		r.(Forgetter).Forget()
		if f := r.Step(point.Instant(2*time.Second), nil); f.Level != tt.want {
			t.Errorf("%s: got %v after the reset, want %v", tt.name, f.Level, tt.want)
		}
	}
}

// What a fire rule saw and what is over is forgotten by a reset too, and a fire that waits for its
// confirm time is met since it began to.
func TestFireIsForgottenAndSeenRaw(t *testing.T) {
	r := New(Spec{Stale: time.Minute, Fire: []drivers.Quantity{drivers.PM25}})
	now := point.Instant(0)
	feed := func(seconds int, dust int64) (f Finding) {
		for range seconds {
			now = now.Add(time.Second)
			f = r.Step(now, []point.Reading{{At: now, Quality: point.Good,
				Sample: drivers.Sample{Quantity: drivers.PM25, Value: dust}}})
		}
		return f
	}
	feed(5, 10_000)
	if raw := r.(Observer).Raw(); raw.Met {
		t.Errorf("clean air: %+v", raw)
	}
	begin := now.Add(time.Second)
	if f := feed(2, 9_000_000); f.Level == Alarm {
		t.Fatal("it alarms before its confirm time")
	}
	if raw := r.(Observer).Raw(); !raw.Met || raw.Since != begin {
		t.Errorf("during its confirm time: %+v, want met since %v", raw, begin)
	}
	if f := feed(10, 9_000_000); f.Level != Alarm {
		t.Fatalf("got %v, want an alarm", f.Level)
	}
	if f := feed(10, 10_000); f.Level != Alarm {
		t.Fatalf("got %v before its release time", f.Level)
	}
	if raw := r.(Observer).Raw(); raw.Met {
		t.Errorf("when it is leaving: %+v", raw)
	}
	r.(Forgetter).Forget()
	if f := r.Step(now.Add(time.Second), nil); f.Level != Normal {
		t.Errorf("got %v after the reset", f.Level)
	}
}

// What stands at a reset is told by the value of now, and not by the one with which it began.
func TestForgetRenewsTheReason(t *testing.T) {
	r := New(Spec{Stale: time.Minute, Conditions: []Condition{{
		Kind: Above, Quantity: drivers.Temperature, Level: Alarm, Limit: 56_000, Hysteresis: 2_000,
	}}})
	now := point.Instant(0)
	read := func(value int64) int64 {
		now = now.Add(time.Second)
		f := r.Step(now, []point.Reading{{At: now, Quality: point.Good,
			Sample: drivers.Sample{Quantity: drivers.Temperature, Value: value}}})
		return f.Why[0].Value
	}
	read(57_000)
	for _, c := range []struct{ value, kept, renewed int64 }{
		{80_000, 57_000, 80_000},
		{60_000, 80_000, 60_000},
		{55_000, 60_000, 60_000}, // it is over but for its hysteresis: that is no reason
	} {
		if got := read(c.value); got != c.kept {
			t.Errorf("at %d: got %d, want %d", c.value, got, c.kept)
		}
		r.(Forgetter).Forget()
		if got := r.Step(now, nil).Why[0].Value; got != c.renewed {
			t.Errorf("at %d, after a reset: got %d, want %d", c.value, got, c.renewed)
		}
	}
}
