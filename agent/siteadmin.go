package agent

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/diag"
	"github.com/firepost/firepost/agent/internal/sitefile"
	"github.com/firepost/firepost/agent/site"
)

// SiteFiles are the site files of the box, as GET /site of Control tells them.
type SiteFiles struct {
	// From is local, pushed, trial, or good: a copy of the last one, because the local one is bad.
	From  string     `json:"from"`
	Hash  string     `json:"hash"` // of the one in use
	Local string     `json:"local"`
	Base  string     `json:"base"` // hash of the local file; empty: it cannot be read
	Offer *SiteOffer `json:"offer,omitempty"`
}

// SiteOffer is the newest site file that the district has pushed.
type SiteOffer struct {
	ID      string   `json:"id"`    // of the command that brought it
	Stage   string   `json:"stage"` // waiting, trial, kept, undone or refused
	Reason  string   `json:"reason,omitempty"`
	By      uint8    `json:"by,omitempty"` // operator who has decided
	Base    string   `json:"base"`
	Hash    string   `json:"hash"`
	Changes []Change `json:"changes,omitempty"` // from what counts without it
	Text    string   `json:"text"`
}

// SiteDecision is what a person at the box decides about a pushed site file: POST /site of Control.
type SiteDecision struct {
	Action string `json:"action"` // one of the Site words
	// Hash begins the hash of the file that is accepted, with six digits or more: what has been
	// looked at is what is let in.
	Hash     string `json:"hash,omitempty"`
	Operator uint8  `json:"operator,omitempty"`
	PIN      string `json:"pin,omitempty"`
}

// What a person may decide. All of it needs level 3.
const (
	SiteAccept   = "accept"   // let the file that waits be tried
	SiteRefuse   = "refuse"   // or not
	SiteRollback = "rollback" // end a trial, or let the local file count again
)

// Why a decision has no effect, beside what the panel refuses.
const (
	SiteNothing  = "nothing"   // nothing waits, or nothing is to be taken back
	SiteAlarmed  = "alarm"     // one stands, and first it must be reset
	SiteExercise = "exercise"  // a drill or a walk test runs
	SiteEdited   = "edited"    // the local file is another one by now
	SiteOther    = "other"     // the file that waits is not the one that is named
	SiteOperator = "operators" // the site file names nobody of level 3
)

// describe tells of the site files.
func (r *siteRoom) describe(context.Context) SiteFiles {
	f := SiteFiles{From: r.from, Hash: r.a.site().Hash, Local: r.a.o.File, Base: r.base}
	if o := r.offer; o != nil {
		f.Offer = &SiteOffer{
			ID: o.ID, Stage: string(o.Stage), Reason: o.Reason, By: o.By, Base: o.Base, Hash: o.Hash,
			Changes: r.list, Text: string(o.Text),
		}
	}
	return f
}

// show gives the status what people must see of the site files.
func (r *siteRoom) show() {
	v := &siteView{from: r.from, base: r.base}
	if o := r.offer; o.IsOpen() {
		v.offer = &diag.SiteOffer{ID: o.ID, Hash: o.Hash, Trial: o.Stage == sitefile.Trial}
		for _, c := range r.list {
			if c.Weakens {
				v.offer.Weakens = append(v.offer.Weakens, alarm.Text{En: c.En, Zh: c.Zh})
			}
		}
	}
	if old := r.a.view.Swap(v); old != nil && old.base != v.base {
		r.a.edition.Add(1) // the district must know on what to base a file
	}
}

// siteView is what others see of the room.
type siteView struct {
	from, base string
	offer      *diag.SiteOffer
}

// base is the hash of the local site file; empty: it cannot be read, or there is none.
func (a *Agent) base() string {
	if v := a.view.Load(); v != nil {
		return v.base
	}
	return ""
}

// hindrance says why a decision could have no effect; empty: it can.
func (r *siteRoom) hindrance(d *SiteDecision) string {
	o, action := r.offer, d.Action
	waits := o.IsOpen() && o.Stage == sitefile.Waiting
	c, err := r.files().Settled()
	switch {
	case action == SiteRollback && r.from != sitefile.FromPushed && !r.tries() && c.Damaged == nil,
		action != SiteRollback && !waits:
		return SiteNothing
	case action == SiteAccept && (len(d.Hash) < leastHash || !strings.HasPrefix(o.Hash, d.Hash)):
		return SiteOther
	case action == SiteRefuse:
		return ""
	case r.unfit() == detailAlarm:
		return SiteAlarmed
	case r.unfit() != "":
		return SiteExercise
	}
	if r.base = c.Base; action == SiteAccept && (err != nil || r.base != o.Base) {
		return SiteEdited
	}
	return ""
}

