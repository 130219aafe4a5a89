package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/district"
)

const (
	heardAfter   = time.Second     // an alarm that sounded so long must be kept and told
	soundsWithin = 2 * time.Second // from a start, or from a press, while the contact is closed

	// longestPause is that of a siren which plays the pattern of a fire, 1.5 s, and what a busy
	// processor or the start of an agent adds. Without one of its pulses the pause would be 2.5 s.
	longestPause = 2200 * time.Millisecond
)

// verdict is what came of a story.
type verdict struct {
	t      *testing.T
	c      *chaos
	report district.Report
	now    time.Duration
	alarms int // that the logs tell of
	heard  int // of these, with a siren that was on for a second
	raises int // alarms that the district knows
}

// judge holds four witnesses against each other: the contacts as they were pressed, the pins of the
// sirens, the logs of all lives, and what the district stored.
func (c *chaos) judge(r district.Report) *verdict {
	c.t.Helper()
	v := &verdict{t: c.t, c: c, report: r, now: c.lives[len(c.lives)-1].to}
	for _, a := range r.Raises {
		if a.Count > 0 {
			v.raises++
		}
	}
	for _, which := range contacts {
		history, lost := c.board.Pin(which.siren).History()
		if lost > 0 {
			c.t.Fatalf("%s: %d changes were not kept; play fewer rounds", which.siren, lost)
		}
		pulses := whenOn(history, v.now)
		on, held := pulses, pulses
		if which.pattern {
			on = bridge(on, c.deaths())
			held = prolong(on, longestPause)
		}
		alarms := c.alarmsOf(which)
		v.alarms += len(alarms)
		v.told(which, on, alarms)
		v.sounded(which, on, held, alarms)
		v.unbidden(which, pulses, on, alarms)
	}
	if v.heard == 0 {
		c.t.Error("no siren was on for a second: nothing was tested")
	}
	v.records()
	v.restored()
	v.logs()
	return v
}

// records judges what the district counted.
func (v *verdict) records() {
	r := v.report
	if r.BodyMismatch != 0 {
		v.t.Errorf("%d records came again with another body", r.BodyMismatch)
	}
	// One that forgets has forgotten as well that the district had subscribed. What comes before it
	// does so again is confirmed and goes to nobody, even in the middle of a connection; it is sent
	// again when no receipt comes, after what is newer. So order is not promised there.
	if r.OutOfOrder != 0 && !v.c.forgets {
		v.t.Errorf("%d records came out of order, from a broker that forgets nothing", r.OutOfOrder)
	}
	if r.StoreResets != 0 {
		v.t.Errorf("%d times the store was made anew: a killed process damages no file", r.StoreResets)
	}
	if r.Malformed != 0 {
		v.t.Errorf("%d messages break the contract: %q", r.Malformed, r.Faults)
	}
	if len(r.Online) != 1 {
		v.t.Errorf("devices: got %v, want one", r.Online)
	}
	for id, online := range r.Online {
		if !online {
			v.t.Errorf("%s runs, and the district holds it for dead", id)
		}
	}
}

// restored demands that a run which takes over an alarm says so: what it tells first of an alarm of
// an earlier run, in the order of its numbers, is that it stands and was restored. And no run says
// so of an alarm of its own.
func (v *verdict) restored() {
	type tale struct {
		boot uint32
		aid  string
	}
	begun := map[tale]bool{}
	for _, r := range v.c.records.inOrder(v.t) {
		id := tale{r.Boot, r.Data.AID}
		raised := r.Data.State == "raised"
		switch own := r.bornIn(v.t) == r.Boot; {
		case own && raised && r.Data.Restored:
			v.t.Errorf("run %d says that its own alarm %s was restored", r.Boot, r.Data.AID)
		case !own && !begun[id] && !(raised && r.Data.Restored):
			v.t.Errorf("run %d begins alarm %s of an earlier run with %+v, want it restored",
				r.Boot, r.Data.AID, r.Data)
		}
		begun[id] = true
	}
}

// record is one message of the alarm lane that tells of an alarm.
type record struct {
	Lane, Epoch, Sequence string
	Boot                  uint32
	Data                  struct {
		AID, State string
		Restored   bool
	}
}

