package rig_test

import (
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/rig"
)

// needed are the options that a model asks for.
var needed = map[string]map[string]string{
	"contact": {"line": "GPIO17"}, "mains": {"line": "GPIO22"}, "pulses": {"line": "GPIO27"},
	"dfgas": {"gas": "co"}, "mq": {"part": "mq-2", "gas": "lpg", "clean_air": "0.6 V",
		"heater": "0x40"},
	"loop-4-20ma": {"quantity": "combustible", "at4": "0 %LEL", "at20": "100 %LEL"},
	"ratiometric": {"quantity": "pressure", "low": "0 MPa", "high": "1.2 MPa"},
	"leak-rope":   {"drive_a": "GPIO20", "drive_b": "GPIO21"},
	"pcf8574":     {"inputs": "0-3", "abnormal_high": "1"},
}

// options are those of a model as a checked site file has them.
func options(model string) map[string]string {
	opts := map[string]string{}
	for _, o := range catalog.Sensors()[model].Options {
		if o.Default != "" {
			opts[o.Name] = o.Default
		}
	}
	maps.Copy(opts, needed[model])
	return opts
}

// newRig is a rig with one sensor, named x.
func newRig(t *testing.T, model string, opts map[string]string) (*rig.Rig, *board.Board) {
	t.Helper()
	b := board.New(board.Options{})
	s := &site.Site{
		Sensors: []site.Sensor{{Name: "x", Model: model, Options: opts}},
		Outputs: []site.Output{{ID: alarm.OutputID("siren"), Model: "relay",
			Options: map[string]string{"line": "GPIO5"}}},
	}
	r, err := rig.New(s, b, b.Now)
	if err != nil {
		t.Fatal(err)
	}
	return r, b
}

// values are what is set at a channel, in two scenes; within is how far the reading may be off.
var values = map[string]struct {
	set    [2]string
	within int64
}{
	"temperature": {[2]string{"25 °C", "61.5 °C"}, 250},
	"humidity":    {[2]string{"50 %RH", "20 %RH"}, 50},
	"object":      {[2]string{"25 °C", "160 °C"}, 20}, "housing": {[2]string{"21 °C", "30 °C"}, 125},
	"hottest": {[2]string{"30 °C", "160 °C"}, 250}, "pressure": {[2]string{"100 kPa", "95 kPa"}, 100},
	"pm1": {[2]string{"5 µg/m³", "90 µg/m³"}, 100}, "pm2.5": {[2]string{"6 µg/m³", "150 µg/m³"}, 100},
	"pm4": {[2]string{"7 µg/m³", "91 µg/m³"}, 100}, "pm10": {[2]string{"8 µg/m³", "92 µg/m³"}, 100},
	"nc0.5": {[2]string{"50 /cm³", "900 /cm³"}, 10}, "nc1": {[2]string{"51 /cm³", "901 /cm³"}, 10},
	"nc2.5": {[2]string{"52 /cm³", "902 /cm³"}, 10}, "nc4": {[2]string{"53 /cm³", "903 /cm³"}, 10},
	"nc10": {[2]string{"54 /cm³", "904 /cm³"}, 10}, "size": {[2]string{"0.4 µm", "0.6 µm"}, 10},
	"raw": {[2]string{"30000", "25000"}, 0}, "voc": {[2]string{"50 ppb", "900 ppb"}, 0},
	"co2-estimate": {[2]string{"450 ppm", "1200 ppm"}, 0},
	"co2":          {[2]string{"600 ppm", "1400 ppm"}, 0},
	"voc-index":    {[2]string{"90", "200"}, 200}, "nox-index": {[2]string{"20", "30"}, 200},
	"co": {[2]string{"20 ppm", "300 ppm"}, 0}, "red": {[2]string{"50000", "90000"}, 200},
	"infrared": {[2]string{"20000", "40000"}, 200}, "voltage": {[2]string{"1 V", "1.9 V"}, 4000},
	"current":     {[2]string{"400 mA", "-200 mA"}, 1000},
	"combustible": {[2]string{"5 %LEL", "50 %LEL"}, 20},
	"flow":        {[2]string{"2.667 l/min", "8.333 l/min"}, 60},
}

