// Package guard is the safety loop: it carries what sensors read to the panel, and what the panel
// wishes to the outputs. It must never wait: not for a bus, an output, a disk, a network, a log or
// a reader. Whatever can hang has a goroutine of its own and hangs alone.
//
// The way from an edge to the siren's write is three goroutines that make way for each other on one
// thread. What comes before it, from the edge until a goroutine runs, the guard cannot shorten: a
// processor of Go must be free (GOMAXPROCS above the number of goroutines that compute; otherwise
// each of them is waited for), and a processor of the board. BenchmarkEdgeToWrite measures both on
// the machine at hand: its own- figures are the guard's part, its rows are how busy the rest is.
package guard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// ErrBusy is returned by Submit when too many commands of its kind wait already.
var ErrBusy = errors.New("guard: too many commands wait")

// Panel is the judgement. *alarm.Panel is one. Only the guard's goroutine calls it.
type Panel interface {
	Step(now point.Instant, in alarm.Input) alarm.Decision
	Replan(now point.Instant, plan alarm.Plan) alarm.Decision
	Snapshot(now point.Instant) *alarm.Snapshot
}

// Feed says that one channel of a sensor feeds a point.
type Feed struct {
	Point   point.ID
	Channel uint8
	// Quantity is what the channel measures; a reading that failed carries it. 0: not known before
	// the first good reading, and until then a failure counts against all of the point.
	Quantity drivers.Quantity
}

// Sensor is one part to read.
type Sensor struct {
	Name string // for people
	// Bus names what is read by one goroutine. Empty: the sensor has one of its own, as a contact
	// should.
	Bus string
	// Chip names what can do one conversion at a time: two sensors of one chip never convert at
	// once. Empty: the sensor is its own chip. A chip lies on one bus.
	Chip string
	// Open gives the sensor. It is tried again until it succeeds, and once more when the sensor has
	// failed for long; before that, and when the guard ends, a sensor that is an io.Closer is
	// closed. A sensor that is a drivers.Waiter gets a goroutine of its own and is read after each
	// edge.
	Open   func() (drivers.Sensor, error)
	Period time.Duration // between two conversions; 0: 1 s
	WarmUp time.Duration // readings before it are uncertain
	Urgent bool          // an alarm input: served before those that are not
	Feeds  []Feed
}

// Output is one thing to switch.
type Output struct {
	ID alarm.OutputID
	// Open gives the output with its first level already driven. It is tried again until it
	// succeeds. An output that is a drivers.Checker is read back after each Set, one that is an
	// io.Closer is closed when the guard ends.
	Open  func(on bool) (drivers.Output, error)
	Alarm bool // without an answer from it for 3 s, Pet is not called
	// Keep leaves an output that plays an alarm on when the guard ends, without its pattern. Every
	// other one goes off.
	Keep bool
}

// Config is all that a Guard needs. Panel is required.
type Config struct {
	Panel   Panel
	Sensors []Sensor
	Outputs []Output
	Beat    func() Beat        // nil: package time
	Pet     func()             // the watchdog; nil: none
	Day     func() alarm.Date  // today; it must not wait. nil: the date is never known
	Save    func(*alarm.Saved) // called from a goroutine of its own; nil: nothing is saved
	// Crash is told of a panic of the panel and how long it ran before. Then the panic goes on and
	// ends the process. nil: no one.
	Crash func(ran time.Duration, value any, stack []byte)
	Log   *slog.Logger // nil: discard
}

// Guard runs the safety loop. Its methods may be called from any goroutine and never wait.
type Guard struct {
	cfg   Config
	start time.Time
	wake  chan struct{} // holds a token while something waits in an inbox

	slots         []*slot
	local, remote chan alarm.Command
	notices       board
	plans         chan replan
	late          atomic.Pointer[alarm.Saved]
	pollers       []*poller
	writers       []*writer // alarm outputs last
	byID          map[alarm.OutputID]*writer

	ring  *Ring
	snap  atomic.Pointer[alarm.Snapshot]
	saves mailbox[*alarm.Saved]
	pets  chan struct{}
	lines chan line
	ends  []*end // what must come to an end before Run returns

	loop  loop // of the goroutine that calls Run
	stats counters
}

