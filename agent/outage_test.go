package agent

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// twentyPoints are ten thermometers, each with its humidity, on ten buses, and a call point.
func twentyPoints(_ *rig, text *string, _ *Options) {
	var b strings.Builder
	air := "air" // the small site has the first one
	for i := range 10 {
		if i > 0 {
			air = fmt.Sprintf("air-%d", i)
			fmt.Fprintf(&b, "[[sensor]]\nname = %q\nmodel = \"sht4x\"\nbus = \"i2c-%d\"\n", air, i)
			fmt.Fprintf(&b, "[[point]]\nid = \"t-%d\"\nclass = \"heat\"\nfrom = %q\n", i,
				air+".temperature")
		}
		fmt.Fprintf(&b, "[[point]]\nid = \"h-%d\"\nsignal = \"supervisory\"\nrecord = true\n", i)
		fmt.Fprintf(&b, "from = %q\n", air+".humidity")
	}
	*text = strings.Replace(*text, "[[output]]", b.String()+"[[output]]", 1)
	*text = strings.ReplaceAll(*text, `model = "sht4x"`, "model = \"sht4x\"\nperiod = \"1 s\"")
	*text = strings.Replace(*text, `report = "10 s"`, `report = "5 s"`, 1)
}

const (
	outage    = 10 * time.Minute
	outageAt  = time.Minute
	outageEnd = outageAt + outage
	lateAge   = 120 * time.Second // an older record moves no current value
	batchTime = 12 * time.Second  // the first record of a batch is older than the batch
)

// After ten minutes without a broker everything arrives: alarms first, what is new before the
// backlog, nothing lost, nothing twice with another content, and what is old is marked so.
func TestBrokerGoneTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, twentyPoints, enrolled).run()
		r.weatherUntil(outageAt)
		r.district.set(true, false)
		r.weatherUntil(outageAt + 5*time.Minute)
		r.press()
		for _, c := range r.air { // more alarms than the line takes at once
			c.SetTemperature(70_000)
		}
		r.sleepUntil(outageAt + 5*time.Minute + 10*time.Second)
		r.weatherUntil(outageEnd)
		r.release()
		waiting := r.held()
		r.district.set(false, false)
		r.weatherUntil(outageEnd + 3*time.Minute)
		checkComplete(r, waiting)
		checkOrder(r)
		r.end()
	})
}

// weatherUntil lets every temperature change once a second.
func (r *rig) weatherUntil(at time.Duration) {
	for n := int64(0); time.Since(r.start) < at; n++ {
		for _, c := range r.air {
			c.SetTemperature(21_000 + n%2*1_000)
		}
		time.Sleep(time.Second)
	}
	r.sleepUntil(at)
}

// isEvent tells whether a message is of the lanes of the panel's events.
func isEvent(m message) bool { return m.Lane == "a" || m.Lane == "e" }

// checkComplete holds what the district has against what the station gave out.
func checkComplete(r *rig, waiting uint64) {
	rep := r.district.receiver.Report()
	bad := rep.BodyMismatch + rep.OutOfOrder + rep.Malformed
	if len(rep.Missing) > 0 || len(rep.Declared) > 0 || bad > 0 {
		r.Errorf("missing %v, declared %v, mismatch %d, out of order %d, malformed %d %v", rep.Missing,
			rep.Declared, rep.BodyMismatch, rep.OutOfOrder, rep.Malformed, rep.Faults)
	}
	bytes := 0
	for _, m := range r.district.messages(func(m message) bool { return m.leaf == wire.UpBackfill }) {
		bytes += m.size
	}
	if n := uint64(bytes); n == 0 || n > 5*waiting {
		r.Errorf("the backlog of %d records came in %d bytes; it was not joined and compressed",
			waiting, bytes)
	}
	// 20 points, one record each 5 s, and ten that change each second.
	if least := uint64(10 * (outage / time.Second)); waiting < least {
		r.Errorf("%d records waited for the line, want at least %d", waiting, least)
	}
	if n := r.status().Outbox.Lanes[buffer.Telemetry].Held; n > 60 {
		r.Errorf("%d telemetry records still wait", n)
	}
	seen := map[uint64]bool{}
	for _, m := range r.district.messages(isEvent) {
		var data struct {
			Seq uint64 `json:"seq"`
		}
		if json.Unmarshal(m.Data, &data) == nil {
			seen[data.Seq] = true
		}
	}
	last := r.status().Panel.LastEvent
	if last == 0 || last > 1000 {
		r.Fatalf("the panel's last event is %d", last)
	}
	for seq := uint64(1); seq <= last; seq++ {
		if !seen[seq] {
			r.Errorf("event %d of the panel never came", seq)
		}
	}
	if len(rep.Raises) != 11 {
		r.Errorf("the district knows of %d alarms, want the call point and ten of heat", len(rep.Raises))
	}
}