// What is set at a channel by its name is what the driver reads there, for every model that a site
// file can name.
func TestWhatIsSetIsRead(t *testing.T) {
	for _, model := range slices.Sorted(maps.Keys(catalog.Sensors())) {
		t.Run(model, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, opts := catalog.Sensors()[model], options(model)
				r, b := newRig(t, model, opts)
				channels := m.Descriptor.Channels
				if m.Channels != nil {
					channels, _ = m.Channels(opts)
				}
				sensor, err := m.Open(b, opts)
				if err != nil {
					t.Fatal(err)
				}
				defer sensor.(io.Closer).Close()
				for scene := range 2 {
					want := setAll(t, r, channels, scene)
					got := read(t, sensor, m.Descriptor.Period)
					for c, w := range want {
						within := values[channels[c].Name].within
						if max(got[c]-w, w-got[c]) > within {
							t.Errorf("%s: got %d, want %d", channels[c].Name, got[c], w)
						}
					}
				}
			})
		})
	}
}

// setAll sets every channel of part x and returns what it should read, by the channel.
func setAll(t *testing.T, r *rig.Rig, channels []drivers.Channel, scene int) map[uint8]int64 {
	t.Helper()
	want := map[uint8]int64{}
	first := slices.IndexFunc(channels, func(c drivers.Channel) bool { return c.Name == "pm2.5" })
	for n := -1; n < len(channels); n++ {
		i := n
		if n < 0 {
			i = max(first, 0) // it carries the others along, so it comes first
		} else if i == first {
			continue
		}
		c := channels[i]
		text, value := []string{"normal", "abnormal"}[scene], int64(scene)
		if c.Quantity != drivers.Contact {
			v, ok := values[c.Name]
			if !ok {
				continue // it is not set by itself, such as a count of pulses
			}
			text = v.set[scene]
			value, _ = c.Quantity.Parse(text)
		}
		err := r.Set("x."+c.Name, text)
		switch {
		case err == nil:
			want[uint8(i)] = value
		case !strings.Contains(err.Error(), "; set x."): // what it says to set is another name
			t.Errorf("set x.%s %s: %v", c.Name, text, err)
		}
	}
	if len(want) == 0 {
		if err := r.Set("x.voltage", []string{"0.6 V", "3 V"}[scene]); err != nil {
			t.Error(err)
		}
	}
	return want
}

// read polls for half a minute and returns the last value of each channel.
func read(t *testing.T, sensor drivers.Sensor, period time.Duration) map[uint8]int64 {
	t.Helper()
	got := map[uint8]int64{}
	var last error
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		wait, err := sensor.Start()
		time.Sleep(wait)
		var samples []drivers.Sample
		if err == nil {
			samples, err = sensor.Read(nil)
		}
		for n := 0; errors.Is(err, drivers.ErrNotReady) && n < 12; n++ {
			time.Sleep(period / 10)
			samples, err = sensor.Read(nil)
		}
		for _, s := range samples {
			got[s.Channel] = s.Value
		}
		last = err
		time.Sleep(period)
	}
	if len(got) == 0 || last != nil && !errors.Is(last, drivers.ErrNotReady) {
		t.Errorf("got %v, %v", got, last)
	}
	return got
}

// Every site file of the project has its simulated board.
func TestEveryExampleHasItsBoard(t *testing.T) {
	files, err := filepath.Glob("../../cross/deb/examples/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v", files, err)
	}
	for _, f := range append(files, "../../agent/site/reference.toml") {
		s, err := site.Load(f)
		if err != nil {
			t.Fatal(err)
		}
		b := board.New(board.Options{})
		r, err := rig.New(s, b, b.Now)
		if err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		if got, want := len(r.Names()), len(s.Sensors)+len(s.Outputs); got != want {
			t.Errorf("%s: got %d parts, want %d", f, got, want)
		}
	}
}

// Every fault that the table names can be injected into something, shows in the list until it is
// healed, and is refused with what there is when the part cannot have it.
func TestEveryFaultHasAPlace(t *testing.T) {
	done := map[string]bool{}
	try := func(r *rig.Rig, target string) {
		can, err := r.FaultsOf(target)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range can {
			says, err := fail(r, target, n.Name)
			if err != nil || says != n.Does {
				t.Errorf("%s %s: got %q, %v", target, n.Name, says, err)
			}
			if text, _ := r.Show(""); !strings.Contains(text, "FAULT "+n.Name) {
				t.Errorf("%s %s is not shown:\n%s", target, n.Name, text)
			}
			if err := r.Heal(target); err != nil {
				t.Error(err)
			}
			if text, _ := r.Show(""); strings.Contains(text, "FAULT") {
				t.Errorf("%s %s is shown when it is healed:\n%s", target, n.Name, text)
			}
			done[n.Name] = true
		}
	}
	for model := range catalog.Sensors() {
		synctest.Test(t, func(t *testing.T) {
			r, _ := newRig(t, model, options(model))
			for _, target := range append(r.Buses(), "x", "siren") {
				try(r, target)
			}
		})
	}
	for _, n := range rig.Faults() {
		if !done[n.Name] {
			t.Errorf("%s: nothing can have it", n.Name)
		}
	}
}

