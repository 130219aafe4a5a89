package agent

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/diag"
	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/internal/history"
	"github.com/firepost/firepost/agent/internal/keeper"
	"github.com/firepost/firepost/agent/internal/uplink"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/buffer"
	"github.com/firepost/firepost/drivers/catalog"
	"github.com/firepost/firepost/provisioning"
)

// ErrNotRunning is returned by what needs a running agent.
var ErrNotRunning = errors.New("agent: it does not run")

// Options are what an agent needs beside its site. Board and Dir are required.
type Options struct {
	Board catalog.Board
	Dir   string       // state directory; it is made when it is not there
	Log   *slog.Logger // nil: discard
	// Wall is asked by many goroutines and must not wait; nil: the system's clock.
	Wall func() Wall
	// OnEvent is told of every event of the panel, from a goroutine of its own. A slow one loses
	// events of its own alone.
	OnEvent func(alarm.Event)
	// Pet is called about once a second while the safety loop and every sounder work; nil: no one
	// is told.
	Pet func()
	// Fatal may end the process after a panic of the panel, once it is written down. When it
	// returns, or is nil, the panic goes on.
	Fatal func(value any, stack []byte)

	// RunDir is a folder in memory that outlives a panic. The panics of the panel are counted there
	// as well, so that a disk that is full or slow does not hide them; empty: in Dir alone.
	RunDir string

	// Shared is borrowed from by several agents of one process; nil: this one has its own.
	Shared *Shared

	Version string    // of the program, for people
	Built   time.Time // a clock that shows less is wrong; zero: not known
	Sim     bool      // the board is simulated, and every face says so
	// File is the site file, for Reload. Empty: the site stays what it is.
	File     string
	Rejected error // why the newest site file is not in use; nil: it is
	// Page is where the page is served, host:port, whatever the site file says; "off": nowhere.
	Page string
	// Restart is told, once, that Run should end and another agent begin with the site file, which
	// has changed in more than this one can take over. It is told while no alarm stands, and must
	// not wait. nil: such a file is refused.
	Restart func()
}

// Agent is one site under watch.
type Agent struct {
	o       Options
	log     *slog.Logger
	clock   clock
	sensors []guard.Sensor
	outputs []guard.Output
	lines   *lines
	hooks

	ran     atomic.Bool
	plain   atomic.Bool // the panel runs by alarm.Fallback
	guard   atomic.Pointer[guard.Guard]
	status  atomic.Pointer[diag.Status]
	edition atomic.Uint64 // how often the site has changed
	inUse   atomic.Pointer[site.Site]
	spoilt  atomic.Pointer[string] // why a newer site file is not in use; nil: it is
	jobs    chan job               // for the room that changes the site
	pushes  chan push              // likewise
	answers answers                // to them
	view    atomic.Pointer[siteView]
	day     atomic.Int32 // today, as the panel is told; 0: not known
	pins    pins         // of who is at the box
	farPINs pins         // of who comes over a network
	facing  atomic.Pointer[diag.Face]

	history *history.Store

	scanning atomic.Bool
	tap      tap
}

// hooks are where a test stands between the agent and the world.
type hooks struct {
	open func(string, keeper.Options) (*keeper.Keeper, alarm.Saved, error)
	load func(provisioning.Loader, string) (*provisioning.Identity, error)
	dial func(*provisioning.Identity, *slog.Logger) uplink.Dial
	// advance brings the box nearer to its district.
	advance func(*provisioning.Enroller, context.Context) (provisioning.Standing, error)

	disk buffer.Options // what differs from the usual
	beat func() guard.Beat

	judge func(alarm.Plan, alarm.Saved) guard.Panel
	step  func() error // of the disk with the site files
}

// New checks that the board and the site fit together and wires them. It touches nothing but
// memory.
func New(s *site.Site, o Options) (*Agent, error) {
	if s == nil || o.Board == nil || o.Dir == "" {
		return nil, errors.New("agent: New needs a site, and Options a Board and a Dir")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Wall == nil {
		o.Wall = systemWall
	}
	if o.Version == "" {
		o.Version = moduleVersion()
	}
	a := &Agent{
		o: o, clock: clock{system: o.Wall, built: o.Built}, pins: newPINs(), farPINs: newPINs(),
		jobs: make(chan job), pushes: make(chan push, 1),
		hooks: hooks{
			open: keeper.Open, load: provisioning.Loader.Load, dial: dialIdentity, beat: kernelBeat(),
			judge: newPanel, advance: (*provisioning.Enroller).Advance,
		},
	}
	a.lines, a.log = newLines(o.Log.Handler())
	var err error
	if a.sensors, err = wireSensors(s, a.tap.board(o.Board)); err != nil {
		return nil, err
	}
	if a.outputs, err = wireOutputs(s, o.Board); err != nil {
		return nil, err
	}
	a.adopt(s)
	if o.Rejected != nil {
		a.reject(o.Rejected.Error())
	}
	a.status.Store(&diag.Status{Sim: o.Sim})
	feeds := 0
	for _, v := range s.Sensors {
		feeds += len(v.Feeds)
	}
	a.history = history.New(feeds)
	return a, nil
}

// moduleVersion is the version that the go command recorded in the program.
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// Run watches the site until ctx ends. It returns an error when it has run before, and otherwise
// one that names what did not answer at the end: an output, a bus, a contact. Outputs that an alarm
// holds are left on. Run comes back within 5 s even when disk, log and OnEvent all hang.
func (a *Agent) Run(ctx context.Context) error {
	if a.ran.Swap(true) {
		return errors.New("agent: Run may be called once")
	}
	m := a.recall()
	g := guard.New(guard.Config{
		Panel: a.panel(m), Sensors: a.sensors, Outputs: a.outputs,
		Day:  func() alarm.Date { return alarm.Date(a.day.Load()) },
		Beat: a.beat, Pet: a.o.Pet, Save: m.save, Log: a.log,
		Crash: func(ran time.Duration, value any, stack []byte) { a.crash(m, ran, value, stack) },
	})
	m.faults = newFaults(g)
	a.guard.Store(g)
	defer a.guard.Store(nil)

	// What is started first ends last: the log, the panel's memory, the guard, and before them all
	// the rooms.
	log := parts{g: g}
	log.start(ctx, "log writer", a.lines.run)
	memory := parts{g: g}
	memory.start(ctx, "keeper", m.run)
	safe, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- g.Run(safe) }()

	a.rooms(ctx, g, m)
	stop()
	err := <-ended
	a.name(memory.end())
	a.name(log.end())
	return err
}

// name tells of parts that did not end. The next run tells of what the disk has not taken.
func (a *Agent) name(hung []string) {
	for _, name := range hung {
		a.log.Error("no answer at the end", "part", name)
	}
}

// Submit offers a command to the panel. Its answer is an event whose Cause is the command's ID. It
// fails with ErrNotRunning before Run and after it, and when too many commands wait.
func (a *Agent) Submit(c alarm.Command) error {
	g := a.guard.Load()
	if g == nil {
		return ErrNotRunning
	}
	return g.Submit(c)
}
