// Package history keeps the last hours of every measured value in memory, for people who ask how it
// came to this. It decides nothing, touches no disk and never grows beyond its bound.
package history

import (
	"sync"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// A channel is kept twice: the last ten minutes by 2 s, the last six hours by a minute. A slot has
// the lowest and the highest value of its time, so that thinning takes no peak away.
const (
	fineSlots  = 300
	fineStep   = 2 * time.Second
	roughSlots = 360
	roughStep  = time.Minute

	slotBytes    = 24
	channelBytes = (fineSlots + roughSlots) * slotBytes // 15,840
)

// MaxBytes bounds what all slots take together. It is enough for 529 channels; a site with more
// gets fewer and longer slots, over the same time.
const MaxBytes = 8 << 20

// mostMarks bounds the alarms that are kept for a point.
const mostMarks = 16

// Slot is what a channel read within one slot of time. An empty one has Low above High.
type Slot struct{ Low, High, Raw int64 }

var empty = Slot{Low: 1}

// Empty tells whether nothing good was read.
func (s Slot) Empty() bool { return s.Low > s.High }

// Sample is a slot with its moment, the begin of its time.
type Sample struct {
	At point.Instant
	Slot
}

// Mark is one level of one alarm.
type Mark struct {
	Alarm  alarm.AlarmID
	Level  detect.Level
	Signal alarm.Signal
	From   point.Instant
	Until  point.Instant // 0: it stands
}

// Channel is the course of one channel, oldest first.
type Channel struct {
	Quantity drivers.Quantity
	Samples  []Sample
}

// Trail is the course of one point.
type Trail struct {
	Channels []Channel
	Marks    []Mark // oldest first, at most 16
}

// ring holds the newest slots of one length.
type ring struct {
	step  time.Duration
	slots []Slot
	at    int64 // number of the newest slot since the agent started
}

// track is one channel.
type track struct {
	quantity    drivers.Quantity
	fine, rough ring
}

// course is one point.
type course struct {
	tracks []*track
	marks  []Mark
}

// Store keeps the courses of all points. One goroutine writes it, any may read it; the panel and
// its loop know nothing of it.
type Store struct {
	stretch int // how many times as long as usual a slot is

	mu     sync.Mutex
	points map[point.ID]*course
	tracks int
}

// New returns a store for a site with so many channels. It fails never and takes memory only for
// the channels that it sees, at most for so many.
func New(channels int) *Store {
	return &Store{
		stretch: max(1, (channels*channelBytes+MaxBytes-1)/MaxBytes), points: map[point.ID]*course{},
	}
}

// Keep notes what the panel shows. It is called about once a second; a value that is not good
// leaves a gap.
func (h *Store) Keep(s *alarm.Snapshot) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range s.Points {
		p := &s.Points[i]
		c := h.points[p.ID]
		if c == nil {
			c = &course{}
			h.points[p.ID] = c
		}
		h.values(c, p, s.At)
		c.end(s)
	}
	for i := range s.Alarms {
		if c := h.points[s.Alarms[i].Point]; c != nil {
			c.mark(&s.Alarms[i])
		}
	}
}

// values notes the newest values of one point. A channel that would go beyond the bound is left
// out.
func (h *Store) values(c *course, p *alarm.PointState, now point.Instant) {
	for len(c.tracks) < len(p.Channels) && (h.tracks+1)*channelBytes/h.stretch <= MaxBytes {
		h.tracks++
		c.tracks = append(c.tracks, &track{
			quantity: p.Channels[len(c.tracks)].Quantity,
			fine:     newRing(fineStep, fineSlots, h.stretch),
			rough:    newRing(roughStep, roughSlots, h.stretch),
		})
	}
	for i, t := range c.tracks {
		slot := empty
		if i < len(p.Channels) && p.Channels[i].Quantity == t.quantity {
			if v := &p.Channels[i]; v.Seen && v.Quality != point.Bad {
				slot = Slot{v.Value, v.Value, v.Raw}
			}
		}
		t.fine.put(now, slot)
		t.rough.put(now, slot)
	}
}

func newRing(step time.Duration, slots, stretch int) ring {
	r := ring{step: step * time.Duration(stretch), slots: make([]Slot, slots/stretch), at: -1}
	for i := range r.slots {
		r.slots[i] = empty
	}
	return r
}

// put adds what was read at a moment to its slot.
func (r *ring) put(now point.Instant, s Slot) {
	n := int64(now) / int64(r.step)
	size := int64(len(r.slots))
	for k := max(r.at+1, n-size+1); k <= n; k++ {
		r.slots[k%size] = empty
	}
	r.at = max(r.at, n)
	if s.Empty() || n < r.at {
		return
	}
	if old := &r.slots[n%size]; old.Empty() {
		*old = s
	} else {
		*old = Slot{min(old.Low, s.Low), max(old.High, s.High), s.Raw}
	}
}

// copy lists the slots that begin before the moment, oldest first; those before anything was put
// are left out.
func (r *ring) copy(before point.Instant) (all []Sample) {
	size := int64(len(r.slots))
	for k := max(r.at-size+1, 0); k <= r.at; k++ {
		at := point.Instant(k * int64(r.step))
		s := r.slots[k%size]
		if at < before && (len(all) > 0 || !s.Empty()) {
			all = append(all, Sample{at, s})
		}
	}
	return all
}

// begin is when the oldest slot that r can have begins.
func (r *ring) begin() point.Instant {
	return point.Instant(max(r.at-int64(len(r.slots))+1, 0) * int64(r.step))
}

// end notes which alarms of the course are over.
func (c *course) end(s *alarm.Snapshot) {
	for i := range c.marks {
		m := &c.marks[i]
		stands := func(a *alarm.AlarmState) bool { return a.ID == m.Alarm && a.Finding.Level == m.Level }
		over := m.Until == 0
		for k := range s.Alarms {
			over = over && !stands(&s.Alarms[k])
		}
		if over {
			m.Until = s.At
		}
	}
}

// mark notes a level of an alarm, once.
func (c *course) mark(a *alarm.AlarmState) {
	for i := range c.marks {
		if c.marks[i].Alarm == a.ID && c.marks[i].Level == a.Finding.Level {
			return
		}
	}
	if len(c.marks) == mostMarks {
		c.marks = append(c.marks[:0], c.marks[1:]...)
	}
	c.marks = append(c.marks, Mark{
		Alarm: a.ID, Level: a.Finding.Level, Signal: a.Signal, From: a.Reached,
	})
}

// Point returns the course of one point: by the minute, and the last ten minutes finer. A point
// that the store does not know has none.
func (h *Store) Point(id point.ID) Trail {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.points[id]
	if c == nil {
		return Trail{}
	}
	t := Trail{Marks: append([]Mark(nil), c.marks...)}
	for _, k := range c.tracks {
		ch := Channel{Quantity: k.quantity, Samples: k.rough.copy(k.fine.begin())}
		ch.Samples = append(ch.Samples, k.fine.copy(1<<63-1)...)
		t.Channels = append(t.Channels, ch)
	}
	return t
}

// Recent returns the newest n minutes of every channel of every point by the minute, oldest first.
func (h *Store) Recent(n int) map[point.ID][][]Slot {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make(map[point.ID][][]Slot, len(h.points))
	for id, c := range h.points {
		for _, k := range c.tracks {
			r, size := &k.rough, int64(len(k.rough.slots))
			var slots []Slot
			for i := max(r.at-int64(n)+1, r.at-size+1, 0); i <= r.at; i++ {
				slots = append(slots, r.slots[i%size])
			}
			all[id] = append(all[id], slots)
		}
	}
	return all
}
