package dst

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// broken is a panel with one mistake. Each test below gives the simulation such a panel and demands
// that the invariant it offends notices.
type broken struct {
	Panel
	before func(now point.Instant, in *alarm.Input)
	after  func(now point.Instant, d *alarm.Decision)
	shown  func(s *alarm.Snapshot)
}

func (b *broken) Snapshot(now point.Instant) *alarm.Snapshot {
	s := b.Panel.Snapshot(now)
	if b.shown != nil {
		b.shown(s)
	}
	return s
}

func (b *broken) Step(now point.Instant, in alarm.Input) alarm.Decision {
	in.Commands = slices.Clone(in.Commands) // the oracle sees what was really asked
	in.Readings = slices.Clone(in.Readings)
	if b.before != nil {
		b.before(now, &in)
	}
	d := b.Panel.Step(now, in)
	if b.after != nil {
		b.after(now, &d)
	}
	return d
}

// breaks makes knobs whose panels all have one mistake; each run of the panel gets a fresh one.
func breaks(mistake func(b *broken)) Knobs {
	return Knobs{Panel: func(p alarm.Plan, s alarm.Saved) Panel {
		b := &broken{Panel: alarm.New(p, s)}
		mistake(b)
		return b
	}}
}

// noticed plays seeds until the invariant is offended.
func noticed(t *testing.T, want Invariant, k Knobs) {
	t.Helper()
	for seed := range uint64(60) {
		for _, v := range Run(seed, k).Violations {
			if v.Invariant == want {
				return
			}
		}
	}
	t.Errorf("60 seeds did not notice: invariant %d, %s", want.Number, want.Name)
}

// A point whose readings never reach the panel burns in silence.
func TestDeafPanelOffendsSounds(t *testing.T) {
	noticed(t, Sounds, breaks(func(b *broken) {
		b.before = func(_ point.Instant, in *alarm.Input) { in.Readings = nil }
	}))
}

// A panel that judges well and does not drive the siren.
func TestDumbSirenOffendsSounds(t *testing.T) {
	noticed(t, Sounds, breaks(func(b *broken) {
		b.after = func(_ point.Instant, d *alarm.Decision) { d.Wishes = d.Wishes[1:1] }
	}))
}

// A panel that judges a few seconds late.
func TestLatePanelOffendsSounds(t *testing.T) {
	noticed(t, Sounds, breaks(func(b *broken) {
		var late []point.Reading
		b.before = func(now point.Instant, in *alarm.Input) {
			late = append(late, in.Readings...)
			in.Readings = nil
			for len(late) > 0 && now.Sub(late[0].At) >= 5*time.Second {
				in.Readings, late = append(in.Readings, late[0]), late[1:]
			}
		}
	}))
}

// A silence that lasts whatever comes.
func TestLastingSilenceOffendsResounds(t *testing.T) {
	noticed(t, Resounds, breaks(func(b *broken) {
		silenced := false
		b.after = func(_ point.Instant, d *alarm.Decision) {
			for _, e := range d.Events {
				silenced = silenced || e.Kind == alarm.Silenced
			}
			if silenced {
				d.Wishes[0].Pattern = alarm.Off
			}
		}
	}))
}

// A silence that begins anew with every restart, where somebody silences whatever sounds.
func TestSilenceFromTheStartOffendsSounds(t *testing.T) {
	k := Knobs{Orders: hush, Panel: func(p alarm.Plan, s alarm.Saved) Panel {
		s.Resound = resound + unsaved
		return alarm.New(p, s)
	}}
	noticed(t, Sounds, k)
}

// Commands that are obeyed after the rules: a silence hushes the alarm of its own step.
func TestLateCommandsOffendResounds(t *testing.T) {
	k := breaks(func(b *broken) {
		b.after = func(_ point.Instant, d *alarm.Decision) {
			for _, e := range d.Events {
				if e.Kind == alarm.Raised && e.To.Level >= detect.Alarm && !e.Restored {
					d.Wishes[0].Pattern = alarm.Off // as if a silence had come in this step
				}
			}
		}
	})
	noticed(t, Resounds, k)
}

