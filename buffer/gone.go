package buffer

import "sort"

// Gone returns the numbers within r of a lane that were given out and are not held any more, the
// lowest most runs of them. What a Loss will declare is left out. Of an epoch that is over all of
// r is gone.
//
// known is false while it cannot be told: before there is an epoch, and of another epoch while
// numbering goes on in memory, for it may be that of the file.
func (o *Outbox) Gone(epoch string, l Lane, r Range, most int) (gone []Range, known bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.epoch == "" || o.ram && epoch != o.epoch:
		return nil, false
	case epoch != o.epoch:
		return []Range{r}, true
	}
	ln := &o.lanes[l]
	if r.From, r.To = max(r.From, 1), min(r.To, ln.next-1); r.From > r.To {
		return nil, true
	}
	rest := ranges{r}
	for k := ln.blockAfter(r.From - 1); k < len(ln.disk) && ln.disk[k].From <= r.To; k++ {
		for _, p := range ln.disk[k].runs() {
			rest.cut(p)
		}
	}
	for _, it := range ln.win[ln.after(r.From-1):ln.after(r.To)] {
		rest.cut(it.span())
	}
	if i := ln.after(r.To); i < len(ln.win) {
		rest.cut(ln.win[i].span()) // it may begin below the end
	}
	for _, a := range ln.acked {
		if a.From, a.To = max(a.From, r.From), min(a.To, r.To); a.From <= a.To {
			rest.add(a) // acknowledged, and only the file has it still
		}
	}
	for _, x := range o.losses {
		if x.Epoch == epoch && x.Lane == l && x.Cause != CauseStoreReset {
			rest.cut(x.Range)
		}
	}
	return rest[:min(len(rest), most)], true
}

// cut takes r out of the set.
func (rs *ranges) cut(r Range) {
	s := *rs
	i := sort.Search(len(s), func(i int) bool { return s[i].To >= r.From })
	var ends []Range
	j := i
	for ; j < len(s) && s[j].From <= r.To; j++ {
		if s[j].From < r.From {
			ends = append(ends, Range{s[j].From, r.From - 1})
		}
		if s[j].To > r.To {
			ends = append(ends, Range{r.To + 1, s[j].To})
		}
	}
	*rs = append(s[:i:i], append(ends, s[j:]...)...)
}
