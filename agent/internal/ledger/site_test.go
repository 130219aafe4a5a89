package ledger

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/wire"
)

// siteDesk takes site files as the room of the agent does: one is on the disk before it is said to
// be taken, and the same one that comes again is known by its id. Each is tried for five seconds.
type siteDesk struct {
	r     *rig
	began map[string]time.Time // of trials, in this run
}

func (d *siteDesk) offer(id string, f wire.SiteFile, _, _ time.Time) bool {
	r := d.r
	r.at("before a site file is taken")
	if r.isDead() {
		return false
	}
	path := filepath.Join(r.dir, "offered")
	if was, err := os.ReadFile(path); err != nil || string(was) != id {
		if err := os.WriteFile(path, []byte(id), 0o600); err != nil {
			r.Error(err)
		}
		r.mu.Lock()
		r.acts = append(r.acts, alarm.Event{Kind: alarm.SiteFile, Cause: id, Reason: f.File})
		r.mu.Unlock()
	}
	d.began[id] = time.Now()
	r.at("after a site file is taken")
	return true
}

func (d *siteDesk) offered(id string) (wire.Rsp, bool) {
	at, known := d.began[id]
	state := wire.RspExecuting
	if time.Since(at) > 5*time.Second {
		state = wire.RspDone
	}
	return wire.Rsp{ID: id, State: state}, known
}

const siteArgs = `{"base":"b","file":"[site]","sig":"s"}`

// A site file is handed on once, each state of it is told once, and another one waits for its end.
func TestSiteFileIsHandedOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), alarm.Saved{}).run()
		now := time.Now()
		send := func(id string) {
			r.send(wire.Command{
				ID: id, Name: wire.CmdSite, Args: []byte(siteArgs), Issued: now,
				Expires: now.Add(time.Hour),
			})
		}
		send("c-1")
		wait(2 * time.Second)
		send("c-2")
		wait(10 * time.Second)
		send("c-1")
		wait(2 * time.Second)
		want := []string{"c-1 executing", "c-2 rejected busy", "c-1 done", "c-1 done"}
		if !slices.Equal(r.answers, want) {
			t.Errorf("answered %q, want %q", r.answers, want)
		}
		if len(r.acts) != 1 || r.acts[0].Reason != "[site]" {
			t.Errorf("handed on: %+v", r.acts)
		}
		r.end()
	})
}

// A site file that has not begun within a minute, because the disk hangs, comes to an end, and only
// after the moment until which it may begin.
func TestSiteFileOfAHungDiskIsInterrupted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), alarm.Saved{}).run()
		r.ledger.Offered = func(string) (wire.Rsp, bool) { return wire.Rsp{}, false }
		var until time.Time
		r.ledger.Offer = func(_ string, _ wire.SiteFile, _, u time.Time) bool {
			until = u
			return true
		}
		now := time.Now()
		r.send(wire.Command{
			ID: "c-1", Name: wire.CmdSite, Args: []byte(siteArgs), Issued: now,
			Expires: now.Add(time.Hour),
		})
		wait(time.Second)
		wait(time.Until(until) + time.Second)
		r.want()
		if until.Sub(now) < time.Minute {
			t.Errorf("it may begin until %v", until.Sub(now))
		}
		wait(10 * time.Second)
		r.want("c-1 interrupted")
		r.end()
	})
}
