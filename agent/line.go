package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/internal/ledger"
	"github.com/firepost/firepost/agent/internal/uplink"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
	"github.com/firepost/firepost/provisioning"
)

// lookAgain is how often an identity is looked for while there is none that can be used.
const lookAgain = 10 * time.Second

// line is the way to the district.
type line struct {
	a      *Agent
	g      *guard.Guard
	faults *faults
	store  *buffer.Outbox
	stamp  func() buffer.Stamp
	ledger *ledger.Ledger
	enrol  *enrolment
	asked  atomic.Uint64 // how often the district has asked for up/active

	dict, dictEpoch string // of the description

	mu      sync.Mutex
	id      *provisioning.Identity // nil: none that can be used
	why     error                  // why it cannot connect; nil: it can
	courier *uplink.Courier        // nil before it can
}

func newLine(a *Agent, g *guard.Guard, m *memory, store *buffer.Outbox) *line {
	l := &line{
		a: a, g: g, faults: m.faults, store: store, stamp: a.stamp(g, m), why: errNotRead,
		enrol: newEnrolment(a, m.faults),
	}
	l.ledger = l.newLedger(m)
	return l
}

// Why a box does not connect, beside what is wrong with its identity.
var (
	errNotRead = errors.New("the identity has not been read yet")
	errPending = errors.New("no certificate yet")
)

// run waits for an identity and then carries records to its district until ctx ends.
func (l *line) run(ctx context.Context) error {
	l.faults.say("uplink", alarm.NotEnrolled, true, errNotRead.Error()) // a dead disk never reads it
	c := l.await(ctx)
	if c == nil {
		return nil
	}
	l.faults.say("uplink", alarm.NotEnrolled, false, "")
	return c.Run(ctx)
}

// await returns the courier, as soon as there is an identity to send with; nil: ctx has ended.
// After a panic it is the same one again: its sessions are numbered, and it knows which faults it
// told.
func (l *line) await(ctx context.Context) *uplink.Courier {
	if _, c, _ := l.get(); c != nil {
		return c
	}
	for ctx.Err() == nil {
		id, err := l.identity()
		if err == nil {
			c := uplink.New(l.config(id))
			l.set(id, c, nil)
			return c
		}
		l.set(id, nil, err)
		l.faults.say("uplink", alarm.NotEnrolled, true, err.Error())
		select {
		case <-ctx.Done():
		case <-l.enrol.came:
		case <-time.After(lookAgain):
		}
	}
	return nil
}

// identity loads who this box is. It may be there and not be enough to connect. A simulated box
// never speaks with a real identity, nor a real one with a simulated identity: the platform must
// never take one for the other.
func (l *line) identity() (*provisioning.Identity, error) {
	id, err := l.a.load(l.a.loader(), l.a.identityDir())
	switch {
	case err != nil:
		return nil, err
	case id.District.Sim && !l.a.o.Sim:
		return nil, errors.New("this identity is for a simulated board; enrol this box")
	case l.a.o.Sim && !id.District.Sim:
		return nil, errors.New("this is a real identity, and a simulated board may not use it")
	case !id.Enrolled():
		return id, fmt.Errorf("identity %s: %w", id.ID, errPending)
	}
	return id, nil
}

func (l *line) set(id *provisioning.Identity, c *uplink.Courier, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.id, l.courier, l.why = id, c, why
}

func (l *line) get() (*provisioning.Identity, *uplink.Courier, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id, l.courier, l.why
}

// unnamed is the name of a box without a key.
const unnamed = "unenrolled"

// device is the name that measurements bear: the id of the box, which it has from its key on.
func (l *line) device() string {
	if id, _, _ := l.get(); id != nil {
		return id.ID
	}
	return unnamed
}

