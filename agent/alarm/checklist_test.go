package alarm

import (
	"testing"
	"time"
)

// days lets each day pass in one step: the date changes, the panel runs.
func (r *rig) days(n int) {
	for range n {
		r.day++
		r.step()
	}
}

// A monthly check that nobody makes is overdue on day 32, once, and not before.
func TestMonthlyCheckIsOverdueOnDay32(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.day = 20_000
	r.step()
	r.done(Command{Action: CheckItem, By: by(1, 1), Matter: Matter{
		ID: "extinguishers", Evidence: "ab12",
	}}, ItemDone)
	r.days(31)
	if n := r.count(ItemOverdue, ""); n != 0 {
		t.Fatalf("overdue on day %d", r.day-20_000)
	}
	it := r.panel.Snapshot(r.now).Duties.Items[0]
	if !it.Due || it.Overdue || it.By.Operator != 1 || it.Evidence != "ab12" || it.From != 20_000 {
		t.Errorf("on day 31: %+v", it)
	}
	r.days(1)
	if e := r.newest(ItemOverdue); e.Matter.ID != "extinguishers" || e.Matter.Record.Day != 20_032 {
		t.Errorf("on day 32: %+v", e.Matter)
	}
	r.days(5)
	if n := r.count(ItemOverdue, ""); n != 1 {
		t.Errorf("told %d times, want once", n)
	}
	r.done(Command{Action: CheckItem, By: by(1, 1), Matter: Matter{ID: "extinguishers"}}, ItemDone)
	if it := r.panel.Snapshot(r.now).Duties.Items[0]; it.Due || it.Overdue {
		t.Errorf("after the check: %+v", it)
	}
}

// While the date is not known, what goes by the calendar waits and says so; what was done without a
// date gets the day that it must have been.
func TestCalendarWaitsForTheDate(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.run(time.Second)
	r.done(Command{Action: CheckItem, By: by(1, 1), Matter: Matter{ID: "extinguishers"}}, ItemDone)
	r.done(Command{Action: OpenHazard, By: by(1, 1), Matter: Matter{Text: "boxes", Days: 2}},
		HazardOpened)
	r.panel.people.items[0].Ran += 3 * 24 * time.Hour
	r.panel.people.hazards.open[0].Ran += 1 * 24 * time.Hour
	r.step()
	s := r.panel.Snapshot(r.now).Duties
	if !s.Waiting || s.Date != 0 || r.count(ItemOverdue, "")+r.count(HazardOverdue, "") != 0 {
		t.Fatalf("it does not wait: %+v", s)
	}
	r.day = 20_000
	r.step()
	s = r.panel.Snapshot(r.now).Duties
	if s.Waiting || s.Items[0].From != 19_997 || s.Hazards[0].Due() != 20_001 {
		t.Errorf("got item from %v, hazard due %v", s.Items[0].From, s.Hazards[0].Due())
	}
	r.day = 0
	r.run(time.Second)
	if !r.panel.Snapshot(r.now).Duties.Waiting {
		t.Error("it goes on without a date")
	}
}

// A patrol is due by the hours in which somebody is there, and its time survives a restart.
func TestPatrolCountsMannedHours(t *testing.T) {
	plan := station()
	r := newRig(t, plan, Saved{})
	r.run(3 * time.Hour)
	if r.count(ItemOverdue, "") != 0 {
		t.Fatal("a patrol is overdue while nobody is there")
	}
	r.done(Command{Action: BeginShift, By: by(1, 1)}, ShiftBegun)
	r.run(time.Hour)
	r.restart(plan)
	r.run(59 * time.Minute)
	if r.count(ItemOverdue, "") != 0 {
		t.Fatal("the patrol is overdue too early")
	}
	r.run(12 * time.Minute)
	if e := r.newest(ItemOverdue); e.Matter.ID != "patrol" {
		t.Errorf("got %+v", e.Matter)
	}
}

