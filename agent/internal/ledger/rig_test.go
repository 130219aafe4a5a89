package ledger

import (
	"context"
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/drivers"
)

// rig is a ledger before a real panel, with a disk and a district that tests can break.
type rig struct {
	*testing.T
	dir    string
	guard  *guard.Guard
	ledger *Ledger
	disk   *testDisk
	cancel context.CancelFunc
	over   chan struct{}

	mu       sync.Mutex
	answers  []string // id, state, reason, detail, ledger
	bodies   [][]byte
	acts     []alarm.Event // that a command has caused
	noted    uint64        // position in the ring
	saved    alarm.Saved
	noticed  []string
	known    bool // the clock
	ahead    time.Duration
	step     func(what string)
	dead     bool // nothing that happens any more is seen by anybody
	asked    int  // up/active
	confirms int
}

func plan() alarm.Plan {
	contact := detect.Spec{Conditions: []detect.Condition{{
		Quantity: drivers.Contact, Kind: detect.Active, Level: detect.Alarm,
	}}}
	return alarm.Plan{
		Points: []alarm.PointPlan{
			{ID: "call-1", Signal: alarm.Fire, Latch: true, Manual: true, Spec: contact},
			{ID: "smoke-1", Signal: alarm.Fire, Latch: true, Spec: contact},
			{ID: "closed", Signal: alarm.Supervisory},
		},
		Outputs: []alarm.OutputPlan{
			{ID: "siren", Kind: alarm.Sounder},
			{ID: "valve", Kind: alarm.Valve, Feedback: "closed"},
			{ID: "lamp", Kind: alarm.Lamp},
		},
	}
}

// resend refuses what a box refuses whose disk or line does not answer.
func (r *rig) resend(n wire.Numbers) string {
	return map[string]string{"a": wire.ReasonStorage, "e": wire.ReasonBusy}[n.Lane]
}

// setting is what a test changes before the ledger runs.
type setting func(r *rig)

// bubble runs a test on virtual time.
func bubble(t *testing.T, test func(t *testing.T)) { synctest.Test(t, test) }

// newRig makes a box that goes on from a state directory and from what a panel has saved.
func newRig(t *testing.T, dir string, saved alarm.Saved, settings ...setting) *rig {
	t.Helper()
	r := &rig{
		T: t, dir: dir, over: make(chan struct{}), saved: saved, known: true,
		step: func(string) {},
	}
	p := plan()
	r.guard = guard.New(guard.Config{Panel: alarm.New(p, saved), Save: r.save})
	r.disk = &testDisk{file: file{dir}, r: r}
	desk := &siteDesk{r: r, began: map[string]time.Time{}}
	r.ledger = New(Config{
		Dir: dir, Boot: saved.Boot + 1, Ring: r.guard.Ring(),
		Outputs:  func() []alarm.OutputPlan { return p.Outputs },
		Snapshot: r.guard.Snapshot, Now: r.guard.Now,
		Submit: func(c alarm.Command) error {
			r.at("before the panel is asked")
			if r.isDead() {
				return guard.ErrBusy
			}
			err := r.guard.Submit(c)
			r.at("after the panel is asked")
			return err
		},
		Wall: func() (time.Time, bool) {
			r.mu.Lock()
			defer r.mu.Unlock()
			return time.Now().Add(r.ahead), r.known
		},
		Answer: r.answer,
		Read: func(ids []point.ID) []byte {
			if slices.Contains(ids, "smoke-9") {
				return nil
			}
			return wire.Pack("fp-1", 0, 0, []wire.Record{{Name: string(ids[0])}})
		},
		Offer: desk.offer, Offered: desk.offered,
		Republish: func() { r.asked++ },
		Resend:    r.resend,
		Notice: func(code string, on bool, _ string) {
			if on {
				code = "+" + code
			}
			r.noticed = append(r.noticed, code)
		},
	})
	r.ledger.file = r.disk
	for _, s := range settings {
		s(r)
	}
	return r
}

// run starts guard and ledger.
func (r *rig) run() *rig {
	ctx, cancel := context.WithCancel(r.Context())
	r.cancel = cancel
	var work sync.WaitGroup
	work.Go(func() { r.guard.Run(ctx) })
	work.Go(func() { r.watch(ctx) })
	work.Go(func() { r.ledger.Run(ctx) })
	go func() { work.Wait(); close(r.over) }()
	wait(100 * time.Millisecond)
	return r
}