// leastHash is how much of a hash names a file.
const leastHash = 6

// subject is the command that brought the file that is decided about.
func (r *siteRoom) subject(d *SiteDecision) string {
	if d.Action == SiteRollback && !r.tries() {
		if kept, err := r.files().Pushed(); err == nil && kept != nil {
			return kept.ID
		}
		return ""
	}
	return r.offer.ID
}

// tries tells whether a file is on trial.
func (r *siteRoom) tries() bool { return r.offer.IsOpen() && r.offer.Stage == sitefile.Trial }

// decide does what a person has decided, and whom the panel has let.
func (r *siteRoom) decide(ctx context.Context, d *SiteDecision) string {
	if why := r.hindrance(d); why != "" {
		return why
	}
	operator := d.Operator
	switch action := d.Action; {
	case action == SiteAccept:
		s, err := site.Parse("pushed.toml", r.offer.Text)
		if err != nil {
			return ReloadMistakes
		}
		r.a.answers.put(r.try(ctx, r.offer, s, operator))
	case action == SiteRefuse:
		r.close(sitefile.Refused, sitefile.ReasonPerson, operator)
	case r.tries():
		r.undo(ctx, sitefile.ReasonPerson, operator)
	default: // the one that was kept; another one that waits goes on waiting
		if err := r.files().Drop(); err != nil {
			return err.Error()
		}
		result := r.reload(ctx)
		r.compare()
		return result.Reason
	}
	return ""
}

func (a *Agent) serveSite(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), diskTime)
	defer cancel()
	files, err := inRoom(ctx, a, (*siteRoom).describe)
	if err != nil {
		http.Error(w, "the site files: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	reply(w, http.StatusOK, files)
}

// serveDecision lets a person of level 3 decide. The panel says whether he may, and keeps it.
func (a *Agent) serveDecision(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), diskTime+answerTime)
	defer cancel()
	var d SiteDecision
	body := json.NewDecoder(io.LimitReader(r.Body, mostRequest))
	body.DisallowUnknownFields()
	if err := body.Decode(&d); err != nil {
		http.Error(w, "decision: "+err.Error(), http.StatusBadRequest)
		return
	}
	past := map[string]string{
		SiteAccept: "accepted", SiteRefuse: "refused", SiteRollback: "rolled back",
	}[d.Action]
	if past == "" {
		http.Error(w, `decision: write "accept", "refuse" or "rollback"`, http.StatusBadRequest)
		return
	}
	ans, err := a.decideSite(ctx, d, past)
	if err != nil {
		http.Error(w, "the site files: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	reply(w, codeOf(ans.Done), ans)
}

func (a *Agent) decideSite(ctx context.Context, d SiteDecision, past string) (Answer, error) {
	c := alarm.Command{ID: commandID("cli"), Action: alarm.DecideSite, Reason: past}
	why, err := inRoom(ctx, a, func(r *siteRoom, _ context.Context) string {
		why := r.hindrance(&d)
		if why == "" {
			c.Matter.ID = r.subject(&d)
		}
		return why
	})
	if err != nil || why != "" {
		return Answer{Reason: why}, err
	}
	if !a.hasEngineer() {
		return Answer{Reason: SiteOperator}, nil
	}
	o := Order{Operator: d.Operator, PIN: d.PIN}
	if why := a.identify(ctx, &o, &c); why != "" {
		return Answer{Reason: why}, nil
	}
	ans, err := a.obey(ctx, c)
	if err != nil || !ans.Done {
		return ans, err
	}
	why, err = inRoom(ctx, a, func(r *siteRoom, ctx context.Context) string {
		return r.decide(ctx, &d)
	})
	ans.Done, ans.Reason = why == "", why
	return ans, err
}

// hasEngineer tells whether the site names somebody of level 3.
func (a *Agent) hasEngineer() bool {
	for _, o := range a.site().Operators {
		if o.Level >= 3 {
			return true
		}
	}
	return false
}

// diskTime is how long somebody at the box waits for the disk with the site files.
const diskTime = 8 * time.Second
