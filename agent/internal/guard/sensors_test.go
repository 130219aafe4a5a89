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

func ms(n ...int) []time.Duration {
	all := make([]time.Duration, len(n))
	for i := range n {
		all[i] = time.Duration(n[i]) * time.Millisecond
	}
	return all
}

// Conversions begin at a fixed phase, and a part is read when its conversion is over.
func TestPollerKeepsItsPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newDiary()
		s := &spot{name: "a", wait: 30 * time.Millisecond, log: log}
		run(t, Config{Panel: &script{}, Sensors: []Sensor{
			{Name: "a", Bus: "i2c-1", Open: openOnce(s), Period: 500 * time.Millisecond},
		}})
		time.Sleep(1600 * time.Millisecond)
		if got, want := log.times("a start"), ms(0, 500, 1000, 1500); !slices.Equal(got, want) {
			t.Errorf("got starts at %v, want %v", got, want)
		}
		if got, want := log.times("a read"), ms(30, 530, 1030, 1530); !slices.Equal(got, want) {
			t.Errorf("got reads at %v, want %v", got, want)
		}
	})
}

// Of two sensors on one chip one waits for the other; sensors of two chips convert side by side.
func TestSensorsOfOneChipConvertInTurn(t *testing.T) {
	for chip, want := range map[string][]string{
		"adc": {"a start", "a read", "b start", "b read"},
		"":    {"a start", "b start", "a read", "b read"},
	} {
		synctest.Test(t, func(t *testing.T) {
			log := newDiary()
			a := &spot{name: "a", wait: 100 * time.Millisecond, log: log}
			b := &spot{name: "b", wait: 100 * time.Millisecond, log: log}
			run(t, Config{Panel: &script{}, Sensors: []Sensor{
				{Name: "a", Bus: "i2c-1", Chip: chip, Open: openOnce(a), Period: time.Second},
				{Name: "b", Bus: "i2c-1", Chip: chip, Open: openOnce(b), Period: time.Second},
			}})
			time.Sleep(900 * time.Millisecond)
			if got := log.all(); !slices.Equal(got, want) {
				t.Errorf("chip %q: got %q, want %q", chip, got, want)
			}
		})
	}
}

// Of what is due together an alarm input comes first, and even one that leaves the bus no rest does
// not put off the others for ever.
func TestUrgentSensorsComeFirst(t *testing.T) {
	const period = 100 * time.Millisecond
	for _, c := range []struct {
		inputs     int // alarm inputs
		fire, slow int // conversions in 10 s, at least
	}{
		{1, 80, 30},
		{3, 80, 30},
	} {
		synctest.Test(t, func(t *testing.T) {
			log := newDiary()
			part := func(name string) func() (drivers.Sensor, error) {
				return openOnce(&spot{name: name, log: log, start: func() error {
					time.Sleep(60 * time.Millisecond) // the bus cannot serve two in a period
					return nil
				}})
			}
			sensors := []Sensor{{Name: "slow", Bus: "b", Open: part("slow"), Period: period}}
			for range c.inputs {
				sensors = append(sensors, Sensor{
					Name: "fire", Bus: "b", Open: part("fire"), Period: period, Urgent: true,
				})
			}
			run(t, Config{Panel: &script{}, Sensors: sensors})
			time.Sleep(10 * time.Second)
			fire, slow := len(log.times("fire start")), len(log.times("slow start"))
			if fire < c.fire || slow < c.slow {
				t.Errorf("%d inputs: got %d urgent and %d other conversions, want %d and %d",
					c.inputs, fire, slow, c.fire, c.slow)
			}
		})
	}
}

// Nothing new is neither a reading nor a failure; a conversion that never ends is begun anew after
// two periods.
func TestNotReadyIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, log := &script{}, newDiary()
		s := &spot{name: "a", wait: 10 * time.Millisecond, log: log}
		s.read = func() error {
			if len(log.times("a read")) < 25 {
				return drivers.ErrNotReady
			}
			return nil
		}
		run(t, Config{Panel: p, Sensors: []Sensor{{
			Name: "a", Bus: "b", Open: openOnce(s), Period: time.Second, Feeds: []Feed{{Point: "a"}},
		}}})
		time.Sleep(2900 * time.Millisecond)
		if got, want := log.times("a start"), ms(0, 2110); !slices.Equal(got, want) {
			t.Errorf("got starts at %v, want %v", got, want)
		}
		if got := log.times("a read")[:3]; !slices.Equal(got, ms(10, 110, 210)) {
			t.Errorf("got reads at %v, want every tenth of the period", got)
		}
		if got := p.readings("a"); len(got) != 1 || got[0].Quality != point.Good {
			t.Errorf("got %+v, want one good reading and no failure", got)
		}
	})
}

