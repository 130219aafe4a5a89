package guard

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
	dry "github.com/firepost/firepost/drivers/contact"
	"github.com/firepost/firepost/drivers/relay"
	sim "github.com/firepost/firepost/firmware-sim/board"
)

// In whatever moment of whatever pattern the guard ends, an output that is kept is left on when it
// plays an alarm, and off when it does not; one that is not kept goes off. Each is given back.
func TestEndInEveryPhaseOfEveryPattern(t *testing.T) {
	kept := map[alarm.Pattern]bool{
		alarm.Off: false, alarm.Steady: true, alarm.Temporal3: true, alarm.Temporal4: true,
		alarm.GasTone: true, alarm.FloodTone: true, alarm.Alert: true, alarm.Flash: true,
		alarm.Chirp: false, alarm.Chirp30: false, alarm.DutyTone: false, alarm.CallTone: false,
		alarm.DrillTone: false, alarm.HandTone: true, alarm.TestTone: false,
	}
	for p := alarm.Off; p.String() != "unknown"; p++ {
		want, named := kept[p]
		if !named {
			t.Errorf("%v: nobody said whether it is kept", p)
		}
		// Past the first pulse of the second period; a chirp is silent for a minute.
		for phase := time.Duration(0); phase < min(p.Period(), 6*time.Second)+time.Second; {
			endAt(t, p, phase, want)
			phase += 70 * time.Millisecond
		}
	}
}

// endAt ends a guard at a phase of a pattern.
func endAt(t *testing.T, p alarm.Pattern, phase time.Duration, want bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log := newDiary()
		kept, other := &siren{name: "kept", log: log}, &siren{name: "other", log: log}
		h := run(t, Config{
			Panel: &script{outputs: []alarm.OutputID{"kept", "other"}, pattern: p},
			Outputs: []Output{
				{ID: "kept", Open: kept.open, Keep: true}, {ID: "other", Open: other.open},
			},
		})
		time.Sleep(phase)
		h.stop()
		if kept.on != want || other.on {
			t.Errorf("%v at %v: left %v and %v, want %v and false", p, phase, kept.on, other.on, want)
		}
		for _, name := range []string{"kept close", "other close"} {
			if n := len(log.times(name)); n != 1 {
				t.Errorf("%v at %v: %s %d times, want once", p, phase, name, n)
			}
		}
	})
}

// An output that fails when the guard ends is given its last level again: a siren in the gap of its
// pattern is still left on.
func TestEndTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &siren{name: "siren", log: newDiary()}
		h := run(t, Config{
			Panel:   &script{outputs: []alarm.OutputID{"siren"}, pattern: alarm.Temporal3},
			Outputs: []Output{{ID: "siren", Open: s.open, Keep: true}},
		})
		time.Sleep(700 * time.Millisecond) // in the first gap
		fails := 2
		s.behave(func(bool) error {
			if fails--; fails >= 0 {
				return errBus
			}
			return nil
		})
		h.stop()
		if !s.on {
			t.Errorf("left off: %q", s.log.all())
		}
	})
}

// An output that hangs until after the end is still brought to its last level and given back when
// it answers.
func TestOutputThatAnswersAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, until := &siren{name: "siren", log: newDiary()}, make(chan struct{})
		p := &script{outputs: []alarm.OutputID{"siren"}, pattern: alarm.Steady}
		h := run(t, Config{Panel: p, Outputs: []Output{{ID: "siren", Open: s.open}}})
		time.Sleep(500 * time.Millisecond)
		s.behave(func(bool) error { return hang(until) })
		time.Sleep(time.Second)
		h.stop()
		close(until)
		synctest.Wait()
		if s.on || len(s.log.times("siren close")) != 1 {
			t.Errorf("left %v: %q", s.on, s.log.all())
		}
	})
}

// Whatever the guard has opened it closes: parts on a bus, and contacts.
func TestEndClosesSensors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newDiary()
		polled := &closer{spot{name: "air", log: log, wait: 10 * time.Millisecond}}
		waits := &closingContact{newContactPart(), log}
		h := run(t, Config{Panel: &script{}, Sensors: []Sensor{
			{Name: "air", Bus: "i2c-1", Open: openOnce(polled)},
			{Name: "button", Open: openOnce(waits)},
		}})
		time.Sleep(time.Second)
		h.stop()
		for _, name := range []string{"close", "button close"} {
			if n := len(log.times(name)); n != 1 {
				t.Errorf("%s %d times, want once: %q", name, n, log.all())
			}
		}
	})
}

// closingContact is a contact that can be closed.
type closingContact struct {
	*contactPart
	log *diary
}

func (c *closingContact) Close() error {
	c.log.add("button close")
	return errors.New("no matter")
}

// After a guard has ended, another one of the same process has the same lines: its contact is read,
// and a siren that was kept is opened on, without having been off.
func TestSecondGuardOnTheSameBoard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := sim.New(sim.Options{})
		start := func() (*house, *script) {
			p := &script{outputs: []alarm.OutputID{"siren"}, pattern: alarm.Temporal3}
			return run(t, onBoard(b, p)), p
		}
		first, _ := start()
		time.Sleep(700 * time.Millisecond) // in the first gap
		first.stop()
		ended := b.Now()
		time.Sleep(time.Second)
		if on, _ := b.Pin("GPIO5").Driven(); !on {
			t.Error("the siren was not left on")
		}

		second, p := start()
		time.Sleep(3 * time.Second)
		if got := append(p.notices(alarm.BusMissing), p.notices(alarm.OutputFailed)...); len(got) != 0 {
			t.Errorf("got %q, want no fault", got)
		}
		b.Pin("GPIO17").Drive(false)
		time.Sleep(200 * time.Millisecond)
		readings := p.readings("button")
		if n := len(readings); n == 0 || readings[n-1].Sample.Value != 1 ||
			readings[n-1].Quality != point.Good {
			t.Errorf("got %+v, want the contact pressed", readings)
		}
		second.stop()
		changes, _ := b.Pin("GPIO5").History()
		later := slices.DeleteFunc(changes, func(c sim.Change) bool { return c.At <= ended })
		if len(later) == 0 || !later[0].Opened || !later[0].High {
			t.Errorf("after the first guard: %+v, want the siren opened on", later)
		}
	})
}

// onBoard is a contact and a siren on a simulated board.
func onBoard(b *sim.Board, p Panel) Config {
	return Config{
		Panel: p,
		Sensors: []Sensor{{Name: "button", Feeds: []Feed{{Point: "button"}},
			Open: func() (drivers.Sensor, error) {
				line, err := b.Line("GPIO17", drivers.LineConfig{Bias: drivers.BiasUp})
				if err != nil {
					return nil, err
				}
				return dry.New(line, dry.Low), nil
			},
		}},
		Outputs: []Output{{ID: "siren", Alarm: true, Keep: true,
			Open: func(on bool) (drivers.Output, error) {
				line, err := b.Line("GPIO5", relay.First(relay.High, on))
				if err != nil {
					return nil, err
				}
				return relay.New(line, relay.High), nil
			},
		}},
	}
}
