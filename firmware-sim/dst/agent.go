package dst

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

// agent is the body around the panel, cut down to one goroutine: it polls the drivers, steps the
// panel and plays the patterns.
type agent struct {
	s       *sim
	started time.Duration
	panel   Panel
	probes  []*probe
	outputs []*output
	inbox   []point.Reading
}

// probe polls one sensor, as a poller of the real agent does.
type probe struct {
	spot       *spot
	open       func() (drivers.Sensor, error)
	warmUp     time.Duration
	sensor     drivers.Sensor
	opened     time.Duration
	due        time.Duration
	until      time.Duration // of the conversion
	began      time.Duration
	converting bool
	failures   int
	retryAt    time.Duration
	samples    []drivers.Sample
}

// output plays the pattern that is wished.
type output struct {
	id      alarm.OutputID
	driver  drivers.Output
	pattern alarm.Pattern
	again   uint8
	since   time.Duration
	heard   time.Duration // the last moment in which its line was High; -1: never
}

func newAgent(s *sim, saved alarm.Saved) *agent {
	a := &agent{s: s, started: s.clock}
	plan := s.site.plan()
	a.panel = s.knobs.Panel(plan, saved)
	first := a.panel.Snapshot(s.knobs.Start)
	for i, o := range plan.Outputs {
		pattern := first.Outputs[i].Pattern
		driver, err := catalog.Outputs()["relay"].Open(s.site.board,
			map[string]string{"line": "OUT-" + string(o.ID)}, pattern.On(0))
		if err != nil {
			panic(fmt.Sprintf("dst: output %s: %v", o.ID, err)) // nobody breaks outputs here
		}
		a.outputs = append(a.outputs, &output{
			id: o.ID, driver: driver, pattern: pattern, since: s.clock, heard: -1,
		})
	}
	models := catalog.Sensors()
	for _, p := range s.site.spots {
		m := models[p.model]
		a.probes = append(a.probes, &probe{
			spot: p, warmUp: m.Descriptor.WarmUp, due: s.clock,
			open: func() (drivers.Sensor, error) { return m.Open(s.site.board, p.opts) },
		})
	}
	return a
}

// kill ends the agent as a power cut of its own does: nothing is said, lines and buses are free.
func (a *agent) kill() {
	for _, p := range a.probes {
		closeIt(p.sensor)
	}
	for _, o := range a.outputs {
		closeIt(o.driver)
	}
}

func closeIt(driver any) {
	if c, ok := driver.(io.Closer); ok {
		c.Close()
	}
}

// poll serves every sensor that is due and returns what it gave.
func (a *agent) poll() []point.Reading {
	a.inbox = a.inbox[:0]
	for _, p := range a.probes {
		switch {
		case p.spot.stopped():
			// A hung access does not come back: neither a value nor an error.
		case p.sensor == nil:
			a.openProbe(p)
		case p.converting:
			a.read(p)
		case a.s.clock >= p.due:
			a.start(p)
		}
	}
	return a.inbox
}

func (a *agent) openProbe(p *probe) {
	if a.s.clock < p.due {
		return
	}
	sensor, err := p.open()
	if err != nil {
		p.due = a.s.clock + time.Second
		return
	}
	p.sensor, p.opened = sensor, a.s.clock
	a.start(p)
}

func (a *agent) start(p *probe) {
	now := a.s.clock
	if now < p.retryAt {
		a.give(p, drivers.Sample{Quantity: p.spot.feeds}, point.Bad, point.NoDevice)
		p.due = now + p.spot.period
		return
	}
	for _, other := range a.probes {
		if other.converting && other.spot.chip != "" && other.spot.chip == p.spot.chip {
			return // one conversion of a chip at a time
		}
	}
	wait, err := p.sensor.Start()
	if err != nil {
		a.failed(p, err)
		return
	}
	p.converting, p.began, p.until = true, now, now+wait
	if wait == 0 {
		a.read(p)
	}
}

func (a *agent) read(p *probe) {
	now := a.s.clock
	if now < p.until {
		return
	}
	samples, err := p.sensor.Read(p.samples[:0])
	if errors.Is(err, drivers.ErrNotReady) {
		p.until = now + p.spot.period/10
		p.converting = now-p.began < 2*p.spot.period
		return
	}
	if err != nil {
		a.failed(p, err)
		return
	}
	p.samples, p.converting, p.failures, p.retryAt = samples, false, 0, 0
	p.due = max(p.due+p.spot.period, now)
	quality, reason := point.Good, point.None
	if now-p.opened < p.warmUp {
		quality, reason = point.Uncertain, point.WarmUp
	}
	for _, sample := range samples {
		if sample.Quantity == p.spot.feeds {
			a.give(p, sample, quality, reason)
		}
	}
}

// failed backs off 1, 2, 4 … 60 s. Meanwhile the point gets a bad reading in each period.
func (a *agent) failed(p *probe, err error) {
	now := a.s.clock
	p.converting = false
	p.retryAt = now + min(time.Second<<min(p.failures, 6), time.Minute)
	p.failures++
	p.due = max(p.due+p.spot.period, now)
	reason := point.NoDevice
	switch {
	case errors.Is(err, drivers.ErrLineOpen):
		reason = point.LineOpen
	case errors.Is(err, drivers.ErrChecksum):
		reason = point.Checksum
	case errors.Is(err, drivers.ErrRange):
		reason = point.Range
	}
	a.give(p, drivers.Sample{Quantity: p.spot.feeds}, point.Bad, reason)
}

func (a *agent) give(p *probe, s drivers.Sample, q point.Quality, why point.Reason) {
	a.inbox = append(a.inbox, point.Reading{
		Point: p.spot.plan.ID, At: a.s.now(), Sample: s, Quality: q, Reason: why,
	})
}

// play sets every output as its pattern is at this moment.
func (a *agent) play(wishes []alarm.Wish) {
	now := a.s.clock
	for i, w := range wishes {
		o := a.outputs[i]
		if o.pattern != w.Pattern || o.again != w.Again {
			o.pattern, o.again, o.since = w.Pattern, w.Again, now
			fmt.Fprintf(a.s.sum, "%d %s %d\n", now, w.Output, w.Pattern)
		}
		if err := o.driver.Set(o.pattern.On(now - o.since)); err != nil {
			panic(fmt.Sprintf("dst: output %s: %v", o.id, err))
		}
		if high, _ := a.s.site.board.Pin("OUT-" + string(o.id)).Driven(); high {
			o.heard = now
		}
	}
}