// fail injects a fault with whatever size it asks for.
func fail(r *rig.Rig, target, name string) (says string, err error) {
	for _, size := range []string{"", "low", "5", "5 °C", "5 µg/m³", "1 V", "5 %", "5 s"} {
		if says, err = r.Fail(target, rig.Fault{Name: name, Size: size}); err == nil {
			return says, nil
		}
	}
	return "", err
}

// A wire that is cut or shorted is that of one loop, though four hang on one converter, and what an
// open line shows is that of its circuit.
func TestWireIsOfOneLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := board.New(board.Options{})
		s := &site.Site{}
		opened := map[string]drivers.Sensor{}
		for _, name := range []string{"0", "1"} {
			opts := options("eol-loop")
			opts["channel"] = name
			s.Sensors = append(s.Sensors, site.Sensor{Name: name, Model: "eol-loop", Options: opts})
			sensor, err := catalog.Sensors()["eol-loop"].Open(b, opts)
			if err != nil {
				t.Fatal(err)
			}
			opened[name] = sensor
		}
		r, err := rig.New(s, b, b.Now)
		if err != nil {
			t.Fatal(err)
		}
		once := func(name string) error {
			wait, err := opened[name].Start()
			time.Sleep(wait)
			if err == nil {
				_, err = opened[name].Read(nil)
			}
			return err
		}
		for fault, class := range map[string]error{
			"wire_open": drivers.ErrLineOpen, "wire_short": drivers.ErrLineShort,
		} {
			if _, err := r.Fail("0", rig.Fault{Name: fault}); err != nil {
				t.Fatal(err)
			}
			if err := once("0"); !errors.Is(err, class) {
				t.Errorf("%s: got %v, want %v", fault, err, class)
			}
			if err := once("1"); err != nil {
				t.Errorf("%s: its neighbour shows %v", fault, err)
			}
			if err := r.Heal("0"); err != nil {
				t.Fatal(err)
			}
			if err := once("0"); err != nil {
				t.Errorf("%s: healed, got %v", fault, err)
			}
		}
	})
}

// Whoever names what there is not is told what there is.
func TestWrongNamesSayWhatThereIs(t *testing.T) {
	r, _ := newRig(t, "sht4x", options("sht4x"))
	errorOf := func(_ string, err error) error { return err }
	for want, err := range map[string]error{
		`there is no part "y"; there are siren, x`: r.Set("y.temperature", "5 °C"),
		`x has no value "heat"; take one of x.temperature, x.humidity`: r.Set("x.heat",
			"5 °C"),
		`x has more than one value; take one of x.temperature, x.humidity`: r.Set("x", "5 °C"),
		`x.temperature: "70" has no unit; write "70 °C"`:                   r.Set("x.temperature", "70"),
		`siren is an output: nothing can be set at it`:                     r.Set("siren", "on"),
		`there is no part "y"; there are siren, x, and the buses i2c-1`: errorOf(r.Fail("y",
			rig.Fault{Name: "nack"})),
		`x has no fault "nak"; it can have absent, nack,`: errorOf(r.Fail("x",
			rig.Fault{Name: "nak"})),
		`hang strikes a whole bus: fault i2c-1 hang`: errorOf(r.Fail("x",
			rig.Fault{Name: "hang"})),
		`x offset: say how much: "fault x offset by 5 °C"`: errorOf(r.Fail("x",
			rig.Fault{Name: "offset"})),
		`say at which level: "fault siren welded at low", or high`: errorOf(r.Fail("siren",
			rig.Fault{Name: "welded"})),
		`a bus or a line fails at once and until it is healed`: errorOf(r.Fail("i2c-1",
			rig.Fault{Name: "hang", For: time.Second})),
		`"foo" is not understood; there are show, set,`:   errorOf(r.Do("foo")),
		`"set x" is not whole; write set PART.VALUE TEXT`: errorOf(r.Do("set x")),
		`fault x: nth: "no" is no number from 1 on; write nth 3`: errorOf(
			r.Do("fault x nack nth no")),
		`fault x: soon: it is none of by, at, chance,`: errorOf(r.Do("fault x nack soon")),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