// A rule without hysteresis chatters.
func TestChatterOffendsSteady(t *testing.T) {
	k := Knobs{Panel: func(p alarm.Plan, s alarm.Saved) Panel {
		for i := range p.Points {
			spec := &p.Points[i].Spec
			spec.Conditions = append([]detect.Condition(nil), spec.Conditions...)
			for j := range spec.Conditions {
				c := &spec.Conditions[j]
				c.Hysteresis, c.Confirm, c.Release = 0, 0, 0
			}
		}
		return alarm.New(p, s)
	}}
	noticed(t, Steady, k)
}

// An event that is lost leaves a gap.
func TestLostEventOffendsGapless(t *testing.T) {
	noticed(t, Gapless, breaks(func(b *broken) {
		b.after = func(_ point.Instant, d *alarm.Decision) {
			if len(d.Events) > 2 {
				d.Events = append(d.Events[:1:1], d.Events[2:]...)
			}
		}
	}))
}

// A panel that starts its numbers again repeats them.
func TestRepeatedNumbersOffendGapless(t *testing.T) {
	k := Knobs{Panel: func(p alarm.Plan, s alarm.Saved) Panel {
		s.LastEvent = 0
		return alarm.New(p, s)
	}}
	noticed(t, Gapless, k)
}

// A panel that takes silence for well.
func TestTrustingPanelOffendsReports(t *testing.T) {
	k := Knobs{Panel: func(p alarm.Plan, s alarm.Saved) Panel {
		for i := range p.Points {
			p.Points[i].Spec.Stale = time.Hour
		}
		return alarm.New(p, s)
	}}
	noticed(t, Reports, k)
}

// A panel that remembers nothing.
func TestForgetfulPanelOffendsRemembers(t *testing.T) {
	for _, forget := range []func(*alarm.Saved){
		func(s *alarm.Saved) { s.Alarms = nil },
		func(s *alarm.Saved) { s.Disabled = nil },
	} {
		k := Knobs{Panel: func(p alarm.Plan, s alarm.Saved) Panel {
			forget(&s)
			return alarm.New(p, s)
		}}
		k.Orders = func(points []alarm.PointPlan) []Order {
			return []Order{{20 * time.Second, alarm.Command{
				ID: "out", Action: alarm.Disable, Point: points[0].ID, For: time.Hour,
				Reason: "drawn", By: keyholder,
			}}}
		}
		noticed(t, Remembers, k)
	}
}

// A refusal that does not say which command it answers.
func TestUnansweredCommandOffendsOnce(t *testing.T) {
	noticed(t, Once, breaks(func(b *broken) {
		b.after = func(_ point.Instant, d *alarm.Decision) {
			for i := range d.Events {
				if d.Events[i].Kind == alarm.Refused {
					d.Events[i].Cause = ""
				}
			}
		}
	}))
}

// A command that acts at every repeat.
func TestRepeatedCommandOffendsOnce(t *testing.T) {
	noticed(t, Once, breaks(func(b *broken) {
		n := 0
		b.before = func(_ point.Instant, in *alarm.Input) {
			for i := range in.Commands {
				n++
				in.Commands[i].ID += "#" + strings.Repeat("i", n)
			}
		}
		b.after = func(_ point.Instant, d *alarm.Decision) {
			for i := range d.Events {
				d.Events[i].Cause, _, _ = strings.Cut(d.Events[i].Cause, "#")
			}
		}
	}))
}

// A panel that decides otherwise when its box has been up for long.
func TestMomentInADecisionOffendsWallBlind(t *testing.T) {
	k := breaks(func(b *broken) {
		b.before = func(now point.Instant, in *alarm.Input) {
			if now > point.Instant(24*time.Hour) {
				in.Readings = nil
			}
		}
	})
	if blindToTheMoment(0, k) == "" {
		t.Errorf("not noticed: invariant %d, %s", WallBlind.Number, WallBlind.Name)
	}
}

