package buffer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A model is what an outbox should be: slices, and no disk.
type model struct {
	t        *testing.T
	rng      *rand.Rand
	dir      string
	opt      Options
	o        *Outbox
	live     [laneCount][]Record // put, neither acknowledged nor known to be lost
	used     map[string]string   // epoch, lane and number, to body
	declared []Loss
	puts     int
}

// Contents, order and numbers of the outbox are those of a slice, over acknowledgements in any
// order, full lanes, clean ends and crashes. What is missing is named by a Loss; no number is
// used twice.
func TestT01OutboxBehavesLikeASlice(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			m := newModel(t, seed)
			for range rounds(5_000, 25_000) {
				m.step()
			}
			m.check(false)
			if err := m.o.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{t: t, rng: rand.New(rand.NewPCG(seed, 7)), dir: folder(t), opt: quick(),
		used: map[string]string{}}
	for l := range m.opt.Delay {
		m.opt.Delay[l] = time.Duration(1+4*l) * time.Millisecond
	}
	if seed%2 == 1 { // lanes that overflow, in memory and on the disk
		m.opt.Memory = [laneCount]Limit{{8 << 10, 40}, {8 << 10, 40}, {16 << 10, 80}}
		m.opt.Disk = [laneCount]Limit{{8 << 10, 60}, {8 << 10, 40}, {16 << 10, 40}}
	}
	m.o = opened(t, m.dir, m.opt)
	return m
}

func (m *model) step() {
	switch n := m.rng.IntN(1000); {
	case n < 700:
		m.put()
	case n < 900:
		m.ack()
	case n < 960:
		l := Lane(m.rng.IntN(laneCount))
		if r := m.o.Next(l, 0, 3); len(r) == 3 && r[0].First >= r[1].First {
			m.t.Errorf("lane %s: %d before %d", l, r[0].First, r[1].First)
		}
	case n < 975:
		m.check(false)
	case n < 985:
		if ls := m.o.Losses(); len(ls) > 0 {
			m.declare(ls)
		}
	case n < 994:
		flushed(m.t, m.o, Lane(m.rng.IntN(laneCount)))
	case n < 997:
		if err := m.o.Close(); err != nil {
			m.t.Fatal(err)
		}
		m.reopen(false)
	default:
		m.o.abandon()
		m.reopen(true)
	}
}

func (m *model) put() {
	l := Lane(m.rng.IntN(laneCount))
	m.puts++
	n := uint32(1)
	if l == Telemetry {
		n = uint32(m.rng.IntN(40) + 1)
	}
	body := fmt.Sprintf("%d%*s", m.puts, m.rng.IntN(300), "")
	m.note(l, n, body, m.o.Put(l, n, []byte(body)))
}

func (m *model) declare(ls []Loss) {
	m.puts++
	body := fmt.Sprint(m.puts, " declares")
	m.declared = append(m.declared, ls...)
	m.note(Alarm, 1, body, m.o.Declare([]byte(body), ls))
}

func (m *model) note(l Lane, n uint32, body string, first uint64) {
	r := Record{Lane: l, Epoch: m.o.Epoch(), First: first, N: n, Body: []byte(body)}
	for i := r.First; i <= r.last(); i++ {
		id := fmt.Sprint(r.Epoch, l, i)
		if had, ok := m.used[id]; ok {
			m.t.Fatalf("number %s was given to %q and to %q", id, had, body)
		}
		m.used[id] = body
	}
	m.live[l] = append(m.live[l], r)
}

func (m *model) ack() {
	l := Lane(m.rng.IntN(laneCount))
	if len(m.live[l]) == 0 {
		return
	}
	i := m.rng.IntN(len(m.live[l]))
	j := min(i+m.rng.IntN(30), len(m.live[l])-1)
	r := Range{m.live[l][i].First, m.live[l][j].last()}
	if m.rng.IntN(4) == 0 {
		i, r.From = 0, 1 // a receipt
	}
	m.o.Ack(m.o.Epoch(), l, r)
	m.live[l] = slices.Delete(m.live[l], i, j+1)
}

