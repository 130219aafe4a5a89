package agent

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/internal/diag"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
	"github.com/firepost/firepost/provisioning"
)

// A small site: a call point, one room with a thermometer, a siren.
const smallSite = `
[site]
id = "small"

[[sensor]]
name = "call-point"
model = "contact"
line = "GPIO17"
pull = "up"

[[sensor]]
name = "air"
model = "sht4x"
bus = "i2c-0"

[[point]]
id = "call-1"
class = "call_point"
from = "call-point"

[[point]]
id = "heat-1"
class = "heat"
from = "air.temperature"

[[output]]
id = "siren"
kind = "sounder"
model = "relay"
line = "GPIO5"

[district]
report = "10 s"
`

const (
	callLine  = "GPIO17"
	sirenLine = "GPIO5"
)

// rig is a whole agent on a simulated board, in a bubble.
type rig struct {
	*testing.T
	board    *board.Board
	air      []*chip.SHT4x // one on each bus
	district *fakeDistrict
	agent    *Agent
	dir      string
	start    time.Time

	cancel context.CancelFunc
	done   chan error
	free   chan struct{} // closed at the end: whatever hangs goes on
	later  []func()      // settings of the built agent
	hangs  atomic.Bool   // the enrolment does

	unread atomic.Int64 // answers that nobody reads

	mu     sync.Mutex
	events []alarm.Event
}

// setting is what a test changes of a rig before it runs.
type setting func(r *rig, text *string, o *Options)

// newRig builds an agent and does not run it.
func newRig(t *testing.T, settings ...setting) *rig {
	t.Helper()
	r := &rig{
		T: t, board: board.New(board.Options{}), dir: filepath.Join(t.TempDir(), "state"),
		district: newFakeDistrict(), done: make(chan error, 1), free: make(chan struct{}),
	}
	text := smallSite
	o := Options{
		Board: r.board, Sim: true, Version: "test",
		Wall:    func() Wall { return Wall{Now: time.Now(), Quality: wire.ClockNTP} },
		OnEvent: r.hear,
	}
	for _, s := range settings {
		s(r, &text, &o)
	}
	o.Dir = r.dir
	for i := range strings.Count(text, `model = "sht4x"`) {
		c := chip.NewSHT4x(r.board.Now)
		r.air = append(r.air, c)
		r.board.Bus(fmt.Sprintf("i2c-%d", i)).Attach(0x44, c)
	}
	s, err := site.Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s.Page.Listen = "" // a bubble cannot wait for a network
	if r.agent, err = New(s, o); err != nil {
		t.Fatal(err)
	}
	r.agent.beat, r.agent.dial = nil, r.district.line
	for _, f := range r.later {
		f()
	}
	return r
}

// enrolled gives the box an identity.
func enrolled(r *rig, _ *string, _ *Options) { enrol(r.T, r.dir) }

func enrol(t *testing.T, dir string) {
	t.Helper()
	_, err := provisioning.Create(filepath.Join(dir, "identity"), provisioning.District{
		Tenant: "test", Brokers: []string{"mqtt://district.example"}, Insecure: true, Sim: true,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// run starts the agent, and the district's answers.
func (r *rig) run() *rig {
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(r.Context())
	r.start = time.Now()
	go func() { r.done <- r.agent.Run(ctx) }()
	go r.district.receiver.Run(ctx, r.district.answer)
	return r
}

// end ends the agent while everything that hangs still hangs. That nothing of it is left behind
// afterwards is checked by the bubble itself.
func (r *rig) end() error {
	r.Helper()
	r.cancel()
	began := time.Now()
	err := <-r.done
	if took := time.Since(began); took > 5*time.Second {
		r.Errorf("Run came back after %v, want at most 5 s", took)
	}
	r.board.Heal()
	close(r.free)
	time.Sleep(10 * time.Second) // what hung needs a little to end
	r.district.keepsContract(r.T)
	return err
}

// sleepUntil sleeps until this long after the start.
func (r *rig) sleepUntil(at time.Duration) {
	time.Sleep(time.Until(r.start.Add(at)))
	synctest.Wait()
}

func (r *rig) press()   { r.board.Pin(callLine).Drive(false) }
func (r *rig) release() { r.board.Pin(callLine).Float() }

// sounded is when the siren was first switched on, after the start; 0: it was not.
func (r *rig) sounded() time.Duration {
	changes, _ := r.board.Pin(sirenLine).History()
	for _, c := range changes {
		if c.High {
			return c.At
		}
	}
	return 0
}

func (r *rig) hear(e alarm.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// heard lists the events of one kind; of every kind for 0.
func (r *rig) heard(kind alarm.Kind) (list []alarm.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if kind == 0 || e.Kind == kind {
			list = append(list, e)
		}
	}
	return list
}

// faults lists the faults that the panel shows.
func (r *rig) faults() (codes []detect.FaultCode) {
	g := r.agent.guard.Load()
	for _, f := range g.Snapshot().Faults {
		codes = append(codes, f.Fault)
	}
	return codes
}

func (r *rig) shows(code detect.FaultCode) bool { return slices.Contains(r.faults(), code) }

func (r *rig) status() *diag.Status { return r.agent.status.Load() }

// held counts what the outbox holds.
func (r *rig) held() (n uint64) {
	for _, l := range r.status().Outbox.Lanes {
		n += l.Held
	}
	return n
}

// after keeps a change of the agent's hooks until it is built.
func (r *rig) after(f func()) { r.later = append(r.later, f) }

// blocked is a call that hangs until the rig ends.
func (r *rig) blocked() { <-r.free }

// hungLog is a log that nobody reads.
type hungLog struct {
	slog.Handler
	r *rig
}

func (h hungLog) Enabled(context.Context, slog.Level) bool { return true }
func (h hungLog) Handle(context.Context, slog.Record) error {
	h.r.blocked()
	return nil
}

// copyDir copies a state directory, as a power cut leaves it.
func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	// A copy gets the modes that the umask allows, and an identity is for its owner alone.
	for path, mode := range map[string]fs.FileMode{"": 0o700, "key.pem": 0o600} {
		if err := os.Chmod(filepath.Join(to, "identity", path), mode); err != nil {
			t.Fatal(err)
		}
	}
}

// writeFile makes a file and returns its path.
func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
