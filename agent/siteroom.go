package agent

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/internal/scribe"
	"github.com/firepost/firepost/agent/internal/sitefile"
	"github.com/firepost/firepost/agent/site"
)

// siteRoom changes the site, one change after the other. It alone waits for the disk that the site
// files lie on.
type siteRoom struct {
	a      *Agent
	g      *guard.Guard
	faults *faults
	scribe *scribe.Scribe
	line   *line

	base  string          // hash of the local file, when it was last read; empty: it could not be
	from  string          // where the site in use is from; a word of package sitefile
	offer *sitefile.Offer // the newest; nil: none
	list  []Change        // that it makes to what counts without it
	want  *site.Site      // that is to be in use, and waits for the end of an alarm; nil: none

	restart  bool      // is to come once no alarm stands
	began    time.Time // of the trial, in this run; zero: there is none
	badSince time.Time // a fault stands that did not before it; zero: none
}

// roomTick is how often the room looks after what time alone does. It also lets the answer to
// whoever asked leave before the program ends.
const roomTick = 500 * time.Millisecond

func (r *siteRoom) run(ctx context.Context) error {
	r.open(ctx)
	r.show()
	tick := time.NewTicker(roomTick)
	defer tick.Stop()
	for {
		pushes := r.a.pushes
		if id, _, _ := r.line.get(); id == nil {
			pushes = nil // whom it is for, and by whose key, is not known yet
		}
		select {
		case <-ctx.Done():
			return nil
		case do := <-r.a.jobs:
			do(ctx, r)
		case p := <-pushes:
			r.a.answers.put(r.push(ctx, p))
		case <-tick.C:
			r.goOn(ctx)
			r.judge(ctx)
		}
		r.show()
	}
}

// files are the site files of the box.
func (r *siteRoom) files() sitefile.Store {
	return sitefile.Store{Local: r.a.o.File, Dir: r.a.o.Dir, Step: r.a.step}
}

// open finds out where the site in use is from, and goes on with a trial that an earlier run began.
func (r *siteRoom) open(ctx context.Context) {
	if r.a.o.File == "" {
		return
	}
	c, err := r.files().Choose()
	r.base, r.from = c.Base, c.From
	if err == nil {
		r.offer, err = r.files().Offer()
	}
	if err != nil {
		r.a.log.Error("site files", "err", err)
	}
	o := r.offer
	r.compare()
	defer r.correct(ctx)
	switch {
	case !o.IsOpen():
	case o.Base != r.base:
		r.close(sitefile.Undone, sitefile.ReasonEdited, 0)
	case o.Stage == sitefile.Trial && o.Hash == r.a.site().Hash:
		r.began = time.Now()
	case o.Stage == sitefile.Trial:
		r.close(sitefile.Undone, sitefile.ReasonStarts, 0) // this start could not be counted
	}
}

// correct sees to it that what counts is what runs, when the start could not wait for the disk. It
// does not start the program anew for it: where the disk is slow each time, that would never end.
func (r *siteRoom) correct(ctx context.Context) {
	c, err := r.files().Choose()
	if err != nil || c.Site.Hash == r.a.site().Hash {
		r.spoil(c.Damaged)
		return
	}
	if r.from = sitefile.FromGood; r.a.site().Hash == c.Base {
		r.from = sitefile.FromLocal
	}
	s := r.a.paged(c.Site)
	if live, err := r.fits(s); err == nil && live && !r.a.plain.Load() {
		r.change(ctx, s)
	}
	if r.a.site().Hash != c.Site.Hash {
		r.spoil(fmt.Errorf("site file %.6s counts and is not in use: the state directory answered late; "+
			"run firepost reload", c.Site.Hash))
		return
	}
	r.from = c.From
	r.spoil(errors.Join(c.Rejected, c.Damaged))
}

// spoil tells people that a file which should count does not; nil changes nothing.
func (r *siteRoom) spoil(why error) {
	if why != nil {
		r.a.reject(why.Error())
		r.faults.say("site", alarm.PlanRejected, true, why.Error())
	}
}

