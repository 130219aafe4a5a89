package uplink

import (
	"math/rand/v2"
	"testing"
	"time"
)

// After a loss the wait is drawn from 0 to the spread; after failures it lies between one second
// and three times the last one, and never above the cap of its class.
func TestPauseKeepsToItsLaw(t *testing.T) {
	for seed := range uint64(50) {
		p := pause{rand: rand.New(rand.NewPCG(seed, 0))}
		if d := p.after(ErrBroken, true, 30*time.Second); d < 0 || d > 30*time.Second {
			t.Fatalf("seed %d: after a loss: got %v, want 0 to 30 s", seed, d)
		}
		before := firstPause
		longest := time.Duration(0)
		for range 40 {
			d := p.after(ErrBroken, false, 30*time.Second)
			if d < firstPause || d > min(3*before, maxPause) {
				t.Fatalf("seed %d: after %v: got %v", seed, before, d)
			}
			before, longest = d, max(longest, d)
		}
		if longest != maxPause {
			t.Errorf("seed %d: the longest wait is %v, want %v", seed, longest, maxPause)
		}
	}
}

// A refusal lasts until a person acts, so the wait grows to a quarter of an hour; a stranger with
// the same identity costs that at once.
func TestRefusalWaitsUpToAQuarterOfAnHour(t *testing.T) {
	p := pause{rand: rand.New(rand.NewPCG(1, 0))}
	longest := time.Duration(0)
	for range 40 {
		longest = max(longest, p.after(ErrRefused, false, 0))
	}
	if longest != 15*time.Minute {
		t.Errorf("longest wait after a refusal: got %v, want 15 min", longest)
	}
	if d := p.after(ErrShared, true, 0); d != 15*time.Minute {
		t.Errorf("wait after a stranger: got %v, want 15 min", d)
	}
	p.restart()
	if d := p.after(ErrBroken, false, 0); d > 3*time.Second {
		t.Errorf("wait after an alarm asked for a try: got %v, want at most 3 s", d)
	}
}

// The backlog starts with one message a second and reaches its limit by doubling; pauses save
// nothing up.
func TestBucketStartsSlowly(t *testing.T) {
	start := time.Unix(0, 0)
	b := newBucket(5, start)
	counts := make([]int, 10)
	for ms := range 10_000 {
		now := start.Add(time.Duration(ms) * time.Millisecond)
		if ms >= 6000 && ms < 8000 {
			continue // nobody asks
		}
		if b.ready(now) {
			b.take(now)
			counts[ms/1000]++
		}
	}
	want := []int{1, 2, 4, 5, 5, 5, 0, 0, 5, 5}
	for i := range want {
		if counts[i] != want[i] {
			t.Fatalf("messages in each second: got %v, want %v", counts, want)
		}
	}
}
