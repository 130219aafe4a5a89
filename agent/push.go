package agent

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/internal/sitefile"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/agent/wire"
)

// Of a site file from afar.
const (
	trialTime  = 10 * time.Minute
	faultTime  = time.Minute // that a new fault stands before it ends the trial
	mostAnswer = 16          // answers that are kept for the ledger
)

// Why a site file from afar is not taken: the detail of its rejection, beside the words of
// sitefile.Verify.
const (
	detailMayNot    = "may_not"   // the site file on site forbids it
	detailNoFile    = "no_file"   // the program was not told which file its site is from
	detailBase      = "base"      // it is based on another file than the one on site
	detailOperators = "operators" // who may act is changed on site alone
	detailRestart   = "restart"   // it needs one, and the program cannot
	detailAlarm     = "alarm"     // one stands
	detailExercise  = "exercise"  // a drill or a walk test runs
	detailOpen      = "open"      // another one waits or is on trial
	detailWaiting   = "waiting"   // of accepted: for a person on site
)

// push is a site file from afar, with the command that brings it.
type push struct {
	id      string
	file    wire.SiteFile
	expires time.Time
	until   time.Time // it may begin; later the district has been told that it never did
}

// answers are what came of the newest pushes, for the ledger, which must not wait.
type answers struct {
	mu  sync.Mutex
	all []wire.Rsp
}

func (a *answers) put(r wire.Rsp) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = slices.DeleteFunc(a.all, func(old wire.Rsp) bool { return old.ID == r.ID })
	a.all = append(a.all, r)
	a.all = a.all[max(0, len(a.all)-mostAnswer):]
}

// get is the newest state of a push; known: the room has heard of it.
func (a *answers) get(id string) (r wire.Rsp, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.all, func(r wire.Rsp) bool { return r.ID == id })
	if i < 0 {
		return wire.Rsp{}, false
	}
	return a.all[i], true
}

// offer hands a push to the room of the site. It returns false when another one is on its way.
func (l *line) offer(id string, f wire.SiteFile, expires, until time.Time) bool {
	select {
	case l.a.pushes <- push{id, f, expires, until}:
		return true
	default:
		return false
	}
}

// push takes a site file from afar, or says why not. One that protects people less waits for a
// person on site; any other is tried at once.
func (r *siteRoom) push(ctx context.Context, p push) wire.Rsp {
	if r.offer != nil && r.offer.ID == p.id {
		return r.answer() // of an earlier run
	}
	s, rsp := r.objection(&p)
	if rsp.State != "" {
		rsp.ID = p.id
		r.a.log.Warn("pushed site file", "id", p.id, "state", rsp.State, "detail", rsp.Detail)
		return rsp
	}
	if s.Hash == r.a.site().Hash {
		return wire.Rsp{ID: p.id, State: wire.RspDone}
	}
	if time.Now().After(p.until) {
		r.a.log.Warn("pushed site file", "id", p.id, "state", wire.RspInterrupted)
		return wire.Rsp{ID: p.id, State: wire.RspInterrupted}
	}
	r.a.answers.put(wire.Rsp{ID: p.id}) // it has begun, and is waited for even if the disk hangs
	o := &sitefile.Offer{
		ID: p.id, Base: p.file.Base, Hash: s.Hash, Stage: sitefile.Waiting,
		Expires: p.expires.Unix(), Text: []byte(p.file.File),
	}
	if own, err := r.files().Own(); err == nil && !site.Weakens(r.differences(s, r.a.site(), own)) {
		return r.try(ctx, o, s, 0)
	}
	if err := r.files().Put(o); err != nil {
		return r.unwritten(o, err)
	}
	r.offer = o
	r.compare()
	r.tell(string(sitefile.Waiting))
	return r.answer()
}