// checkOrder looks at what came after the outage, in the order in which it came.
func checkOrder(r *rig) {
	after := r.district.messages(func(m message) bool {
		return m.at.Sub(r.start) > outageEnd && m.Lane != ""
	})
	first := slices.IndexFunc(after, func(m message) bool { return m.Lane == "t" })
	for i, m := range after {
		sentAfter := m.at.Sub(r.start) - m.age()
		switch {
		case m.Hist && sentAfter < lateAge, !m.Hist && sentAfter > lateAge+batchTime:
			r.Errorf("message %d on %s is from %v, sent at %v, hist %v", i, m.leaf, m.age(),
				m.at.Sub(r.start), m.Hist)
		case m.leaf == "up/alarm" && m.age() < outageEnd && i > first:
			r.Errorf("an alarm of the outage came after telemetry, as message %d", i)
		case m.leaf == "up/telemetry" && m.age() < outageEnd-10*time.Second:
			r.Errorf("a record from %v came as if it were new", m.age())
		}
	}
	live := slices.IndexFunc(after, func(m message) bool { return m.leaf == "up/telemetry" })
	back := -1
	for i, m := range after {
		if m.leaf == "up/backfill" {
			back = i
		}
	}
	if live < 0 || back < live {
		r.Errorf("the first new telemetry is message %d, the last of the backlog %d; "+
			"what is new must not wait for it", live, back)
	}
}

// age is when the record was made, in the time of its run.
func (m message) age() time.Duration {
	var ms int64
	fmt.Sscan(m.Mono, &ms)
	return time.Duration(ms) * time.Millisecond
}

// After a power cut within an alarm the siren is opened ringing, and the alarm is the same one.
func TestRestartWithinAnAlarmRingsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, enrolled).run()
		r.sleepUntil(5 * time.Second)
		r.press()
		r.sleepUntil(8 * time.Second)
		first := r.heard(alarm.Raised)
		second := newRig(t)
		copyDir(t, r.dir, second.dir) // nothing is being written at this moment: all is quiet
		r.end()

		second.district = r.district
		second.agent.dial = r.district.line
		second.run()
		second.sleepUntil(5 * time.Second)
		changes, _ := second.board.Pin(sirenLine).History()
		if len(changes) == 0 || !changes[0].Opened || !changes[0].High {
			t.Errorf("the siren's line begins with %+v, want it opened ringing", changes)
		}
		again := second.heard(alarm.Raised)
		if len(first) != 1 || len(again) != 1 || !again[0].Restored || again[0].Alarm != first[0].Alarm {
			t.Errorf("raised again: %+v, want %+v restored", again, first)
		}
		rep := r.district.receiver.Report()
		if a := rep.Raises[string(first[0].Alarm)]; a.Count != 2 || a.Restored != 1 {
			t.Errorf("the district knows %+v, want the one alarm, and once more restored", a)
		}
		if len(rep.Missing) > 0 || rep.BodyMismatch > 0 {
			t.Errorf("missing %v, mismatch %d", rep.Missing, rep.BodyMismatch)
		}
		if first[0].Alarm != "call-1-1-1" || second.status().Panel.Boot != 2 {
			t.Errorf("alarm %s, then run %d; want call-1-1-1 and 2", first[0].Alarm,
				second.status().Panel.Boot)
		}
		for _, m := range r.district.messages(func(m message) bool { return m.Lane != "" }) {
			if want := uint32(1 + min(m.link, 1)); m.Boot > want {
				t.Errorf("connection %d brought a record of run %d", m.link, m.Boot)
			}
		}
		second.end()
	})
}

// Another agent of the same process on the same board finds every line free: no fault stands, the
// siren is on from the end of the first agent until long after the start of the second, and the
// call point is read.
func TestRestartOnTheSameBoard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, enrolled).run()
		r.sleepUntil(5 * time.Second)
		r.press()
		r.sleepUntil(8*time.Second + 700*time.Millisecond)
		r.end()

		second := newRig(t, func(s *rig, _ *string, o *Options) {
			s.board, s.dir, s.district = r.board, r.dir, r.district
			r.board.Bus("i2c-0").Detach(0x44) // a rig brings its own part
			o.Board = r.board
		}).run()
		second.sleepUntil(10 * time.Second)
		if faults := second.faults(); len(faults) != 0 {
			t.Errorf("the second agent shows %v", faults)
		}
		changes, _ := r.board.Pin(sirenLine).History()
		i := len(changes) - 1
		for i > 0 && !changes[i].Opened {
			i--
		}
		if i == 0 || !changes[i-1].High || !changes[i].High {
			t.Errorf("the siren's line: %+v; want it left on, and then opened on", changes)
		}
		second.release()
		second.sleepUntil(30 * time.Second)
		again, gone := second.heard(alarm.Raised), second.heard(alarm.Cleared)
		if len(again) != 1 || !again[0].Restored || len(gone) != 1 {
			t.Errorf("raised %+v, cleared %+v; want the alarm restored and its cause gone", again, gone)
		}
		second.end()
	})
}

