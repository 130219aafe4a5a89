package guard

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
)

// venue is a small site with a real panel: a call point, a heat sensor, a siren and a lamp.
func venue() alarm.Plan {
	return alarm.Plan{
		Zones: []alarm.ZonePlan{{ID: "hall"}},
		Points: []alarm.PointPlan{{
			ID: "button", Zone: "hall", Signal: alarm.Fire, Latch: true,
			Spec: detect.Spec{Conditions: []detect.Condition{
				{Kind: detect.Active, Quantity: drivers.Contact, Level: detect.Alarm},
			}},
		}, {
			ID: "heat", Zone: "hall", Signal: alarm.Fire, Latch: true,
			Spec: detect.Spec{Conditions: []detect.Condition{{
				Kind: detect.Above, Quantity: drivers.Temperature, Level: detect.Alarm,
				Limit: 60_000, Hysteresis: 5_000,
			}}},
		}},
		Outputs: []alarm.OutputPlan{
			{ID: "siren", Kind: alarm.Sounder}, {ID: "lamp", Kind: alarm.Strobe},
		},
	}
}

// hall is the venue's hardware, and what can be wrong with it.
type hall struct {
	button      *contactPart
	siren, lamp *siren
	log         *diary
	config      Config
	saved       *alarm.Saved
}

func newHall(p Panel) *hall {
	log := newDiary()
	v := &hall{
		button: newContactPart(), log: log,
		siren: &siren{name: "siren", log: log}, lamp: &siren{name: "lamp", log: log},
	}
	heat := &spot{wait: 8 * time.Millisecond}
	v.config = Config{
		Panel: p,
		Sensors: []Sensor{
			{Name: "button", Open: openOnce(v.button), Feeds: []Feed{{Point: "button"}}, Urgent: true},
			{Name: "heat", Bus: "i2c-1", Open: openOnce(heat), Feeds: []Feed{{Point: "heat"}}},
		},
		Outputs: []Output{
			{ID: "siren", Open: v.siren.open, Alarm: true, Keep: true},
			{ID: "lamp", Open: v.lamp.open},
		},
		Save: func(s *alarm.Saved) { v.saved = s },
	}
	return v
}

// hangingLog is a log whose reader is gone.
type hangingLog struct {
	slog.Handler
	until chan struct{}
}

func (h hangingLog) Enabled(context.Context, slog.Level) bool { return true }

func (h hangingLog) Handle(context.Context, slog.Record) error {
	<-h.until
	return nil
}

// wrong is one thing that can be wrong beside the siren. do prepares it; what it returns, if
// anything, is done when the contact closes. What hangs does so until the channel is closed.
type wrong struct {
	name string
	do   func(v *hall, until chan struct{}) func(g *Guard)
}

func hang(until chan struct{}) error {
	<-until
	return nil
}

var hangs = []wrong{
	{"another bus hangs", func(v *hall, until chan struct{}) func(*Guard) {
		v.config.Sensors[1].Open = openOnce(&spot{start: func() error { return hang(until) }})
		return nil
	}},
	{"a bus cannot be opened", func(v *hall, until chan struct{}) func(*Guard) {
		v.config.Sensors[1].Open = func() (drivers.Sensor, error) { return nil, hang(until) }
		return nil
	}},
	{"saving hangs", func(v *hall, until chan struct{}) func(*Guard) {
		v.config.Save = func(*alarm.Saved) { _ = hang(until) }
		return nil
	}},
	{"the lamp hangs", func(v *hall, until chan struct{}) func(*Guard) {
		v.lamp.behave(func(bool) error { return hang(until) })
		return nil
	}},
	{"the log hangs", func(v *hall, until chan struct{}) func(*Guard) {
		v.config.Log = slog.New(hangingLog{until: until})
		v.siren.behave(func(bool) error { // it has something to say to the log
			if time.Since(v.log.began) < 3*time.Second {
				return errBus
			}
			return nil
		})
		return nil
	}},
	{"the watchdog hangs", func(v *hall, until chan struct{}) func(*Guard) {
		v.config.Pet = func() { _ = hang(until) }
		return nil
	}},
	{"another contact hangs", func(v *hall, until chan struct{}) func(*Guard) {
		other := newContactPart()
		other.hang = until
		v.config.Sensors = append(v.config.Sensors, Sensor{Name: "door", Open: openOnce(other)})
		return nil
	}},
}

var floods = []wrong{
	{"nothing", func(*hall, chan struct{}) func(*Guard) { return nil }},
	{"the queues are full", func(*hall, chan struct{}) func(*Guard) {
		return func(g *Guard) {
			for range queued {
				g.local <- alarm.Command{Action: alarm.Silence}
				g.remote <- alarm.Command{By: alarm.Origin{Kind: alarm.District}}
			}
		}
	}},
	{"the ring overruns", func(*hall, chan struct{}) func(*Guard) {
		return func(g *Guard) {
			for range 2 * ringSize {
				g.ring.put(alarm.Event{})
			}
		}
	}},
}