// Each class of error becomes its reason.
func TestErrorsBecomeReasons(t *testing.T) {
	for _, c := range []struct {
		err  error
		want point.Reason
	}{
		{errBus, point.NoDevice},
		{errors.New("who knows"), point.NoDevice},
		{fmt.Errorf("x: %w", drivers.ErrChecksum), point.Checksum},
		{fmt.Errorf("x: %w", drivers.ErrRange), point.Range},
		{fmt.Errorf("x: %w: %w", drivers.ErrRange, drivers.ErrLineOpen), point.LineOpen},
		{fmt.Errorf("x: %w: %w", drivers.ErrRange, drivers.ErrLineShort), point.LineShort},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, s := &script{}, &spot{read: func() error { return c.err }}
			run(t, Config{Panel: p, Sensors: []Sensor{{
				Name: "a", Bus: "b", Open: openOnce(s), Feeds: []Feed{
					{Point: "a", Channel: 0, Quantity: drivers.Temperature}, {Point: "b", Channel: 1},
				},
			}}})
			time.Sleep(150 * time.Millisecond) // it is tried twice
			for _, id := range []point.ID{"a", "b"} {
				got := p.readings(id)
				if len(got) != 1 || got[0].Quality != point.Bad || got[0].Reason != c.want {
					t.Errorf("%v: got %+v for %s, want bad, %v", c.err, got, id, c.want)
				}
			}
			if got := p.readings("a")[0].Sample.Quantity; got != drivers.Temperature {
				t.Errorf("got a bad reading of %v, want %v", got, drivers.Temperature)
			}
		})
	}
}

// A device that fails beside others that answer is tried a second time, and then asked less and
// less often, while bad readings go on at its period; when it answers, all is as before at
// once.
func TestFailingDeviceBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, log := &script{}, newDiary()
		var healed atomic.Bool
		s := &spot{name: "a", log: log, start: func() error {
			if !healed.Load() {
				return errBus
			}
			return nil
		}}
		run(t, Config{Panel: p, Sensors: []Sensor{{
			Name: "a", Bus: "b", Open: openOnce(s), Period: 500 * time.Millisecond,
			Feeds: []Feed{{Point: "a"}}, WarmUp: time.Second,
		}, {Name: "neighbour", Bus: "b", Open: openOnce(&spot{})}}})
		time.Sleep(200*time.Second + 100*time.Millisecond)
		want := ms(0, 50, 500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 124000, 184000)
		if got := log.times("a start"); !slices.Equal(got, want) {
			t.Errorf("got tries at %v, want %v", got, want)
		}
		if n := len(p.readings("a")); n != 401 {
			t.Errorf("got %d bad readings in 200 s, want 401", n)
		}
		healed.Store(true)
		time.Sleep(60 * time.Second)
		all := p.readings("a")
		back := slices.IndexFunc(all, func(r point.Reading) bool { return r.Quality != point.Bad })
		if at := time.Duration(all[back].At); at != 244*time.Second {
			t.Errorf("got it back at %v, want 244s", at)
		}
		if got := all[back]; got.Quality != point.Uncertain || got.Reason != point.WarmUp {
			t.Errorf("got %+v, want it warming up: it may have been without power", got)
		}
		if got := all[back+2]; got.Quality != point.Good {
			t.Errorf("got %+v, want it good after a second", got)
		}
	})
}

// Readings of the warm-up are uncertain.
func TestWarmUpIsUncertain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &script{}
		run(t, Config{Panel: p, Sensors: []Sensor{{
			Name: "a", Bus: "b", Open: openOnce(&spot{}), WarmUp: 2500 * time.Millisecond,
			Feeds: []Feed{{Point: "a"}},
		}}})
		time.Sleep(4100 * time.Millisecond)
		var got []string
		for _, r := range p.readings("a") {
			got = append(got, r.Quality.String()+" "+r.Reason.String())
		}
		want := []string{"uncertain warmup", "uncertain warmup", "uncertain warmup",
			"good none", "good none"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// A sensor whose node is not there yet is tried after 100 ms and then more slowly, gives no reading
// meanwhile, and is told as missing after 2 s.
func TestOpenIsTriedUntilItSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, log := &script{}, newDiary()
		run(t, Config{Panel: p, Sensors: []Sensor{{
			Name: "a", Bus: "b", Feeds: []Feed{{Point: "a"}},
			Open: func() (drivers.Sensor, error) {
				log.add("open")
				if time.Since(log.began) < 5*time.Second {
					return nil, errors.New("/dev/i2c-1: no such file")
				}
				return &spot{}, nil
			},
		}}})
		time.Sleep(5 * time.Second)
		if got := p.readings("a"); len(got) != 0 {
			t.Errorf("got %+v of a sensor that is not open", got)
		}
		time.Sleep(3 * time.Second)
		want := ms(0, 100, 300, 700, 1500, 3100, 5100)
		if got := log.times("open"); !slices.Equal(got, want) {
			t.Errorf("got tries at %v, want %v", got, want)
		}
		if got := p.readings("a"); len(got) != 3 {
			t.Errorf("got %d readings, want 3", len(got))
		}
		got := p.notices(alarm.BusMissing)
		if len(got) != 2 || !strings.HasSuffix(got[0], "true a: /dev/i2c-1: no such file") ||
			!strings.HasPrefix(got[1], "5.11s false") {
			t.Errorf("got %q, want it told and taken back", got)
		}
	})
}