// bornIn is the run in which the alarm was raised first, which its name tells: point-run-number.
func (r *record) bornIn(t *testing.T) uint32 {
	t.Helper()
	parts := strings.Split(r.Data.AID, "-")
	if len(parts) < 3 {
		t.Fatalf("alarm %q: want point-run-number", r.Data.AID)
	}
	n, err := strconv.ParseUint(parts[len(parts)-2], 10, 32)
	if err != nil {
		t.Fatalf("alarm %q: %v", r.Data.AID, err)
	}
	return uint32(n)
}

// records are the messages of alarms that have come.
type records struct {
	mu  sync.Mutex
	all []json.RawMessage
}

func (r *records) add(m district.Message) {
	if !strings.HasPrefix(m.Leaf, "up/") {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, slices.Clone(m.Payload))
}

// inOrder gives each record once, as its station numbered them. A store that is never made anew has
// one epoch.
func (r *records) inOrder(t *testing.T) []record {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []record
	for _, payload := range r.all {
		var one record
		if err := json.Unmarshal(payload, &one); err == nil && one.Lane == "a" && one.Data.AID != "" {
			list = append(list, one)
		}
	}
	if len(list) == 0 {
		t.Fatal("no record tells of an alarm")
	}
	slices.SortStableFunc(list, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Sequence, b.Sequence))
	})
	return slices.CompactFunc(list, func(a, b record) bool {
		return a.Epoch == b.Epoch && a.Sequence == b.Sequence
	})
}

// logs looks for faults that a kill must not cause.
func (v *verdict) logs() {
	for i, l := range v.c.lives {
		if l.others != "" {
			v.t.Errorf("life %d wrote something beside its log: %s", i, l.others)
		}
		for _, s := range l.log() {
			switch s.Fault {
			case "", "uplink_down", "clock_unsynced", "storage_slow":
			default:
				v.t.Errorf("life %d: fault %+v", i, s)
			}
		}
	}
}

// told demands that the district knows every alarm that was heard, by its own name and point.
func (v *verdict) told(which contact, on []period, alarms []standing) {
	for _, a := range alarms {
		if _, ok := a.heard(on); !ok {
			continue
		}
		v.heard++
		r, known := v.report.Raises[a.id]
		if !known || r.Count == 0 || r.Point != which.point {
			v.t.Errorf("alarm %s of %s sounded, in %v, and the district knows %+v",
				a.id, which.point, a.times, r)
		}
	}
}

// sounded demands that a siren which was heard stays on, over kills and without a click (in held),
// until a person resets it or, when it is not latched, its contact opens; and that the siren of a
// contact that is closed is on two seconds after the press or the start.
func (v *verdict) sounded(which contact, on, held []period, alarms []standing) {
	for _, a := range alarms {
		since, ok := a.heard(on)
		if !ok {
			continue
		}
		all := period{since, v.until(which, a.times[0].from)}
		if all.from < all.to && !within(all, held) {
			v.t.Errorf("alarm %s of %s: its siren was not on all the time in %v: on in %v",
				a.id, which.point, all, held)
		}
	}
	for _, l := range v.c.lives {
		for _, p := range v.c.presses[which.line] {
			s := overlap(period{p.from, v.end(p.to)}, period{l.from, l.to})
			if s.from += soundsWithin; s.from < s.to && !within(s, held) {
				v.t.Errorf("%s was pressed and the agent ran, and its siren was not on in %v: "+
					"on in %v", which.point, s, held)
			}
		}
	}
}

// unbidden demands that no siren is on for a second without an alarm that the log tells of. A life
// without a pulse lies between two alarms that are so near that their pauses were joined.
func (v *verdict) unbidden(which contact, pulses, on []period, alarms []standing) {
	for _, l := range v.c.lives {
		for _, o := range on {
			s := overlap(o, period{l.from, l.to})
			isHigh := slices.ContainsFunc(pulses, func(p period) bool {
				both := overlap(p, s)
				return both.from < both.to
			})
			if s.to-s.from < heardAfter || !isHigh {
				continue
			}
			bidden := slices.ContainsFunc(alarms, func(a standing) bool {
				return slices.ContainsFunc(a.times, func(t period) bool {
					o := overlap(t, s)
					return o.from < o.to
				})
			})
			if !bidden {
				v.t.Errorf("the siren of %s was on in %v, and no log says why", which.point, s)
			}
		}
	}
}

