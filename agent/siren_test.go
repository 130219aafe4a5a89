package agent

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/internal/keeper"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/provisioning"
)

// pressAt is when somebody presses the call point: a moment in which nothing else is due.
const pressAt = 20*time.Second + 137*time.Millisecond

// obstacles are what must not delay the siren. Each lasts from the start to the end.
var obstacles = []struct {
	name  string
	set   setting
	bites func(r *rig) bool // what shows that it stood in the way
}{
	{"bus", hangBus, func(r *rig) bool { return r.shows(alarm.BusHung) }},
	{"disk", hangDisk, func(r *rig) bool { return r.shows(alarm.StorageSlow) }},
	{"first commit", hangCommit(1), func(r *rig) bool { return r.shows(alarm.StorageSlow) }},
	{"commit of the alarm", hangAlarmCommit,
		func(r *rig) bool { return r.held() > 0 && r.status().Outbox.Commits == 1 }},
	{"broker", func(r *rig, _ *string, _ *Options) { r.district.set(false, true) },
		func(r *rig) bool { return !r.status().Link.Connected && r.held() > 0 }},
	{"identity", hangIdentity,
		func(r *rig) bool { return r.status().Identity.Err == errNotRead.Error() }},
	{"enrolment", hangEnrolment, func(r *rig) bool { return r.hangs.Load() }},
	{"hook", func(r *rig, _ *string, o *Options) { o.OnEvent = func(alarm.Event) { r.blocked() } },
		func(r *rig) bool { return len(r.heard(0)) == 0 }},
	{"log", func(r *rig, _ *string, o *Options) { o.Log = slog.New(hungLog{slog.DiscardHandler, r}) },
		func(r *rig) bool { return len(r.agent.lines.queue) > 0 }},
	{"readers", readNothing, func(r *rig) bool { return r.unread.Load() > 5 }},
}

func hangBus(r *rig, _ *string, _ *Options) {
	if err := r.board.Bus("i2c-0").Fail(board.Fault{Kind: board.Hang}); err != nil {
		r.Fatal(err)
	}
}

// hangIdentity lets the identity never be read.
func hangIdentity(r *rig, _ *string, _ *Options) {
	r.after(func() {
		r.agent.load = func(provisioning.Loader, string) (*provisioning.Identity, error) {
			r.blocked()
			return nil, provisioning.ErrNone
		}
	})
}

// hangEnrolment lets the enrolment server never answer.
func hangEnrolment(r *rig, _ *string, _ *Options) {
	r.after(func() {
		r.agent.advance = func(
			*provisioning.Enroller, context.Context,
		) (s provisioning.Standing, err error) {
			r.hangs.Store(true)
			r.blocked()
			return s, nil
		}
	})
}

// hangCommit blocks the outbox inside its nth commit and all later ones, as a card does in fsync.
// The first is that of the opening.
func hangCommit(nth int) setting {
	return func(r *rig, _ *string, _ *Options) {
		r.after(func() { hangFrom(r, nth, &r.agent.disk.Commit) })
	}
}

func hangFrom[T interface{ Commit() error }](r *rig, nth int, commit *func(T) error) {
	calls := 0
	*commit = func(tx T) error {
		if calls++; calls >= nth {
			r.blocked()
		}
		return tx.Commit()
	}
}

// hangAlarmCommit is that of the alarm. The broker is silent, or there were nothing to commit: what
// the district has at once is never written.
func hangAlarmCommit(r *rig, _ *string, _ *Options) {
	r.district.set(false, true)
	hangCommit(2)(r, nil, nil)
}

// hangDisk blocks the outbox before that, where it looks for free space.
func hangDisk(r *rig, _ *string, _ *Options) {
	r.after(func() {
		r.agent.disk.Statfs = func(string) (free, total int64, err error) {
			r.blocked()
			return 0, 0, nil
		}
	})
}

// Whatever hangs beside it, the siren sounds at the very same moment.
func TestT14NothingDelaysTheSiren(t *testing.T) {
	want := sirenTime(t, nil)
	if lag := want - pressAt; lag <= 0 || lag > 300*time.Millisecond {
		t.Fatalf("without obstacles the siren sounds %v after the press", lag)
	}
	var all []setting
	for _, o := range obstacles {
		all = append(all, o.set)
		t.Run(o.name, func(t *testing.T) {
			if got := sirenTime(t, o.bites, o.set); got != want {
				t.Errorf("the siren sounds at %v, without the obstacle at %v", got, want)
			}
		})
	}
	t.Run("all", func(t *testing.T) {
		if got := sirenTime(t, nil, all...); got != want {
			t.Errorf("the siren sounds at %v, without obstacles at %v", got, want)
		}
	})
}

