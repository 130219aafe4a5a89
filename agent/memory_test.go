package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/internal/keeper"
)

// A directory that answers late costs no latched alarm and no disablement in silence: the alarms
// ring again, the panel names the points, what was saved stays beside what is written, and all
// numbers go on growing.
func TestWhatALateDirectoryHoldsIsNamedAndKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "state")
		before := *saveState(t, dir)
		late := newRig(t, answersLate(dir)).run()
		late.sleepUntil(5 * time.Second)
		if got := late.detail(alarm.SavedLost); !strings.Contains(got, "did not answer") {
			t.Errorf("before the answer: got %q", got)
		}
		if at := late.sounded(); at != 0 {
			t.Errorf("the siren sounds after %v", at)
		}
		late.sleepUntil(20 * time.Second)
		if at := late.sounded(); at < 10*time.Second || at > 11*time.Second {
			t.Errorf("the siren sounds after %v, want 10 s", at)
		}
		got := late.detail(alarm.SavedLost)
		for _, want := range []string{"in alarm before the restart: call-1, heat-1",
			"disabled before the restart: heat-1"} {
			if !strings.Contains(got, want) {
				t.Errorf("got %q, want %q in it", got, want)
			}
		}
		for range 3 { // enough for both files to be written anew
			late.press()
			time.Sleep(5 * time.Second)
			late.release()
			time.Sleep(5 * time.Second)
		}
		raised := late.heard(alarm.Raised)
		if len(raised) == 0 {
			t.Fatal("no alarm in the run that began without its state")
		}
		_ = late.end()

		_, kept, err := keeper.Open(restored(t, dir), keeper.Options{})
		if err != nil || fmt.Sprint(kept.Alarms, kept.Disabled) !=
			fmt.Sprint(before.Alarms, before.Disabled) {
			t.Errorf("kept aside: got %+v, %v; want %+v", kept, err, before)
		}
		_, next, err := keeper.Open(dir, keeper.Options{})
		if err != nil || len(next.Alarms) == 0 || next.Alarms[0].ID != raised[0].Alarm {
			t.Errorf("the next run remembers %+v, %v", next, err)
		}
		boot := late.agent.status.Load().Panel.Boot
		if next.Boot <= boot || next.Boot <= before.Boot || next.LastEvent < before.LastEvent ||
			next.LastAlarm < before.LastAlarm {
			t.Errorf("after %+v and run %d: got %+v", before, boot, next)
		}
	})
}

// saveState leaves what a run with two alarms and a disablement saves.
func saveState(t *testing.T, dir string) *alarm.Saved {
	t.Helper()
	k, s, err := keeper.Open(dir, keeper.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.LastEvent, s.LastAlarm = 7_000_123, 42
	s.Alarms = []alarm.SavedAlarm{
		{ID: "call-1-1-41", Point: "call-1"}, {ID: "heat-1-1-42", Point: "heat-1"},
		{ID: "call-1-1-40", Point: "call-1"},
	}
	for i := range s.Alarms {
		s.Alarms[i].Signal, s.Alarms[i].Finding.Level = alarm.Fire, detect.Alarm
	}
	s.Disabled = []alarm.SavedDisabled{{Point: "heat-1", Remaining: time.Hour, Reason: "test"}}
	k.Save(&s)
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- k.Run(ctx) }()
	time.Sleep(time.Second)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return &s
}

// answersLate gives a rig this directory, which answers after 10 s.
func answersLate(dir string) setting {
	return func(r *rig, _ *string, _ *Options) {
		r.dir = dir
		r.after(func() {
			open := r.agent.open
			r.agent.open = func(dir string, o keeper.Options) (*keeper.Keeper, alarm.Saved, error) {
				time.Sleep(10 * time.Second)
				return open(dir, o)
			}
		})
	}
}

// restored is a directory in which what was put aside has its old names.
func restored(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	for i := range 2 {
		data, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("panel.late.%d", i)))
		if os.IsNotExist(err) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, fmt.Sprintf("panel.%d", i)), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// detail is what the panel shows beside a fault, "" when it does not show it.
func (r *rig) detail(code detect.FaultCode) string {
	for _, f := range r.agent.guard.Load().Snapshot().Faults {
		if f.Fault == code {
			return f.Detail
		}
	}
	return ""
}
