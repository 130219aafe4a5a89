package agent

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/firmware-sim/board"
)

// fromFile gives the agent the file that its site is from.
func fromFile(path *string) setting {
	return func(r *rig, text *string, o *Options) {
		*path = writeFile(r.T, *text)
		o.File, o.Page = *path, "off"
	}
}

// edit replaces a part of the small site in its file and reads it again.
func (r *rig) edit(path, was, is string) Reloaded {
	r.Helper()
	if !strings.Contains(smallSite, was) {
		r.Fatalf("the site has no %q", was)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(smallSite, was, is, 1)), 0o600); err != nil {
		r.Fatal(err)
	}
	result, err := r.agent.Reload(context.Background())
	if err != nil {
		r.Error(err)
	}
	return result
}

// What only the panel must know is changed within an alarm, and nothing that an alarm does changes:
// the siren's line switches at the same moments as without the change, and the alarm is the same.
func TestReloadMovesNoLineAndLosesNoAlarm(t *testing.T) {
	story := func(t *testing.T, change bool) (moves []board.Change, alarms []alarm.AlarmState) {
		synctest.Test(t, func(t *testing.T) {
			var path string
			r := newRig(t, fromFile(&path)).run()
			r.sleepUntil(time.Second)
			r.press()
			r.sleepUntil(4 * time.Second)
			if change {
				got := r.edit(path, `from = "air.temperature"`, "from = \"air.temperature\"\n"+
					"name = \"灶台\"\nalarm = \"65 °C\"")
				if !got.Done || got.Restart || len(got.Changes) == 0 {
					t.Errorf("reload: %+v", got)
				}
			}
			r.sleepUntil(10 * time.Second)
			moves, _ = r.board.Pin(sirenLine).History()
			s := r.agent.guard.Load().Snapshot()
			alarms = slices.Clone(s.Alarms)
			i := slices.IndexFunc(s.Points, func(p alarm.PointState) bool { return p.ID == "heat-1" })
			if change && (s.Points[i].Name != "灶台" || len(r.heard(alarm.PlanChanged)) != 1) {
				t.Errorf("the panel goes on with %+v", s.Points[i])
			}
			if change && r.status().Site.Hash != r.agent.site().Hash {
				t.Error("the status tells of another site")
			}
			r.end()
		})
		return moves, alarms
	}
	moves, alarms := story(t, false)
	moved, stand := story(t, true)
	if len(moves) < 4 || !slices.Equal(moves, moved) {
		t.Errorf("the siren's line:\n%v\nwithout the change:\n%v", moved, moves)
	}
	if len(alarms) != 1 || len(stand) != 1 || alarms[0].ID != stand[0].ID {
		t.Errorf("alarms %v, without the change %v", stand, alarms)
	}
}

// A file with mistakes changes nothing, says all of them, and stands as a fault until there is a
// good one.
func TestReloadOfABadFileKeepsTheGoodOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var path string
		r := newRig(t, fromFile(&path)).run()
		r.sleepUntil(time.Second)
		hash := r.agent.site().Hash
		got := r.edit(path, `model = "sht4x"`, "model = \"sht40\"\nbuss = 1")
		if got.Done || got.Reason != ReloadMistakes || len(got.Mistakes) < 2 || got.Hash != hash {
			t.Errorf("a bad file: %+v", got)
		}
		r.sleepUntil(4 * time.Second)
		if !r.shows(alarm.PlanRejected) || r.status().Site.Rejected == "" {
			t.Error("nobody is told of the bad file")
		}
		r.press()
		r.sleepUntil(5 * time.Second)
		if r.sounded() == 0 {
			t.Error("the old site does not alarm")
		}
		if got := r.edit(path, "", ""); !got.Done || len(got.Changes) > 0 {
			t.Errorf("the old file: %+v", got)
		}
		r.sleepUntil(7 * time.Second)
		if r.shows(alarm.PlanRejected) || r.status().Site.Rejected != "" {
			t.Error("the fault outlives the bad file")
		}
		r.end()
	})
}

// A file with other parts needs a restart, which comes once and never while an alarm stands.
func TestReloadWithOtherPartsRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var path string
		var restarts atomic.Int32
		r := newRig(t, fromFile(&path), func(_ *rig, _ *string, o *Options) {
			o.Restart = func() { restarts.Add(1) }
		}).run()
		r.sleepUntil(time.Second)
		r.press()
		r.sleepUntil(2 * time.Second)
		if got := r.edit(path, `"GPIO17"`, `"GPIO27"`); got.Done || got.Reason != ReloadAlarm {
			t.Errorf("within an alarm: %+v", got)
		}
		r.release()
		reset := alarm.Command{ID: "1", Action: alarm.Reset, By: alarm.Origin{Kind: alarm.CLI, Level: 2}}
		r.sleepUntil(4 * time.Second)
		if err := r.agent.Submit(reset); err != nil {
			t.Fatal(err)
		}
		r.sleepUntil(5 * time.Second)
		if got := r.edit(path, `"GPIO17"`, `"GPIO27"`); !got.Done || !got.Restart {
			t.Errorf("without an alarm: %+v", got)
		}
		r.sleepUntil(8 * time.Second)
		if n := restarts.Load(); n != 1 {
			t.Errorf("%d restarts", n)
		}
		r.agent.o.Restart = nil
		if got := r.edit(path, `"GPIO17"`, `"GPIO26"`); got.Done || got.Reason != ReloadRestart {
			t.Errorf("without a way to restart: %+v", got)
		}
		r.end()
	})
}

// A change that waits for the end of an alarm goes on waiting when another alarm comes in the very
// moment in which it is to be made.
func TestChangeThatWaitsOutlivesTheNextAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var path string
		r := newRig(t, fromFile(&path), func(r *rig, _ *string, o *Options) {
			o.Restart = func() { r.press(); time.Sleep(3 * time.Second) }
		}).run()
		r.sleepUntil(time.Second)
		other := strings.Replace(smallSite, sirenLine, "GPIO6", 1)
		s, err := site.Parse("test.toml", []byte(other))
		if err != nil {
			t.Fatal(err)
		}
		waits, err := inRoom(t.Context(), r.agent, func(room *siteRoom, ctx context.Context) bool {
			room.want, room.restart = s, true
			room.goOn(ctx)
			return room.alarmed() && room.want == s
		})
		if !waits || err != nil {
			t.Errorf("the change is lost: %v", err)
		}
		r.end()
	})
}