// end stops it all.
func (r *rig) end() {
	r.cancel()
	<-r.over
	wait(time.Second)
}

func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (r *rig) save(s *alarm.Saved) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.dead {
		r.saved = *s
	}
}

// watch notes what the panel does because of a command.
func (r *rig) watch(ctx context.Context) {
	for {
		more := r.guard.Ring().More()
		r.mu.Lock()
		r.note()
		r.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-more:
		}
	}
}

// note is called with the lock held.
func (r *rig) note() {
	for {
		events, _ := r.guard.Ring().Next(r.noted, make([]alarm.Event, 0, 16))
		r.noted += uint64(len(events))
		for _, e := range events {
			if e.Cause != "" && e.Kind != alarm.Refused && !r.dead {
				r.acts = append(r.acts, e)
			}
		}
		if len(events) == 0 {
			return
		}
	}
}

func (r *rig) at(what string) {
	if !r.isDead() {
		r.step(what)
	}
}

func (r *rig) isDead() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dead
}

func (r *rig) answer(body []byte) {
	r.at("before the district is told")
	if r.isDead() {
		return
	}
	var b struct {
		Data struct{ ID, State, Reason, Detail, Ledger string }
	}
	if err := json.Unmarshal(body, &b); err != nil {
		r.Error(err)
	}
	d := b.Data
	text := strings.Join([]string{d.ID, d.State, d.Reason, d.Detail, d.Ledger}, " ")
	r.mu.Lock()
	r.answers = append(r.answers, strings.Join(strings.Fields(text), " "))
	r.bodies = append(r.bodies, body)
	r.mu.Unlock()
	r.at("after the district is told")
}

// order sends a command that holds for ten minutes.
func (r *rig) order(id, name, args string) {
	r.Helper()
	c := wire.Command{
		ID: id, Name: name, Issued: time.Now(), Expires: time.Now().Add(10 * time.Minute),
	}
	if args != "" {
		c.Args = []byte(args)
	}
	r.send(c)
}

func (r *rig) send(c wire.Command) {
	r.Helper()
	if !r.ledger.Take(c, func() { r.confirms++ }) {
		r.Fatal("not taken")
	}
}

// want holds all answers so far against what should have come.
func (r *rig) want(want ...string) {
	r.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.answers, want) {
		r.Errorf("answers: got %q, want %q", r.answers, want)
	}
}

// sort forgets in which order the answers came.
func (r *rig) sort() {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.answers)
}

// obeyed counts what the panel did.
func (r *rig) obeyed() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.acts)
}

// testDisk is a disk that can hang and fail.
type testDisk struct {
	file
	r     *rig
	hangs chan struct{} // nil: it does not
	err   error
	calls int
}

func (d *testDisk) broken() error {
	d.r.mu.Lock()
	hangs, err := d.hangs, d.err
	d.calls++
	d.r.mu.Unlock()
	if hangs != nil {
		<-hangs
	}
	return err
}

func (d *testDisk) read() ([]byte, error) {
	if err := d.broken(); err != nil {
		return nil, err
	}
	return d.file.read()
}

// add leaves half a line behind when it fails.
func (d *testDisk) add(lines []byte) error {
	if d.err != nil {
		_ = d.file.add(lines[:len(lines)/2])
	}
	return d.change(func() error { return d.file.add(lines) })
}

func (d *testDisk) replace(lines []byte, aside bool) error {
	return d.change(func() error { return d.file.replace(lines, aside) })
}

func (d *testDisk) change(fn func() error) error {
	if err := d.broken(); err != nil {
		return err
	}
	d.r.at("before a write")
	if d.r.isDead() {
		return nil
	}
	err := fn()
	d.r.at("after a write")
	return err
}

// set changes how the disk behaves; what hung goes on.
func (d *testDisk) set(hangs bool, err error) {
	d.r.mu.Lock()
	defer d.r.mu.Unlock()
	if d.hangs != nil {
		close(d.hangs)
		d.hangs = nil
	}
	if hangs {
		d.hangs = make(chan struct{})
	}
	d.err = err
}

// memoryDisk is a disk that costs no time.
type memoryDisk struct{ data []byte }

func (d *memoryDisk) read() ([]byte, error) { return nil, fs.ErrNotExist }

func (d *memoryDisk) add(lines []byte) error {
	d.data = append(d.data, lines...)
	return nil
}

func (d *memoryDisk) replace(lines []byte, _ bool) error {
	d.data = append([]byte(header), lines...)
	return nil
}
