package agent

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// thermometers adds more of them, each at "BUS ADDRESS" and read every 1.6 s.
func thermometers(places ...string) setting {
	return func(r *rig, text *string, _ *Options) {
		for i, place := range places {
			var bus string
			var addr uint16
			if _, err := fmt.Sscan(place, &bus, &addr); err != nil {
				r.Fatal(err)
			}
			r.board.Bus(bus).Attach(addr, chip.NewSHT4x(r.board.Now))
			*text += fmt.Sprintf(`
[[sensor]]
name = "more-%d"
model = "sht4x"
bus = %q
address = "%#x"
period = "1.6 s"

[[point]]
id = "more-%d"
class = "heat"
from = "more-%d.temperature"
`, i, bus, addr, i, i)
		}
	}
}

// A bus that is pulled low for 30 s is a fault of each of its points within 10 s. No other bus is
// touched, a call point sounds the siren as if nothing were, and within 10 s of the release the
// points read again; what was done is in the log.
func TestAT22HeldBus(t *testing.T) {
	for _, c := range []struct {
		controller string
		takes      time.Duration
	}{{"gives up after 200 ms", 200 * time.Millisecond}, {"gives up after 1 s", time.Second}} {
		t.Run(c.controller, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { heldBus(t, c.takes) })
		})
	}
}

func heldBus(t *testing.T, takes time.Duration) {
	const held, released = 30 * time.Second, 60 * time.Second
	var log bytes.Buffer
	more := thermometers("i2c-0 0x45", "i2c-0 0x46", "i2c-1 0x45")
	r := newRig(t, more, func(_ *rig, _ *string, o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	r.run()
	r.sleepUntil(held)
	if err := r.board.Bus("i2c-0").Fail(board.Fault{Kind: board.StuckLow, Takes: takes}); err != nil {
		t.Fatal(err)
	}
	r.sleepUntil(held + 20*time.Second)
	r.press()
	r.sleepUntil(released)
	if lag := r.sounded() - (held + 20*time.Second); lag <= 0 || lag > 300*time.Millisecond {
		t.Errorf("the siren sounds %v after the press", lag)
	}
	r.board.Bus("i2c-0").Heal()
	r.sleepUntil(released + 30*time.Second)
	r.end()
	for _, id := range []point.ID{"heat-1", "more-0", "more-1"} {
		raised, ended := r.faultOf(id, alarm.FaultRaised), r.faultOf(id, alarm.FaultEnded)
		if raised < held || raised > held+10*time.Second {
			t.Errorf("%s: a fault at %v, want it within 10 s of %v", id, raised, held)
		}
		// The panel believes a sensor that has been good for 10 s.
		if back := ended - 10*time.Second; back < released || back > released+10*time.Second {
			t.Errorf("%s: reads again at %v, want it within 10 s of %v", id, back, released)
		}
	}
	if !r.bus(alarm.FaultRaised) || !r.bus(alarm.FaultEnded) {
		t.Errorf("got %+v, want the bus named", r.heard(alarm.FaultRaised))
	}
	if at := r.faultOf("more-2", alarm.FaultRaised); at != 0 {
		t.Errorf("on the other bus: a fault at %v", at)
	}
	for _, want := range []string{"nothing on the bus answers", "the bus is opened anew",
		"the bus answers again"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, log.String())
		}
	}
}

// faultOf is when the sensor of a point failed, or was good again; 0: it never did.
func (r *rig) faultOf(id point.ID, kind alarm.Kind) time.Duration {
	for _, e := range r.heard(kind) {
		if e.Point == id && e.Fault == detect.SensorFailed {
			return time.Duration(e.At)
		}
	}
	return 0
}

// bus tells whether the panel said that a bus is out, or that it is back.
func (r *rig) bus(kind alarm.Kind) bool {
	return slices.ContainsFunc(r.heard(kind), func(e alarm.Event) bool {
		return e.Fault == alarm.BusHung
	})
}
