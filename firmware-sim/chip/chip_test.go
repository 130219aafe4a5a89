package chip

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

var errNack = errors.New("not acknowledged")

// bench is a bus with one chip and a clock that the test turns.
type bench struct {
	t   *testing.T
	now time.Duration
	Chip
}

func (b *bench) clock() time.Duration { return b.now }

func (b *bench) wait(d time.Duration) { b.now += d }

// write plays a write with a STOP behind it.
func (b *bench) write(data string) error {
	b.t.Helper()
	defer b.Stop()
	if !b.Start(false) {
		return errNack
	}
	for _, c := range unhex(b.t, data) {
		if !b.Write(c) {
			return errNack
		}
	}
	return nil
}

// read plays a read of n bytes and gives them as text, "ab cd".
func (b *bench) read(n int) (string, error) {
	defer b.Stop()
	if !b.Start(true) {
		return "", errNack
	}
	out := make([]byte, n)
	for i := range out {
		out[i] = b.Read()
	}
	return spaced(out), nil
}

func (b *bench) mustWrite(data string) {
	b.t.Helper()
	if err := b.write(data); err != nil {
		b.t.Fatalf("write %s: %v", data, err)
	}
}

func (b *bench) wantRead(want string) {
	b.t.Helper()
	got, err := b.read((len(want) + 1) / 3)
	if err != nil || got != want {
		b.t.Fatalf("read: got %q, %v; want %q", got, err, want)
	}
}

func (b *bench) wantNack(what string, err error) {
	b.t.Helper()
	if !errors.Is(err, errNack) {
		b.t.Fatalf("%s: got %v, want it refused", what, err)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	out, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func spaced(data []byte) string {
	parts := make([]string, len(data))
	for i, b := range data {
		parts[i] = hex.EncodeToString([]byte{b})
	}
	return strings.Join(parts, " ")
}

// The checksum is the one of the datasheets' examples.
func TestCRCOfTheDatasheets(t *testing.T) {
	for word, want := range map[string]byte{"beef": 0x92, "8000": 0xA2, "6666": 0x93, "0000": 0x81,
		"ffff": 0xAC, "0300": 0xAC, "0500": 0xF6} {
		if got := crc(unhex(t, word)...); got != want {
			t.Errorf("crc of %s: got %02x, want %02x", word, got, want)
		}
	}
}

// Every fault of the table changes what each part it applies to does, and Heal ends it.
func TestEveryFaultShowsAndHeals(t *testing.T) {
	for _, info := range Kinds() {
		if info.Does == "" || info.Occasion == "" {
			t.Errorf("%q is not described", info.Kind)
		}
		for model, play := range allScripts() {
			if !info.Kind.Applies(model) {
				continue
			}
			b, part := &bench{t: t}, (*Part)(nil)
			script := func() string { return play(b, &part) }
			script() // makes the part
			sound := script()
			fault := Fault{Kind: info.Kind, Size: 20_000}
			switch info.Kind {
			case Slow:
				fault.Size = 50
			case Drift:
				fault.Size = 20_000_000 // in a minute
			case BrownOut:
				fault.Nth = 4 // when there is something to lose
			}
			if err := part.Inject(fault); err != nil {
				t.Fatal(err)
			}
			if got := script(); got == sound {
				t.Errorf("%s on %s shows nothing: %s", info.Kind, model, got)
			}
			part.Heal()
			if clock, ok := b.Chip.(*DS3231); ok {
				clock.SetTime() // what it lost, a kernel has to write
			}
			b.wait(time.Second)
			script()
			if got := script(); got != sound {
				t.Errorf("%s on %s does not heal:\n got %s\nwant %s", info.Kind, model, got, sound)
			}
		}
	}
}

func allScripts() map[string]func(b *bench, part **Part) string {
	all := maps.Clone(scripts)
	maps.Copy(all, airScripts)
	return all
}

// scripts use each part from its start to its identity, with inputs that change, and tell all that
// it answered. The first call makes the part.
var scripts = map[string]func(b *bench, part **Part) string{
	"sht4x": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewSHT4x(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*SHT4x)
		var out strings.Builder
		for _, t := range []int64{20_000, 30_000} {
			c.SetTemperature(t)
			b.say(&out, "fd", 9*time.Millisecond, 6)
		}
		b.say(&out, "89", time.Millisecond, 6)
		return out.String()
	},
	"sps30": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewSPS30(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*SPS30)
		var out strings.Builder
		b.say(&out, "d2 10", 10*time.Millisecond, 0)
		b.say(&out, "01 04", time.Minute, 0)
		b.say(&out, "00 10 03 00 ac", 20*time.Millisecond, 0)
		for _, pm := range []int64{50_000, 90_000} {
			c.SetAir(Smoke(pm))
			b.wait(10 * time.Second)
			b.say(&out, "02 02", 0, 3)
			b.say(&out, "03 00", 0, 60)
			b.wait(time.Second)
			b.say(&out, "02 02", 0, 3)
		}
		b.say(&out, "d2 06", 0, 6)
		b.say(&out, "d0 33", 0, 48)
		return out.String()
	},
	"ina219": func(b *bench, part **Part) string { return playINA(b, part, NewINA219, "3e 63", 19) },
	"ina226": func(b *bench, part **Part) string { return playINA(b, part, NewINA226, "45 23", 39) },
	"ds3231": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewDS3231(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*DS3231)
		var out strings.Builder
		b.say(&out, "11", 0, 2)
		for _, v := range []int64{20_000, 30_000} {
			c.SetTemperature(v)
			b.say(&out, "0e 3c", 200*time.Millisecond, 0)
			b.say(&out, "0e", 0, 5)
		}
		return out.String()
	},
	"max30102": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewMAX30102(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*MAX30102)
		var out strings.Builder
		b.say(&out, "08 40 03 27 00 24 24", 0, 0)
		for _, v := range []int64{50_000, 100_000} {
			c.SetLight(v, v/2)
			b.say(&out, "04 00 00 00", 44*time.Millisecond, 0)
			b.say(&out, "04", 0, 3)
			b.say(&out, "07", 0, 6)
		}
		b.say(&out, "ff", 0, 1)
		return out.String()
	},
	"mcp3424": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewMCP3424(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*MCP3424)
		var out strings.Builder
		for _, v := range []int64{1_000_000, 2_000_000} {
			c.SetInput(0, v)
			b.say(&out, "88", 91*time.Millisecond, 4)
		}
		return out.String()
	},
	"mcp23017": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewMCP23017(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*MCP23017)
		var out strings.Builder
		b.say(&out, "02 00 00 00 00 a5 5a", 0, 0)
		b.say(&out, "0c ff ff", 0, 0)
		for _, high := range []bool{true, false} {
			c.Drive(2, high)
			b.say(&out, "00", 0, 22)
		}
		return out.String()
	},
	"pcf8574": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewPCF8574(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*PCF8574)
		var out strings.Builder
		for _, high := range []bool{true, false} {
			c.Drive(2, high)
			b.say(&out, "7f", 0, 2)
		}
		return out.String()
	},
	"ads1115": func(b *bench, part **Part) string {
		if *part == nil {
			c := NewADS1115(b.clock)
			b.Chip, *part = c, &c.Part
		}
		c := b.Chip.(*ADS1115)
		var out strings.Builder
		b.say(&out, "02 12 34", 0, 2)
		for _, v := range []int64{1_000_000, 2_000_000} {
			c.SetInput(1, v)
			b.say(&out, "01 d3 83", 9*time.Millisecond, 2)
			b.say(&out, "00", 0, 2)
		}
		b.say(&out, "02", 0, 2)
		return out.String()
	},
	"scd4x": scd4xScript,
	"dfgas": dfgasScript,
}

