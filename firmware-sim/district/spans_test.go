package district

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Runs are a set of numbers in its shortest form: in order, and with a hole between any two.
func TestSpansAreASet(t *testing.T) {
	for seed := range uint64(100) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var s spans
		set := map[uint64]bool{}
		for range 60 {
			from := 1 + rnd.Uint64N(60)
			if rnd.IntN(3) == 0 {
				s = s.remove(from)
				delete(set, from)
				continue
			}
			to := from + rnd.Uint64N(5)
			s = s.add(span{from, to})
			for n := from; n <= to; n++ {
				set[n] = true
			}
		}
		for n := range uint64(70) {
			if got := s.find(n) >= 0; got != set[n] {
				t.Fatalf("seed %d: %v holds %d: got %v, want %v", seed, s, n, got, set[n])
			}
		}
		for i := 1; i < len(s); i++ {
			if s[i].from <= s[i-1].to+1 {
				t.Fatalf("seed %d: %v: %v and %v are one run", seed, s, s[i-1], s[i])
			}
		}
		if got := s.count() + s.holes(70).count(); got < 70 || int(s.count()) != len(set) {
			t.Fatalf("seed %d: %v: %d numbers and %d holes up to 70, want %d and the rest",
				seed, s, s.count(), s.holes(70).count(), len(set))
		}
	}
}

// Holes end at the number that is asked for.
func TestHoles(t *testing.T) {
	s := spans{{3, 4}, {8, 9}}
	for _, c := range []struct {
		last uint64
		want spans
	}{
		{2, spans{{1, 2}}},
		{4, spans{{1, 2}}},
		{6, spans{{1, 2}, {5, 6}}},
		{9, spans{{1, 2}, {5, 7}}},
		{12, spans{{1, 2}, {5, 7}, {10, 12}}},
	} {
		if got := s.holes(c.last); !slices.Equal(got, c.want) {
			t.Errorf("up to %d: got %v, want %v", c.last, got, c.want)
		}
	}
}