// until is when an alarm that was raised at a moment may end.
func (v *verdict) until(which contact, raised time.Duration) time.Duration {
	end := v.now
	for _, r := range v.c.resets {
		if (r.point == "" || r.point == which.point) && v.end(r.to) >= raised {
			end = min(end, r.from)
		}
	}
	if which.latched {
		return end
	}
	for _, p := range v.c.presses[which.line] {
		if closed := v.end(p.to); closed >= raised {
			return min(end, closed)
		}
	}
	return end
}

// end is a moment, or now when it has not come yet.
func (v *verdict) end(at time.Duration) time.Duration {
	if at == 0 {
		return v.now
	}
	return at
}

// standing is one alarm as the logs tell of it: when it stood, life by life.
type standing struct {
	id    string
	times []period
}

// heard is the moment at which the siren had been on for a second, without a pause, while the alarm
// stood and the agent lived.
func (a standing) heard(on []period) (at time.Duration, ok bool) {
	for _, t := range a.times {
		for _, o := range on {
			if s := overlap(t, o); s.to-s.from >= heardAfter {
				return s.from + heardAfter, true
			}
		}
	}
	return 0, false
}

// alarmsOf gathers the alarms of a point from the logs of all lives.
func (c *chaos) alarmsOf(which contact) []standing {
	var all []standing
	for _, l := range c.lives {
		open := map[string]int{} // to the index in all
		for _, s := range l.log() {
			if s.Point != which.point || s.Alarm == "" {
				continue
			}
			i, stands := open[s.Alarm]
			switch {
			case s.Msg == "raised" && !stands:
				i = slices.IndexFunc(all, func(a standing) bool { return a.id == s.Alarm })
				if i < 0 {
					i, all = len(all), append(all, standing{id: s.Alarm})
				}
				all[i].times = append(all[i].times, period{s.At, l.to})
				open[s.Alarm] = i
			case stands && (s.Msg == "reset" || s.Msg == "cleared" && !which.latched):
				all[i].times[len(all[i].times)-1].to = s.At
				delete(open, s.Alarm)
			}
		}
	}
	return all
}

// period is a time by the clock of the board.
type period struct{ from, to time.Duration }

func (p period) String() string {
	return fmt.Sprintf("%v…%v", p.from.Round(time.Millisecond), p.to.Round(time.Millisecond))
}

func overlap(a, b period) period { return period{max(a.from, b.from), min(a.to, b.to)} }

// within tells whether one of the times holds s.
func within(s period, all []period) bool {
	return slices.ContainsFunc(all, func(o period) bool { return o.from <= s.from && s.to <= o.to })
}

// whenOn lists the times for which a pin was high, each without the shortest pause.
func whenOn(history []board.Change, now time.Duration) []period {
	var on []period
	high := false
	for _, c := range history {
		switch {
		case c.High && !high:
			on = append(on, period{c.At, now})
		case !c.High && high:
			on[len(on)-1].to = c.At
		}
		high = c.High
	}
	return on
}

// bridge joins what a siren's pattern parts: pauses that are no longer than longestPause, but for
// the time in which no agent ran. Nobody plays a pattern on then, and the level stays as it was.
func bridge(on, deaths []period) (joined []period) {
	for _, o := range on {
		if n := len(joined) - 1; n >= 0 {
			pause := o.from - joined[n].to
			for _, d := range deaths {
				both := overlap(d, period{joined[n].to, o.from})
				pause -= max(both.to-both.from, 0)
			}
			if pause <= longestPause {
				joined[n].to = o.to
				continue
			}
		}
		joined = append(joined, o)
	}
	return joined
}

// prolong lets each time last longer: in the pause of its pattern a siren still sounds.
func prolong(on []period, by time.Duration) (longer []period) {
	for _, o := range on {
		longer = append(longer, period{o.from, o.to + by})
	}
	return longer
}

// deaths are the times between two lives.
func (c *chaos) deaths() (all []period) {
	for i, l := range c.lives[1:] {
		all = append(all, period{c.lives[i].to, l.from})
	}
	return all
}
