package score

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/replay"
)

// lead is how long the sensors have been powered when a recording begins, as those of a spot in use
// are. The panel begins with the recording and has seen nothing of it.
const lead = 5 * time.Minute

// Trace is what the rule of a spot decided.
type Trace struct {
	Changes []Change          // in the order of time; the first comes with the recording
	Why     []detect.Evidence // the reasons of the first alarm
	Faults  []detect.FaultCode
}

// spot is a recorded place: chips that feel what was measured there, the drivers on them, and a
// panel with points for that place alone. Time is turned by hand.
type spot struct {
	record *replay.Recording
	now    time.Duration // of the board: lead before the recording
	board  *board.Board
	player *replay.Player
	probes []*probe
	panel  *alarm.Panel
	fresh  []point.Reading
	trace  Trace
}

// Play plays a recording through a spot that measures what it has columns for.
func Play(r *replay.Recording) (Trace, error) {
	s := &spot{record: r}
	s.board = board.New(board.Options{
		Now: func() time.Duration { return s.now }, Sleep: board.NoSleep,
	})
	var err error
	if s.player, err = build(s.board, r); err != nil {
		return Trace{}, err
	}
	file, err := site.Parse(r.ID+".toml", []byte(siteFile(r)))
	if err != nil {
		return Trace{}, fmt.Errorf("recording %s: %w", r.ID, err)
	}
	s.panel = alarm.New(file.Plan(), alarm.Saved{})
	for _, sensor := range file.Sensors {
		p, err := newProbe(s.board, sensor)
		if err != nil {
			return Trace{}, fmt.Errorf("recording %s: %w", r.ID, err)
		}
		defer p.close()
		s.probes = append(s.probes, p)
	}
	s.run()
	return s.trace, nil
}

// run goes from one moment at which something happens to the next.
func (s *spot) run() {
	s.player.Set(0)
	rows, row := s.record.Rows(), 0
	for end := lead + s.record.Ends(); ; {
		next := s.next()
		if row < len(rows) && lead+rows[row] <= next.due {
			s.now = lead + rows[row]
			s.player.Set(rows[row])
			row++
			continue
		}
		if next.due > end {
			return
		}
		s.now = max(s.now, next.due)
		s.fresh = next.serve(s.now, s.fresh)
		if s.now >= lead {
			s.step()
		}
		s.fresh = s.fresh[:0]
	}
}

// next is the probe to be served first. Two on one chip never convert at the same time.
func (s *spot) next() *probe {
	var first *probe
	for _, p := range s.probes {
		if (first == nil || p.due < first.due) && (p.converting || !s.converts(p.chip)) {
			first = p
		}
	}
	return first
}

func (s *spot) converts(chip string) bool {
	for _, p := range s.probes {
		if p.converting && p.chip == chip {
			return true
		}
	}
	return false
}

// step shows the panel what came and keeps what its rules then say.
func (s *spot) step() {
	now := point.Instant(s.now - lead)
	for i := range s.fresh {
		s.fresh[i].At = now
	}
	s.panel.Step(now, alarm.Input{Readings: s.fresh})
	on := false
	for _, p := range s.panel.Snapshot(now).Points {
		s.note(p.Finding)
		on = on || p.Finding.Level >= detect.Alarm
	}
	t := &s.trace
	if n := len(t.Changes); n == 0 || t.Changes[n-1].Alarm != on {
		t.Changes = append(t.Changes, Change{At: time.Duration(now), Alarm: on})
	}
}

// note keeps the reasons of the first alarm, and each fault once.
func (s *spot) note(f detect.Finding) {
	t := &s.trace
	if f.Level >= detect.Alarm && t.Why == nil {
		for _, e := range f.Why {
			if e.Weight != 0 {
				t.Why = append(t.Why, e)
			}
		}
	}
	if f.Fault != "" && (len(t.Faults) == 0 || t.Faults[len(t.Faults)-1] != f.Fault) {
		t.Faults = append(t.Faults, f.Fault)
	}
}

// probe reads one sensor as a poller of the agent does.
type probe struct {
	site.Sensor
	driver     drivers.Sensor
	chip       string
	due        time.Duration
	began      time.Duration
	converting bool
	samples    []drivers.Sample
}

func newProbe(b *board.Board, s site.Sensor) (*probe, error) {
	m := catalog.Sensors()[s.Model]
	driver, err := m.Open(b, s.Options)
	if err != nil {
		return nil, err
	}
	_, chip := m.Place(s.Options)
	return &probe{Sensor: s, driver: driver, chip: chip}, nil
}

func (p *probe) close() {
	if c, ok := p.driver.(io.Closer); ok {
		c.Close()
	}
}

// serve makes the access that is due and appends what came of it, for each point that it feeds.
func (p *probe) serve(now time.Duration, to []point.Reading) []point.Reading {
	if !p.converting {
		wait, err := p.driver.Start()
		if err != nil {
			return p.failed(now, to)
		}
		p.converting, p.began, p.due = true, now, now+wait
		return to
	}
	var err error
	p.samples, err = p.driver.Read(p.samples[:0])
	switch {
	case errors.Is(err, drivers.ErrNotReady):
		p.due = now + p.Period/10
		p.converting = now-p.began < 2*p.Period
		return to
	case err != nil:
		return p.failed(now, to)
	}
	p.rest(now)
	for _, f := range p.Feeds {
		for _, s := range p.samples {
			if s.Channel == f.Channel {
				to = append(to, point.Reading{Point: f.Point, Sample: s, Quality: point.Good})
			}
		}
	}
	return to
}

// failed gives a reading without a value. The chips of a recording have no faults, so it does not
// matter which.
func (p *probe) failed(now time.Duration, to []point.Reading) []point.Reading {
	p.rest(now)
	for _, f := range p.Feeds {
		to = append(to, point.Reading{Point: f.Point, Quality: point.Bad, Reason: point.Range})
	}
	return to
}

// rest waits for the next period.
func (p *probe) rest(now time.Duration) {
	p.converting, p.due = false, (now/p.Period+1)*p.Period
}
