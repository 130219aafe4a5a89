package board

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// Parts of one address on the channels of a switch are read one by one, each with its own value,
// through a dip of the switch's supply too. Without the switch none of them answers.
func TestPartsBehindASwitchAreKeptApart(t *testing.T) {
	clock := &switchClock{}
	b := New(Options{Now: clock.now, Sleep: NoSleep})
	mux := chip.NewPCA9548(b.Now)
	b.Bus("i2c-1").Attach(0x70, mux)
	var sensors []drivers.Sensor
	for channel, bus := range []string{"i2c-1/mux-0x70/0", "i2c-1/mux-0x70/1"} {
		c := chip.NewSHT4x(b.Now)
		c.SetTemperature(int64(20_000 + 10_000*channel))
		mux.Attach(channel, 0x44, c)
		s, err := catalog.Sensors()["sht4x"].Open(b, map[string]string{"bus": bus})
		if err != nil {
			t.Fatal(err)
		}
		sensors = append(sensors, s)
	}
	for round := range 3 {
		if round == 1 {
			mux.PowerCycle()
		}
		var got []int64
		for _, s := range sensors { // their conversions overlap
			if _, err := s.Start(); err != nil {
				t.Fatal(err)
			}
		}
		clock.at += time.Second
		for _, s := range sensors {
			samples, err := s.Read(nil)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, (samples[0].Value+5)/10)
		}
		if got[0] != 2000 || got[1] != 3000 {
			t.Errorf("round %d: got %v hundredths of a degree, want 2000 and 3000", round, got)
		}
	}
	if err := mux.Inject(chip.Fault{Kind: chip.Absent}); err != nil {
		t.Fatal(err)
	}
	_, err := sensors[0].Start()
	if !errors.Is(err, drivers.ErrNoDevice) || !strings.Contains(err.Error(), "pca9548 0x70") {
		t.Errorf("got %v, want the switch named", err)
	}
}

type switchClock struct{ at time.Duration }

func (c *switchClock) now() time.Duration { return c.at }

// A channel opens with the stop of the transfer that chooses it, and a switch measures nothing that
// could be wrong.
func TestSwitchOpensWithTheStop(t *testing.T) {
	b := New(Options{Now: (&switchClock{}).now, Sleep: NoSleep})
	mux, behind := chip.NewPCA9548(b.Now), chip.NewPCF8574(b.Now)
	b.Bus("i2c-1").Attach(0x70, mux)
	mux.Attach(2, 0x20, behind)
	bus, err := b.I2C("i2c-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Tx(0x20, nil, make([]byte, 1)); err == nil {
		t.Error("after power-up a channel is open")
	}
	mux.Start(false)
	mux.Write(1 << 2)
	if len(mux.Behind(0x20)) != 0 {
		t.Error("it is open before the stop")
	}
	mux.Stop()
	var choice [1]byte
	err = errors.Join(bus.Tx(0x20, nil, make([]byte, 1)), bus.Tx(0x70, nil, choice[:]))
	if err != nil {
		t.Error(err)
	}
	if choice[0] != 1<<2 {
		t.Errorf("got the choice %#x, want %#x", choice[0], 1<<2)
	}
	if len(b.Bus("i2c-1").all()) != 2 {
		t.Error("what is behind the switch is not on the bus")
	}
	for _, k := range chip.Kinds() {
		err := mux.Inject(chip.Fault{Kind: k.Kind})
		if fits := k.Kind.Applies("pca9548"); fits != (err == nil) {
			t.Errorf("%s: got %v, want it to apply: %v", k.Kind, err, fits)
		}
	}
}