// A bus that hangs stops its own sensors and nothing else, and is told.
func TestHungBusHangsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, until := &script{}, make(chan struct{})
		stuck := &spot{start: func() error {
			<-until
			return errBus
		}}
		run(t, Config{Panel: p, Sensors: []Sensor{
			{Name: "a", Bus: "i2c-1", Open: openOnce(stuck), Feeds: []Feed{{Point: "a"}}},
			{Name: "b", Bus: "i2c-2", Open: openOnce(&spot{}), Feeds: []Feed{{Point: "b"}}},
		}})
		time.Sleep(10*time.Second + 500*time.Millisecond)
		if a, b := len(p.readings("a")), len(p.readings("b")); a != 0 || b != 11 {
			t.Errorf("got %d and %d readings, want 0 and 11", a, b)
		}
		close(until)
		time.Sleep(time.Second)
		got := p.notices(alarm.BusHung)
		if len(got) != 2 || !strings.Contains(got[0], "true i2c-1: no answer") {
			t.Errorf("got %q, want the bus named, and then its end", got)
		}
	})
}

// A driver that panics costs its own sensor and is told; the others on its bus lose nothing.
func TestPanickingDriverHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, c := &script{}, newContactPart()
		c.panic = true
		mad := &spot{read: func() error { panic("index out of range") }}
		h := run(t, Config{Panel: p, Sensors: []Sensor{
			{Name: "a", Bus: "i2c-1", Open: openOnce(mad), Feeds: []Feed{{Point: "a"}}},
			{Name: "b", Bus: "i2c-1", Open: openOnce(&spot{}), Feeds: []Feed{{Point: "b"}}},
			{Name: "c", Open: openOnce(c), Feeds: []Feed{{Point: "c"}}},
			{Name: "d", Open: func() (drivers.Sensor, error) { panic("open") }},
		}})
		time.Sleep(20*time.Second + 500*time.Millisecond)
		if n := len(p.readings("b")); n != 21 {
			t.Errorf("got %d readings of the other, want 21", n)
		}
		for _, id := range []point.ID{"a", "c"} {
			if got := p.readings(id); len(got) < 10 || got[9].Quality != point.Bad {
				t.Errorf("got %+v, want bad readings", got)
			}
		}
		if got := p.notices(alarm.Restarted); len(got) == 0 || h.Stats().Restarts == 0 {
			t.Errorf("got %q, want it told", got)
		}
	})
}

// A device that has failed for long is closed and opened anew: one that lost its power has lost its
// settings too.
func TestLastingFailureOpensAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, log := &script{}, newDiary()
		run(t, Config{Panel: p, Sensors: []Sensor{{
			Name: "a", Bus: "b", Feeds: []Feed{{Point: "a"}},
			Open: func() (drivers.Sensor, error) {
				log.add("open")
				s := &closer{spot{log: log}}
				if len(log.times("open")) == 1 {
					s.start = func() error { return errBus }
				}
				return s, nil
			},
		}}})
		time.Sleep(time.Minute)
		opens, closes := len(log.times("open")), len(log.times("close"))
		if opens != 2 || closes != 1 {
			t.Errorf("got %d openings and %d closings, want 2 and 1", opens, closes)
		}
		all := p.readings("a")
		if last := all[len(all)-1]; last.Quality != point.Good {
			t.Errorf("got %+v, want it healed", last)
		}
	})
}

// A part that was opened anew and says for a while that it is not ready is left to settle: it is
// not opened again before it has failed as often again.
func TestPartOpenedAnewMaySettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, log := &script{}, newDiary()
		run(t, Config{Panel: p, Sensors: []Sensor{{
			Name: "a", Bus: "b", Feeds: []Feed{{Point: "a"}},
			Open: func() (drivers.Sensor, error) {
				log.add("open")
				s := &closer{spot{log: log}}
				if len(log.times("open")) == 1 {
					s.start = func() error { return errBus }
					return s, nil
				}
				asked := 0
				s.read = func() error {
					if asked++; asked < 100 {
						return drivers.ErrNotReady
					}
					return nil
				}
				return s, nil
			},
		}}})
		time.Sleep(time.Minute)
		if opens := len(log.times("open")); opens != 2 {
			t.Errorf("got %d openings, want 2", opens)
		}
		all := p.readings("a")
		if last := all[len(all)-1]; last.Quality != point.Good {
			t.Errorf("got %+v, want it healed", last)
		}
	})
}

type closer struct{ spot }

func (c *closer) Close() error {
	c.log.add("close")
	return nil
}
