package drivers_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/firepost/firepost/drivers"
)

// A value reads in the unit that people use, exactly: no digit is added or lost.
func TestTextIsExact(t *testing.T) {
	for _, c := range []struct {
		quantity drivers.Quantity
		value    int64
		want     string
	}{
		{drivers.Temperature, 57_300, "57.3 °C"},
		{drivers.Temperature, -1, "-0.001 °C"},
		{drivers.Temperature, -45_000, "-45 °C"},
		{drivers.Temperature, 0, "0 °C"},
		{drivers.Humidity, 50_001, "50.001 %RH"},
		{drivers.Pressure, 639_474, "639.474 kPa"},
		{drivers.Voltage, 4_095_875, "4.095875 V"},
		{drivers.PM25, 2_500, "2.5 µg/m³"},
		{drivers.Contact, 1, "1"},
		{drivers.Raw, -32_768, "-32768"},
		{drivers.Level, math.MinInt64, "-9223372036854775.808 m"},
		{drivers.Level, math.MaxInt64, "9223372036854775.807 m"},
		{0, 7, "7"},
		{200, 7, "7"},
	} {
		if got := c.quantity.Text(c.value); got != c.want {
			t.Errorf("%v.Text(%d) = %q, want %q", c.quantity, c.value, got, c.want)
		}
	}
}

// Every quantity has a name of its own that leads back to it, and units that are powers of ten.
func TestEveryQuantityHasNameAndUnits(t *testing.T) {
	for _, q := range drivers.Quantities() {
		if back, ok := drivers.QuantityByName(q.String()); !ok || back != q {
			t.Errorf("QuantityByName(%q) = %v, %v, want %v", q.String(), back, ok, q)
		}
		if len(q.Units()) == 0 {
			t.Errorf("%v has no unit", q)
		}
		for _, u := range q.Units() {
			if digits := strconv.FormatInt(u.Scale, 10); strings.Trim(digits, "0") != "1" {
				t.Errorf("%v: scale %d of %q is no power of ten", q, u.Scale, u.Symbol)
			}
		}
	}
	for _, name := range []string{"", "heat", "quantity(0)", "Temperature"} {
		if q, ok := drivers.QuantityByName(name); ok {
			t.Errorf("QuantityByName(%q) = %v, want none", name, q)
		}
	}
}

// Parse takes each unit and each usual spelling of it, and gives the exact value.
func TestParseReadsWhatPeopleWrite(t *testing.T) {
	for _, c := range []struct {
		quantity drivers.Quantity
		text     string
		want     int64
	}{
		{drivers.Temperature, "60 °C", 60_000},
		{drivers.Temperature, "60°C", 60_000},
		{drivers.Temperature, " 60.5 ℃ ", 60_500},
		{drivers.Temperature, "-0.001 °C", -1},
		{drivers.Temperature, "−5 °C", -5_000},
		{drivers.Temperature, "+5 °C", 5_000},
		{drivers.Temperature, "57.3000000 °C", 57_300},
		{drivers.Humidity, "95 ％RH", 95_000},
		{drivers.Pressure, "1.2 MPa", 1_200_000},
		{drivers.Pressure, "600 kPa", 600_000},
		{drivers.Pressure, "6 bar", 600_000},
		{drivers.Pressure, "7 Pa", 7},
		{drivers.PM25, "35 μg/m³", 35_000},
		{drivers.PM25, "35 µg/m3", 35_000},
		{drivers.Combustible, "25 %LEL", 25_000},
		{drivers.Contact, "1", 1},
		{drivers.Raw, "-32768", -32_768},
		{drivers.Level, "9223372036854775.807 m", math.MaxInt64},
		{drivers.Level, "-9223372036854775.808 m", math.MinInt64},
		{drivers.Gas, "007 ppb", 7},
	} {
		got, err := c.quantity.Parse(c.text)
		if err != nil || got != c.want {
			t.Errorf("%v.Parse(%q) = %d, %v, want %d", c.quantity, c.text, got, err, c.want)
		}
	}
}

// A mistake is never guessed at: the error repeats what was written and says what to write.
func TestParseSaysWhatToWrite(t *testing.T) {
	for _, c := range []struct {
		quantity   drivers.Quantity
		text, want string
	}{
		{drivers.Temperature, "60", `"60" has no unit; write "60 °C"`},
		{drivers.Temperature, "60 F", `"60 F" has an unknown unit "F"; write "60 °C"`},
		{drivers.Temperature, "60,5 °C",
			`"60,5 °C" has an unknown unit ",5 °C"; write "60 °C"`},
		{drivers.Temperature, "", `"" is not a number with a unit; write it like "20 °C"`},
		{drivers.Temperature, "hot", `"hot" is not a number with a unit; write it like "20 °C"`},
		{drivers.Temperature, ".5 °C",
			`".5 °C" is not a number with a unit; write it like "20 °C"`},
		{drivers.Temperature, "5. °C",
			`"5. °C" is not a number with a unit; write it like "20 °C"`},
		{drivers.Temperature, "--5 °C",
			`"--5 °C" is not a number with a unit; write it like "20 °C"`},
		{drivers.Temperature, "1.2.3 °C",
			`"1.2.3 °C" is not a number with a unit; write it like "20 °C"`},
		{drivers.Temperature, "57.1234 °C",
			`"57.1234 °C" is finer than 0.001 °C; write "57.123 °C"`},
		{drivers.Raw, "1.5", `"1.5" is finer than 1; write "1"`},
		{drivers.Raw, "1 V", `"1 V" has an unknown unit "V"; write "1"`},
		{drivers.Pressure, "3 psi",
			`"3 psi" has an unknown unit "psi"; write "3 kPa", "3 MPa", "3 bar" or "3 Pa"`},
		{drivers.Level, "9223372036854775.808 m", `"9223372036854775.808 m" is too large`},
		{drivers.Level, strings.Repeat("0", 33) + " m",
			`"` + strings.Repeat("0", 33) + ` m" is not a number with a unit; ` +
				`write it like "20 m", "20 cm" or "20 mm"`},
		{drivers.Raw, strings.Repeat("x", 99),
			`"` + strings.Repeat("x", 40) + `…" is not a number with a unit; write it like "20"`},
		{0, "5", `"5": quantity(0) has no units`},
	} {
		got, err := c.quantity.Parse(c.text)
		if err == nil || err.Error() != c.want {
			t.Errorf("%v.Parse(%q) = %d, %v, want error %s", c.quantity, c.text, got, err, c.want)
		}
	}
}

// FuzzParse: any text is an error or a value that Text writes back and Parse reads again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"60 °C", "-0.001 °C", "60", "9e9 °C", "1.2 MPa", "µ", "\xff"} {
		f.Add(uint8(drivers.Temperature), seed)
		f.Add(uint8(drivers.Pressure), seed)
	}
	f.Fuzz(func(t *testing.T, quantity uint8, text string) {
		q := drivers.Quantity(quantity)
		value, err := q.Parse(text)
		if err != nil {
			if len(err.Error()) > 500 {
				t.Fatalf("error of %d bytes", len(err.Error()))
			}
			return
		}
		again, err := q.Parse(q.Text(value))
		if err != nil || again != value {
			t.Fatalf("%v: %q gave %d, and %q gave %d, %v", q, text, value, q.Text(value), again, err)
		}
	})
}