// A step that makes events without end.
func TestFloodOfEventsOffendsBounded(t *testing.T) {
	noticed(t, Bounded, breaks(func(b *broken) {
		b.after = func(_ point.Instant, d *alarm.Decision) {
			if len(d.Events) > 0 {
				d.Events = append(d.Events, make([]alarm.Event, 500)...)
			}
		}
	}))
}

// A disablement that does not hold.
func TestLeakyDisablementOffendsAlone(t *testing.T) {
	noticed(t, Alone, breaks(func(b *broken) {
		b.after = func(_ point.Instant, d *alarm.Decision) {
			for _, e := range d.Events {
				if e.Kind == alarm.Disabled {
					d.Events = append(d.Events, alarm.Event{
						Kind: alarm.Raised, Point: e.Point, Alarm: "leaky", Seq: e.Seq + 1,
						To: detect.Finding{Level: detect.Alarm},
					})
				}
			}
		}
	}))
}

// A disablement that takes everything out.
func TestBroadDisablementOffendsAlone(t *testing.T) {
	k := breaks(func(b *broken) {
		out := false
		b.before = func(_ point.Instant, in *alarm.Input) {
			for _, c := range in.Commands {
				out = out || c.ID == "one more"
			}
			if out {
				in.Readings = nil
			}
		}
	})
	k.Points, k.Chaos, k.NoRestarts = 4, 3*time.Minute, true
	for seed := range uint64(20) {
		if alone(seed, k) != "" {
			return
		}
	}
	t.Errorf("not noticed: invariant %d, %s", Alone.Number, Alone.Name)
}

// A panel that takes the district for somebody who stands before it.
func TestTrustInTheDistrictOffendsGuarded(t *testing.T) {
	for _, a := range []alarm.Action{alarm.Silence, alarm.Reset, alarm.Disable, alarm.Enable} {
		k := breaks(func(b *broken) {
			far := map[string]alarm.Origin{}
			b.before = func(_ point.Instant, in *alarm.Input) {
				for i := range in.Commands {
					c := &in.Commands[i]
					if c.By.Kind == alarm.District && c.Action == a {
						far[c.ID], c.By = c.By, alarm.Origin{Kind: alarm.Button, Level: 2}
					}
				}
			}
			b.after = func(_ point.Instant, d *alarm.Decision) {
				for i := range d.Events {
					if by, ok := far[d.Events[i].Cause]; ok {
						d.Events[i].By = by
					}
				}
			}
		})
		k.Points, k.Chaos = 1, 4*time.Minute // so that the orders meet
		k.Orders = func(points []alarm.PointPlan) (orders []Order) {
			for at := 5 * time.Second; at < k.Chaos; at += 10 * time.Second {
				far := alarm.Command{
					ID: "far " + at.String(), Action: a, Point: points[0].ID,
					By: alarm.Origin{Kind: alarm.District},
				}
				near := far
				near.ID, near.Action, near.By = "near "+at.String(), alarm.Disable, keyholder
				near.For, near.Reason = 7*time.Second, "drawn"
				if a == alarm.Disable {
					far.For, far.Reason = near.For, near.Reason
				}
				if a == alarm.Silence {
					far.Point = ""
				}
				orders = append(orders, Order{at, near}, Order{at + 2*time.Second, far})
			}
			return orders
		}
		noticed(t, Guarded, k)
	}
}

// A panel that sees fires where there are none.
func TestInventedAlarmOffendsReasonable(t *testing.T) {
	noticed(t, Reasonable, breaks(func(b *broken) {
		b.before = func(now point.Instant, in *alarm.Input) {
			for i := range in.Readings {
				if now > point.Instant(2*time.Minute) && in.Readings[i].Sample.Value == 0 {
					in.Readings[i].Sample.Value = 1
				}
			}
		}
	}))
}

// A reset that leaves something behind.
func TestIncompleteResetOffendsConverges(t *testing.T) {
	noticed(t, Converges, breaks(func(b *broken) {
		b.before = func(_ point.Instant, in *alarm.Input) {
			for i := range in.Commands {
				if in.Commands[i].Action == alarm.Reset {
					in.Commands[i].Action = alarm.Acknowledge
				}
			}
		}
	}))
}
