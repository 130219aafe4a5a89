package district

import "slices"

// span is a run of numbers, both ends included.
type span struct{ from, to uint64 }

// spans are runs in ascending order that neither touch nor overlap.
type spans []span

// add joins a run to the others.
func (s spans) add(n span) spans {
	i, _ := slices.BinarySearchFunc(s, n.from, func(e span, from uint64) int {
		if e.to+1 < from {
			return -1
		}
		return 1
	})
	j := i
	for j < len(s) && s[j].from <= n.to+1 {
		n.from, n.to = min(n.from, s[j].from), max(n.to, s[j].to)
		j++
	}
	return slices.Replace(s, i, j, n)
}

// remove takes one number out.
func (s spans) remove(n uint64) spans {
	i := s.find(n)
	if i < 0 {
		return s
	}
	var rest spans
	if s[i].from < n {
		rest = append(rest, span{s[i].from, n - 1})
	}
	if n < s[i].to {
		rest = append(rest, span{n + 1, s[i].to})
	}
	return slices.Replace(s, i, i+1, rest...)
}

// find is the place of the run that holds n; -1: none does.
func (s spans) find(n uint64) int {
	i, _ := slices.BinarySearchFunc(s, n, func(e span, n uint64) int {
		if e.to < n {
			return -1
		}
		return 1
	})
	if i < len(s) && s[i].from <= n {
		return i
	}
	return -1
}

// holes are the numbers from 1 to last that no run holds.
func (s spans) holes(last uint64) spans {
	var out spans
	next := uint64(1)
	for _, e := range s {
		if e.from > last {
			break
		}
		if next < e.from {
			out = append(out, span{next, e.from - 1})
		}
		next = e.to + 1
	}
	if next <= last {
		out = append(out, span{next, last})
	}
	return out
}

// count is how many numbers the runs hold.
func (s spans) count() uint64 {
	var n uint64
	for _, e := range s {
		n += e.to - e.from + 1
	}
	return n
}