// New returns a guard that is ready to Run. It touches nothing but memory.
func New(c Config) *Guard {
	if c.Beat == nil {
		c.Beat = newTimerBeat
	}
	if c.Day == nil {
		c.Day = func() alarm.Date { return 0 }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	g := &Guard{
		cfg:    c,
		start:  time.Now(),
		wake:   make(chan struct{}, 1),
		plans:  make(chan replan, 1),
		local:  make(chan alarm.Command, queued),
		remote: make(chan alarm.Command, queued),
		byID:   make(map[alarm.OutputID]*writer),
		ring:   newRing(),
		saves:  make(mailbox[*alarm.Saved], 1),
		pets:   make(chan struct{}, 1),
		lines:  make(chan line, queuedLines),
	}
	g.snap.Store(c.Panel.Snapshot(0))
	g.addSensors(c.Sensors)
	g.addOutputs(c.Outputs)
	return g
}

func (g *Guard) addSensors(sensors []Sensor) {
	buses := make(map[string]*poller)
	for _, s := range sensors {
		d := newDevice(g, s)
		g.slots = append(g.slots, d.slots...)
		p := buses[s.Bus]
		if p == nil || s.Bus == "" {
			p = &poller{g: g, name: cmp.Or(s.Bus, s.Name), visits: make(chan func())}
			buses[s.Bus] = p
			g.pollers = append(g.pollers, p)
		}

		p.all = append(p.all, d)
	}
}

func (g *Guard) addOutputs(outputs []Output) {
	for _, isAlarm := range []bool{false, true} {
		for _, o := range outputs {
			if o.Alarm != isAlarm {
				continue
			}
			w := &writer{g: g, cfg: o, mail: make(mailbox[wish], 1), finish: make(chan struct{})}
			g.writers = append(g.writers, w)
			g.byID[o.ID] = w
		}
	}
}

// Now is the time since New.
func (g *Guard) Now() point.Instant { return point.Instant(time.Since(g.start)) }

// Snapshot is the newest published state of the panel, at most 250 ms old. It is never nil.
func (g *Guard) Snapshot() *alarm.Snapshot { return g.snap.Load() }

// Ring holds the newest events of the panel.
func (g *Guard) Ring() *Ring { return g.ring }

// Submit offers a command to the panel. Commands from the site go before those of the district. It
// fails with ErrBusy when 16 of its kind wait.
func (g *Guard) Submit(c alarm.Command) error {
	queue := g.local
	if c.By.Kind == alarm.District {
		queue = g.remote
	}
	select {
	case queue <- c:
		g.poke()
		return nil
	default:
		g.stats.refused.Add(1)
		return ErrBusy
	}
}

// poke tells the guard that something waits in an inbox. The guard is made ready on the caller's
// thread; the caller makes way, so that it need not wait until the scheduler looks for it.
func (g *Guard) poke() {
	select {
	case g.wake <- struct{}{}:
		runtime.Gosched()
	default:
	}
}

// Notice offers a notice to the panel. Of each fault code the newest counts.
func (g *Guard) Notice(n alarm.Notice) {
	if !g.notices.post(n) {
		g.stats.noticesLost.Add(1)
		return
	}
	g.poke()
}

// replan is a plan on its way to the panel.
type replan struct {
	plan alarm.Plan
	done chan struct{} // closed once the panel has it
}

// Replan gives the panel another plan between two steps, and returns once it has it. Sensors and
// outputs go on as they are: the plan must name the same ones. It fails when ctx ends first; the
// panel may have the plan then.
func (g *Guard) Replan(ctx context.Context, plan alarm.Plan) error {
	r := replan{plan, make(chan struct{})}
	select {
	case g.plans <- r:
		g.poke()
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Recall gives the panel what an earlier run left, when a slow disk gives it only after New.
func (g *Guard) Recall(s *alarm.Saved) {
	g.late.Store(s)
	g.poke()
}

// Run opens sensors and outputs and carries on until ctx ends. Then outputs go to rest, but for
// those that play an alarm and are to be kept: they are left on. All that can be closed is closed,
// so that another guard can open it. It returns an error that names each output, bus and contact
// which does not answer at the end. It may be called once.
func (g *Guard) Run(ctx context.Context) error {
	// The first step, before any input, gives each output the level that it is opened with: after a
	// restart within an alarm the siren does not fall silent first.
	g.step(g.Now())
	side, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	for _, w := range g.writers {
		g.join(side, "output "+string(w.cfg.ID), w.run)
	}
	g.join(side, "saver", g.save)
	go g.Keep(side, "watchdog", g.pet)
	go g.Keep(side, "log", g.write)
	for _, p := range g.pollers {
		g.join(ctx, "bus "+p.name, p.run)
	}
	g.turn(ctx.Done())
	return g.rest()
}

// An end is a goroutine whose end Run waits for.
type end struct {
	name string
	done chan struct{}
}

func (g *Guard) join(ctx context.Context, name string, fn func(context.Context) error) {
	e := &end{name, make(chan struct{})}
	g.ends = append(g.ends, e)
	go func() {
		defer close(e.done)
		g.Keep(ctx, name, fn)
	}()
}

// rest ends the writers and the saver; the buses end by themselves. What hangs is left behind and
// named.
func (g *Guard) rest() error {
	for _, w := range g.writers {
		close(w.finish)
	}
	close(g.saves)
	over, cancel := context.WithTimeout(context.Background(), restTime)
	defer cancel()
	var hung []error
	for _, e := range g.ends {
		select {
		case <-e.done:
			continue
		default:
		}
		select {
		case <-e.done:
		case <-over.Done():
			hung = append(hung, fmt.Errorf("guard: %s: no answer at the end", e.name))
		}
	}
	return errors.Join(hung...)
}
