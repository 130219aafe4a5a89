package uplink

import (
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// After a loss the wait is drawn from one second to the spread; after failures it lies between one
// second and three times the last one, and never above the cap of its class.
func TestPauseKeepsToItsLaw(t *testing.T) {
	for seed := range uint64(50) {
		p := pause{rand: rand.New(rand.NewPCG(seed, 0))}
		d := p.after(ErrBroken, true, true, 30*time.Second)
		if d < time.Second || d > 30*time.Second {
			t.Fatalf("seed %d: after a loss: got %v, want 1 s to 30 s", seed, d)
		}
		before := firstPause
		longest := time.Duration(0)
		for range 40 {
			d := p.after(ErrBroken, false, false, 30*time.Second)
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
		longest = max(longest, p.after(ErrRefused, false, false, 0))
	}
	if longest != 15*time.Minute {
		t.Errorf("longest wait after a refusal: got %v, want 15 min", longest)
	}
	if d := p.after(ErrShared, true, true, 0); d != 15*time.Minute {
		t.Errorf("wait after a stranger: got %v, want 15 min", d)
	}
	p.restart()
	if d := p.after(ErrBroken, false, false, 0); d > 3*time.Second {
		t.Errorf("wait after an alarm asked for a try: got %v, want at most 3 s", d)
	}
}

// A platform that asks for no spread gets a second of it all the same, and a connection that was of
// no use counts as a failed one: the wait grows as if it had never come about.
func TestUselessConnectionsMakeTheWaitGrow(t *testing.T) {
	for seed := range uint64(50) {
		p := pause{rand: rand.New(rand.NewPCG(seed, 0))}
		if d := p.after(ErrBroken, true, true, 0); d != time.Second {
			t.Fatalf("seed %d: after a loss without spread: got %v, want 1 s", seed, d)
		}
		longest := time.Duration(0)
		for range 200 {
			d := p.after(ErrBroken, true, false, 0)
			if d < time.Second || d > maxPause {
				t.Fatalf("seed %d: got %v", seed, d)
			}
			longest = max(longest, d)
		}
		if longest != maxPause {
			t.Errorf("seed %d: the longest wait is %v, want %v", seed, longest, maxPause)
		}
		if d := p.after(ErrBroken, true, true, 0); d != time.Second {
			t.Errorf("seed %d: after one that worked: got %v, want 1 s", seed, d)
		}
		if d := p.after(ErrBroken, true, false, 0); d > 3*time.Second {
			t.Errorf("seed %d: the first failure after one that worked: got %v", seed, d)
		}
	}
}

// A broker that takes the birth and hangs up on the first record, or as soon as it has confirmed
// it, is not hammered, whatever spread it asks for.
func TestBrokerThatHangsUpIsNotHammered(t *testing.T) {
	for _, confirms := range []bool{false, true} {
		t.Run(fmt.Sprintf("confirms=%t", confirms), func(t *testing.T) {
			bubble(t, func(t *testing.T, m *memory, d *district) {
				d.hello = &wire.Hello{Receipt: true, Spread: 0} // It is sent again each time.
				if confirms {
					d.onRecord = func(l *fakeLink, _ heard) { l.fail(io.EOF) }
				} else {
					d.hangUp = isRecord
				}
				m.Put(buffer.Alarm, 1, alarmBody(1))
				start(t, config(m, d))
				settle(time.Hour)
				tries := d.tries()
				if n := len(tries); n < 60 || n > 250 {
					t.Errorf("tries in an hour: got %d, want one in 15 to 60 s", n)
				}
				for i := range tries[1:] {
					if gap := tries[i+1].Sub(tries[i]); gap < time.Second {
						t.Fatalf("try %d came %v after the one before", i+1, gap)
					}
				}
			})
		})
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
