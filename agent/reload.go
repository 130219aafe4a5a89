package agent

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/internal/scribe"
	"github.com/firepost/firepost/agent/site"
)

// Reloaded is what came of reading the site file again.
type Reloaded struct {
	Done bool   `json:"done"` // the file is in use, or will be after the restart
	Hash string `json:"hash"` // of the site that the agent goes on with
	// Restart tells that the agent starts anew for it: parts or lines have changed. Outputs that
	// an alarm holds would stay on, but it waits until none stands.
	Restart  bool     `json:"restart,omitempty"`
	Changes  []Change `json:"changes,omitempty"`
	Reason   string   `json:"reason,omitempty"`   // one of the Reload words; empty: it was not refused
	Mistakes []string `json:"mistakes,omitempty"` // all of the file
}

// Change is one difference between two sites, in two languages. One that weakens protects people
// less, or nobody can tell from the file that it does not.
type Change struct {
	En      string `json:"en"`
	Zh      string `json:"zh"`
	Weakens bool   `json:"weakens"`
}

// Why a site file was not taken into use.
const (
	ReloadMistakes = "mistakes" // the old one stays in use
	ReloadAlarm    = "alarm"    // it needs a restart, and not while an alarm stands
	ReloadRestart  = "restart"  // it needs a restart, which whoever runs the agent must do
	ReloadNoFile   = "no_file"  // the agent was not told which file its site is from
)

// Reload reads the site file again and goes on with it. When parts and lines are the same, the
// panel changes to it within a step: no output is touched but by what the new file says, and every
// alarm stays. Otherwise Options.Restart is told. A file with mistakes leaves the old one in use
// and the fault plan_rejected standing. It fails while the agent does not run, and when ctx ends
// before the disk has answered.
func (a *Agent) Reload(ctx context.Context) (Reloaded, error) {
	return inRoom(ctx, a, (*siteRoom).reload)
}

// site is the site in use.
func (a *Agent) site() *site.Site { return a.inUse.Load() }

// adopt takes a site into use.
func (a *Agent) adopt(s *site.Site) {
	a.inUse.Store(a.paged(s))
	a.edition.Add(1)
}

// paged is the site with its page where the program wants it.
func (a *Agent) paged(s *site.Site) *site.Site {
	if a.o.Page == "" {
		return s
	}
	elsewhere := *s
	elsewhere.Page.Listen = a.o.Page
	if a.o.Page == "off" {
		elsewhere.Page.Listen = ""
	}
	return &elsewhere
}

// reject notes why a newer site file is not in use.
func (a *Agent) reject(why string) { a.spoilt.Store(&why) }

// siteRoom changes the site, one change after the other. It alone waits for the disk that the site
// files lie on.
type siteRoom struct {
	a      *Agent
	g      *guard.Guard
	faults *faults
	scribe *scribe.Scribe

	restart bool // is to come once no alarm stands
}

// job is something that the room is to do.
type job func(context.Context, *siteRoom)

// inRoom does something in the room and returns what came of it.
func inRoom[T any](
	ctx context.Context, a *Agent, do func(*siteRoom, context.Context) T,
) (T, error) {
	var none T
	if a.guard.Load() == nil {
		return none, ErrNotRunning
	}
	done := make(chan T, 1)
	select {
	case a.jobs <- func(ctx context.Context, r *siteRoom) { done <- do(r, ctx) }:
	case <-ctx.Done():
		return none, ctx.Err()
	}
	select {
	case result := <-done:
		return result, nil
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// restartDelay lets the answer to whoever asked leave before the program ends.
const restartDelay = 500 * time.Millisecond

func (r *siteRoom) run(ctx context.Context) error {
	tick := time.NewTicker(restartDelay)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case do := <-r.a.jobs:
			do(ctx, r)
		case <-tick.C:
			if r.restart && !r.alarmed() {
				r.restart = false
				r.a.o.Restart()
			}
		}
	}
}

// alarmed tells whether an alarm stands or is latched.
func (r *siteRoom) alarmed() bool { return len(r.g.Snapshot().Alarms) > 0 }