// A wall clock that jumps by years changes no decision: the same events at the same moments.
func TestT07WallClockJumpsChangeNoDecision(t *testing.T) {
	steady := decisions(t)
	jumping := decisions(t, func(_ *rig, _ *string, o *Options) {
		wall := o.Wall
		var n atomic.Int64
		o.Wall = func() Wall {
			w := wall()
			w.Now = w.Now.Add(time.Duration(n.Add(7)%11-5) * 1000 * 24 * time.Hour)
			return w
		}
	})
	if !slices.Equal(steady, jumping) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(jumping, "\n"), strings.Join(steady, "\n"))
	}
	if len(steady) < 7 {
		t.Errorf("only %d events:\n%s", len(steady), strings.Join(steady, "\n"))
	}
}

// decisions plays one story and writes down all events with their moments.
func decisions(t *testing.T, settings ...setting) (list []string) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, append(settings, enrolled)...).run()
		r.sleepUntil(pressAt)
		r.press()
		r.sleepUntil(pressAt + time.Minute)
		r.release()
		for i, action := range []alarm.Action{alarm.Silence, alarm.Reset} {
			r.sleepUntil(pressAt + 90*time.Second + time.Duration(i)*10*time.Second)
			err := r.agent.Submit(alarm.Command{
				ID: action.String(), Action: action, By: alarm.Origin{Kind: alarm.Button, Level: 2},
			})
			if err != nil {
				t.Error(err)
			}
		}
		r.sleepUntil(pressAt + 3*time.Minute)
		for _, e := range r.heard(0) {
			list = append(list, fmt.Sprintf("%v %+v", time.Duration(e.At), e))
		}
		r.end()
	})
	return list
}

// A box without an identity alarms and keeps its records, says so after a minute, and connects
// without a restart once it is enrolled.
func TestUnenrolledBoxAlarmsAndConnectsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t).run()
		r.sleepUntil(pressAt)
		r.press()
		r.sleepUntil(50 * time.Second)
		if r.sounded() == 0 || r.shows(alarm.NotEnrolled) || r.held() == 0 {
			t.Errorf("after 50 s: siren at %v, faults %v, %d records held", r.sounded(), r.faults(),
				r.held())
		}
		if id := r.status().Identity; id.State != "unenrolled" || id.Err == "" {
			t.Errorf("identity %+v, want unenrolled and why", id)
		}
		r.sleepUntil(62 * time.Second)
		if !r.shows(alarm.NotEnrolled) {
			t.Errorf("after a minute the panel shows %v, want not_enrolled", r.faults())
		}
		enrol(t, r.dir)
		r.sleepUntil(80 * time.Second)
		rep, s := r.district.receiver.Report(), r.status()
		if rep.FirstAlarmAt.IsZero() || r.shows(alarm.NotEnrolled) || !s.Link.Connected {
			t.Errorf("after the enrolment: alarm at %v, faults %v, link %+v", rep.FirstAlarmAt,
				r.faults(), s.Link)
		}
		if s.Identity.State != "enrolled" || !rep.Online[s.Identity.Device] {
			t.Errorf("identity %+v, online %v", s.Identity, rep.Online)
		}
		r.sleepUntil(110 * time.Second)
		named := r.district.messages(func(m message) bool {
			return m.Lane == "t" && strings.Contains(string(m.Data), s.Identity.Device+":")
		})
		if len(named) == 0 {
			t.Error("measurements do not bear the name that the box has now")
		}
		r.end()
	})
}

// The events of the panel number each other without a gap, and their moments never go back.
func TestEventsComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t).run()
		for i := range time.Duration(5) {
			r.sleepUntil((2*i + 1) * 15 * time.Second)
			r.press()
			r.sleepUntil((2*i + 2) * 15 * time.Second)
			r.release()
		}
		last, at := uint64(0), point.Instant(0)
		for _, e := range r.heard(0) {
			if e.Seq != last+1 || e.At < at {
				t.Errorf("event %d at %v after event %d at %v", e.Seq, e.At, last, at)
			}
			last, at = e.Seq, e.At
		}
		if last < 5 {
			t.Errorf("only %d events", last)
		}
		r.end()
	})
}

// A clock that is not set is a fault after ten minutes, and no longer one when the district has
// given the time.
func TestAnUnsetClockIsShownUntilItIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, enrolled, func(_ *rig, _ *string, o *Options) {
			o.Wall = func() Wall { return Wall{Quality: wire.ClockNone, Error: -1} }
		})
		r.district.set(true, false)
		r.run()
		r.sleepUntil(11 * time.Minute)
		if !r.shows(alarm.ClockUnsynced) {
			t.Errorf("after eleven minutes: %v", r.faults())
		}
		r.district.set(false, false)
		r.sleepUntil(13 * time.Minute)
		if c := r.status().Clock; r.shows(alarm.ClockUnsynced) || c.Quality != "plat" {
			t.Errorf("with the district's time: %v, clock %+v", r.faults(), c)
		}
		r.end()
	})
}
