package agent

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/diag"
	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
	"github.com/firepost/firepost/provisioning"
)

// watch puts the status together.
type watch struct {
	a      *Agent
	g      *guard.Guard
	store  *buffer.Outbox
	line   *line
	faults *faults
	site   *site.Site
	zones  []alarm.ZonePlan // of site
	items  []alarm.ItemPlan // of site
	unset  bool             // the clock, as the panel was told
}

// run makes a new status once a second and at each event.
func (w *watch) run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		more := w.g.Ring().More()
		s := w.status()
		w.a.status.Store(s)
		w.a.history.Keep(s.Panel)
		w.tellClock()
		select {
		case <-tick.C:
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}

// tellClock gives the panel the date, and tells it when the clock is no longer set, or is again.
func (w *watch) tellClock() {
	w.a.day.Store(int32(today(w.a.clock.now())))
	if unset := w.a.clock.now().Quality == wire.ClockNone; unset != w.unset {
		w.unset = unset
		w.faults.say("clock", alarm.ClockUnsynced, unset, "")
	}
}

func (w *watch) status() *diag.Status {
	a, now := w.a, w.a.clock.now()
	if s := a.site(); s != w.site {
		plan := s.Plan()
		w.site, w.zones, w.items = s, plan.Zones, plan.Items
	}
	s := &diag.Status{
		Made: time.Now(), Now: w.g.Now(), Panel: w.g.Snapshot(), Zones: w.zones,
		Items: w.items,
		Site:  diag.Site{ID: w.site.ID, Name: w.site.Name, Hash: w.site.Hash},
		Clock: diag.Clock{Now: now.Now, Quality: now.Quality.String(), Error: now.Error},
		Build: diag.Build{
			Version: a.o.Version, Go: runtime.Version(), Arch: runtime.GOOS + "/" + runtime.GOARCH,
		},
		Sim: a.o.Sim,
	}
	if v := a.view.Load(); v != nil {
		s.Site.From, s.Site.Offer = v.from, v.offer
	}
	if why := a.spoilt.Load(); why != nil {
		s.Site.Rejected = *why
	}
	if at := a.facing.Load(); at != nil {
		s.Face = *at
	}
	w.loop(s)
	w.records(s)
	w.district(s)
	return s
}

// loop fills in the safety loop and what it works with.
func (w *watch) loop(s *diag.Status) {
	g := w.g.Stats()
	s.Guard = diag.Guard{
		Steps: g.Steps, StepMax: g.Step, GapMax: g.Gap, Refused: g.Refused,
		NoticesLost: g.NoticesLost, LinesLost: g.LinesLost + w.a.lines.lost.Load(),
		Restarts: g.Restarts,
	}
	for _, o := range g.Outputs {
		s.Guard.Outputs = append(s.Guard.Outputs, diag.Output{
			ID: o.ID, On: o.On, Sets: o.Sets, SetMax: o.Set, Err: o.Err,
		})
	}
	for _, b := range g.Buses {
		d := diag.Bus{
			Name: b.Name, Polled: b.Polled, Reads: b.Reads, Errors: b.Errors, Busy: b.Busy,
			LateMax: b.LateMax,
		}
		for i, n := range b.Late {
			within := guard.LateBounds[i]
			if i == len(b.Late)-1 {
				within = 0
			}
			d.Late = append(d.Late, diag.Late{Within: within, Count: n})
		}
		s.Buses = append(s.Buses, d)
	}
}

// records fills in what waits for the district.
func (w *watch) records(s *diag.Status) {
	o := w.store.Stats()
	s.Outbox = diag.Outbox{
		WrittenBytes: o.BytesWritten, Commits: o.Commits, Err: o.Err, MemoryOnly: o.RAM,
	}
	for i, l := range o.Lane {
		s.Outbox.Lanes = append(s.Outbox.Lanes, diag.Lane{
			Name: buffer.Lane(i).String(), Held: l.Held, HeldBytes: l.HeldBytes, Dropped: l.Dropped,
		})
		if l.Held > 0 && l.Oldest.Wall != 0 {
			s.Outbox.Lanes[i].Oldest = time.UnixMilli(l.Oldest.Wall)
		}
	}
}

// district fills in who the box is and how its line does.
func (w *watch) district(s *diag.Status) {
	id, courier, why := w.line.get()
	s.Identity.State = identityState(why)
	if why != nil {
		s.Identity.Err = why.Error()
	}
	if id != nil {
		s.Identity.Device, s.Identity.Tenant = id.ID, id.District.Tenant
		s.Identity.Expires = id.Expires
	}
	w.line.enrol.overlay(&s.Identity)
	if courier == nil {
		return
	}
	c := courier.Status()
	s.Link = diag.Link{
		Broker: c.Broker, Connected: c.Connected, Since: c.Since, Tries: c.Tries, Class: c.Class,
		Err: c.Err, InFlight: c.InFlight, RoundTrip: c.RoundTrip, Resent: c.Resent,
		Received: c.Received, Malformed: c.Malformed, Dropped: c.Dropped, Given: c.Quarantined,
	}
	for i := range s.Outbox.Lanes {
		s.Outbox.Lanes[i].Sent, s.Outbox.Lanes[i].Confirmed = c.Sent[i], c.Confirmed[i]
	}
}

// identityState is one word for why a box does not connect.
func identityState(why error) string {
	switch {
	case why == nil:
		return "enrolled"
	case errors.Is(why, errPending):
		return "pending"
	case errors.Is(why, provisioning.ErrNone), errors.Is(why, errNotRead):
		return "unenrolled"
	}
	return "broken"
}
