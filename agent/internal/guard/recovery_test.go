package guard

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// wires are a bus whose parts all fail while it is held; a try takes as long as the kernel waits.
type wires struct {
	held  atomic.Bool
	takes time.Duration
	log   *diary
}

// part is a sensor on the wires. Its opening is written down.
func (w *wires) part(name string, urgent bool) Sensor {
	open := func() (drivers.Sensor, error) {
		w.log.add(name + " open")
		return &spot{name: name, log: w.log, wait: 10 * time.Millisecond, start: w.access}, nil
	}
	return Sensor{
		Name: name, Bus: "i2c-1", Open: open, Period: 1600 * time.Millisecond, Urgent: urgent,
		Feeds: []Feed{{Point: point.ID(name)}},
	}
}

func (w *wires) access() error {
	if !w.held.Load() {
		return nil
	}
	time.Sleep(w.takes)
	return errBus
}

// starts counts the conversions of all parts that were tried in a time.
func (w *wires) starts(from, to time.Duration) (n int) {
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	for i, l := range w.log.lines {
		if strings.HasSuffix(l, " start") && w.log.at[i] >= from && w.log.at[i] < to {
			n++
		}
	}
	return n
}

// When nothing on a bus of twenty parts answers, each point hears of it three times within 10 s,
// the bus is tried seldom and by one part at a time, and all read again soon after it is free.
func TestHeldBusIsAFaultOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, w := &script{}, &wires{takes: 200 * time.Millisecond, log: newDiary()}
		var sensors []Sensor
		for i := range 20 {
			sensors = append(sensors, w.part(fmt.Sprintf("p%d", i), i%2 == 0))
		}
		sensors = append(sensors, Sensor{Name: "other", Bus: "i2c-2", Open: openOnce(&spot{}),
			Period: 500 * time.Millisecond, Feeds: []Feed{{Point: "other"}}})
		run(t, Config{Panel: p, Sensors: sensors})
		time.Sleep(20 * time.Second)
		w.held.Store(true)
		time.Sleep(30 * time.Second)
		for _, s := range sensors[:20] {
			all := bad(p.readings(s.Feeds[0].Point))
			if len(all) < 3 || time.Duration(all[2].At) > 30*time.Second {
				t.Errorf("%s: got %d bad readings, want the third within 10 s", s.Name, len(all))
			}
		}
		if n := w.starts(20*time.Second, 26*time.Second); n > 24 {
			t.Errorf("got %d tries in the first 6 s, want one of each part and little more", n)
		}
		if n := w.starts(30*time.Second, 50*time.Second); n > 11 {
			t.Errorf("got %d tries in the last 20 s, want one each 2 s", n)
		}
		w.held.Store(false)
		time.Sleep(5 * time.Second)
		for _, s := range sensors[:20] {
			all := p.readings(s.Feeds[0].Point)
			back := slices.IndexFunc(all, func(r point.Reading) bool {
				return r.At > point.Instant(50*time.Second) && r.Quality == point.Good
			})
			if back < 0 || time.Duration(all[back].At) > 54*time.Second {
				t.Errorf("%s: not back within 4 s", s.Name)
			}
		}
		if n := len(p.readings("other")); n < 108 || len(bad(p.readings("other"))) > 0 {
			t.Errorf("got %d readings elsewhere, want one each 500 ms", n)
		}
		got := p.notices(alarm.BusHung)
		if len(got) != 2 || !strings.HasSuffix(got[0], "true i2c-1: nothing on it answers") ||
			!strings.Contains(got[1], "false") {
			t.Errorf("got %q, want the bus named, and then its end", got)
		}
	})
}

func bad(all []point.Reading) []point.Reading {
	return slices.DeleteFunc(all, func(r point.Reading) bool { return r.Quality != point.Bad })
}

// A part that answers with what cannot be, as one whose wire is cut, shows that its bus works: it
// is no hung bus when the only other part is dead, and an outage ends with it.
func TestCutWireIsNoHungBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, w := &script{}, &wires{takes: 10 * time.Millisecond, log: newDiary()}
		cut, dead := w.part("cut", true), w.part("dead", true)
		cut.Period = 500 * time.Millisecond
		cut.Open = openOnce(&spot{name: "cut", log: w.log, start: func() error {
			if err := w.access(); err != nil {
				return err
			}
			return fmt.Errorf("open: %w", drivers.ErrRange)
		}})
		dead.Open = openOnce(&spot{name: "dead", log: w.log, start: func() error { return errBus }})
		run(t, Config{Panel: p, Sensors: []Sensor{cut, dead}})
		time.Sleep(30 * time.Second)
		if got := p.notices(alarm.BusHung); len(got) != 0 {
			t.Errorf("got %q, want none", got)
		}
		w.held.Store(true)
		time.Sleep(30 * time.Second)
		w.held.Store(false)
		time.Sleep(30 * time.Second)
		if got := p.notices(alarm.BusHung); len(got) != 2 {
			t.Errorf("got %q, want one outage that ends", got)
		}
	})
}

