package scribe

import (
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/drivers"
)

// defaultBands are above the noise of the usual parts and below what a person would call a change.
var defaultBands = map[drivers.Quantity]int64{
	drivers.Temperature: 500,    // 0.5 °C
	drivers.Humidity:    2_000,  // 2 %RH
	drivers.Pressure:    2_000,  // 2 kPa: 2 % of a hydrant's 100 kPa
	drivers.Level:       20,     // 2 cm
	drivers.Gas:         5_000,  // 5 ppm
	drivers.Combustible: 1_000,  // 1 %LEL
	drivers.PM1:         5_000,  // 5 µg/m³
	drivers.PM25:        5_000,  // 5 µg/m³
	drivers.PM4:         5_000,  // 5 µg/m³
	drivers.PM10:        5_000,  // 5 µg/m³
	drivers.NC05:        50_000, // 50 /cm³
	drivers.NC1:         50_000, // 50 /cm³
	drivers.NC25:        50_000, // 50 /cm³
	drivers.NC4:         50_000, // 50 /cm³
	drivers.NC10:        50_000, // 50 /cm³
	drivers.Size:        100,    // 0.1 µm
	drivers.Voltage:     50_000, // 50 mV
	drivers.Current:     1_000,  // 1 mA
	drivers.Flow:        100,    // 0.1 l/min
	drivers.Raw:         100,
}

// trace is the last record of one channel.
type trace struct {
	id       point.ID
	quantity drivers.Quantity
	name     string
	band     int64
	step     int64 // what values are rounded to
	stale    time.Duration
	record   wire.Record   // its value as it was read
	sent     point.Instant // when it was made
	any      bool          // there was one
}

// watch looks at every channel of the newest snapshot and makes the records that are due.
func (s *Scribe) watch() {
	snap := s.Snapshot()
	if snap == nil {
		return
	}
	if len(s.traces) != len(snap.Points) {
		s.traces = make([][]trace, len(snap.Points))
	}
	for i := range snap.Points {
		p := &snap.Points[i]
		if len(s.traces[i]) != len(p.Channels) {
			s.traces[i] = make([]trace, len(p.Channels))
		}
		for j := range p.Channels {
			t := &s.traces[i][j]
			if t.id != p.ID || t.quantity != p.Channels[j].Quantity {
				*t = s.newTrace(p, j)
			}
			if r, due := t.due(snap.At, &p.Channels[j], s.Report); due {
				t.record, t.sent, t.any = r, snap.At, true
				r.Value = round(r.Value, t.step) // The dead-band is held against what was read.
				s.keep(r)
			}
		}
	}
}

func (s *Scribe) newTrace(p *alarm.PointState, channel int) trace {
	q, nth := p.Channels[channel].Quantity, 0
	for _, c := range p.Channels[:channel] {
		if c.Quantity == q {
			nth++
		}
	}
	plan := s.points[p.ID]
	t := trace{id: p.ID, quantity: q, name: wire.Series(plan, p.ID, q, nth), stale: s.Report}
	if plan != nil && plan.Spec.Stale > 0 {
		t.stale = plan.Spec.Stale
	}
	band, given := s.DeadBands[q]
	if !given {
		band = defaultBands[q]
	}
	t.band, t.step = band, step(band)
	return t
}

// step is the power of ten at or below a tenth of a dead-band: digits below it are noise, or they
// would have a smaller dead-band. Without one a value is told as it is.
func step(band int64) int64 {
	n := int64(1)
	for n <= band/100 {
		n *= 10
	}
	return n
}

// round is the multiple of step that is nearest to v; between two, the one farther from zero.
func round(v, step int64) int64 {
	half := step / 2
	if v < 0 {
		half = -half
	}
	return (v + half) / step * step
}

// due says whether a channel owes a record, and which. It owes one at its first reading, at each
// change of quality, when its value left the dead-band, and after report. An old value is never
// told again as if it were new: a channel from which nothing comes is told as bad and stale.
func (t *trace) due(
	now point.Instant, c *alarm.ChannelState, report time.Duration,
) (r wire.Record, owed bool) {
	if !c.Seen && c.Reason == point.None {
		return wire.Record{}, false // Nothing was read yet; the panel watches how long.
	}
	r = wire.Record{
		Name: t.name, Quantity: c.Quantity, Value: c.Value, At: c.At, Quality: c.Quality,
		Reason: c.Reason,
	}
	if r.Quality != point.Bad && now.Sub(c.At) > t.stale {
		r.Quality, r.Reason = point.Bad, point.Stale
	}
	if r.Quality == point.Bad {
		r.At, r.Value = now, 0 // c.At is when the last value came, not when reading failed.
	}
	last := &t.record
	switch {
	case !t.any || r.Quality != last.Quality || r.Reason != last.Reason:
		return r, true
	case r.Quality != point.Bad && r.At == last.At:
		return r, false // still the reading that was told
	case now.Sub(t.sent) >= report:
		return r, true
	}
	return r, r.Quality != point.Bad && leftBand(r.Value, last.Value, t.band)
}

func leftBand(value, told, band int64) bool {
	return value-told > band || told-value > band
}

// keep adds a record to the batch.
func (s *Scribe) keep(r wire.Record) {
	if len(s.batch) == 0 {
		s.batched = s.Now()
	}
	s.batch = append(s.batch, r)
	if len(s.batch) >= batchMax {
		s.flush()
	}
}
