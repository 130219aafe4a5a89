package drivers

import (
	"fmt"
	"strconv"
	"strings"
)

// QuantityByName finds a quantity by the name that String gives it.
func QuantityByName(name string) (Quantity, bool) {
	for _, q := range Quantities() {
		if quantityTable[q].name == name {
			return q, true
		}
	}
	return 0, false
}

// Parse reads a value as people write it, such as "57.3 °C", and returns it in q's own unit. It
// is the reverse of Text. The number is exact: what is finer than q's own unit is an error and is
// never rounded. The error begins with the text and says what to write instead.
func (q Quantity) Parse(text string) (int64, error) {
	units := q.Units()
	if len(units) == 0 {
		return 0, fmt.Errorf("%s: %s has no units", clip(text), q)
	}
	return ParseUnits(text, units)
}

// spellings maps what keyboards and input methods give for a sign to the one in the unit tables.
var spellings = strings.NewReplacer(
	"\u2103", "\u00b0C", // the single sign for degrees Celsius
	"\u03bc", "\u00b5", // the Greek letter for the micro sign
	"\u03a9", "\u2126", // the Greek letter for the ohm sign
	"\uff05", "%", // the wide percent sign
	"\u2212", "-", // the minus sign of typesetting
	"m3", "m\u00b3",
)

// longest is more than any int64 has, with its point and the zeros around it.
const longest = 32

// ParseUnits reads a decimal number and its unit. The result is the number times the Scale of the
// unit, which must be a power of ten. A unit with an empty Symbol accepts a bare number. The first
// unit is the one that the error proposes.
func ParseUnits(text string, units []Unit) (int64, error) {
	plain := strings.TrimSpace(spellings.Replace(text))
	symbol := strings.TrimLeft(plain, "+-.0123456789")
	number := strings.TrimSuffix(plain, symbol)
	symbol = strings.TrimSpace(symbol)
	negative, whole, part, ok := split(number)
	if !ok || len(number) > longest {
		return 0, fmt.Errorf("%s is not a number with a unit; write it like %s", clip(text),
			propose("20", units))
	}
	unit, ok := find(symbol, units)
	switch {
	case !ok && symbol == "":
		return 0, fmt.Errorf("%s has no unit; write %s", clip(text), propose(number, units))
	case !ok:
		return 0, fmt.Errorf("%s has an unknown unit %s; write %s", clip(text), clip(symbol),
			propose(number, units))
	}
	places := len(strconv.FormatInt(unit.Scale, 10)) - 1
	if len(part) > places {
		return 0, fmt.Errorf("%s is finer than %s; write %s", clip(text),
			join(decimal(1, unit.Scale), unit), quote(number[:len(number)-len(part)+places], unit))
	}
	digits := whole + part + strings.Repeat("0", places-len(part))
	if negative {
		digits = "-" + digits
	}
	value, err := strconv.ParseInt(digits, 10, 64)
	if err != nil { // digits are digits, so it can only be the range
		return 0, fmt.Errorf("%s is too large", clip(text))
	}
	return value, nil
}

// split takes a decimal number apart, without the zeros at its end that say nothing.
func split(number string) (negative bool, whole, part string, ok bool) {
	body := strings.TrimLeft(number, "+-")
	if len(number)-len(body) > 1 {
		return false, "", "", false
	}
	whole, part, point := strings.Cut(body, ".")
	if !digitsOnly(whole) || point && !digitsOnly(part) {
		return false, "", "", false
	}
	return strings.HasPrefix(number, "-"), whole, strings.TrimRight(part, "0"), true
}

func digitsOnly(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func find(symbol string, units []Unit) (Unit, bool) {
	for _, u := range units {
		if spellings.Replace(u.Symbol) == symbol {
			return u, true
		}
	}
	return Unit{}, false
}

// propose lists the ways to write number: `"60 kPa", "60 MPa" or "60 Pa"`.
func propose(number string, units []Unit) string {
	all := make([]string, len(units))
	for i, u := range units {
		all[i] = quote(number, u)
	}
	last := len(all) - 1
	if last == 0 {
		return all[0]
	}
	return strings.Join(all[:last], ", ") + " or " + all[last]
}

func join(number string, u Unit) string { return strings.TrimSpace(number + " " + u.Symbol) }

func quote(number string, u Unit) string {
	return `"` + strings.TrimSuffix(join(number, u), ".") + `"`
}

// clip quotes a text for an error, and only as much of it as a line of a terminal holds.
func clip(text string) string {
	const most = 40
	if len(text) > most {
		return strconv.Quote(strings.ToValidUTF8(text[:most], "") + "…")
	}
	return strconv.Quote(text)
}