// goOn takes what waited for the end of an alarm into use.
func (r *siteRoom) goOn(ctx context.Context) {
	if r.alarmed() {
		return
	}
	if r.restart {
		r.restart = false
		r.a.o.Restart()
	}
	if s := r.want; s != nil {
		r.want = nil
		result, err := r.apply(ctx, s)
		switch {
		case err != nil:
			r.refuse(err)
		case result.Reason == ReloadAlarm:
			r.want = s // one has come since the look above
		}
	}
}

// alarmed tells whether an alarm stands or is latched.
func (r *siteRoom) alarmed() bool { return len(r.g.Snapshot().Alarms) > 0 }

func (r *siteRoom) reload(ctx context.Context) Reloaded {
	if r.a.o.File == "" {
		return Reloaded{Hash: r.a.site().Hash, Reason: ReloadNoFile}
	}
	c, err := r.files().Choose()
	r.base = c.Base
	tried := r.tries()
	if r.offer.IsOpen() && c.Base != "" && r.offer.Base != c.Base {
		r.close(sitefile.Undone, sitefile.ReasonEdited, 0)
	}
	if err == nil && c.Rejected != nil {
		if tried && !r.tries() {
			r.back(ctx, c) // what has ended its trial without passing does not stay
		}
		err = c.Rejected
	}
	if err != nil {
		return r.refuse(err)
	}
	result, err := r.apply(ctx, c.Site)
	if err != nil {
		return r.refuse(err)
	}
	if result.Done {
		r.accept(c)
	}
	return result
}

// refuse keeps the site in use and says every mistake of the new file.
func (r *siteRoom) refuse(err error) Reloaded {
	r.a.log.Error("site file has mistakes; the one in use stays", "err", err)
	r.a.reject(err.Error())
	r.faults.say("site", alarm.PlanRejected, true, err.Error())
	return Reloaded{Hash: r.a.site().Hash, Reason: ReloadMistakes, Mistakes: mistakes(err)}
}

// mistakes are those of a site file, a text each.
func mistakes(err error) []string {
	all, ok := err.(site.Problems)
	if !ok {
		return []string{err.Error()}
	}
	var texts []string
	for _, p := range all {
		texts = append(texts, p.String())
	}
	return texts
}

// accept ends the fault of an earlier file, and keeps a copy of this one.
func (r *siteRoom) accept(c sitefile.Choice) {
	r.a.spoilt.Store(nil)
	r.faults.say("site", alarm.PlanRejected, false, "")
	r.from = c.From
	r.spoil(c.Damaged)
	if err := r.files().KeepGood(c); err != nil {
		r.a.log.Error("site files", "err", err)
	}
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
		r.restart, r.want = false, nil // for a file that was there in between
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
	all := changesOf(from, to)
	for _, c := range all {
		r.a.log.Info("site changes", "what", c.En, "weakens", c.Weakens)
	}
	return all
}

func changesOf(from, to *site.Site) []Change { return told(site.Compare(from, to)) }

// told are changes as the control socket tells them.
func told(changes []site.Change) (all []Change) {
	for _, c := range changes {
		all = append(all, Change{c.En, c.Zh, c.Weakens})
	}
	return all
}

// change gives the panel, and all that knows the site, another one with the same parts. The writer
// of records learns of it first, because the panel tells of it at once.
func (r *siteRoom) change(ctx context.Context, s *site.Site) {
	r.restart, r.want = false, nil // this one needs none
	r.scribe.Adopt(termsOf(s))
	if err := r.g.Replan(ctx, s.Plan()); err == nil {
		r.a.adopt(s)
	}
	if r.offer.IsOpen() && r.offer.Stage == sitefile.Trial && r.offer.Hash == s.Hash {
		r.began = time.Now()
	}
}

// fits tells whether the agent can go on with a site without a restart. It fails when the board
// cannot have its parts.
func (r *siteRoom) fits(s *site.Site) (live bool, err error) {
	old := r.a.site()
	sensors, err := wireSensors(s, r.a.tap.board(r.a.o.Board))
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
