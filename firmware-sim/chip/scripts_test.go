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
	"bmx280": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewBME280(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*BMX280)
		var out strings.Builder
		for _, t := range []int64{20_000, 30_000} {
			c.SetTemperature(t)
			b.say(&out, "f2 01 f4 25", 10*time.Millisecond, 0)
			b.ask(&out, "f7", 8)
		}
		b.ask(&out, "d0", 1)
		b.ask(&out, "f2", 1)
		return out.String()
	},
	"sgp30": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewSGP30(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*SGP30)
		var out strings.Builder
		b.say(&out, "20 03", 20*time.Second, 0)
		for _, v := range []int64{100, 200} {
			c.SetAir(v, 500)
			b.say(&out, "20 08", sgp30Measure, 6)
		}
		b.say(&out, "20 2f", sgp30Command, 3)
		return out.String()
	},
	"sen5x": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewSEN5x(b.clock, "SEN55")
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*SEN5x)
		var out strings.Builder
		b.say(&out, "d2 10", sen5xCommand, 0)
		b.say(&out, "01 04", time.Minute, 0)
		b.say(&out, "00 21", sen5xStart, 0)
		for _, pm := range []int64{50_000, 90_000} {
			c.SetAir(Smoke(pm))
			b.wait(10 * time.Second)
			b.say(&out, "02 02", sen5xCommand, 3)
			b.say(&out, "03 c4", sen5xCommand, 24)
			b.wait(time.Second)
			b.say(&out, "02 02", sen5xCommand, 3)
		}
		b.say(&out, "d2 06", sen5xCommand, 6)
		b.say(&out, "d0 14", sen5xCommand, 48)
		return out.String()
	},
	"amg8833": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewAMG8833(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*AMG8833)
		var out strings.Builder
		b.say(&out, "08 12", 0, 0)
		for _, t := range []int64{25_000, 35_000, 45_000} {
			c.SetHottest(t)
			b.wait(101 * time.Millisecond)
			b.ask(&out, "b6", 2)
		}
		b.ask(&out, "08", 1)
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