func playINA(b *bench, part **Part, make func(Clock) *INA2xx, config string,
	takes time.Duration) string {
	if *part == nil {
		c := make(b.clock)
		b.Chip, *part = c, &c.Part
	}
	c := b.Chip.(*INA2xx)
	var out strings.Builder
	for _, v := range []int64{10_000_000, 20_000_000} {
		c.SetBus(v)
		c.SetShunt(v / 1000)
		b.say(&out, "00 "+config, takes*time.Millisecond, 2)
		for _, register := range []string{"06", "02", "01"} {
			b.say(&out, register, 0, 2)
		}
	}
	return out.String()
}

// say plays one exchange and writes down the answer.
func (b *bench) say(out *strings.Builder, command string, wait time.Duration, n int) {
	err := b.write(command)
	b.wait(wait)
	answer := ""
	if n > 0 && err == nil {
		answer, err = b.read(n)
	}
	fmt.Fprintf(out, "%s > %s %v; ", command, answer, err)
}

// What is written to a part that did not acknowledge its address does not reach it.
func TestWriteWithoutAnAddressIsNotHeard(t *testing.T) {
	b := &bench{t: t}
	adc := NewADS1115(b.clock)
	b.Chip = adc
	if err := adc.Inject(Fault{Kind: Nack}); err != nil {
		t.Fatal(err)
	}
	b.Start(false)
	for _, c := range []byte{0x02, 0x12, 0x34} {
		if b.Write(c) {
			t.Errorf("%02x was acknowledged", c)
		}
	}
	b.Stop()
	adc.Heal()
	b.mustWrite("02")
	b.wantRead("80 00")
}

