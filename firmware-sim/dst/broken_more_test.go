package dst

import (
	"slices"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// begins makes knobs whose panels begin from another plan or another saved state.
func begins(change func(p *alarm.Plan, s *alarm.Saved)) Knobs {
	return Knobs{Panel: func(p alarm.Plan, s alarm.Saved) Panel {
		change(&p, &s)
		return alarm.New(p, s)
	}}
}

// ordered gives one command again and again.
func ordered(every time.Duration, c alarm.Command) func([]alarm.PointPlan) []Order {
	return func([]alarm.PointPlan) (orders []Order) {
		for at := 20 * time.Second; at < 10*time.Minute; at += every {
			c.ID = c.Action.String() + at.String()
			orders = append(orders, Order{at, c})
		}
		return orders
	}
}

// drop takes events out of a decision.
func drop(d *alarm.Decision, kinds ...alarm.Kind) {
	d.Events = slices.DeleteFunc(slices.Clone(d.Events), func(e alarm.Event) bool {
		return slices.Contains(kinds, e.Kind)
	})
}

// A drill that looks real, and one that moves the valve.
func TestDrillInDisguiseOffendsRehearsed(t *testing.T) {
	for _, mistake := range []func(e *alarm.Event){
		func(e *alarm.Event) { e.Drill = e.Drill && e.Kind != alarm.Raised },
		func(e *alarm.Event) {
			if e.Kind == alarm.OutputChanged && e.Drill {
				e.Output = "valve"
			}
		},
	} {
		k := breaks(func(b *broken) {
			b.after = func(_ point.Instant, d *alarm.Decision) {
				for i := range d.Events {
					mistake(&d.Events[i])
				}
			}
		})
		k.Orders = ordered(2*time.Minute, alarm.Command{
			Action: alarm.StartDrill, For: time.Minute, By: keyholder,
		})
		noticed(t, Rehearsed, k)
	}
}

// A walk test that goes on while it burns elsewhere.
func TestLastingTestOffendsInterrupts(t *testing.T) {
	k := breaks(func(b *broken) {
		b.after = func(_ point.Instant, d *alarm.Decision) {
			drop(d, alarm.TestEnded, alarm.DrillEnded)
		}
	})
	k.Orders = ordered(time.Minute, alarm.Command{
		Action: alarm.StartTest, Zone: "zone1", For: time.Minute, By: keyholder,
	})
	noticed(t, Interrupts, k)
}

// A matrix that closes the valve for one detector of fire.
func TestHastyValveOffendsUndone(t *testing.T) {
	noticed(t, Undone, begins(func(p *alarm.Plan, _ *alarm.Saved) {
		p.Effects = append(p.Effects, alarm.Effect{
			When: alarm.Cause{Signals: []alarm.Signal{alarm.Fire}},
			Then: []alarm.Act{{Output: "valve", Play: alarm.Steady}}, Own: true,
		})
	}))
}

// A call whose end nobody hears of, and one that ends twice.
func TestCallThatEndsNeverOrTwiceOffendsAnswered(t *testing.T) {
	ends := []alarm.Kind{alarm.DutyMissed, alarm.DutyAnswered}
	for _, mistake := range []func(d *alarm.Decision){
		func(d *alarm.Decision) { drop(d, ends...) },
		func(d *alarm.Decision) {
			for _, e := range d.Events {
				if slices.Contains(ends, e.Kind) {
					d.Events = append(d.Events, e)
					return
				}
			}
		},
	} {
		k := breaks(func(b *broken) {
			b.after = func(_ point.Instant, d *alarm.Decision) { mistake(d) }
		})
		k.Orders = ordered(time.Minute, alarm.Command{
			Action: alarm.AskDuty, By: keyholder, Call: &alarm.Call{ID: "x", Limit: 10 * time.Second},
		})
		noticed(t, Answered, k)
	}
}

// A restart that forgets what people did.
func TestForgetfulPanelOffendsHandled(t *testing.T) {
	for _, forget := range []func(*alarm.SavedDuties){
		func(s *alarm.SavedDuties) { s.Incidents = nil },
		func(s *alarm.SavedDuties) { s.Hazards = nil },
		func(s *alarm.SavedDuties) { s.Shift = nil },
		func(s *alarm.SavedDuties) { s.Calls = nil },
		func(s *alarm.SavedDuties) { s.Items = nil },
	} {
		k := begins(func(_ *alarm.Plan, s *alarm.Saved) { forget(&s.Duties) })
		k.Orders = func([]alarm.PointPlan) (orders []Order) {
			for i, c := range []alarm.Command{
				{Action: alarm.OpenHazard, Matter: alarm.Matter{Text: "x", Days: 3}},
				{Action: alarm.BeginShift}, {Action: alarm.AskDuty, Call: &alarm.Call{ID: "x"}},
				{Action: alarm.CheckItem, Matter: alarm.Matter{ID: "ways"}},
			} {
				c.ID, c.By = "first "+c.Action.String(), keyholder
				orders = append(orders, Order{time.Duration(i+1) * time.Second, c})
			}
			return orders
		}
		noticed(t, Handled, k)
	}
}

// A panel that takes what cannot be read for calm.
func TestFailureTakenForCalmOffendsOnlyGood(t *testing.T) {
	noticed(t, OnlyGood, breaks(func(b *broken) {
		b.before = func(_ point.Instant, in *alarm.Input) {
			for i := range in.Readings {
				in.Readings[i].Quality = point.Good
			}
		}
	}))
}

// A valve that opens when its alarm is over.
func TestTiredValveOffendsShut(t *testing.T) {
	noticed(t, Shut, breaks(func(b *broken) {
		b.after = func(_ point.Instant, d *alarm.Decision) {
			for _, e := range d.Events {
				for i := range d.Wishes {
					if e.Kind == alarm.Cleared && d.Wishes[i].Output == "valve" {
						d.Wishes[i].Pattern = alarm.Off
					}
				}
			}
		}
	}))
}

// A value that is called good whatever it is made of.
func TestTrustingIndicatorOffendsBlind(t *testing.T) {
	for _, value := range []int64{0, 100_000} {
		noticed(t, Blind, breaks(func(b *broken) {
			b.shown = func(s *alarm.Snapshot) {
				for i := range s.Points {
					for j := range s.Points[i].Channels {
						c := &s.Points[i].Channels[j]
						c.Quality, c.Value = point.Good, max(c.Value, value)
					}
				}
			}
		}))
	}
}

// A panel that hears no other room, and one that keeps what was taken back.
func TestDeafToItsRoomsOffendsStays(t *testing.T) {
	noticed(t, Stays, breaks(func(b *broken) {
		b.before = func(_ point.Instant, in *alarm.Input) { in.Notices = nil }
	}))
	noticed(t, Stays, breaks(func(b *broken) {
		b.after = func(_ point.Instant, d *alarm.Decision) { drop(d, alarm.FaultEnded) }
	}))
}

// A strobe that one more alarm turns off.
func TestAlternatingStrobeOffendsAdds(t *testing.T) {
	noticed(t, Adds, breaks(func(b *broken) {
		b.after = func(_ point.Instant, d *alarm.Decision) {
			for _, e := range d.Events {
				for i := range d.Wishes {
					if e.Kind == alarm.Raised && d.Wishes[i].Output == "strobe" {
						d.Wishes[i].Pattern = alarm.Off
					}
				}
			}
		}
	}))
}

// A restart that changes what was saved.
func TestCarelessRestartOffendsFixed(t *testing.T) {
	for _, mistake := range []func(s *alarm.Saved){
		func(s *alarm.Saved) { s.Memories = nil },
		func(s *alarm.Saved) { s.Outputs = nil },
		func(s *alarm.Saved) { s.Tally = alarm.SavedTally{} },
		func(s *alarm.Saved) { s.Test = nil },
		func(s *alarm.Saved) {
			s.Alarms = slices.Clone(s.Alarms)
			for i := range s.Alarms {
				s.Alarms[i].Acknowledged = !s.Alarms[i].Acknowledged
			}
		},
	} {
		k := begins(func(_ *alarm.Plan, s *alarm.Saved) { mistake(s) })
		k.Orders = ordered(time.Minute, alarm.Command{
			Action: alarm.StartTest, Zone: "zone1", For: time.Minute, By: keyholder,
		})
		noticed(t, Fixed, k)
	}
}

// A zone that holds an alarm back for longer than the sequence allows.
func TestSlowZoneOffendsHeld(t *testing.T) {
	noticed(t, Held, breaks(func(b *broken) {
		b.after = func(_ point.Instant, d *alarm.Decision) {
			d.Events = slices.DeleteFunc(slices.Clone(d.Events), func(e alarm.Event) bool {
				return e.Kind == alarm.Raised && e.Reason == alarm.ReleasedUnseen
			})
		}
	}))
}

// A record that hangs on nothing.
func TestLooseRecordOffendsChained(t *testing.T) {
	noticed(t, Chained, breaks(func(b *broken) {
		b.after = func(_ point.Instant, d *alarm.Decision) {
			for i := range d.Events {
				d.Events[i].Matter.Record.Prev = ""
			}
		}
	}))
}

// A button that anybody can reach and that does what needs a key.
func TestOpenButtonOffendsPressed(t *testing.T) {
	noticed(t, Pressed, begins(func(p *alarm.Plan, _ *alarm.Saved) {
		for i := range p.Points {
			if b := &p.Points[i].Button; b.Level == 1 {
				b.Level = 2
			}
		}
	}))
}

// A panel that begins with a point disabled when it knows nothing.
func TestOldDisablementOffendsBare(t *testing.T) {
	noticed(t, Bare, begins(func(p *alarm.Plan, s *alarm.Saved) {
		if s.LastEvent == 0 {
			s.Disabled = []alarm.SavedDisabled{{Point: p.Points[0].ID, Remaining: time.Hour}}
		}
	}))
}

// A panel that looks at the calendar before it alarms.
func TestDateInADecisionOffendsWallBlind(t *testing.T) {
	k := breaks(func(b *broken) {
		b.before = func(_ point.Instant, in *alarm.Input) {
			if in.Day != 0 {
				in.Readings = nil
			}
		}
	})
	for seed := range uint64(20) {
		if blindToTheDate(seed, k) != "" {
			return
		}
	}
	t.Errorf("not noticed: invariant %d, %s", WallBlind.Number, WallBlind.Name)
}

// A panel that calls silent what is made of a sensor which warms up.
func TestSilenceOfAWarmUpOffendsBlamed(t *testing.T) {
	noticed(t, Blamed, breaks(func(b *broken) {
		b.before = func(_ point.Instant, in *alarm.Input) {
			in.Readings = slices.DeleteFunc(in.Readings, func(r point.Reading) bool {
				return r.Reason == point.WarmUp
			})
		}
	}))
}

// Every invariant of this level has a number of its own.
func TestInvariantsHaveNumbersOfTheirOwn(t *testing.T) {
	seen := map[int]string{}
	for _, i := range []Invariant{
		Converges, Sounds, Resounds, Steady, Gapless, Reports, Remembers, Once, WallBlind, Bounded,
		Alone, Reasonable, Guarded, Rehearsed, Interrupts, Undone, Answered, Handled, OnlyGood, Shut,
		Blind, Stays, Adds, Fixed, Held, Chained, Pressed, Bare, Blamed,
	} {
		if other := seen[i.Number]; other != "" {
			t.Errorf("%d: %q and %q", i.Number, i.Name, other)
		}
		seen[i.Number] = i.Name
	}
}
