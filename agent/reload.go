package agent

import (
	"context"
	"net/http"

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

// serveReload reads the site file again for somebody at the box.
func (a *Agent) serveReload(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), diskTime)
	defer cancel()
	result, err := a.Reload(ctx)
	if err != nil {
		http.Error(w, "the site file: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	reply(w, codeOf(result.Done), result)
}