// readAll is what the outbox has in a lane.
func (m *model) readAll(l Lane) (all []Record) {
	for after := uint64(0); ; {
		m.o.mu.Lock()
		recs, missing := m.o.collect(l, after, 50)
		m.o.mu.Unlock()
		if len(recs) == 0 && !missing {
			return all
		}
		if len(recs) > 0 {
			all = append(all, recs...)
			after = recs[len(recs)-1].last()
		} else {
			time.Sleep(0) // yields to the disk goroutine
		}
	}
}

// check compares. After a crash, acknowledged records may be back.
func (m *model) check(crashed bool) {
	m.t.Helper()
	for l := range Lane(laneCount) {
		got := m.readAll(l)
		losses := append(m.o.Losses(), m.declared...)
		want := m.live[l]
		m.live[l] = nil
		for _, g := range got {
			if body := m.used[fmt.Sprint(g.Epoch, l, g.First)]; body != string(g.Body) {
				m.t.Fatalf("%s %d: got %q, want %q", l, g.First, g.Body, body)
			}
			for len(want) > 0 && want[0].First < g.First {
				m.mustBeLost(want[0], losses)
				want = want[1:]
			}
			switch {
			case len(want) > 0 && want[0].First == g.First:
				want = want[1:]
			case !crashed:
				m.t.Fatalf("%s %d is here, and should not be", l, g.First)
			}
			m.live[l] = append(m.live[l], g)
		}
		for _, w := range want {
			m.mustBeLost(w, losses)
		}
		m.checkGone(l)
	}
}

// checkGone compares what the outbox calls gone: never what is held, always what was acknowledged.
func (m *model) checkGone(l Lane) {
	m.t.Helper()
	losses := m.o.Losses()
	gone, known := m.o.Gone(m.o.Epoch(), l, Range{1, math.MaxUint64}, math.MaxInt)
	if !known {
		m.t.Fatal("an open file, and nobody knows what is gone")
	}
	want, got := ranges{{1, m.o.Tail(l)}}, ranges(gone)
	if m.o.Tail(l) == 0 {
		want = nil
	}
	losses = append(losses, m.o.Losses()...)
	for _, r := range m.live[l] {
		for _, g := range gone {
			if g.From <= r.last() && r.First <= g.To {
				m.t.Fatalf("%s %d is held, and %v is called gone", l, r.First, g)
			}
		}
		want.cut(r.span())
	}
	for _, x := range losses {
		if x.Epoch == m.o.Epoch() && x.Lane == l && x.To > 0 {
			want.cut(x.Range)
			got.cut(x.Range)
		}
	}
	if !slices.Equal(got, want) {
		m.t.Fatalf("lane %s: gone is %v, want %v", l, got, want)
	}
}

func (m *model) mustBeLost(r Record, losses []Loss) {
	m.t.Helper()
	if !slices.ContainsFunc(losses, func(l Loss) bool {
		return l.Epoch == r.Epoch && l.Lane == r.Lane && l.From <= r.First && r.last() <= l.To
	}) {
		m.t.Fatalf("%s %d-%d is missing, and no loss says so: %v", r.Lane, r.First, r.last(), losses)
	}
}

// reopen opens what the last run left. After a crash, what was on the disk must be there.
func (m *model) reopen(crashed bool) {
	m.t.Helper()
	var safe [laneCount]uint64
	for l := range safe {
		safe[l] = m.o.Flushed(Lane(l))
	}
	m.o = opened(m.t, m.dir, m.opt)
	for l := range safe {
		for _, r := range m.live[l] {
			held := slices.ContainsFunc(m.readAll(Lane(l)), func(g Record) bool {
				return g.First == r.First
			})
			if (!crashed || r.last() <= safe[l]) && !held {
				m.mustBeLost(r, append(m.o.Losses(), m.declared...))
				if m.opt.Disk[l].Count == 0 {
					m.t.Fatalf("%s %d was written and is lost", Lane(l), r.First)
				}
			}
			if held {
				break // the disk takes records in order, and this is the oldest
			}
		}
	}
	m.check(crashed)
}