func (r *siteRoom) reload(ctx context.Context) Reloaded {
	if r.a.o.File == "" {
		return Reloaded{Hash: r.a.site().Hash, Reason: ReloadNoFile}
	}
	s, err := site.Load(r.a.o.File)
	if err != nil {
		return r.refuse(err)
	}
	result, err := r.apply(ctx, s)
	if err != nil {
		return r.refuse(err)
	}
	if result.Done {
		r.accept()
		keepGood(r.a.o.File, goodPath(r.a.o.Dir))
	}
	return result
}

// refuse keeps the site in use and says every mistake of the new file.
func (r *siteRoom) refuse(err error) Reloaded {
	r.a.log.Error("site file has mistakes; the one in use stays", "err", err)
	r.a.reject(err.Error())
	r.faults.say("site", alarm.PlanRejected, true, err.Error())
	mistakes := []string{err.Error()}
	if all, ok := err.(site.Problems); ok {
		mistakes = mistakes[:0]
		for _, p := range all {
			mistakes = append(mistakes, p.String())
		}
	}
	return Reloaded{Hash: r.a.site().Hash, Reason: ReloadMistakes, Mistakes: mistakes}
}

// accept ends the fault of an earlier file.
func (r *siteRoom) accept() {
	r.a.spoilt.Store(nil)
	r.faults.say("site", alarm.PlanRejected, false, "")
}

// apply goes on with another site: in place when the parts are the same, and otherwise by a
// restart. It fails when the board cannot have it.
func (r *siteRoom) apply(ctx context.Context, s *site.Site) (Reloaded, error) {
	s = r.a.paged(s)
	old := r.a.site()
	live, err := r.fits(s)
	if err != nil {
		return Reloaded{}, err
	}
	live = live && !r.a.plain.Load() // a plan that may be at fault begins with a new panel
	result := Reloaded{Hash: old.Hash, Changes: r.changes(old, s)}
	switch {
	case s.Hash == old.Hash && s.Page.Equal(old.Page):
		r.restart = false // for a file that was there in between
	case !live && r.alarmed():
		result.Reason = ReloadAlarm
		return result, nil
	case !live && r.a.o.Restart == nil:
		result.Reason = ReloadRestart
		return result, nil
	case !live:
		r.restart, result.Restart = true, true
	default:
		r.change(ctx, s)
	}
	result.Done, result.Hash = true, s.Hash
	return result, nil
}

// changes lists what is different, and logs it.
func (r *siteRoom) changes(from, to *site.Site) []Change {
	var all []Change
	for _, c := range site.Compare(from, to) {
		r.a.log.Info("site changes", "what", c.En, "weakens", c.Weakens)
		all = append(all, Change{c.En, c.Zh, c.Weakens})
	}
	return all
}

// change gives the panel, and all that knows the site, another one with the same parts. The writer
// of records learns of it first, because the panel tells of it at once.
func (r *siteRoom) change(ctx context.Context, s *site.Site) {
	r.restart = false // this one needs none
	r.scribe.Adopt(termsOf(s))
	if err := r.g.Replan(ctx, s.Plan()); err == nil {
		r.a.adopt(s)
	}
}

// fits tells whether the agent can go on with a site without a restart. It fails when the board
// cannot have its parts.
func (r *siteRoom) fits(s *site.Site) (live bool, err error) {
	old := r.a.site()
	sensors, err := wireSensors(s, r.a.o.Board)
	if err != nil {
		return false, err
	}
	outputs, err := wireOutputs(s, r.a.o.Board)
	if err != nil {
		return false, err
	}
	return reflect.DeepEqual(s.Sensors, old.Sensors) && reflect.DeepEqual(s.Outputs, old.Outputs) &&
		s.Page.Equal(old.Page) && s.Tenant == old.Tenant &&
		slices.EqualFunc(sensors, r.a.sensors, func(x, y guard.Sensor) bool {
			return x.Urgent == y.Urgent
		}) &&
		slices.EqualFunc(outputs, r.a.outputs, func(x, y guard.Output) bool {
			return x.Alarm == y.Alarm
		}), nil
}

// serveReload reads the site file again for somebody at the box.
func (a *Agent) serveReload(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), diskTime)
	defer cancel()
	result, err := a.Reload(ctx)
	if err != nil {
		http.Error(w, "the site file: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	code := http.StatusOK
	if !result.Done {
		code = http.StatusConflict
	}
	reply(w, code, result)
}

// diskTime is how long somebody at the box waits for the disk with the site files.
const diskTime = 8 * time.Second
