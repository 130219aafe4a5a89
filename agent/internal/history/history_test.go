package history

import (
	"fmt"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

const second = point.Instant(time.Second)

// seen is a panel with one point that reads value.
func seen(at point.Instant, value int64, q point.Quality) *alarm.Snapshot {
	return &alarm.Snapshot{At: at, Points: []alarm.PointState{{
		ID: "heat-1", Channels: []alarm.ChannelState{{
			Quantity: drivers.Temperature, Value: value, Raw: value + 1, Seen: true, Quality: q,
		}},
	}}}
}

// Thinning takes no peak away: what was read for one second an hour ago is still the highest value
// of its minute, and so is the lowest.
func TestThinningKeepsPeaks(t *testing.T) {
	h := New(1)
	for at := range 3600 * second / second {
		value := int64(20_000)
		switch at {
		case 125:
			value = 61_500
		case 130:
			value = -5_000
		}
		h.Keep(seen(at*second, value, point.Good))
	}
	got := h.Point("heat-1").Channels[0].Samples
	if s := got[2]; s.At != 120*second || s.High != 61_500 || s.Low != -5_000 {
		t.Errorf("got %+v, want -5000 to 61500 in the third minute", s)
	}
	if s := got[3]; s.High != 20_000 || s.Low != 20_000 || s.Raw != 20_001 {
		t.Errorf("got %+v in the minute after, want 20000 alone", s)
	}
	if last := got[len(got)-1]; last.At != 3598*second {
		t.Errorf("got the newest slot at %v, want it by 2 s", time.Duration(last.At))
	}
	for i := 1; i < len(got); i++ {
		if got[i].At <= got[i-1].At {
			t.Fatalf("slot %d at %v after one at %v", i, got[i].At, got[i-1].At)
		}
	}
}

// A value that is not good is a gap, and so is a time in which nobody asked.
func TestWhatIsNotGoodIsAGap(t *testing.T) {
	h := New(1)
	h.Keep(seen(0, 20_000, point.Good))
	h.Keep(seen(2*second, 20_000, point.Bad))
	h.Keep(seen(8*second, 21_000, point.Uncertain))
	var got []bool
	for _, s := range h.Point("heat-1").Channels[0].Samples {
		got = append(got, s.Empty())
	}
	if want := []bool{false, true, true, true, false}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got gaps %v, want %v", got, want)
	}
}

// Six hours are kept and no more, however long it runs, and after a long sleep nothing old is taken
// for new.
func TestSixHoursAreKept(t *testing.T) {
	h := New(1)
	for m := range point.Instant(10 * 60) {
		h.Keep(seen(m*60*second, int64(m), point.Good))
	}
	got := h.Point("heat-1").Channels[0].Samples
	if len(got) > fineSlots+roughSlots || got[0].Low != 240 {
		t.Errorf("got %d samples from %d on, want 660 at most, from 240", len(got), got[0].Low)
	}
	h.Keep(seen(100*3600*second, 7, point.Good))
	got = h.Point("heat-1").Channels[0].Samples
	if len(got) != 1 || got[0].Low != 7 {
		t.Errorf("got %d samples after four days, want the newest alone", len(got))
	}
}

// However many channels a site has, their slots stay within the bound, and cover the same time.
func TestMemoryIsBounded(t *testing.T) {
	for _, n := range []int{1, 529, 530, 1000, 4000} {
		h := New(n)
		s := &alarm.Snapshot{}
		for i := range n + 50 { // more than was said
			s.Points = append(s.Points, alarm.PointState{
				ID: point.ID(fmt.Sprint(i)), Channels: make([]alarm.ChannelState, 1),
			})
		}
		h.Keep(s)
		total, kept := 0, 0
		for _, c := range h.points {
			for _, k := range c.tracks {
				kept++
				total += (len(k.fine.slots) + len(k.rough.slots)) * slotBytes
				if over := k.rough.step * time.Duration(len(k.rough.slots)); over < 5*time.Hour {
					t.Fatalf("%d channels: %v are kept, want about 6 h", n, over)
				}
			}
		}
		if total > MaxBytes || kept < n {
			t.Errorf("%d channels: %d bytes for %d, want at most %d for all", n, total, kept, MaxBytes)
		}
	}
}

// Each level of an alarm is marked once with its begin and its end, and the oldest marks go first.
func TestAlarmsAreMarked(t *testing.T) {
	h := New(1)
	alight := func(at point.Instant, id alarm.AlarmID, l detect.Level, reached point.Instant) {
		s := seen(at, 0, point.Good)
		s.Alarms = []alarm.AlarmState{{ID: id, Point: "heat-1", Signal: alarm.Fire,
			Finding: detect.Finding{Level: l}, Reached: reached}}
		h.Keep(s)
	}
	alight(10*second, "a-1", detect.PreAlarm, 9*second)
	alight(20*second, "a-1", detect.Alarm, 15*second)
	alight(21*second, "a-1", detect.Alarm, 15*second)
	h.Keep(seen(30*second, 0, point.Good))
	got := h.Point("heat-1").Marks
	want := []Mark{
		{"a-1", detect.PreAlarm, alarm.Fire, 9 * second, 20 * second},
		{"a-1", detect.Alarm, alarm.Fire, 15 * second, 30 * second},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for i := range point.Instant(40) {
		alight((100+i)*second, alarm.AlarmID(fmt.Sprint(i)), detect.Alarm, (100+i)*second)
	}
	got = h.Point("heat-1").Marks
	if len(got) != mostMarks || got[0].Alarm != "24" || got[15].Until != 0 {
		t.Errorf("got %d marks from %q on, want 16 from 24", len(got), got[0].Alarm)
	}
}

// The newest minutes are given for the small pictures of all points.
func TestRecentMinutes(t *testing.T) {
	h := New(1)
	for m := range point.Instant(50) {
		h.Keep(seen(m*60*second, int64(m), point.Good))
	}
	got := h.Recent(30)["heat-1"][0]
	if len(got) != 30 || got[0].Low != 20 || got[29].High != 49 {
		t.Errorf("got %d slots, %v to %v, want 30, 20 to 49", len(got), got[0], got[len(got)-1])
	}
}
