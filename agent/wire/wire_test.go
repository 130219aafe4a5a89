package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// A topic carries identity only, and a platform may rename any of them.
func TestTopics(t *testing.T) {
	if got, want := device.Topic(UpAlarm), "firepost/v1/510107/fp-7k2m4qx6tb/up/alarm"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	d := device
	d.Names = map[string]string{UpAlarm: "/sys/fire/up"}
	if got, want := d.Topic(UpAlarm), "/sys/fire/up"; got != want {
		t.Errorf("renamed: got %s, want %s", got, want)
	}
}

// Each lane has its topics; the answer to a command and the backlog have their own.
func TestLeaf(t *testing.T) {
	_, raised := EventBody(alarm.Event{Kind: alarm.Raised}, EventContext{})
	for _, c := range []struct {
		lane    byte
		body    []byte
		backlog bool
		want    string
	}{
		{LaneAlarm, raised, false, UpAlarm},
		{LaneAlarm, raised, true, UpAlarm},
		{LaneAlarm, Rsp{ID: "c-1", State: RspDone}.Body(), false, UpRsp},
		{LaneAlarm, GapBody(Gap{Lane: "t"}), false, UpAlarm},
		{LaneEvent, nil, true, UpEvent},
		{LaneTelemetry, nil, false, UpTelemetry},
		{LaneTelemetry, nil, true, UpBackfill},
	} {
		if got := Leaf(c.lane, c.body, c.backlog); got != c.want {
			t.Errorf("lane %c %s backlog %v: got %s, want %s", c.lane, c.body, c.backlog, got, c.want)
		}
	}
}

// A message that is sent again, later and as history, has the same id and the same data.
func TestResentMessageDiffersOnlyInSentAndHist(t *testing.T) {
	_, stored := EventBody(alarm.Event{Kind: alarm.Raised, Point: "heat1"}, EventContext{})
	first := enveloped(t, meta(LaneAlarm, 812, 1), stored, wall, false)
	second := enveloped(t, meta(LaneAlarm, 812, 1), stored, wall.Add(time.Hour), true)
	again := bytes.Replace(second, []byte(`"hist":true`), []byte(`"hist":false`), 1)
	again = bytes.Replace(again, []byte("T10:26:53.589Z"), []byte("T09:26:53.589Z"), 1)
	if !bytes.Equal(first, again) {
		t.Errorf("first\n%s\nsecond\n%s", first, second)
	}
}

// A number of any size is written so that text order is number order.
func TestSequenceIsOrderedAsText(t *testing.T) {
	last := ""
	for _, n := range []uint64{0, 1, 9, 10, 812, 1 << 32, 9_999_999_999_999_999} {
		got := sequence(n)
		if len(got) != 16 || got <= last {
			t.Errorf("%d: got %q after %q, want 16 digits in order", n, got, last)
		}
		last = got
	}
}

// A body that this package did not make is refused and nothing is sent in its place.
func TestEnvelopeRefusesForeignBodies(t *testing.T) {
	for _, body := range []string{"", "{", "[]", "{}", `{"type":"x"}`, `{"data":{}}`, "\x00\xff"} {
		msg, err := Envelope(device, meta(LaneAlarm, 1, 1), []byte(body), wall, false)
		if !errors.Is(err, ErrBody) || msg != nil {
			t.Errorf("%q: got %q, %v, want ErrBody", body, msg, err)
		}
	}
}

// No time on the wire is before the floor, where SenML would read it as relative.
func TestUnsetClockIsWrittenAboveTheFloor(t *testing.T) {
	for _, wall := range []int64{0, 1, 300_000, Floor - 1} {
		body := TelemetryBody("d", wall, at(0), []Record{{Name: "p", Quantity: drivers.Raw}})
		var s struct {
			Data []struct {
				BT float64 `json:"bt"`
			} `json:"data"`
		}
		if err := json.Unmarshal(body, &s); err != nil {
			t.Fatal(err)
		}
		if s.Data[0].BT < 1<<28 {
			t.Errorf("wall %d: base time %v is relative", wall, s.Data[0].BT)
		}
		if got, want := WallTime(wall, 1500), "2026-01-01T00:00:01.500Z"; got != want {
			t.Errorf("wall %d: got %s, want %s", wall, got, want)
		}
	}
}

// Decimals are exact at both ends of the range and keep their sign below one.
func TestDecimalIsExact(t *testing.T) {
	for _, c := range []struct {
		value, scale int64
		want         string
	}{
		{0, 1000, "0"}, {1, 1000, "0.001"}, {-1, 1000, "-0.001"}, {-999, 1000, "-0.999"},
		{1000, 1000, "1"}, {-1000, 1000, "-1"}, {57_300, 1000, "57.3"}, {450, 1_000_000, "0.00045"},
		{7, 1, "7"}, {9223372036854775807, 1000, "9223372036854775.807"},
		{-9223372036854775808, 1000, "-9223372036854775.808"},
	} {
		if got := string(appendDecimal(nil, c.value, c.scale)); got != c.want {
			t.Errorf("%d/%d: got %s, want %s", c.value, c.scale, got, c.want)
		}
	}
}

