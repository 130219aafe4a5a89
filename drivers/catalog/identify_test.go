package catalog_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers/catalog"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// recorded is a bus that writes down what is written to it.
type recorded struct {
	i2c.Bus
	written []string
}

func (r *recorded) Tx(addr uint16, w, b []byte) error {
	if len(w) > 0 {
		r.written = append(r.written, fmt.Sprintf("% x", w))
	}
	return r.Bus.Tx(addr, w, b)
}

func (r *recorded) SetSpeed(f physic.Frequency) error { return r.Bus.SetSpeed(f) }

// sheltered is a board whose clock stands but for what is waited.
func sheltered() (b *board.Board, sleep func(time.Duration)) {
	now := time.Hour
	sleep = func(d time.Duration) { now += d }
	return board.New(board.Options{Now: func() time.Duration { return now }, Sleep: sleep}), sleep
}

// Every part of the catalog is recognised at its usual address, and again when it is asked a second
// time; the golden file says what was written for it. Nothing is ever written to an expander, to a
// switch, or to a converter whose configuration it would be.
func TestIdentify(t *testing.T) {
	text := ""
	for _, c := range []struct {
		addr uint16
		make func(chip.Clock) chip.Chip
		want string
	}{
		{0x44, func(c chip.Clock) chip.Chip { return chip.NewSHT4x(c) }, "sht4x sure"},
		{0x45, func(c chip.Clock) chip.Chip { return chip.NewSHT3x(c) }, "sht3x sure"},
		{0x58, func(c chip.Clock) chip.Chip { return chip.NewSGP30(c) }, "sgp30 sure"},
		{0x59, func(c chip.Clock) chip.Chip { return chip.NewSGP40(c) }, "sgp40 sure"},
		{0x62, func(c chip.Clock) chip.Chip { return chip.NewSCD4x(c) }, "scd4x sure"},
		{0x69, func(c chip.Clock) chip.Chip { return chip.NewSPS30(c) }, "sps30 sure"},
		{0x69, func(c chip.Clock) chip.Chip { return chip.NewSEN5x(c, "SEN50") }, "sen50 sure"},
		{0x69, func(c chip.Clock) chip.Chip { return chip.NewSEN5x(c, "SEN54") }, "sen54 sure"},
		{0x69, func(c chip.Clock) chip.Chip { return chip.NewSEN5x(c, "SEN55") }, "sen55 sure"},
		{0x76, func(c chip.Clock) chip.Chip { return chip.NewBME280(c) }, "bme280 sure"},
		{0x77, func(c chip.Clock) chip.Chip { return chip.NewBMP280(c) }, "bmp280 sure"},
		{0x5A, func(c chip.Clock) chip.Chip { return chip.NewMLX90614(c) }, "mlx90614 sure"},
		{0x57, func(c chip.Clock) chip.Chip { return chip.NewMAX30102(c) }, "max3010x likely"},
		{0x40, func(c chip.Clock) chip.Chip { return chip.NewINA219(c) }, "ina219 likely"},
		{0x41, func(c chip.Clock) chip.Chip { return chip.NewINA226(c) }, "ina226 sure"},
		{0x48, func(c chip.Clock) chip.Chip { return chip.NewADS1115(c) }, "ads1115 likely"},
		{0x6A, func(c chip.Clock) chip.Chip { return chip.NewMCP3424(c) }, "mcp342x likely"},
		{0x68, func(c chip.Clock) chip.Chip { return chip.NewDS3231(c) }, "ds3231 likely"},
		{0x68, func(c chip.Clock) chip.Chip { return chip.NewAMG8833(c) }, "mcp342x possible"},
		{0x74, func(c chip.Clock) chip.Chip { return chip.NewDFGas(c, chip.CellCO()) }, "dfgas sure"},
		{0x38, func(c chip.Clock) chip.Chip { return chip.NewAHT20(c) }, "aht20 sure"},
		{0x20, func(c chip.Clock) chip.Chip { return chip.NewMCP23017(c) }, "mcp23017 likely"},
		{0x21, func(c chip.Clock) chip.Chip { return chip.NewPCF8574(c) }, "mcp23017 possible"},
		{0x70, func(c chip.Clock) chip.Chip { return chip.NewPCA9548(c) }, "pca9548 possible"},
		{0x77, func(c chip.Clock) chip.Chip { return chip.NewPCA9548(c) }, "pca9548 likely"},
	} {
		b, sleep := sheltered()
		b.Bus("i2c-1").Attach(c.addr, c.make(b.Now))
		bus, err := b.I2C("i2c-1")
		if err != nil {
			t.Fatal(err)
		}
		r := &recorded{Bus: bus}
		for range 2 {
			r.written = nil
			answers, guesses, err := catalog.Identify(r, c.addr, sleep)
			if err != nil || !answers || len(guesses) == 0 ||
				guesses[0].Model+" "+guesses[0].Certainty.String() != c.want {
				t.Errorf("%#x: got %v, %v, %v, want %s", c.addr, answers, guesses, err, c.want)
			}
			for _, model := range []string{"mcp23017", "pca9548 possible", "mcp342x"} {
				if strings.HasPrefix(c.want, model) && len(r.written) > 0 {
					t.Errorf("%s: it was written %q", c.want, r.written)
				}
			}
			text += fmt.Sprintf("%#x wrote %q: %v\n", c.addr, r.written, guesses)
		}
	}
	path := filepath.Join("testdata", "identify.golden")
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != text {
		t.Errorf("got\n%s\nwant\n%s\n%v", text, want, err)
	}
}

// Where nobody is there is no guess, and a bus that is gone is an error.
func TestIdentifyNobody(t *testing.T) {
	b, sleep := sheltered()
	bus, err := b.I2C("i2c-1")
	if err != nil {
		t.Fatal(err)
	}
	for addr := uint16(catalog.FirstAddress); addr <= catalog.LastAddress; addr++ {
		if answers, guesses, err := catalog.Identify(bus, addr, sleep); answers || guesses != nil ||
			err != nil {
			t.Errorf("%#x: got %v, %v, %v", addr, answers, guesses, err)
		}
	}
	if _, _, err := catalog.Identify(gone{bus}, 0x44, sleep); err == nil {
		t.Error("a bus that is gone is no error")
	}
}

type gone struct{ i2c.Bus }

func (gone) Tx(uint16, []byte, []byte) error { return fmt.Errorf("tx: %w", syscall.ENODEV) }

// The lines that are printed for any part can be pasted: with a point behind the sensor, a site
// file has no mistake in them.
func TestSiteLinesCanBePasted(t *testing.T) {
	for name, m := range catalog.Sensors() {
		if len(m.Descriptor.Addresses) == 0 ||
			slices.ContainsFunc(m.Options, func(o catalog.Option) bool { return o.Name == "adc" }) {
			continue // nothing that a bus can tell
		}
		g := catalog.Guess{Model: name, Certainty: catalog.Sure}
		lines := g.SiteLines("i2c-1", m.Descriptor.Addresses[0])
		_, err := site.Parse("site.toml", []byte("[site]\nid = \"x\"\n"+lines))
		for line := range strings.Lines(err.Error()) {
			if strings.Contains(line, "sensor \"") || strings.Contains(line, "TOML") {
				t.Errorf("%s\n%s%s", name, lines, line)
			}
		}
	}
}