// together is all of it at once.
func together(all []wrong) wrong {
	return wrong{"all of it", func(v *hall, until chan struct{}) func(*Guard) {
		var acts []func(*Guard)
		for _, c := range all {
			if act := c.do(v, until); act != nil {
				acts = append(acts, act)
			}
		}
		return func(g *Guard) {
			for _, act := range acts {
				act(g)
			}
		}
	}}
}

// Whatever else hangs, a contact's alarm reaches the siren at the very moment at which it would
// have without.
func TestT14NothingDelaysTheSiren(t *testing.T) {
	all := append(slices.Clone(floods), hangs...)
	for _, c := range append(all, together(all)) {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, until := newHall(alarm.New(venue(), alarm.Saved{})), make(chan struct{})
				atPress := c.do(v, until)
				h := run(t, v.config)
				t.Cleanup(func() { close(until) })
				time.Sleep(5 * time.Second)
				h.settle()
				pressed := time.Since(v.log.began)
				if atPress != nil {
					atPress(h.Guard)
				}
				v.button.press(1)
				time.Sleep(time.Second)
				got := v.log.times("siren true")
				if len(got) == 0 || got[0] != pressed {
					t.Errorf("got the siren on at %v, want %v", got, pressed)
				}
			})
		})
	}
}

// The siren is late by at most 10 ms, at whatever moment the contact closes and whatever else comes
// in.
func TestSirenIsNeverMoreThanOneStepLate(t *testing.T) {
	for offset := range 60 {
		synctest.Test(t, func(t *testing.T) {
			v := newHall(alarm.New(venue(), alarm.Saved{}))
			v.config.Sensors[1].Period = 3 * time.Millisecond // a storm
			run(t, v.config)
			time.Sleep(time.Second + time.Duration(offset)*977*time.Microsecond)
			pressed := time.Since(v.log.began)
			v.button.press(1)
			time.Sleep(time.Second)
			got := v.log.times("siren true")
			if len(got) == 0 || got[0] < pressed || got[0] > pressed+quiet {
				t.Errorf("got the siren on at %v, want %v to %v", got, pressed, pressed+quiet)
			}
		})
	}
}

// After a restart within an alarm the siren's line is opened with the siren on, before anything is
// read and even when nothing can be read.
func TestRestartWithinAnAlarmOpensTheSirenOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newHall(alarm.New(venue(), alarm.Saved{}))
		h := run(t, v.config)
		time.Sleep(time.Second)
		v.button.press(1)
		time.Sleep(100 * time.Millisecond)
		h.stop()
		if lines := v.log.all(); lines[len(lines)-1] == "siren false" || !v.siren.on {
			t.Errorf("got %q, want the siren left on", lines)
		}

		w := newHall(alarm.New(venue(), *v.saved))
		until := make(chan struct{})
		for i := range w.config.Sensors {
			w.config.Sensors[i].Open = func() (drivers.Sensor, error) {
				<-until
				return nil, errBus
			}
		}
		run(t, w.config)
		t.Cleanup(func() { close(until) })
		if got := w.log.times("siren open true"); len(got) != 1 || got[0] != 0 {
			t.Errorf("got %q at %v, want the siren opened on at once", w.log.all(), got)
		}
	})
}

// When the guard ends, what plays an alarm and is to be kept is left on, and the rest goes off; one
// that hangs is named, and holds the end for no more than half a second.
func TestEndKeepsWhatSounds(t *testing.T) {
	for _, pattern := range []alarm.Pattern{alarm.Steady, alarm.Temporal3} {
		synctest.Test(t, func(t *testing.T) {
			p := &script{outputs: []alarm.OutputID{"siren", "lamp", "fan"}, pattern: pattern}
			log, until := newDiary(), make(chan struct{})
			kept, off := &siren{name: "siren", log: log}, &siren{name: "lamp", log: log}
			hung := &siren{name: "fan", log: log}
			g := New(Config{Panel: p, Outputs: []Output{
				{ID: "siren", Open: kept.open, Keep: true},
				{ID: "lamp", Open: off.open},
				{ID: "fan", Open: hung.open},
			}})
			ctx, cancel := context.WithCancel(context.Background())
			end := make(chan error, 1)
			go func() { end <- g.Run(ctx) }()
			time.Sleep(700 * time.Millisecond) // in a gap, if the pattern has any
			hung.behave(func(bool) error { return hang(until) })
			cancel()
			began := time.Now()
			err := <-end
			if got := fmt.Sprint(err); got != "guard: output fan: no answer at the end" {
				t.Errorf("%v: got %q, want the hung output named", pattern, got)
			}
			if took := time.Since(began); took != restTime {
				t.Errorf("%v: got the end after %v, want %v", pattern, took, restTime)
			}
			if !kept.on || off.on {
				t.Errorf("%v: got siren %v, lamp %v; want true, false", pattern, kept.on, off.on)
			}
			close(until)
		})
	}
}