// Every quantity has a line in the table of units, with a power of ten.
func TestEveryQuantityHasAUnit(t *testing.T) {
	for _, q := range drivers.Quantities() {
		u, ok := senmlUnits[q]
		if !ok {
			t.Errorf("%s: no unit", q)
			continue
		}
		if q == drivers.Contact {
			continue
		}
		n := u.scale
		for n > 1 && n%10 == 0 {
			n /= 10
		}
		if n != 1 {
			t.Errorf("%s: scale %d is not a power of ten", q, u.scale)
		}
		if u.symbol == "" && u.suffix == "" {
			t.Errorf("%s: neither unit nor suffix says what the number is", q)
		}
	}
}

// The names of a point's series are different from each other.
func TestSeriesOfOnePointDiffer(t *testing.T) {
	p := kitchen()
	seen := map[string]bool{}
	for _, q := range drivers.Quantities() {
		for nth := range 3 {
			name := Series(p, p.ID, q, nth)
			if seen[name] {
				t.Errorf("%s number %d: name %s is taken", q, nth, name)
			}
			seen[name] = true
		}
	}
	if got, want := Series(p, p.ID, drivers.Temperature, 0), "heat1"; got != want {
		t.Errorf("main quantity: got %s, want %s", got, want)
	}
}

// A bad reading never carries a number, whatever its value field holds.
func TestBadRecordHasNoNumber(t *testing.T) {
	for _, q := range drivers.Quantities() {
		body := TelemetryBody("d", 0, at(0), []Record{{
			Name: "p", Quantity: q, Value: 4242, Quality: point.Bad, Reason: point.NoDevice,
		}})
		s := string(body)
		if strings.Contains(s, "4242") || strings.Contains(s, `"v":`) || strings.Contains(s, `"vb":`) {
			t.Errorf("%s: %s", q, body)
		}
		if !strings.Contains(s, `"vs":"bad","q":"b:no_device"`) {
			t.Errorf("%s: %s does not say why", q, body)
		}
	}
}

// A restored fire without its fire bit would read as over: only a raise and a reset carry codes.
func TestCodesOnlyWhereCertain(t *testing.T) {
	p := kitchen()
	contact := &alarm.PointPlan{ID: "mcp1", Signal: alarm.Fire, Spec: detect.Spec{
		Conditions: []detect.Condition{{Kind: detect.Active, Quantity: drivers.Contact}},
	}}
	for _, c := range []struct {
		name  string
		ev    alarm.Event
		point *alarm.PointPlan
		want  string
	}{
		{"fire", alarm.Event{Kind: alarm.Raised, To: detect.Finding{Level: detect.Alarm}}, p, "0x0003"},
		{"fire, sensor broken", alarm.Event{Kind: alarm.Raised, To: detect.Finding{
			Level: detect.Alarm, Fault: detect.SensorFailed,
		}}, p, "0x0007"},
		{"drill", alarm.Event{
			Kind: alarm.Raised, To: detect.Finding{Level: detect.Alarm}, Drill: true,
		}, p, "0x0002"},
		{"pre-alarm", alarm.Event{
			Kind: alarm.Raised, To: detect.Finding{Level: detect.PreAlarm},
		}, p, "0x0011"},
		{"reset", alarm.Event{Kind: alarm.ResetDone}, p, "0x0001"},
		{"reset, still burning", alarm.Event{
			Kind: alarm.ResetDone, To: detect.Finding{Level: detect.Alarm},
		}, p, "0x0003"},
		{"cleared", alarm.Event{Kind: alarm.Cleared}, p, ""},
		{"fault ended", alarm.Event{Kind: alarm.FaultEnded}, p, ""},
		{"contact", alarm.Event{Kind: alarm.Raised}, contact, ""},
		{"box", alarm.Event{Kind: alarm.Raised}, nil, ""},
	} {
		c.ev.Signal = alarm.Fire
		got := ""
		if g := gbOf(c.ev, c.point); g != nil {
			got = g.Status
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// Before the first step there is no snapshot, and silence must not be written as an empty list.
func TestActiveBeforeTheFirstStepIsNothing(t *testing.T) {
	if got := (Active{}).JSON(); got != nil {
		t.Errorf("got %s, want nothing", got)
	}
}

// A site with hundreds of alarms still fits the platform's limit, and says how many are left out.
func TestActiveKeepsToTheLimit(t *testing.T) {
	s := &alarm.Snapshot{}
	for i := range 300 {
		s.Alarms = append(s.Alarms, alarm.AlarmState{
			ID: alarm.AlarmID(fmt.Sprintf("a%d", i)), Point: "p", Signal: alarm.Fire, Active: true,
		})
		s.Faults = append(s.Faults, alarm.FaultState{Fault: detect.SensorSilent, Point: "p"})
	}
	for _, limit := range []int{0, MaxMessage, MinMaxMessage} {
		doc := Active{Snapshot: s, Max: limit}.JSON()
		if limit == 0 {
			limit = MaxMessage
		}
		var got struct {
			Alarms, Faults []json.RawMessage
			More           int
		}
		if err := json.Unmarshal(doc, &got); err != nil {
			t.Fatal(err)
		}
		if len(doc) > limit || len(got.Alarms) == 0 {
			t.Errorf("limit %d: %d bytes, %d alarms", limit, len(doc), len(got.Alarms))
		}
		if n := len(got.Alarms) + len(got.Faults) + got.More; n != 600 {
			t.Errorf("limit %d: %d entries told, want 600", limit, n)
		}
	}
}
