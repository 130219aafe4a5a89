package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/internal/uplink"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
	"github.com/firepost/firepost/provisioning"
)

// lookAgain is how often an identity is looked for while there is none that can be used.
const lookAgain = 10 * time.Second

// line is the way to the district.
type line struct {
	a     *Agent
	g     *guard.Guard
	store *buffer.Outbox
	stamp func() buffer.Stamp
	zones map[alarm.ZoneID]string

	mu      sync.Mutex
	id      *provisioning.Identity // nil: unenrolled
	why     string                 // why there is none
	courier *uplink.Courier        // nil while there is no identity
}

func newLine(a *Agent, g *guard.Guard, store *buffer.Outbox, stamp func() buffer.Stamp) *line {
	l := &line{a: a, g: g, store: store, stamp: stamp, zones: map[alarm.ZoneID]string{}}
	for _, z := range a.site.Plan().Zones {
		l.zones[z.ID] = z.Name
	}
	return l
}

// run waits for an identity and then carries records to its district until ctx ends.
func (l *line) run(ctx context.Context) error {
	for ctx.Err() == nil {
		id, err := l.identity()
		l.set(id, nil, err)
		if err == nil {
			l.g.Notice(alarm.Notice{Fault: alarm.NotEnrolled})
			c := uplink.New(l.config(id))
			l.set(id, c, nil)
			return c.Run(ctx)
		}
		l.g.Notice(alarm.Notice{Fault: alarm.NotEnrolled, On: true, Detail: err.Error()})
		select {
		case <-ctx.Done():
		case <-time.After(lookAgain):
		}
	}
	return nil
}

// identity loads who this box is. A simulated box never speaks with a real identity, nor a real one
// with a simulated identity: the platform must never take one for the other.
func (l *line) identity() (*provisioning.Identity, error) {
	load := provisioning.Loader{Built: l.a.o.Built, Now: func() time.Time { return l.a.clock.now().Now }}
	id, err := load.Load(filepath.Join(l.a.o.Dir, "identity"))
	switch {
	case err != nil:
		return nil, err
	case id.District.Sim && !l.a.o.Sim:
		return nil, errors.New("this identity is for a simulated board; enrol this box")
	case l.a.o.Sim && !id.District.Sim:
		return nil, errors.New("this is a real identity, and a simulated board may not use it")
	case !id.Enrolled():
		return nil, fmt.Errorf("identity %s: no certificate yet", id.ID)
	}
	return id, nil
}

func (l *line) set(id *provisioning.Identity, c *uplink.Courier, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.id, l.courier, l.why = id, c, ""
	if err != nil {
		l.why = err.Error()
	}
}

func (l *line) get() (*provisioning.Identity, *uplink.Courier, string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id, l.courier, l.why
}

func (l *line) config(id *provisioning.Identity) uplink.Config {
	device := wire.Device{Tenant: id.District.Tenant, ID: id.ID}
	return uplink.Config{
		Outbox: l.store, Dial: l.a.dial(id), Device: device, Broker: id.District.Brokers[0],
		Stamp:    l.stamp,
		Birth:    func() wire.State { return l.birth(id) },
		Desc:     l.describe,
		Active:   l.active,
		Platform: l.a.clock.hear,
		Command:  l.command,
		Notice:   l.a.notice(l.g),
		Log:      l.a.log,
	}
}

// dialIdentity connects over MQTT as the identity says. Key and certificate are read anew at each
// attempt.
func dialIdentity(id *provisioning.Identity) uplink.Dial {
	return uplink.PahoDial(uplink.Broker{
		URL: id.District.Brokers[0], ClientID: id.ID, TLS: id.TLS,
	})
}

func (l *line) birth(id *provisioning.Identity) wire.State {
	now, stats := l.stamp(), l.store.Stats()
	s := wire.State{
		Online: true, HW: id.Hardware, Boot: now.Boot, Epoch: l.store.Epoch(),
		FW: l.a.o.Version, Cfg: l.a.site.Hash, TQ: wire.ClockQuality(now.Quality).String(),
		Last: map[string]uint64{}, Lost: map[string]uint64{}, Cause: "start",
		TS: wire.WallTime(now.Wall, now.Mono), Sim: l.a.o.Sim,
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

func (l *line) describe() []byte {
	return wire.Desc{
		Site: l.a.site.ID, Name: l.a.site.Name, FW: l.a.o.Version, Cfg: l.a.site.Hash,
		Plan: l.a.site.Plan(), Sim: l.a.o.Sim,
	}.JSON()
}

// active gives the snapshot of what stands. Its version is the panel's last event: nothing that
// stands changes without one.
func (l *line) active() (uint64, func() []byte) {
	return l.g.Snapshot().LastEvent, func() []byte {
		asOf := map[string]uint64{"a": l.store.Tail(buffer.Alarm)}
		now := l.stamp()
		return wire.Active{
			Snapshot: l.g.Snapshot(), AsOf: asOf, Wall: now.Wall,
			Quality: wire.ClockQuality(now.Quality), Zones: l.zones,
		}.JSON()
	}
}

// command obeys the district's few orders that need no record of their own: to acknowledge marks an
// alarm as seen and silences nothing, so doing it twice does no harm.
func (l *line) command(c wire.Command) (reason string) {
	if c.Name != alarm.Acknowledge.String() {
		return wire.ReasonUnsupported
	}
	var args struct {
		Point string `json:"point"`
	}
	if len(c.Args) > 0 && json.Unmarshal(c.Args, &args) != nil {
		return wire.ReasonMalformed
	}
	err := l.g.Submit(alarm.Command{
		ID: c.ID, Action: alarm.Acknowledge, Point: point.ID(args.Point),
		By: alarm.Origin{Kind: alarm.District, Level: 1},
	})
	if err != nil {
		return wire.ReasonBusy
	}
	return ""
}