// sirenTime runs an agent and returns when its siren sounds.
func sirenTime(t *testing.T, bites func(*rig) bool, settings ...setting) (at time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, append(settings, enrolled)...).run()
		r.sleepUntil(pressAt)
		r.press()
		r.sleepUntil(pressAt + 2*time.Second)
		at = r.sounded()
		if bites != nil && !bites(r) {
			t.Error("the obstacle stood in nobody's way")
		}
		r.end()
	})
	return at
}

// An alarm reaches the district while the disk, the log and the hook of the embedder all hang.
func TestAHangingDiskOrLogKeepsNoAlarmFromTheDistrict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var settings []setting
		for _, o := range obstacles {
			if o.name != "broker" && o.name != "identity" && o.name != "commit of the alarm" {
				settings = append(settings, o.set)
			}
		}
		r := newRig(t, append(settings, enrolled)...).run()
		r.sleepUntil(pressAt)
		r.press()
		r.sleepUntil(pressAt + 2*time.Second)
		if at := r.district.receiver.Report().FirstAlarmAt; at.IsZero() {
			t.Error("the district knows of no alarm")
		}
		r.end()
	})
}

// A state directory that cannot be used costs the memory of the panel and nothing else: the siren
// sounds, the district hears of it, and the panel says what is wrong.
func TestABadDirectoryDoesNotSilenceTheSiren(t *testing.T) {
	for _, c := range []struct {
		name string
		set  setting
		want []detect.FaultCode
	}{
		{"a file in the way", func(r *rig, _ *string, _ *Options) {
			r.dir = filepath.Join(writeFile(r.T, "state"), "below")
		}, []detect.FaultCode{alarm.StorageFailed, alarm.SavedLost}},
		{"unwritable", func(r *rig, _ *string, _ *Options) { r.dir = "/proc/self/state" },
			[]detect.FaultCode{alarm.StorageFailed}},
		{"hung", func(r *rig, _ *string, _ *Options) {
			r.after(func() {
				open := r.agent.open
				r.agent.open = func(dir string, o keeper.Options) (*keeper.Keeper, alarm.Saved, error) {
					r.blocked()
					return open(dir, o)
				}
			})
			hangDisk(r, nil, nil)
		}, []detect.FaultCode{alarm.StorageSlow, alarm.SavedLost}},
	} {
		t.Run(c.name, func(t *testing.T) { badDirectory(t, c.set, c.want) })
	}
}

func badDirectory(t *testing.T, set setting, want []detect.FaultCode) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, set)
		other := filepath.Join(t.TempDir(), "elsewhere")
		enrol(t, other)
		r.agent.load = func(l provisioning.Loader, _ string) (*provisioning.Identity, error) {
			return l.Load(filepath.Join(other, "identity"))
		}
		r.run()
		r.sleepUntil(pressAt)
		r.press()
		r.sleepUntil(pressAt + 2*time.Second)
		if lag := r.sounded() - pressAt; lag <= 0 || lag > 300*time.Millisecond {
			t.Errorf("the siren sounds %v after the press", lag)
		}
		if r.district.receiver.Report().FirstAlarmAt.IsZero() {
			t.Error("the district knows of no alarm")
		}
		for _, code := range want {
			if !r.shows(code) {
				t.Errorf("the panel shows %v, want %s", r.faults(), code)
			}
		}
		r.end()
	})
}

// A disk that answers after the start was given up is used from then on: an alarm of this run is
// there for the next one.
func TestALateDiskIsUsedFromThenOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		open := r.agent.open
		r.agent.open = func(dir string, o keeper.Options) (*keeper.Keeper, alarm.Saved, error) {
			time.Sleep(10 * time.Second)
			return open(dir, o)
		}
		r.run()
		r.sleepUntil(5 * time.Second)
		r.press()
		r.sleepUntil(20 * time.Second)
		raised := r.heard(alarm.Raised)
		if len(raised) != 1 {
			t.Fatalf("%d alarms, want one", len(raised))
		}
		r.end()
		_, saved, err := keeper.Open(r.dir, keeper.Options{})
		if err != nil || len(saved.Alarms) != 1 || saved.Alarms[0].ID != raised[0].Alarm {
			t.Errorf("the next run remembers %+v, %v; want alarm %s", saved.Alarms, err, raised[0].Alarm)
		}
	})
}
