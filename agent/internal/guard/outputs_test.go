package guard

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/drivers"
)

// one is a guard with one output and a panel that wishes what it is told.
func one(t *testing.T, s *siren, pet func()) (*house, *script) {
	p := &script{outputs: []alarm.OutputID{"siren"}}
	return run(t, Config{Panel: p, Pet: pet, Outputs: []Output{
		{ID: "siren", Open: s.open, Alarm: true},
	}}), p
}

// A writer plays its pattern to the millisecond, and gives the level again after a second without
// an edge.
func TestWriterPlaysThePattern(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &siren{name: "siren", log: newDiary()}
		h, p := one(t, s, nil)
		time.Sleep(3500 * time.Millisecond)
		if got, want := s.log.times("siren false"), ms(1000, 2000, 3000); !slices.Equal(got, want) {
			t.Errorf("got the level given at %v, want %v", got, want)
		}
		h.settle()
		p.wish(alarm.Temporal3)
		h.poke()
		synctest.Wait()
		began := time.Since(s.log.began)
		time.Sleep(4*time.Second + time.Millisecond)
		for text, want := range map[string][]time.Duration{
			"siren true": ms(0, 1000, 2000, 4000), "siren false": ms(500, 1500, 2500, 3500),
		} {
			var got []time.Duration
			for _, at := range s.log.times(text) {
				if at >= began {
					got = append(got, at-began)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %s at %v, want %v", text, got, want)
			}
		}
	})
}

// A pattern that the panel begins anew begins with its first pulse, though it is the same pattern.
func TestPatternBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &siren{name: "siren", log: newDiary()}
		h, p := one(t, s, nil)
		p.wish(alarm.Temporal3)
		h.poke()
		time.Sleep(2700 * time.Millisecond) // within the pause
		p.restart()
		h.poke()
		synctest.Wait()
		began := time.Since(s.log.began)
		time.Sleep(1700 * time.Millisecond)
		var got []time.Duration
		for _, at := range s.log.times("siren true") {
			if at >= began {
				got = append(got, at-began)
			}
		}
		if want := ms(0, 1000); !slices.Equal(got, want) {
			t.Errorf("got pulses at %v, want %v", got, want)
		}
	})
}

// Every edge of every pattern lies on the grain in which the writer looks for it.
func TestEdgesLieOnTheGrain(t *testing.T) {
	for p := alarm.Off; p.String() != "unknown"; p++ {
		for since := time.Duration(0); since < 7*time.Second; since += 7 * time.Millisecond {
			want := repeat
			for d := time.Millisecond; d < repeat; d += time.Millisecond {
				if p.On(since+d) != p.On(since) {
					want = d
					break
				}
			}
			if got := nextEdge(p, since, repeat); got != want {
				t.Fatalf("%v at %v: got the next edge in %v, want %v", p, since, got, want)
			}
		}
	}
}

// A wish that came while the output hung is obeyed as soon as it answers, and older ones are not.
func TestNewestWishWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, until := &siren{name: "siren", log: newDiary()}, make(chan struct{})
		h, p := one(t, s, nil)
		s.behave(func(bool) error {
			<-until
			return nil
		})
		time.Sleep(1500 * time.Millisecond)
		for _, w := range []alarm.Pattern{alarm.Steady, alarm.Off, alarm.Steady} {
			p.wish(w)
			h.settle()
		}
		before := len(s.log.all())
		close(until)
		synctest.Wait()
		if got := s.log.all()[before:]; !slices.Equal(got, []string{"siren true"}) {
			t.Errorf("got %q, want the newest wish alone", got)
		}
	})
}

