package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
	"github.com/firepost/firepost/drivers"
)

const (
	device   = "fp-7k2m4qx6tb"
	backlog  = 100_000 // readings: 14 h of twenty points every 10 s
	perBody  = 20      // readings in one body: what comes within the 10 s that a batch waits
	pace     = 10 * time.Second
	seriesOf = 20
)

// series are the values of twenty points of a small venue that change slowly, as rooms do, with
// the noise of their sensors. Each point is read every 10 s, 30 ms after the one before it, give or
// take 3 ms. The same seed always gives the same values.
type series struct {
	tick  int64
	exact bool // values as the sensor gave them; otherwise to a tenth of the dead-band, as told
	rand  *rand.Rand
}

func newSeries() *series { return &series{rand: rand.New(rand.NewPCG(2026, 3))} }

// seriesPoint is what one point measures: around middle, within amplitude, over a period in ticks,
// with noise of a standard deviation. step is what its usual dead-band makes of it on the wire.
type seriesPoint struct {
	name                      string
	quantity                  drivers.Quantity
	middle, amplitude, period int64
	noise                     float64
	step                      int64
}

// points are eight rooms with air, two of them with dust, a hydrant and a tank.
func points() []seriesPoint {
	var all []seriesPoint
	for i := range int64(8) {
		all = append(all,
			seriesPoint{
				fmt.Sprintf("heat-%d", i+1), drivers.Temperature, 21_300 + 700*i, 1_900, 900 + 70*i,
				20, 10,
			},
			seriesPoint{
				fmt.Sprintf("humidity-%d", i+1), drivers.Humidity, 45_000 + 800*i, 6_100, 1100 + 30*i,
				60, 100,
			})
	}
	return append(all,
		seriesPoint{"smoke-1", drivers.PM25, 12_000, 7_300, 1300, 200, 100},
		seriesPoint{"smoke-2", drivers.PM25, 9_000, 4_100, 1420, 200, 100},
		seriesPoint{"hydrant-1", drivers.Pressure, 412_000, 9_000, 2000, 300, 100},
		seriesPoint{"tank-1", drivers.Level, 2_870, 40, 5000, 1, 1},
	)
}

// at is the value after so many ticks: a triangle that begins somewhere, and noise.
func (p seriesPoint) at(tick int64, r *rand.Rand) int64 {
	phase := (tick + p.middle) % p.period
	v := p.middle - p.amplitude + 4*p.amplitude*min(phase, p.period-phase)/p.period
	return v + int64(math.Round(p.noise*r.NormFloat64()))
}

// next returns the following n readings, point after point.
func (s *series) next(n int) []wire.Record {
	all := points()
	rs := make([]wire.Record, n)
	for i := range rs {
		place, tick := s.tick%seriesOf, s.tick/seriesOf
		s.tick++
		p, at := all[place], time.Duration(tick)*pace+time.Duration(place)*30*time.Millisecond
		at += time.Duration(s.rand.IntN(7)) * time.Millisecond
		v := p.at(tick, s.rand)
		if !s.exact {
			v = (v + p.step/2) / p.step * p.step
		}
		rs[i] = wire.Record{
			Name: p.name, Quantity: p.quantity, Value: v, Quality: point.Good,
			At: point.Instant(at),
		}
	}
	return rs
}

// body is the next n readings as the outbox stores them, in the same words as the agent's own.
func (s *series) body(n int) []byte {
	rs := s.next(n)
	now := rs[n-1].At
	return wire.TelemetryBody(device, wallAt(now), now, rs)
}

// wallAt is the Unix time in ms that stands for a moment of the series: a day that was.
func wallAt(at point.Instant) int64 {
	return time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC).UnixMilli() + time.Duration(at).Milliseconds()
}

// stamp labels the records of the backlog: an earlier run, with a good clock.
func (s *series) stamp() buffer.Stamp {
	at := point.Instant(time.Duration(s.tick/seriesOf) * pace)
	return buffer.Stamp{
		Mono: time.Duration(at).Milliseconds(), Wall: wallAt(at), Quality: uint8(wire.ClockNTP), Error: 5,
	}
}

// prefill leaves n readings in the outbox of dir, as an agent does that had no line and was then
// ended.
func prefill(ctx context.Context, dir string, n int) error {
	s := newSeries()
	o := buffer.Open(dir, buffer.Options{Stamp: s.stamp, Delay: hasty()})
	err := fill(ctx, o, s, n)
	held := o.Stats().Lane[buffer.Telemetry]
	if err = errors.Join(err, o.Close()); err != nil {
		return err
	}
	if held.Held != uint64(n) || held.Dropped != 0 {
		return fmt.Errorf("the outbox holds %d of %d readings and dropped %d", held.Held, n, held.Dropped)
	}
	return nil
}

// hasty writes what was put as soon as the disk is free.
func hasty() [3]time.Duration {
	return [3]time.Duration{time.Millisecond, time.Millisecond, time.Millisecond}
}

// fill puts n readings no faster than the disk takes them, because memory is bounded.
func fill(ctx context.Context, o *buffer.Outbox, s *series, n int) error {
	if err := until(ctx, 5*time.Second, func() bool { return o.Epoch() != "" }); err != nil {
		return errors.Join(errors.New("the outbox was not opened"), err)
	}
	const ahead = 100 * perBody
	for left := n; left > 0; left -= perBody {
		last := o.Put(buffer.Telemetry, uint32(min(left, perBody)), s.body(min(left, perBody)))
		if last > ahead && last/perBody%50 == 0 {
			err := until(ctx, time.Minute, func() bool { return o.Flushed(buffer.Telemetry)+ahead > last })
			if err != nil {
				return errors.Join(errors.New("the disk does not keep up"), err)
			}
		}
	}
	return until(ctx, time.Minute, func() bool {
		return o.Flushed(buffer.Telemetry) >= o.Tail(buffer.Telemetry)
	})
}

// until waits for something, and at most for limit.
func until(ctx context.Context, limit time.Duration, is func() bool) error {
	late := time.NewTimer(limit)
	defer late.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-late.C:
			return fmt.Errorf("it took longer than %v", limit)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
