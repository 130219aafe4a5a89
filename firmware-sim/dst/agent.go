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
	byPart  map[*part]*probe
	outputs []*output
	inbox   []point.Reading
}

// probe polls one sensor, as a poller of the real agent does.
type probe struct {
	*part
	sensor     drivers.Sensor
	opened     bool
	warm       time.Duration // it warms up until then
	due        time.Duration
	until      time.Duration // of the conversion
	began      time.Duration
	converting bool
	failures   int
	renewed    int // the failure for which it was opened anew
	retryAt    time.Duration
	last       error
	samples    []drivers.Sample
	newest     []drivers.Sample // of each feed
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
	a := &agent{s: s, started: s.clock, byPart: map[*part]*probe{}}
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
	for _, p := range s.site.parts {
		pr := &probe{part: p, due: s.clock, newest: make([]drivers.Sample, len(p.sensor.Feeds))}
		a.probes = append(a.probes, pr)
		a.byPart[p] = pr
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
		case p.stopped():
			// A hung access does not come back: neither a value nor an error.
		case p.converting:
			a.read(p)
		case a.s.clock < p.due:
		case a.s.clock < p.retryAt:
			a.giveBad(p)
			p.due = a.s.clock + p.period
		case p.sensor == nil || p.failures > p.renewed && p.failures%6 == 0:
			a.open(p)
		default:
			a.start(p)
		}
	}
	return a.inbox
}

// open opens a sensor, or opens it anew after failures: it may have lost its settings.
func (a *agent) open(p *probe) {
	closeIt(p.sensor)
	p.sensor = nil
	sensor, err := catalog.Sensors()[p.part.sensor.Model].Open(a.s.site.board, p.part.sensor.Options)
	if err != nil {
		if p.opened {
			a.failed(p, err)
		} else {
			p.due = a.s.clock + time.Second
		}
		return
	}
	if !p.opened {
		p.opened, p.warm = true, a.s.clock+p.warmUp
	}
	p.sensor, p.renewed = sensor, p.failures
	a.start(p)
}

func (a *agent) start(p *probe) {
	now := a.s.clock
	for _, other := range a.probes {
		if other.converting && other.chip != "" && other.chip == p.chip {
			return // one conversion of a chip at a time
		}
	}
	wait, err := p.sensor.Start()
	if errors.Is(err, drivers.ErrNotReady) {
		p.due = now + p.period/10
		return
	}
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
		p.until = now + p.period/10
		p.converting = now-p.began < 2*p.period
		return
	}
	if err != nil {
		a.failed(p, err)
		return
	}
	if p.failures >= 3 {
		p.warm = now + p.warmUp // it may have been without power
	}
	p.samples, p.converting, p.failures, p.renewed, p.retryAt = samples, false, 0, 0, 0
	p.due = max(p.due+p.period, now)
	quality, reason := point.Good, point.None
	if now < p.warm {
		quality, reason = point.Uncertain, point.WarmUp
	}
	for i, f := range p.part.sensor.Feeds {
		for _, sample := range samples {
			if sample.Channel == f.Channel {
				p.newest[i] = sample
				a.give(f.Point, sample, quality, reason)
			}
		}
	}
}

// failed leaves a sensor alone for 1, 2, 4 … 60 s, from its third failure on. Meanwhile its points
// get a bad reading in each period.
func (a *agent) failed(p *probe, err error) {
	now := a.s.clock
	p.converting, p.last = false, err
	p.failures++
	if p.failures >= 3 {
		p.retryAt = now + min(time.Second<<min(p.failures-3, 6), time.Minute)
	}
	p.due = max(p.due+p.period, now)
	a.giveBad(p)
}

func (a *agent) giveBad(p *probe) {
	reason := point.NoDevice
	for _, r := range []struct {
		class error
		why   point.Reason
	}{
		{drivers.ErrLineOpen, point.LineOpen}, {drivers.ErrLineShort, point.LineShort},
		{drivers.ErrChecksum, point.Checksum}, {drivers.ErrRange, point.Range},
	} {
		if errors.Is(p.last, r.class) {
			reason = r.why
		}
	}
	for i, f := range p.part.sensor.Feeds {
		p.newest[i].Value = 0
		a.give(f.Point, p.newest[i], point.Bad, reason)
	}
}

func (a *agent) give(id point.ID, s drivers.Sample, q point.Quality, why point.Reason) {
	a.inbox = append(a.inbox, point.Reading{
		Point: id, At: a.s.now(), Sample: s, Quality: q, Reason: why,
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

// failing tells whether a probe of a spot is not open or has failed.
func (a *agent) failing(p *spot) bool {
	for _, in := range p.inputs {
		if pr := a.byPart[in.part]; pr.sensor == nil || pr.failures > 0 {
			return true
		}
	}
	return false
}
