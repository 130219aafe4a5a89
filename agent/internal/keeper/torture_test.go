package keeper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// plan is a site with two call points, a person, and what he has to do.
func plan() alarm.Plan {
	at := func(id point.ID) alarm.PointPlan {
		return alarm.PointPlan{
			ID: id, Zone: "hall", Signal: alarm.Fire, Latch: true, Manual: true,
			Spec: detect.Spec{Stale: time.Hour, Conditions: []detect.Condition{
				{Kind: detect.Active, Level: detect.Alarm, Release: 10 * time.Second},
			}},
		}
	}
	return alarm.Plan{
		Points: []alarm.PointPlan{at("call1"), at("call2")}, Zones: []alarm.ZonePlan{{ID: "hall"}},
		Outputs: []alarm.OutputPlan{
			{ID: "siren", Kind: alarm.Sounder}, {ID: "valve", Kind: alarm.Valve},
		},
		Operators: []alarm.OperatorPlan{{Number: 7, Level: 3}},
		Items:     []alarm.ItemPlan{{ID: "patrol", Every: time.Hour}},
	}
}

// story is all that a panel saves while people work and it burns at last.
func story(t *testing.T, from alarm.Saved) (all []alarm.Saved) {
	t.Helper()
	p := alarm.New(plan(), from)
	by := alarm.Origin{Kind: alarm.Page, Operator: 7, Level: 3}
	for i, in := range []alarm.Input{
		{Commands: []alarm.Command{{Action: alarm.BeginShift}}},
		{Commands: []alarm.Command{
			{Action: alarm.Disable, Point: "call2", For: time.Hour, Reason: "paint"},
		}},
		{Commands: []alarm.Command{{Action: alarm.CheckItem, Matter: alarm.Matter{ID: "patrol"}}}},
		{Commands: []alarm.Command{{Action: alarm.StartTest, Zone: "hall"}}},
		{Readings: []point.Reading{pressed("call1")}},
		{Readings: []point.Reading{released("call1")}},
		{Commands: []alarm.Command{{Action: alarm.EndTest}}},
		{Commands: []alarm.Command{{Action: alarm.AskDuty, Call: &alarm.Call{ID: "c"}}}},
		{Commands: []alarm.Command{{Action: alarm.Operate, Output: "valve", On: true}}},
		{Commands: []alarm.Command{
			{Action: alarm.OpenHazard, Matter: alarm.Matter{Text: "x", Days: 3}},
		}},
		{Readings: []point.Reading{pressed("call1")}},
		{Commands: []alarm.Command{{Action: alarm.Accept}}},
	} {
		now := point.Instant(i+1) * point.Instant(20*time.Second)
		for j := range in.Commands {
			in.Commands[j].ID, in.Commands[j].By = fmt.Sprint(from.Boot, i), by
		}
		for j := range in.Readings {
			in.Readings[j].At = now
		}
		d := p.Step(now, in)
		for _, e := range d.Events {
			if e.Kind == alarm.Refused {
				t.Fatalf("step %d is refused: %s", i, e.Reason)
			}
		}
		if d.Saved == nil {
			t.Fatalf("step %d saves nothing", i)
		}
		all = append(all, *d.Saved)
	}
	return all
}

func pressed(id point.ID) point.Reading {
	return point.Reading{
		Point: id, Quality: point.Good, Sample: drivers.Sample{Quantity: drivers.Contact, Value: 1},
	}
}

func released(id point.ID) point.Reading {
	r := pressed(id)
	r.Sample.Value = 0
	return r
}

// The power is cut at every write of a panel's whole life, before the file, after it, half way and
// with nothing in it. The next run finds all that was saved, whole, or says that something is lost;
// and the panel that begins with it sounds what stood, and has nothing disabled that was not.
func TestPanelAfterEveryPowerCut(t *testing.T) {
	cuts := map[string]func(path string, data []byte) error{
		"before": func(string, []byte) error { return nil },
		"after":  writeSynced,
		"half": func(path string, data []byte) error {
			return os.WriteFile(path, data[:len(data)/2], 0o600)
		},
		"empty": func(path string, _ []byte) error { return os.WriteFile(path, nil, 0o600) },
		"other": func(path string, data []byte) error {
			broken := slices.Clone(data)
			broken[len(broken)*2/3] ^= 0x20
			return os.WriteFile(path, broken, 0o600)
		},
	}
	for name, cut := range cuts {
		for nth, dead := 1, true; dead; nth++ {
			var dir string
			var given []alarm.Saved
			dir, given, dead = lived(t, nth, cut)
			_, saved, err := Open(dir, Options{})
			boot := saved.Boot
			same := func(s alarm.Saved) bool {
				s.Boot, saved.Boot = 0, 0
				return reflect.DeepEqual(s, saved)
			}
			last := max(len(given)-2, 0) // the one on its way, and the one before
			found := slices.IndexFunc(given, same)
			if err == nil && found < last {
				t.Errorf("%s write %d: state %d of %d, and no error", name, nth, found, len(given))
			}
			if err != nil && found < 0 && !same(alarm.Saved{}) {
				t.Errorf("%s write %d: a state that nobody has saved: %+v", name, nth, saved)
			}
			saved.Boot = boot
			begin(t, fmt.Sprintf("%s write %d", name, nth), saved)
		}
	}
}