// Of ten hazards nine of which were closed in time, 900 in a thousand were put right in time.
func TestRectifiedInTime(t *testing.T) {
	plan := station()
	r := newRig(t, plan, Saved{})
	r.day = 20_000
	for range 10 {
		r.done(Command{Action: OpenHazard, By: by(1, 1), Matter: Matter{Text: "通道堆物", Days: 7}},
			HazardOpened)
	}
	for _, id := range []string{"h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9"} {
		r.done(Command{Action: CloseHazard, By: by(7, 2), Matter: Matter{ID: id, Evidence: "cd"}},
			HazardClosed)
	}
	r.days(7)
	if n := r.count(HazardOverdue, ""); n != 0 {
		t.Fatal("overdue on its last day")
	}
	r.days(1)
	rate := func() int { d := r.panel.Snapshot(r.now).Duties; return d.Rectified() }
	if n := r.count(HazardOverdue, ""); n != 1 || rate() != 900 {
		t.Errorf("%d overdue, rate %d, want 1 and 900", n, rate())
	}
	r.restart(plan)
	r.days(1)
	if n := r.count(HazardOverdue, ""); n != 0 || rate() != 900 {
		t.Errorf("after a restart: %d told again, rate %d", n, rate())
	}
	r.done(Command{Action: CloseHazard, By: by(7, 2), Matter: Matter{ID: "h10"}}, HazardClosed)
	if rate() != 900 {
		t.Errorf("closed late: rate %d, want 900", rate())
	}
	r.done(Command{Action: OpenHazard, By: by(1, 1), Matter: Matter{Text: "x", Days: 1}}, HazardOpened)
	if e := r.newest(HazardOpened); e.Matter.ID != "h11" {
		t.Errorf("got %q, want a name that was never used", e.Matter.ID)
	}
}

// Too few people for five minutes are told, a change of shift is not; who forgets to leave is taken
// off after a day; and the list survives a restart.
func TestShift(t *testing.T) {
	plan := station()
	r := newRig(t, plan, Saved{})
	r.run(4 * time.Minute)
	for _, o := range []Origin{by(1, 1), by(7, 1), by(9, 1)} {
		r.done(Command{Action: BeginShift, By: o}, ShiftBegun)
	}
	r.refused(Command{Action: BeginShift, By: by(7, 1)}, RefusedNothing)
	r.run(10 * time.Minute)
	if r.count(ShiftShort, "") != 0 {
		t.Fatal("told as short while they were changing")
	}
	r.restart(plan)
	r.run(time.Minute)
	if n := len(r.panel.Snapshot(r.now).Duties.Shift); n != 3 {
		t.Fatalf("%d on shift after a restart, want 3", n)
	}
	if e := r.done(Command{Action: EndShift, By: by(7, 1)}, ShiftEnded); e.Matter.People != 2 {
		t.Errorf("%d people, want 2", e.Matter.People)
	}
	r.run(5*time.Minute + time.Second)
	if r.count(ShiftShort, "") != 1 || !r.panel.Snapshot(r.now).Duties.Short {
		t.Error("not told as short")
	}
	r.done(Command{Action: BeginShift, By: by(7, 1)}, ShiftBegun)
	r.step()
	if r.count(ShiftFull, "") != 1 {
		t.Error("not told as full")
	}
	fewer := station()
	fewer.Operators = fewer.Operators[:2]
	r.take(r.panel.Replan(r.now, fewer))
	r.step()
	if e := r.newest(ShiftEnded); e.By.Operator != 9 || e.Reason != RefusedOperator {
		t.Errorf("got %+v", e)
	}
	r.now = r.now.Add(24 * time.Hour)
	r.step()
	if n := len(r.panel.Snapshot(r.now).Duties.Shift); n != 0 {
		t.Errorf("%d on shift after a day", n)
	}
}

// A new plan keeps what is known of each item by its name.
func TestReplanKeepsItems(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.day = 20_000
	r.done(Command{Action: CheckItem, By: by(1, 1), Matter: Matter{ID: "patrol"}}, ItemDone)
	plan := station()
	plan.Items = []ItemPlan{{ID: "new", Days: 7}, plan.Items[1]}
	plan.Items[1].Name = "Round"
	r.take(r.panel.Replan(r.now, plan))
	s := r.panel.Snapshot(r.now).Duties
	if s.Items[0].Done || !s.Items[1].Done || s.Items[1].Name != "Round" {
		t.Errorf("got %+v", s.Items)
	}
}