// objection says why a push is not taken; with no state: it may be.
func (r *siteRoom) objection(p *push) (*site.Site, wire.Rsp) {
	no := func(reason, detail string, list ...string) (*site.Site, wire.Rsp) {
		return nil, wire.Rsp{
			State: wire.RspRejected, Reason: reason, Detail: detail, List: bounded(list),
		}
	}
	switch {
	case r.a.o.File == "":
		return no(wire.ReasonNotPermitted, detailNoFile)
	case r.a.site().District.MayNotPush:
		return no(wire.ReasonNotPermitted, detailMayNot)
	case r.offer.IsOpen() || r.want != nil || r.restart:
		return no(wire.ReasonBusy, detailOpen)
	}
	if why := r.unfit(); why != "" {
		return no(wire.ReasonBusy, why)
	}
	id, _, _ := r.line.get()
	err := sitefile.Verify(id.District.SiteKeys, id.ID, p.file.Base, []byte(p.file.File), p.file.Sig)
	for _, class := range []error{
		sitefile.ErrNoKeys, sitefile.ErrSignature, sitefile.ErrMeant,
	} {
		if errors.Is(err, class) {
			return no(wire.ReasonNotPermitted, class.Error())
		}
	}
	c, err := r.files().Settled()
	if r.base = c.Base; err != nil || r.base != p.file.Base {
		return no(wire.ReasonNotPermitted, detailBase, "the local file is "+cmp.Or(r.base, "bad"))
	}
	s, err := site.Parse("pushed.toml", []byte(p.file.File))
	if err != nil {
		return no(wire.ReasonMalformed, ReloadMistakes, mistakes(err)...)
	}
	live, err := r.fits(r.a.paged(s))
	switch {
	case err != nil:
		return no(wire.ReasonMalformed, ReloadMistakes, mistakes(err)...)
	case !live && r.a.o.Restart == nil:
		return no(wire.ReasonNotPermitted, detailRestart)
	}
	own, err := r.files().Own()
	if err != nil {
		return no(wire.ReasonNotPermitted, detailBase, "the local file is bad")
	}
	for _, change := range r.differences(s, r.a.site(), own) {
		if change.People {
			return no(wire.ReasonNotPermitted, detailOperators)
		}
	}
	return s, wire.Rsp{}
}

