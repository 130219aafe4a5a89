package buffer

import (
	"slices"
	"sort"
)

// maxRanges bounds the holes that are remembered in one lane. What is forgotten beyond it is
// sent twice, which receivers expect.
const maxRanges = 4096

// ranges are sorted runs of numbers that neither touch nor overlap.
type ranges []Range

// add joins r to the set.
func (rs *ranges) add(r Range) {
	s := *rs
	i := sort.Search(len(s), func(i int) bool { return s[i].To+1 >= r.From })
	j := i
	for ; j < len(s) && s[j].From <= r.To+1; j++ {
		r.From, r.To = min(r.From, s[j].From), max(r.To, s[j].To)
	}
	*rs = slices.Replace(s, i, j, r)
	if len(*rs) > maxRanges {
		*rs = slices.Delete(*rs, 0, 1)
	}
}

// covers reports whether every number of r is in the set.
func (rs ranges) covers(r Range) bool {
	i := sort.Search(len(rs), func(i int) bool { return rs[i].To >= r.From })
	return i < len(rs) && rs[i].From <= r.From && r.To <= rs[i].To
}
