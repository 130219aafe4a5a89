package site

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/drivers"
)

// spans are the units of a time span, the longest symbol first where one ends in another.
var spans = []struct {
	symbol string
	span   time.Duration
}{
	{"ms", time.Millisecond}, {"min", time.Minute}, {"s", time.Second}, {"h", time.Hour},
	{"d", 24 * time.Hour},
}

// parseDuration reads a time span such as "0.5 s" or "10 min". It is exact to a thousandth of the
// unit. The error begins with the text and says what to write.
func parseDuration(written string) (time.Duration, error) {
	plain := strings.TrimSpace(written)
	for _, u := range spans {
		if !strings.HasSuffix(plain, u.symbol) {
			continue
		}
		unit := drivers.Unit{Symbol: u.symbol, Scale: 1000}
		thousandths, err := drivers.ParseUnits(plain, []drivers.Unit{unit})
		if err != nil {
			return 0, fmt.Errorf("%q is not a time; write it like %q", written, "10 "+u.symbol)
		}
		step := int64(u.span / 1000)
		if thousandths < 0 {
			return 0, fmt.Errorf("%q is negative; write it without the sign", written)
		}
		if thousandths > math.MaxInt64/step {
			return 0, fmt.Errorf("%q is too long", written)
		}
		return time.Duration(thousandths * step), nil
	}
	if _, err := strconv.ParseFloat(plain, 64); err == nil {
		return 0, fmt.Errorf("%q has no unit; write %q or %q", written, plain+" s", plain+" min")
	}
	return 0, fmt.Errorf("%q is not a time; write it like %q, %q, %q or %q", written,
		"500 ms", "10 s", "5 min", "1 h")
}

// durationText writes d as the file does.
func durationText(d time.Duration) string {
	switch {
	case d == 0:
		return "0 s"
	case d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + " h"
	case d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + " min"
	case d%time.Second == 0:
		return strconv.FormatInt(int64(d/time.Second), 10) + " s"
	case d < time.Second && d%time.Millisecond == 0:
		return strconv.FormatInt(int64(d/time.Millisecond), 10) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " s"
}

// pers are the times that a rate may be for.
var pers = []struct {
	symbol string
	per    time.Duration
}{{"/min", time.Minute}, {"/24h", 24 * time.Hour}, {"/d", 24 * time.Hour}, {"/h", time.Hour}}

// cutPer takes the time off a rate.
func cutPer(written string) (value string, per time.Duration, ok bool) {
	plain := strings.ReplaceAll(strings.TrimSpace(written), " h", "h")
	for _, p := range pers {
		if value, ok := strings.CutSuffix(plain, p.symbol); ok {
			return value, p.per, true
		}
	}
	return written, 0, false
}

// noRate says how to write a value of q as a rate. Parse tells whether the value itself is good.
func noRate(written string, q drivers.Quantity, parse func(string) (int64, error)) error {
	if _, err := parse(written); err != nil {
		return fmt.Errorf("%q is no rate; write it like %q", written, q.Text(example(q))+"/min")
	}
	return fmt.Errorf("%q is no rate; write %q", written, strings.TrimSpace(written)+"/min")
}

// parseRate reads a rise such as "8.3 °C/min" or "5 mm/h" and returns it in q's own unit, and the
// time that it is for.
func parseRate(q drivers.Quantity, written string) (int64, time.Duration, error) {
	bare, per, ok := cutPer(written)
	if !ok {
		return 0, 0, noRate(written, q, q.Parse)
	}
	v, err := q.Parse(bare)
	if err != nil {
		return 0, 0, fmt.Errorf("%w per minute, as in %q", err, q.Text(example(q))+"/min")
	}
	if v <= 0 {
		return 0, 0, fmt.Errorf("%q must be above zero", written)
	}
	return v, per, nil
}
