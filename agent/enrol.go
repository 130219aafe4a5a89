package agent

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/diag"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/provisioning"
)

// districtToml is where the package of a district says where its boxes belong.
const districtToml = "/etc/firepost/district.toml"

// enrolment brings the box into its district and renews its certificate, for as long as the agent
// runs. Nothing waits for it, and it may wait for disk and network as it likes.
type enrolment struct {
	a        *Agent
	faults   *faults
	box      provisioning.Enroller
	standing atomic.Pointer[provisioning.Standing] // nil: not known yet
	came     chan struct{}                         // the box may have come to an identity
}

func newEnrolment(a *Agent, f *faults) *enrolment {
	return &enrolment{a: a, faults: f, came: make(chan struct{}, 1), box: provisioning.Enroller{
		Loader: a.loader(), Dir: a.identityDir(), Districts: []string{districtToml}, Log: a.log,
		Sim: a.o.Sim,
	}}
}

func (a *Agent) identityDir() string { return filepath.Join(a.o.Dir, "identity") }

func (a *Agent) loader() provisioning.Loader {
	return provisioning.Loader{
		Built: a.o.Built, Now: func() time.Time { return a.clock.now().Now },
	}
}

// run advances the box whenever there is something to do, until ctx ends.
func (e *enrolment) run(ctx context.Context) error {
	for ctx.Err() == nil {
		s, err := e.a.advance(&e.box, ctx)
		if err != nil && !errors.Is(err, provisioning.ErrBusy) {
			e.a.log.Error("enrolment", "err", err)
		}
		e.say(s)
		if now := e.a.clock.now(); now.Quality >= wire.ClockPlat {
			if err := provisioning.KeepTime(e.box.Dir, now.Now); err != nil {
				e.a.log.Error("clock", "err", err)
			}
		}
		e.pause(ctx, s.Wait)
	}
	return nil
}

// say tells the faces, the log and the panel where the box stands now.
func (e *enrolment) say(s provisioning.Standing) {
	was := e.standing.Swap(&s)
	if was != nil && was.State == s.State && failureCode(was) == failureCode(&s) {
		return
	}
	if s.Failure != nil {
		e.a.log.Warn("enrolment", "state", s.State, "err", s.Failure)
	} else {
		e.a.log.Info("enrolment", "state", s.State, "device", s.Device)
	}
	isWaiting := s.State != provisioning.Active && s.Failure != nil
	detail := ""
	if isWaiting {
		detail = s.Failure.Error()
	}
	e.faults.say("enrolment", alarm.NotEnrolled, isWaiting, detail)
	select {
	case e.came <- struct{}{}:
	default:
	}
}

func failureCode(s *provisioning.Standing) string {
	if s.Failure == nil {
		return ""
	}
	return s.Failure.Code
}

// pause waits as long as the box wants to be left alone, but not when somebody brings a claim.
func (e *enrolment) pause(ctx context.Context, wait time.Duration) {
	was := e.box.Standing(e.box.Dir)
	end := time.NewTimer(max(wait, lookAgain))
	defer end.Stop()
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-end.C:
			return
		case <-look.C:
			if e.box.HasNews(was) {
				return
			}
		}
	}
}

// overlay adds to what the faces show of the identity what enrolment knows better.
func (e *enrolment) overlay(i *diag.Identity) {
	s := e.standing.Load()
	if s == nil {
		return
	}
	if i.State != "enrolled" && s.State != provisioning.New && s.State != provisioning.Active {
		i.State, i.Device, i.Tenant = string(s.State), s.Device, s.Tenant
	}
	if !s.Expires.IsZero() && s.State != provisioning.Issued {
		i.Expires = s.Expires
	}
	if f := s.Failure; f != nil {
		i.Err = f.Error()
		i.Why = alarm.Text{En: f.Code + ": " + f.En, Zh: f.Code + "：" + f.Zh}
	}
}