// From the third try of a held bus on it is opened anew, part by part, and one that stays dead when
// the bus is back keeps nobody from it.
func TestHeldBusIsOpenedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, w := &script{}, &wires{takes: 100 * time.Millisecond, log: newDiary()}
		dead := w.part("dead", true)
		dead.Open = openOnce(&spot{name: "dead", log: w.log, start: func() error { return errBus }})
		w.held.Store(true)
		run(t, Config{Panel: p, Sensors: []Sensor{dead, w.part("a", false)}})
		time.Sleep(12 * time.Second)
		if opens := len(w.log.times("a open")); opens < 2 {
			t.Errorf("got %d openings, want it opened anew", opens)
		}
		w.held.Store(false)
		time.Sleep(5 * time.Second)
		all := p.readings("a")
		if last := all[len(all)-1]; last.Quality != point.Good {
			t.Errorf("got %+v, want it back", last)
		}
		opens := len(w.log.times("a open"))
		time.Sleep(time.Minute)
		if n := len(w.log.times("a open")); n != opens || len(bad(p.readings("a")[len(all):])) > 0 {
			t.Errorf("beside a dead part it was opened %d times more", n-opens)
		}
	})
}

// A part that was left alone for long is asked again at once when its bus is back: it may have been
// the bus all the time.
func TestBusThatIsBackEndsEveryWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, w := &script{}, &wires{log: newDiary()}
		var healed atomic.Bool
		far := w.part("far", false)
		far.Open = openOnce(&spot{start: func() error {
			if !healed.Load() {
				return errBus
			}
			return nil
		}})
		run(t, Config{Panel: p, Sensors: []Sensor{far, w.part("near", false)}})
		time.Sleep(130 * time.Second) // it is tried once a minute by now
		w.held.Store(true)
		time.Sleep(10 * time.Second)
		w.held.Store(false)
		healed.Store(true)
		time.Sleep(6 * time.Second)
		all := p.readings("far")
		if last := all[len(all)-1]; last.Quality != point.Good {
			t.Errorf("got %+v, want it back", last)
		}
	})
}

// A single disturbance costs no reading: a second try comes before anybody hears of it. What a line
// says of itself is no disturbance.
func TestDisturbedAccessIsTriedTwice(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		fails int // accesses running
		want  int // bad readings
	}{
		{"noise", errBus, 1, 0}, {"checksum", drivers.ErrChecksum, 1, 0}, {"more", errBus, 2, 1},
		{"line", fmt.Errorf("%w: %w", drivers.ErrRange, drivers.ErrLineOpen), 1, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, reads := &script{}, 0
			s := &spot{read: func() error {
				reads++
				if reads > 3 && reads <= 3+c.fails {
					return c.err
				}
				return nil
			}}
			run(t, Config{Panel: p, Sensors: []Sensor{
				{Name: "a", Bus: "b", Open: openOnce(s), Feeds: []Feed{{Point: "a"}}},
			}})
			time.Sleep(7500 * time.Millisecond)
			all := p.readings("a")
			if n := len(bad(slices.Clone(all))); n != c.want || len(all) != 8 {
				t.Errorf("%s: got %d bad of %d readings, want %d of 8", c.name, n, len(all), c.want)
			}
		})
	}
}

// After a failure a part must be the one that it was, or it is not read.
func TestIdentityIsAskedAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, log := &script{}, newDiary()
		s := &identified{spot: spot{log: log, name: "a"}}
		s.start = func() error {
			if len(log.times("a start")) == 3 || len(log.times("a start")) == 4 {
				s.other = true
				return errBus
			}
			return nil
		}
		run(t, Config{Panel: p, Sensors: []Sensor{
			{Name: "a", Bus: "b", Open: openOnce(s), Feeds: []Feed{{Point: "a"}}},
		}})
		time.Sleep(30 * time.Second)
		all := p.readings("a")
		if len(all) < 20 || len(bad(slices.Clone(all))) != len(all)-2 {
			t.Errorf("got %d bad of %d readings, want all but the first two",
				len(bad(slices.Clone(all))), len(all))
		}
		if n := len(log.times("a start")); n != 4 {
			t.Errorf("the other part was read: %d conversions, want 4", n)
		}
	})
}

type identified struct {
	spot
	other bool
}

func (s *identified) Probe() error {
	if s.other {
		return errors.New("identity is 0x60, not 0x58")
	}
	return nil
}

// An alarm input that fails does not put off one that works.
func TestFailingAlarmInputWaitsForThoseThatWork(t *testing.T) {
	now := point.Instant(time.Minute)
	at := func(due time.Duration, urgent bool, fails int) *polled {
		return &polled{due: point.Instant(due), device: &device{
			cfg: Sensor{Period: time.Second, Urgent: urgent}, fails: fails,
		}}
	}
	works, fails := at(60*time.Second, true, 0), at(59500*time.Millisecond, true, failedAfter)
	if !before(works, fails, now) || before(fails, works, now) {
		t.Error("the one that fails comes first")
	}
	late := at(58*time.Second, true, failedAfter)
	if !before(late, works, now) {
		t.Error("the one that fails is put off for ever")
	}
}

// The stats tell how late a conversion began at most.
func TestLatenessIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &spot{start: func() error {
			time.Sleep(70 * time.Millisecond)
			return nil
		}}
		h := run(t, Config{Panel: &script{}, Sensors: []Sensor{
			{Name: "slow", Bus: "b", Open: openOnce(slow), Urgent: true},
			{Name: "late", Bus: "b", Open: openOnce(&spot{})},
		}})
		time.Sleep(5500 * time.Millisecond)
		if got := h.Stats().Buses[0].LateMax; got != 70*time.Millisecond {
			t.Errorf("got %v, want 70ms", got)
		}
	})
}