// differences are the changes that a file makes to any of several.
func (r *siteRoom) differences(to *site.Site, from ...*site.Site) (all []site.Change) {
	for _, f := range from {
		for _, c := range site.Compare(r.a.paged(f), r.a.paged(to)) {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all
}

// unfit says why the site may not be changed from afar now; empty: it may.
func (r *siteRoom) unfit() string {
	s := r.g.Snapshot()
	switch {
	case len(s.Alarms) > 0:
		return detailAlarm
	case s.Drill != nil && s.Drill.Running || s.Test != nil && s.Test.Running:
		return detailExercise
	}
	return ""
}

// bounded cuts a list to what an answer can hold.
func bounded(list []string) []string {
	left := wire.MostList
	for i, text := range list {
		if left -= len(text); left < 0 {
			return append(slices.Clone(list[:i]), "…")
		}
	}
	return list
}

// try takes an offer into use for a trial. It is on the disk before anything changes.
func (r *siteRoom) try(
	ctx context.Context, o *sitefile.Offer, s *site.Site, operator uint8,
) wire.Rsp {
	o.Stage, o.By, o.Faults, o.Starts = sitefile.Trial, operator, r.standing(), 0
	if err := r.files().Put(o); err != nil {
		return r.unwritten(o, err)
	}
	r.offer, r.began, r.badSince = o, time.Time{}, time.Time{}
	r.compare()
	if operator == 0 {
		r.tell(string(sitefile.Trial)) // what a person does the panel tells itself
	}
	result, err := r.apply(ctx, s)
	switch {
	case err != nil:
		r.refuse(err) // it has just been checked: the board is another one now
		r.undo(ctx, sitefile.ReasonFault, 0)
	case !result.Done:
		r.want = s
	default:
		r.from = sitefile.FromTrial
	}
	return r.answer()
}

// unwritten is the answer when the disk does not take an offer.
func (r *siteRoom) unwritten(o *sitefile.Offer, err error) wire.Rsp {
	r.a.log.Error("pushed site file", "id", o.ID, "err", err)
	return wire.Rsp{ID: o.ID, State: wire.RspRejected, Reason: wire.ReasonStorage}
}

// judge ends what has waited or been tried for long enough. Nothing is decided while an alarm
// stands.
func (r *siteRoom) judge(ctx context.Context) {
	now := time.Now()
	switch o := r.offer; {
	case !o.IsOpen() || r.alarmed():
	case o.Stage == sitefile.Waiting:
		wall, known := r.line.wall()
		if known && wall.Unix() >= o.Expires {
			r.close(sitefile.Refused, sitefile.ReasonUnanswered, 0)
		}
	case r.began.IsZero():
	case !r.isBad():
		r.badSince = time.Time{}
		if now.Sub(r.began) < trialTime {
			return
		}
		if _, courier, _ := r.line.get(); courier == nil || !courier.Status().Connected {
			r.undo(ctx, sitefile.ReasonUplink, 0)
			return
		}
		r.keep()
	case r.badSince.IsZero():
		r.badSince = now
	case now.Sub(r.badSince) >= faultTime:
		r.undo(ctx, sitefile.ReasonFault, 0)
	}
}

// isBad tells whether a fault stands that did not before the trial.
func (r *siteRoom) isBad() bool {
	return slices.ContainsFunc(r.standing(), func(fault string) bool {
		return !slices.Contains(r.offer.Faults, fault)
	})
}

// standing are the faults that are shown, but for that of the line, which is asked at the end.
func (r *siteRoom) standing() (all []string) {
	for _, f := range r.g.Snapshot().Faults {
		if !slices.Contains([]detect.FaultCode{alarm.UplinkDown, alarm.UplinkRefused}, f.Fault) {
			all = append(all, string(f.Fault)+" "+string(f.Point))
		}
	}
	return all
}

// keep lets the file that has passed its trial count for good.
func (r *siteRoom) keep() {
	if err := r.files().Keep(r.offer); err != nil {
		r.offer.Stage = sitefile.Trial
		r.began = time.Now() // and is tried on: what is not on the disk does not count
		r.a.log.Error("pushed site file", "id", r.offer.ID, "err", err)
		return
	}
	r.began = time.Time{}
	r.accept(sitefile.Choice{From: sitefile.FromPushed, Text: r.offer.Text})
	r.tell(string(sitefile.Kept))
	r.a.answers.put(r.answer())
}

// undo goes back to the file that counted before the trial.
func (r *siteRoom) undo(ctx context.Context, why string, operator uint8) {
	r.close(sitefile.Undone, why, operator)
	c, err := r.files().Settled()
	if err != nil {
		r.refuse(err)
		return
	}
	r.back(ctx, c)
}

// back goes on with the file that counts without a trial.
func (r *siteRoom) back(ctx context.Context, c sitefile.Choice) {
	r.from = c.From
	result, err := r.apply(ctx, c.Site)
	switch {
	case err != nil:
		r.refuse(err)
	case !result.Done:
		r.want = c.Site
	}
}

// close ends an offer. One that cannot be written down is over all the same: the program that
// starts next cannot count its start either, and does not try it.
func (r *siteRoom) close(stage sitefile.Stage, why string, operator uint8) {
	o := r.offer
	o.Stage, o.Reason, o.By = stage, why, operator
	r.began, r.badSince = time.Time{}, time.Time{}
	if err := r.files().Put(o); err != nil {
		r.a.log.Error("pushed site file", "id", o.ID, "err", err)
	}
	if operator == 0 {
		r.tell(string(stage) + ": " + why)
	}
	r.a.answers.put(r.answer())
}

// tell lets the panel record what has become of the offer.
func (r *siteRoom) tell(what string) {
	err := r.g.Submit(alarm.Command{
		Action: alarm.DecideSite, Reason: what, Matter: alarm.Matter{ID: r.offer.ID},
	})
	if err != nil {
		r.a.log.Warn("pushed site file", "id", r.offer.ID, "state", what, "err", err)
	}
}

// answer is what the district is told of the offer.
func (r *siteRoom) answer() wire.Rsp {
	o := r.offer
	rsp := wire.Rsp{ID: o.ID, State: wire.RspFailed, Reason: o.Reason}
	if o.By != 0 {
		rsp.By = &alarm.Origin{Kind: alarm.CLI, Operator: o.By, Level: 3}
	}
	switch o.Stage {
	case sitefile.Waiting:
		rsp.State, rsp.Detail = wire.RspAccepted, detailWaiting
		for _, c := range r.list {
			if c.Weakens {
				rsp.List = append(rsp.List, c.En)
			}
		}
		rsp.List = bounded(rsp.List)
	case sitefile.Trial:
		rsp.State = wire.RspExecuting
	case sitefile.Kept:
		rsp.State = wire.RspDone
	case sitefile.Refused:
		if o.Reason == sitefile.ReasonUnanswered {
			rsp.State, rsp.Reason = wire.RspExpired, ""
		}
	}
	return rsp
}

// compare lists the changes from the local file, from the one that counts without the offer, and
// from the one in use, to the one that is offered.
func (r *siteRoom) compare() {
	r.list = nil
	if r.offer == nil {
		return
	}
	to, err := site.Parse("pushed.toml", r.offer.Text)
	if err != nil {
		return // of another version of the program
	}
	from := []*site.Site{r.a.site()}
	if c, err := r.files().Settled(); err == nil {
		from = append(from, c.Site)
	}
	if own, err := r.files().Own(); err == nil {
		from = append(from, own)
	}
	r.list = told(r.differences(to, from...))
}