// lived lets a panel live until the nth write is cut, and gives what it wanted to save by then;
// dead is false when it lived to the end.
func lived(t *testing.T, nth int, cut func(string, []byte) error) (
	dir string, given []alarm.Saved, dead bool,
) {
	t.Helper()
	dir = t.TempDir()
	calls := 0
	k, from, err := Open(dir, Options{write: func(path string, data []byte) error {
		if calls++; dead || calls == nth {
			if !dead {
				dead = true
				_ = cut(path, data)
			}
			return errors.New("power cut")
		}
		return writeSynced(path, data)
	}})
	if err != nil {
		t.Fatal(err)
	}
	given = []alarm.Saved{from}
	_ = k.write()
	for _, s := range story(t, from) {
		if dead {
			break
		}
		given = append(given, s)
		k.Save(&s)
		_ = k.write()
	}
	return dir, given, dead
}

// begin starts a panel and demands that it is as loud as the state says, and no quieter.
func begin(t *testing.T, what string, saved alarm.Saved) {
	t.Helper()
	p := alarm.New(plan(), saved)
	for range 2 {
		s := p.Snapshot(0)
		if len(s.Alarms) != len(saved.Alarms) {
			t.Errorf("%s: %d alarms, want %d", what, len(s.Alarms), len(saved.Alarms))
		}
		if loud := s.Outputs[0].Pattern.IsAlarm(); loud != (len(saved.Alarms) > 0) {
			t.Errorf("%s: siren %v with %d alarms", what, loud, len(saved.Alarms))
		}
		out := s.Points[1].Disabled > 0
		if s.Points[0].Disabled > 0 || out != (len(saved.Disabled) > 0) {
			t.Errorf("%s: call2 is disabled: %v, want %v", what, out, len(saved.Disabled) > 0)
		}
		p.Step(0, alarm.Input{})
	}
}

// A state of the first release, which knew neither zones nor duties, is read, and sounds.
func TestStateOfTheFirstReleaseIsRead(t *testing.T) {
	dir := t.TempDir()
	body := `{"Boot":3,"LastEvent":77,"LastAlarm":4,"Alarms":[{"ID":"call1-3-4","Point":"call1",` +
		`"Signal":7,"Finding":{"Level":3,"Fault":"","Why":[{"Quantity":17,"Value":1,"Limit":1,` +
		`"Weight":1000},{},{},{}]},"Age":5000000000,"Acknowledged":true,"By":{"Kind":1,` +
		`"Operator":0,"Level":2},"Cleared":false,"Silenced":false}],"Disabled":[{"Point":"call2",` +
		`"Age":1000000000,"Remaining":3600000000000,"Reason":"paint","By":{"Kind":1,"Operator":0,` +
		`"Level":2}}],"Silenced":false,"Resound":0}`
	for i := range 2 {
		data := frame(panelKind, uint64(i+1), []byte(body))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("panel.%d", i)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, saved, err := Open(dir, Options{})
	if err != nil || len(saved.Alarms) != 1 || len(saved.Disabled) != 1 {
		t.Fatalf("got %+v, %v", saved, err)
	}
	begin(t, "the first release", saved)
}

// A state of a release to come is not understood in part: it is a loss, and told.
func TestStateOfAReleaseToComeIsTold(t *testing.T) {
	dir := t.TempDir()
	for i := range 2 {
		data := frame("firepost-panel 2", uint64(i+1), []byte(`{"Boot":3}`))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("panel.%d", i)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, saved, err := Open(dir, Options{})
	if !errors.Is(err, errFormat) {
		t.Errorf("got %v, want %v", err, errFormat)
	}
	begin(t, "a release to come", saved)
}

// Any bytes in the files give a state to begin with, and an error unless they are a state.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(""), []byte("firepost-panel 1 1 2 00000000\n{}"))
	f.Add(frame(panelKind, 1, []byte(`{"Boot":1}`)), frame(panelKind, 2, []byte(`{"Alarms":[{}]}`)))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		dir := t.TempDir()
		for i, data := range [][]byte{a, b} {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("panel.%d", i)), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		k, saved, err := Open(dir, Options{})
		if _, _, bad := unframe(panelKind, a); bad != nil && err == nil {
			t.Errorf("%q is taken for a state", a)
		}
		alarm.New(plan(), saved).Step(0, alarm.Input{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := k.Run(ctx); err != nil {
			t.Error(err)
		}
	})
}
