package replay

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// maxRows bounds a table: the longest recording that is known has 43,200.
const maxRows = 1_000_000

// read reads the table. Its errors begin with the line, ":17: …".
func (r *Recording) read(table io.Reader, meanings map[string]string) error {
	rows := csv.NewReader(table)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		return fmt.Errorf(":1: %w", err)
	}
	if err := r.head(header, meanings); err != nil {
		return fmt.Errorf(":1: %w", err)
	}
	gaps := make([][]bool, len(r.columns)) // where there is no value
	for line := 2; ; line++ {
		fields, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf(":%d: %w", line, err)
		}
		if len(r.times) == maxRows {
			return fmt.Errorf(":%d: more than %d rows", line, maxRows)
		}
		if err := r.add(fields, gaps); err != nil {
			return fmt.Errorf(":%d: %w", line, err)
		}
	}
	if len(r.times) == 0 {
		return errors.New(": there is no row")
	}
	return r.bridge(gaps)
}

// head takes the names of the columns. Each must be explained in the sidecar, and none be missing.
func (r *Recording) head(header []string, meanings map[string]string) error {
	if header[0] != "t_s" {
		return fmt.Errorf("the first column is %q, not t_s", header[0])
	}
	for _, name := range header {
		meaning, ok := meanings[name]
		switch {
		case !ok:
			return fmt.Errorf("column %q is not in the sidecar", name)
		case r.column(name) != nil || name == "t_s" && len(r.columns) > 0:
			return fmt.Errorf("column %q comes twice", name)
		case name != "t_s":
			r.columns = append(r.columns, column{name: name, meaning: meaning})
		}
	}
	if len(meanings) != len(header) {
		return fmt.Errorf("there are %d columns, and %d in the sidecar", len(header), len(meanings))
	}
	if len(r.columns) == 0 {
		return errors.New("there is no column but t_s")
	}
	return nil
}

func (r *Recording) add(fields []string, gaps [][]bool) error {
	micros, err := decimal(fields[0], 6)
	if err != nil {
		return fmt.Errorf("t_s: %w", err)
	}
	at := time.Duration(micros) * time.Microsecond
	if n := len(r.times); n > 0 && at <= r.times[n-1] {
		return fmt.Errorf("t_s: %v is not later than the row before", at)
	}
	r.times = append(r.times, at)
	for i, field := range fields[1:] {
		c, value := &r.columns[i], int64(0)
		if field != "" {
			if value, err = decimal(field, 3); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
		c.values = append(c.values, value)
		gaps[i] = append(gaps[i], field == "")
	}
	return nil
}

// bridge gives a row without a value the one before it, and the rows before the first value that
// one. A missing value is never zero.
func (r *Recording) bridge(gaps [][]bool) error {
	for i := range r.columns {
		c, gap := &r.columns[i], gaps[i]
		first := 0
		for first < len(gap) && gap[first] {
			first++
		}
		if first == len(gap) {
			return fmt.Errorf(": column %s has no value", c.name)
		}
		for row := range c.values {
			switch {
			case row < first:
				c.values[row] = c.values[first]
			case gap[row]:
				c.values[row] = c.values[row-1]
			}
		}
	}
	return nil
}

// decimal reads a decimal number as a whole number of 10^-places, to the nearest, half away from
// zero. It is exact: no float lies between the file and the chip.
func decimal(text string, places int) (int64, error) {
	wrong := func() (int64, error) { return 0, fmt.Errorf("%.40q is not a decimal number", text) }
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if whole == "" || point && fraction == "" || len(whole) > 12 || len(fraction) > 30 {
		return wrong()
	}
	var value int64
	for i := range len(whole) + places {
		digit := byte('0')
		if i < len(whole) {
			digit = whole[i]
		} else if i-len(whole) < len(fraction) {
			digit = fraction[i-len(whole)]
		}
		if digit < '0' || digit > '9' {
			return wrong()
		}
		value = value*10 + int64(digit-'0')
	}
	if len(fraction) > places {
		for _, digit := range []byte(fraction[places:]) {
			if digit < '0' || digit > '9' {
				return wrong()
			}
		}
		if fraction[places] >= '5' {
			value++
		}
	}
	if negative {
		value = -value
	}
	return value, nil
}
