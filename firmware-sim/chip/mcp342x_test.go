package chip

import (
	"testing"
	"time"
)

func newMCP3424(t *testing.T) (*bench, *MCP3424) {
	b := &bench{t: t}
	c := NewMCP3424(b.clock)
	b.Chip = c
	return b, c
}

// The codes are those of the published vectors, with the configuration behind them.
func TestMCP3424Vectors(t *testing.T) {
	for _, c := range []struct {
		name   string
		input  int64
		config string
		want   string
	}{
		{"18 bits, full", 3_000_000, "8c", "01 ff ff 0c 8c"},
		{"18 bits, minus full", -2_048_000, "8c", "fe 00 00 0c 8c"},
		{"16 bits", 1_024_000, "88", "40 00 08"},
		{"12 bits at 0.256 V", 300_000, "83", "07 ff 03"},
		{"14 bits, one step below zero", -250, "84", "ff ff 04"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, adc := newMCP3424(t)
			adc.SetInput(0, c.input)
			b.mustWrite(c.config)
			b.wait(time.Second)
			if got, _ := b.read((len(c.want) + 1) / 3); got[:8] != c.want[:8] {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A conversion takes its time at the slowest rate; its flag tells once that it is new.
func TestMCP3424TakesItsTime(t *testing.T) {
	for config, c := range map[string]struct {
		takes        time.Duration
		before, done string
	}{
		"a8": {100 * time.Second / 1_100, "00 00 a8", "20 00 28"},
		"a4": {100 * time.Second / 4_400, "00 00 a4", "08 00 24"},
		"ac": {100 * time.Second / 275, "00 00 00 ac", "00 80 00 2c"},
	} {
		b, adc := newMCP3424(t)
		adc.SetInput(1, 512_000)
		b.mustWrite(config)
		b.wait(c.takes - 1)
		b.wantRead(c.before)
		b.wait(1)
		b.wantRead(c.done)
		if got, _ := b.read(4); got[len(c.done)-2:len(c.done)] != config {
			t.Errorf("%s: read again, got %s, want it not new", config, got)
		}
		b.wait(time.Minute) // once
		if got, _ := b.read(4); got[len(c.done)-2:len(c.done)] != config {
			t.Errorf("%s: a minute later, got %s, want it not new", config, got)
		}
	}
}

// After power-up it converts by itself; a brown-out takes it back there.
func TestMCP3424ResetValues(t *testing.T) {
	b, c := newMCP3424(t)
	b.wantRead("00 00 90")
	b.wait(time.Second)
	b.wantRead("00 00 10")
	c.SetInput(0, 1_024_000)
	b.wait(time.Second)
	b.wantRead("04 00 10")
	b.mustWrite("88")
	if err := c.Inject(Fault{Kind: BrownOut}); err != nil {
		t.Fatal(err)
	}
	b.wantRead("00 00 90")
	b.mustWrite("88")
	c.PowerCycle()
	b.wantRead("00 00 90")
}
