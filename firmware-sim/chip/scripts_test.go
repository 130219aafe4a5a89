package chip

import (
	"strings"
	"time"
)

// airScripts are the scripts of the parts that measure air and heat.
var airScripts = map[string]func(b *bench, part **Part) string{
	"sht3x": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewSHT3x(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*SHT3x)
		var out strings.Builder
		for _, t := range []int64{20_000, 30_000} {
			c.SetTemperature(t)
			b.say(&out, "24 00", sht3xHigh, 6)
		}
		b.say(&out, "30 41", sht3xIdle, 0)
		b.say(&out, "f3 2d", sht3xIdle, 3)
		return out.String()
	},
	"aht20": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewAHT20(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*AHT20)
		var out strings.Builder
		b.say(&out, "be 08 00", aht20Load, 0)
		for _, t := range []int64{20_000, 30_000} {
			c.SetTemperature(t)
			b.say(&out, "ac 33 00", aht20Measure, 7)
		}
		return out.String()
	},
	"sgp40": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewSGP40(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*SGP40)
		var out strings.Builder
		b.say(&out, "28 0e", sgp40Test, 3)
		for _, v := range []int64{20_000, 30_000} {
			c.SetSignal(v)
			b.say(&out, "26 0f 80 00 a2 66 66 93", sgp40Measure, 3)
		}
		return out.String()
	},
	"mlx90614": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewMLX90614(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*MLX90614)
		var out strings.Builder
		for _, t := range []int64{20_000, 30_000, 40_000} {
			c.SetObject(t)
			b.wait(120 * time.Millisecond)
			b.ask(&out, "07", 3)
			b.ask(&out, "06", 3)
		}
		b.ask(&out, "2e", 3)
		return out.String()
	},
}

// ask plays a write, a repeated start and a read, and writes down the answer.
func (b *bench) ask(out *strings.Builder, register string, n int) {
	b.t.Helper()
	defer b.Stop()
	answer := "refused"
	if b.Start(false) && b.Write(unhex(b.t, register)[0]) && b.Start(true) {
		bytes := make([]byte, n)
		for i := range bytes {
			bytes[i] = b.Read()
		}
		answer = spaced(bytes)
	}
	out.WriteString(register + " > " + answer + "; ")
}

// wantAsked is what a read of a register gives.
func (b *bench) wantAsked(register, want string) {
	b.t.Helper()
	var out strings.Builder
	b.ask(&out, register, (len(want)+1)/3)
	if got := strings.TrimSuffix(out.String()[len(register)+3:], "; "); got != want {
		b.t.Fatalf("register %s: got %s, want %s", register, got, want)
	}
}