// A fault that a part cannot have is refused, with the list of those it can.
func TestInjectRefusesWhatAPartCannotDo(t *testing.T) {
	b := &bench{t: t}
	adc := NewADS1115(b.clock)
	err := adc.Inject(Fault{Kind: FanStopped})
	if err == nil || !strings.Contains(err.Error(), "take one of absent, nack,") {
		t.Errorf("a fan in an ADC: got %v", err)
	}
	if err := adc.Inject(Fault{Kind: "gremlin"}); err == nil {
		t.Error("an unknown fault was accepted")
	}
}

// A fault strikes in its window, on every nth occasion, or by chance; the chance is seeded.
func TestFaultStrikesWhenItIsToldTo(t *testing.T) {
	pattern := func(f Fault) string {
		b := &bench{t: t}
		c := NewADS1115(b.clock)
		if err := c.Inject(f); err != nil {
			t.Fatal(err)
		}
		b.Chip = c
		var out strings.Builder
		for range 12 {
			if b.write("00") != nil {
				out.WriteByte('x')
			} else {
				out.WriteByte('.')
			}
			b.wait(time.Second)
		}
		return out.String()
	}
	for _, c := range []struct {
		fault Fault
		want  string
	}{
		{Fault{Kind: Nack}, "xxxxxxxxxxxx"},
		{Fault{Kind: Nack, Nth: 3}, "..x..x..x..x"},
		{Fault{Kind: Nack, After: 4 * time.Second, For: 3 * time.Second}, "....xxx....."},
		{Fault{Kind: NackWrite, Nth: 5}, "....x....x.."},
	} {
		if got := pattern(c.fault); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.fault, got, c.want)
		}
	}
	chance := Fault{Kind: Nack, Chance: 500, Seed: 7}
	first := pattern(chance)
	if strings.Count(first, "x") < 3 || strings.Count(first, ".") < 3 || pattern(chance) != first {
		t.Errorf("a chance of one half: got %s, then %s", first, pattern(chance))
	}
	chance.Seed = 8
	if pattern(chance) == first {
		t.Error("another seed struck in the same places")
	}
}

// The value faults change the value as they say, and in their order.
func TestFaultsOfTheValue(t *testing.T) {
	for _, c := range []struct {
		fault Fault
		want  string // AIN0 at 1 V, then at 2 V, full scale 4.096 V
	}{
		{Fault{}, "1f 40/3e 80"},
		{Fault{Kind: Frozen}, "1f 40/1f 40"},
		{Fault{Kind: Stuck, Size: 512_000}, "10 00/10 00"},
		{Fault{Kind: Offset, Size: -1_000}, "1f 38/3e 78"},
		{Fault{Kind: Saturated}, "7f ff/7f ff"},
		{Fault{Kind: Spike, Size: 500_000, Nth: 2}, "1f 40/4e 20"},
		{Fault{Kind: Zeros}, "00 00/00 00"},
		{Fault{Kind: Ones}, "ff ff/ff ff"},
		{Fault{Kind: WrongID}, "19 00/19 00"},
	} {
		b := &bench{t: t}
		adc := NewADS1115(b.clock)
		b.Chip = adc
		if c.fault.Kind != "" {
			if err := adc.Inject(c.fault); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for _, v := range []int64{1_000_000, 2_000_000} {
			adc.SetInput(0, v)
			b.mustWrite("01 c3 83")
			b.wait(10 * time.Millisecond)
			b.mustWrite("00")
			word, _ := b.read(2)
			got = append(got, word)
		}
		if strings.Join(got, "/") != c.want {
			t.Errorf("%+v: got %s, want %s", c.fault, strings.Join(got, "/"), c.want)
		}
	}
}

// Noise stays within its size, differs from value to value, and is the same for the same seed.
func TestNoiseIsSeededAndBounded(t *testing.T) {
	run := func(seed uint64) (values []int16) {
		b := &bench{t: t}
		adc := NewADS1115(b.clock)
		b.Chip = adc
		adc.SetInput(0, 1_000_000)
		if err := adc.Inject(Fault{Kind: Noise, Size: 12_500, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			b.mustWrite("01 c3 83")
			b.wait(10 * time.Millisecond)
			b.mustWrite("00")
			word, _ := b.read(2)
			raw := unhex(t, word)
			values = append(values, int16(raw[0])<<8|int16(raw[1]))
		}
		return values
	}
	one, again, other := run(1), run(1), run(2)
	low, high, same := one[0], one[0], 0
	for i, v := range one {
		low, high = min(low, v), max(high, v)
		if v != again[i] {
			t.Fatalf("value %d: got %d and %d from one seed", i, v, again[i])
		}
		if v == other[i] {
			same++
		}
	}
	if low < 7900 || high > 8100 || high-low < 100 || same > 10 {
		t.Errorf("noise of ±100 around 8000: got %d … %d, %d like another seed", low, high, same)
	}
}