func (l *line) config(id *provisioning.Identity) uplink.Config {
	device := wire.Device{Tenant: id.District.Tenant, ID: id.ID}
	var compress func(wire.Coding, []byte) []byte
	if shared := l.a.o.Shared; shared != nil {
		compress = shared.compress
	}
	return uplink.Config{
		Compress: compress,
		Outbox:   l.store, Dial: l.honest(id, l.a.dial(id, l.a.log)), Device: device,
		Broker:   strings.Join(id.District.Brokers, ", "),
		Stamp:    l.stamp,
		Birth:    func() wire.State { return l.birth(id) },
		Desc:     func() []byte { return l.describe(device) },
		Revision: l.a.edition.Load,
		Active:   l.active,
		Platform: l.a.clock.hear,
		Command:  l.ledger.Take,
		Notice:   l.faults.of("uplink"),
		Log:      l.a.log,
	}
}

func (l *line) birth(id *provisioning.Identity) wire.State {
	now, stats := l.stamp(), l.store.Stats()
	s := wire.State{
		Online: true, HW: id.Hardware, Boot: now.Boot, Epoch: l.store.Epoch(),
		FW: l.a.o.Version, Cfg: l.a.site().Hash, Base: l.a.base(),
		TQ:   wire.ClockQuality(now.Quality).String(),
		Last: map[string]uint64{}, Lost: map[string]uint64{}, Cause: "start",
		TS: wire.WallTime(now.Wall, now.Mono), Sim: l.a.o.Sim, CmdCur: l.ledger.Last(),
	}
	var oldest buffer.Stamp
	for lane, ls := range stats.Lane {
		name := buffer.Lane(lane).String()
		s.Last[name] = l.store.Tail(buffer.Lane(lane))
		if ls.Dropped > 0 {
			s.Lost[name] = ls.Dropped
		}
		if ls.Held > 0 && (oldest.Wall == 0 || ls.Oldest.Wall < oldest.Wall) {
			oldest = ls.Oldest
		}
	}
	s.Pend = wire.Pending{
		A: stats.Lane[buffer.Alarm].Held, E: stats.Lane[buffer.Event].Held,
		T: stats.Lane[buffer.Telemetry].Held,
	}
	if oldest.Wall != 0 {
		s.Pend.Oldest = wire.WallTime(oldest.Wall, oldest.Mono)
	}
	return s
}

// describe is what the names and numbers of this run mean. The dictionary is made once for an
// epoch: each new one would be a new description. Only the courier's goroutine calls it.
func (l *line) describe(d wire.Device) []byte {
	s := l.a.site()
	plan := s.Plan()
	if epoch := l.store.Epoch(); epoch != l.dictEpoch {
		now := l.stamp()
		l.dictEpoch, l.dict = epoch, wire.DeviceDict(d, wire.Meta{
			Epoch: epoch, First: l.store.Tail(buffer.Telemetry), Boot: now.Boot, Mono: now.Mono,
			Wall: now.Wall, Quality: wire.ClockQuality(now.Quality), Error: now.Error,
		}, plan, l.g.Snapshot())
	}
	return wire.Desc{
		Site: s.ID, Name: s.Name, FW: l.a.o.Version, Cfg: s.Hash,
		Plan: plan, Sim: l.a.o.Sim, Dict: l.dict,
	}.JSON()
}

// active gives the snapshot of what stands. Its version is the panel's last event, because nothing
// that stands changes without one, and how often the district has asked for it.
func (l *line) active() (uint64, func(most int) []byte) {
	version := l.g.Snapshot().LastEvent ^ l.asked.Load()<<askedShift
	return version, func(most int) []byte {
		zones := map[alarm.ZoneID]string{}
		for _, z := range l.a.site().Plan().Zones {
			zones[z.ID] = z.Name
		}
		asOf := map[string]uint64{"a": l.store.Tail(buffer.Alarm)}
		now := l.stamp()
		return wire.Active{
			Snapshot: l.g.Snapshot(), AsOf: asOf, Wall: now.Wall,
			Quality: wire.ClockQuality(now.Quality), Zones: zones, Max: most,
		}.JSON()
	}
}

// askedShift is above every number that an event gets.
const askedShift = 48
