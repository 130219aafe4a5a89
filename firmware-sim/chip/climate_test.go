package chip

import (
	"strings"
	"testing"
	"time"
)

func newSHT3x(t *testing.T) (*bench, *SHT3x) {
	b := &bench{t: t}
	c := NewSHT3x(b.clock)
	b.Chip = c
	return b, c
}

// The words are those of the formulas at 25 and 60 °C and at the ends of the range.
func TestSHT3xVectors(t *testing.T) {
	for _, c := range []struct {
		temperature, humidity int64
		want                  string
	}{
		{25_000, 50_001, "66 66 93 80 00 a2"},
		{60_000, 25_000, "99 99 be 40 00 08"},
		{-45_000, 0, "00 00 81 00 00 81"},
		{400_000, 200_000, "ff ff ac ff ff ac"},
	} {
		b, sht := newSHT3x(t)
		sht.SetTemperature(c.temperature)
		sht.SetHumidity(c.humidity)
		b.mustWrite("24 00")
		b.wait(sht3xHigh)
		b.wantRead(c.want)
	}
}

// A read is refused while the part measures, a result can be fetched once, and between two commands
// the part wants its millisecond.
func TestSHT3xRefusesWhatComesTooEarly(t *testing.T) {
	for command, takes := range map[string]time.Duration{
		"24 00": sht3xHigh, "24 0b": sht3xMid, "24 16": sht3xLow} {
		b, _ := newSHT3x(t)
		b.mustWrite(command)
		b.wait(takes - 1)
		_, err := b.read(6)
		b.wantNack("a read that comes too early", err)
		b.wantNack("a command meanwhile", b.write("f3 2d"))
		b.wait(1)
		if _, err := b.read(6); err != nil {
			t.Errorf("%s after %v: %v", command, takes, err)
		}
		_, err = b.read(6)
		b.wantNack("a second read", err)
	}
	b, _ := newSHT3x(t)
	b.mustWrite("30 66")
	b.wantNack("a command at once", b.write("30 41"))
	b.wait(sht3xIdle)
	b.mustWrite("30 41")
	b.wait(sht3xIdle)
	b.wantNack("an unknown command", b.write("12 34"))
	b.wait(sht3xIdle)
	b.wantNack("a third byte", b.write("f3 2d 00"))
}

// The status tells of a reset until it is cleared, and of the heater, which warms the part and ends
// with the supply.
func TestSHT3xStatusTellsOfResetAndHeater(t *testing.T) {
	b, c := newSHT3x(t)
	command := func(data string) {
		t.Helper()
		b.mustWrite(data)
		b.wait(20 * time.Millisecond)
	}
	command("f3 2d")
	b.wantRead("80 10 e1")
	command("30 41")
	command("30 6d")
	command("f3 2d")
	b.wantRead("20 00 5d")
	c.SetTemperature(21_000)
	command("24 00")
	b.wantRead("66 66 93") // 25 °C
	c.PowerCycle()
	b.wantNack("a command during power-up", b.write("f3 2d"))
	b.wait(sht3xReset)
	command("f3 2d")
	b.wantRead("80 10 e1")
	command("30 6d")
	command("30 a2")
	command("f3 2d")
	b.wantRead("80 10 e1")
}

func newAHT20(t *testing.T) (*bench, *AHT20) {
	b := &bench{t: t}
	c := NewAHT20(b.clock)
	b.Chip = c
	b.mustWrite("be 08 00")
	b.wait(aht20Load)
	return b, c
}

// The bytes are those of the formulas, with the checksum over all six.
func TestAHT20Vectors(t *testing.T) {
	for _, c := range []struct {
		temperature, humidity int64
		want                  string
	}{
		{19_446, 45_828, "18 75 5"}, // 75 52 05 8e 40 was measured once
		{30_000, 50_000, "18 80 00 06 66 66"},
		{-50_000, 0, "18 00 00 00 00 00"},
		{150_000, 100_000, "18 ff ff ff ff ff"},
	} {
		b, aht := newAHT20(t)
		aht.SetTemperature(c.temperature)
		aht.SetHumidity(c.humidity)
		b.mustWrite("ac 33 00")
		b.wait(aht20Measure)
		got, err := b.read(7)
		raw := unhex(t, got)
		if err != nil || !strings.HasPrefix(got, c.want) || crc(raw[:6]...) != raw[6] {
			t.Errorf("%d, %d: got %s, %v; want %s", c.temperature, c.humidity, got, err, c.want)
		}
	}
	if got := crc(unhex(t, "1875 5205 8e40")...); got != 0x7F {
		t.Errorf("checksum of the measured bytes: got %02x, want 7f", got)
	}
}

// The busy bit stands while it measures, the result is that of before meanwhile, and a loss of the
// supply takes the calibration and the result.
func TestAHT20StatusTells(t *testing.T) {
	b, c := newAHT20(t)
	c.SetTemperature(30_000)
	b.mustWrite("ac 33 00")
	b.wait(aht20Measure - 1)
	b.wantRead("98 00 00 00 00 00")
	b.wait(1)
	c.SetTemperature(60_000) // after the end
	b.wait(time.Second)
	c.PowerCycle()
	_, err := b.read(1)
	b.wantNack("a read during power-up", err)
	b.wait(aht20PowerUp)
	b.wantRead("10 00 00 00 00 00")
	b.mustWrite("ac 33 00")
	b.wait(aht20Measure)
	got, _ := b.read(6)
	if got[:2] != "10" || got == "10 8c cc" {
		t.Errorf("without its calibration: got %s", got)
	}
	b.mustWrite("be 08 00")
	b.wait(aht20Load)
	b.wantRead("18")
	b.mustWrite("ba")
	b.wait(aht20Reset)
	b.wantRead("10 00 00 00 00 00")
}
