package district

import (
	"maps"
	"slices"
)

// aheadMax is how many separate ranges above the watermark are kept.
const aheadMax = 64

// key names one lane of one epoch of one device: what a record's number is unique in.
type key struct{ device, epoch, lane string }

// row is one record, as far as repeats are compared: a fingerprint of its message's data, and its
// place in it.
type row struct {
	sum   uint64
	index uint32
	of    uint32
}

// track is what is known of one key.
type track struct {
	rows     map[uint64]row // the table; its primary key makes repeats harmless
	hw       uint64         // every number up to it is stored or declared
	ahead    spans          // above hw, at most aheadMax
	declared spans          // declared missing, and not stored
	top      uint64         // highest number stored
	loose    bool           // ahead is not complete: hw is rebuilt from the table
	closed   bool           // a store_reset ended this epoch
}

// store is the receiver's memory. A platform has a database here, and one transaction around each
// message.
type store struct{ tracks map[key]*track }

func (s *store) track(k key) *track {
	t := s.tracks[k]
	if t == nil {
		t = &track{rows: map[uint64]row{}}
		s.tracks[k] = t
	}
	return t
}

// insert stores one record. old is what was there before; existed: the record came again.
func (t *track) insert(n uint64, r row) (old row, existed bool) {
	if old, existed = t.rows[n]; existed {
		return old, true
	}
	t.rows[n] = r
	t.top = max(t.top, n)
	return row{}, false
}

// fill ends the mark of a number that was declared missing; it tells whether there was one.
func (t *track) fill(n uint64) bool {
	if t.declared.find(n) < 0 {
		return false
	}
	t.declared = t.declared.remove(n)
	return true
}

// declare marks those numbers of a run as missing that are not stored.
func (t *track) declare(run span) {
	t.declared = t.declared.add(run)
	for n := range t.rows {
		if run.from <= n && n <= run.to {
			t.declared = t.declared.remove(n)
		}
	}
	t.merge(run)
}

// merge moves the watermark over a run that is now settled.
func (t *track) merge(run span) {
	if run.to <= t.hw {
		return
	}
	if ahead := t.ahead.add(run); len(ahead) <= aheadMax {
		t.ahead = ahead
	} else {
		// A 65th range: its rows are stored all the same, and the table has the last word.
		t.ahead = slices.DeleteFunc(ahead, func(e span) bool { return e == run })
		t.loose = true
	}
	t.absorb()
	for t.loose && t.step() {
		t.absorb()
	}
	if t.hw >= t.top {
		t.loose = false
	}
}

// absorb moves hw to the end of each range that begins at or below the next number.
func (t *track) absorb() {
	for len(t.ahead) > 0 && t.ahead[0].from <= t.hw+1 {
		t.hw = max(t.hw, t.ahead[0].to)
		t.ahead = slices.Delete(t.ahead, 0, 1)
	}
}

// step moves the watermark by what the table has above it; it tells whether it moved.
func (t *track) step() bool {
	next := t.hw + 1
	if i := t.declared.find(next); i >= 0 {
		t.hw = t.declared[i].to
		return true
	}
	if _, stored := t.rows[next]; stored {
		t.hw = next
		return true
	}
	return false
}

// missing are the numbers below the highest stored one that neither came nor were declared.
func (t *track) missing() spans {
	if t.closed {
		return nil
	}
	known := slices.Clone(t.declared)
	for _, n := range slices.Sorted(maps.Keys(t.rows)) {
		known = known.add(span{n, n})
	}
	return known.holes(t.top)
}