// An output that fails, hangs, lies or panics is told with its name, is tried on, and is taken back
// when it obeys.
func TestOutputThatDoesNotObeyIsTold(t *testing.T) {
	for _, c := range []struct {
		name, detail string
		wrong        func(s *siren, until chan struct{})
	}{
		{"fails", "siren: i2c", func(s *siren, _ chan struct{}) {
			s.behave(func(bool) error { return errBus })
		}},
		{"hangs", "siren: no answer for 3 s", func(s *siren, until chan struct{}) {
			s.behave(func(bool) error {
				<-until
				return nil
			})
		}},
		{"lies", "siren: " + errReadBack.Error(), func(s *siren, _ chan struct{}) {
			s.mu.Lock()
			s.lies = true
			s.mu.Unlock()
		}},
		{"panics", "siren: panic: relay", func(s *siren, _ chan struct{}) {
			s.behave(func(bool) error { panic("relay") })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, until := &siren{name: "siren", log: newDiary()}, make(chan struct{})
				h, p := one(t, s, nil)
				time.Sleep(500 * time.Millisecond)
				c.wrong(s, until)
				time.Sleep(5 * time.Second)
				got := p.notices(alarm.OutputFailed)
				if len(got) != 1 || !strings.Contains(got[0], "true "+c.detail) {
					t.Errorf("got %q, want one notice with %q", got, c.detail)
				}
				if err := h.Stats().Outputs[0].Err; !strings.HasPrefix("siren: "+err, c.detail) {
					t.Errorf("got %q in the counters, want %q", err, c.detail)
				}
				close(until)
				s.behave(nil)
				s.mu.Lock()
				s.lies = false
				s.mu.Unlock()
				time.Sleep(2 * time.Second)
				if got = p.notices(alarm.OutputFailed); len(got) != 2 || !strings.Contains(got[1], "false") {
					t.Errorf("got %q, want it taken back", got)
				}
			})
		})
	}
}

// An output that cannot be opened is tried on, and opened with the level of that moment.
func TestOutputIsOpenedWithTheLevelOfThatMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &siren{name: "siren", log: newDiary()}
		p := &script{outputs: []alarm.OutputID{"siren"}}
		run(t, Config{Panel: p, Outputs: []Output{{ID: "siren",
			Open: func(on bool) (drivers.Output, error) {
				if time.Since(s.log.began) < 6*time.Second {
					return nil, errors.New("line held by another program")
				}
				return s.open(on)
			},
		}}})
		time.Sleep(time.Second)
		if got := p.notices(alarm.OutputFailed); len(got) != 0 {
			t.Errorf("got %q within the first second, want patience", got)
		}
		time.Sleep(4 * time.Second)
		if got := p.notices(alarm.OutputFailed); len(got) != 1 {
			t.Errorf("got %q, want it told", got)
		}
		p.wish(alarm.Steady)
		time.Sleep(3 * time.Second)
		if got := s.log.times("siren open true"); len(got) != 1 {
			t.Errorf("got %q, want it opened on", s.log.all())
		}
	})
}

// An output of the plan that nobody has wired is told from the first step.
func TestUnwiredOutputIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &script{outputs: []alarm.OutputID{"siren"}}
		run(t, Config{Panel: p})
		time.Sleep(time.Second)
		got := p.notices(alarm.OutputFailed)
		if len(got) != 1 || !strings.Contains(got[0], "true siren: not connected") {
			t.Errorf("got %q, want it told once", got)
		}
	})
}

// The watchdog is told once a second, and not while an alarm output does not answer; an output that
// answers with an error is a fault and no reason for a restart.
func TestWatchdogStopsWhenTheSirenHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, until := &siren{name: "siren", log: newDiary()}, make(chan struct{})
		var pets atomic.Int64
		one(t, s, func() { pets.Add(1) })
		count := func(d time.Duration) int64 {
			before := pets.Load()
			time.Sleep(d)
			return pets.Load() - before
		}
		if n := count(10*time.Second + 500*time.Millisecond); n != 10 {
			t.Errorf("got %d in 10 s, want 10", n)
		}
		s.behave(func(bool) error { return errBus })
		if n := count(10 * time.Second); n < 9 {
			t.Errorf("got %d in 10 s while it fails, want 10", n)
		}
		s.behave(func(bool) error {
			<-until
			return nil
		})
		if n := count(10 * time.Second); n > 4 {
			t.Errorf("got %d in 10 s while it hangs, want 4 at most", n)
		}
		close(until)
		if n := count(10 * time.Second); n < 9 {
			t.Errorf("got %d in 10 s after it answered, want 10", n)
		}
	})
}
