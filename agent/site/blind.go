package site

import (
	"fmt"
	"strings"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
)

// blind checks the limits of a point of which it is not known what it measures, as far as that
// goes: whatever it measures, a limit has a unit and a delay is a time.
func (r *rule) blind() {
	r.unseen, r.like = true, r.likely()
	record := r.record()
	for _, k := range limitKeys {
		r.anyLimit(r.section, k.key, k.kind)
	}
	r.rows()
	r.normal()
	if r.class.drifts {
		r.flag("drift", true)
		r.anyLimit(r.section, "zero", detect.Above)
	}
	if r.class.most > 0 {
		r.flag("may_alarm", false)
	}
	r.know(delayKeys...)
	r.delays(r.section, r.longest(record))
}

// likely is what the point probably measures, for examples.
func (r *rule) likely() drivers.Quantity {
	v := r.t.values["from"]
	for _, word := range append(v.list, v) {
		_, channel, _ := strings.Cut(word.text, ".")
		if q, ok := drivers.QuantityByName(channel); ok && isMeasured(q) {
			return q
		}
	}
	for _, q := range r.class.quantities {
		if isMeasured(q) {
			return q
		}
	}
	return drivers.Temperature
}

// isMeasured tells the quantities that have a unit.
func isMeasured(q drivers.Quantity) bool {
	units := q.Units()
	return len(units) > 0 && units[0].Symbol != ""
}

func quantityNames() []string {
	var names []string
	for _, q := range drivers.Quantities() {
		names = append(names, q.String())
	}
	return names
}

// anyLimit checks a limit of any quantity.
func (r *rule) anyLimit(s *section, key string, kind detect.Kind) {
	like := r.like
	if !isMeasured(like) {
		like = r.likely()
	}
	switch kind {
	case detect.Active:
		if !s.flag(key, false) {
			r.inactive(s)
		}
	case detect.Rise:
		s.anyMeasure(key, like, "/min")
	default:
		s.anyMeasure(key, like, "")
	}
}

// anyMeasure checks a value of any quantity, or a rate of it when per is not empty; like is the
// quantity of the example.
func (s *section) anyMeasure(key string, like drivers.Quantity, per string) {
	v, ok := s.get(key)
	unit := " " + like.Units()[0].Symbol + per
	if ok && v.kind == number {
		s.wrong(key, "%s %s has no unit; write it with one, such as %s = %q", key, v.text, key,
			v.text+unit)
		return
	}
	written, ok := s.text(key, fmt.Sprintf("%q", like.Text(example(like))+per))
	if !ok {
		return
	}
	parse := func(written string) (int64, error) { return parseAny(written, like) }
	var err error
	value, isRate := written, true
	if per != "" {
		value, _, isRate = cutPer(written)
	}
	if !isRate {
		err = noRate(written, like, parse)
	} else if _, err = parse(value); err != nil && per != "" {
		err = fmt.Errorf("%w per minute, as in %q", err, like.Text(example(like))+per)
	}
	if err != nil {
		s.wrong(key, "%s %v", key, err)
	}
}

// parseAny reads a value of any quantity with a unit. The error shows one of like.
func parseAny(written string, like drivers.Quantity) (v int64, err error) {
	for _, q := range drivers.Quantities() {
		if !isMeasured(q) {
			continue
		}
		if v, err = q.Parse(written); err == nil {
			return v, nil
		}
	}
	plain := strings.TrimSpace(written)
	digits := plain[:len(plain)-len(strings.TrimLeft(plain, "+-.0123456789"))]
	with := digits + " " + like.Units()[0].Symbol
	if _, err := like.Parse(with); err != nil {
		_, err = like.Parse(written)
		return 0, err
	}
	if digits == plain {
		return 0, fmt.Errorf("%q has no unit; write it with one, such as %q", written, with)
	}
	return 0, fmt.Errorf("%.40q has an unknown unit; write it with a known one, such as %q",
		written, with)
}
