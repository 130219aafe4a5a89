package ledger

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/wire"
)

// dies lets a box die at the n-th step of a command. What its disk holds then is copied, and
// nothing that happens afterwards is seen by anybody.
func dies(r *rig, n int, left string) (steps *[]string) {
	steps = &[]string{}
	r.step = func(what string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.dead {
			return
		}
		*steps = append(*steps, what)
		if len(*steps) == n {
			r.note()
			r.dead = true
			if err := os.CopyFS(left, os.DirFS(r.dir)); err != nil {
				r.Error(err)
			}
		}
	}
	return steps
}

// A box may die between any two steps of any order: the order comes to one end all the same,
// whichever answers got through, and was obeyed at most once, whether or not the panel's own memory
// had reached the disk. Only what makes the site safer may be done again, and only when the panel
// has forgotten that it did it, and likewise a call that was accepted.
func TestT08DeathBetweenAnyTwoSteps(t *testing.T) {
	for _, c := range []struct {
		name, args string
		again      bool // it may be obeyed again when the panel has forgotten it
	}{
		{"operate", `{"output":"siren","on":true}`, true},
		{"disable", `{"point":"smoke-1","for":600,"reason":"works"}`, false},
		{"drill_start", `{"for":600}`, false},
		{"duty_check", `{"id":"k-1","within":20}`, true},
		{"warning", `{"id":"w-1","colour":"red","text":"rain","within":60}`, true},
		{"site", siteArgs, false},
		{"reset", ``, false},
		{"restart", ``, false},
	} {
		for _, forgets := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, " panel forgets ", forgets), func(t *testing.T) {
				for n := 1; ; n++ {
					died := false
					bubble(t, func(t *testing.T) {
						died = killedAt(t, n, c.name, c.args, forgets, c.again)
					})
					if !died {
						if n < 4 {
							t.Errorf("only %d steps", n-1)
						}
						return
					}
				}
			})
		}
	}
}

// killedAt lets one box die at step n and another one go on from its disk, and tells whether the
// first one came so far.
func killedAt(t *testing.T, n int, name, args string, forgets, again bool) bool {
	issued := time.Now().Add(100 * time.Millisecond)
	c := wire.Command{ID: "c-1", Name: name, Issued: issued, Expires: issued.Add(time.Hour)}
	if args != "" {
		c.Args = []byte(args)
	}
	left := t.TempDir()
	one := newRig(t, t.TempDir(), alarm.Saved{}).run()
	steps := dies(one, n, left)
	one.send(c)
	for range 120 {
		if wait(time.Second); one.isDead() {
			break
		}
	}
	died := one.isDead()
	saved := one.saved
	one.mu.Lock()
	one.dead = true // the end of a process that is dead does nothing
	one.mu.Unlock()
	one.end()
	if !died {
		return false
	}
	if forgets {
		saved = alarm.Saved{Boot: 1}
	}
	two := newRig(t, left, saved).run()
	wait(2 * time.Minute)
	unasked := ended(one.answers, two.answers)
	two.send(c)
	wait(2 * time.Minute)
	two.end()

	where := fmt.Sprintf("died at step %d, %s; before %q, after %q", n, (*steps)[n-1], one.answers,
		two.answers)
	ends := ended(one.answers, two.answers)
	if len(ends) != 1 || len(two.answers) == 0 {
		t.Errorf("%s: it came to %d ends %q", where, len(ends), slices.Collect(maps.Keys(ends)))
	}
	if len(unasked) == 0 && slices.Contains(*steps, "after a write") {
		t.Errorf("%s: it was written down, and its end was told only when asked again", where)
	}
	acts := len(one.acts) + len(two.acts)
	// The panel's own memory of the act may have died before it was written.
	isKept := func(o alarm.SavedOutput) bool { return o.Kept }
	forgot := forgets ||
		!slices.ContainsFunc(saved.Outputs, isKept) && len(saved.Duties.Seen) == 0
	if acts > 1 && !(forgot && again && acts == 2) {
		t.Errorf("%s: obeyed %d times", where, acts)
	}
	if acts == 0 && ends["c-1 done"] {
		t.Errorf("%s: done, and nobody did it", where)
	}
	return true
}

// ended are the final answers, each once.
func ended(lists ...[]string) map[string]bool {
	ends := map[string]bool{}
	for _, a := range slices.Concat(lists...) {
		if wire.IsFinal(strings.Fields(a)[1]) {
			ends[a] = true
		}
	}
	return ends
}
