package wire

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var (
	device = Device{Tenant: "510107", ID: "fp-7k2m4qx6tb"}
	wall   = time.Date(2026, 3, 14, 9, 26, 53, 589e6, time.UTC)
	button = alarm.Origin{Kind: alarm.Button, Operator: 7, Level: 2}
)

func meta(lane byte, first uint64, n uint32) Meta {
	return Meta{
		Lane: lane, Epoch: "9f3c1a77", First: first, N: n, Boot: 41,
		Mono: 128_734_511, Wall: wall.UnixMilli(), Quality: ClockNTP, Error: 40,
	}
}

func at(ms int64) point.Instant { return point.Instant(ms * 1e6) }

// kitchen is a heat point as the site file makes it.
func kitchen() *alarm.PointPlan {
	return &alarm.PointPlan{
		ID: "heat1", Name: "厨房温感", Zone: "kitchen", Signal: alarm.Fire, Latch: true,
		Spec: detect.Spec{Stale: 8 * time.Second, Conditions: []detect.Condition{
			{
				Kind: detect.Above, Quantity: drivers.Temperature, Level: detect.PreAlarm,
				Limit: 50_000, Confirm: 10 * time.Second,
			},
			{
				Kind: detect.Above, Quantity: drivers.Temperature, Level: detect.Alarm,
				Limit: 57_000, Confirm: 10 * time.Second,
			},
			{Kind: detect.Rise, Quantity: drivers.Temperature, Level: detect.Alarm, Limit: 8_000},
		}},
	}
}

func hot(level detect.Level, value, limit int64) detect.Finding {
	return detect.Finding{Level: level, Why: [4]detect.Evidence{
		{Quantity: drivers.Temperature, Value: value, Limit: limit, Weight: 1000},
	}}
}

func enveloped(t *testing.T, m Meta, stored []byte, sent time.Time, late bool) []byte {
	t.Helper()
	msg, err := Envelope(device, m, stored, sent, late)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

// event is the message of an event that arose 11 ms before it was stored.
func event(t *testing.T, ev alarm.Event, ctx EventContext) []byte {
	t.Helper()
	ev.At, ctx.Now = at(128_734_500), at(128_734_511)
	lane, stored := EventBody(ev, ctx)
	return enveloped(t, meta(lane, 812, 1), stored, wall.Add(111*time.Millisecond), false)
}

func snapshot() *alarm.Snapshot {
	return &alarm.Snapshot{
		At: at(128_734_511), Silenced: true,
		Points: []alarm.PointState{
			{ID: "heat1"},
			{ID: "door1", Disabled: 90 * time.Minute, Reason: "hinge under repair"},
		},
		Alarms: []alarm.AlarmState{
			{
				ID: "heat1-41-77", Point: "heat1", Zone: "kitchen", Signal: alarm.Fire,
				Finding: hot(detect.Alarm, 57_300, 57_000), Since: at(128_700_000), Active: true,
				Latched: true, Acknowledged: true, By: button,
			},
			{
				ID: "gas1-40-12", Point: "gas1", Signal: alarm.Gas,
				Finding: detect.Finding{Level: detect.AlarmHigh}, Since: at(-5_000), Latched: true,
				Restored: true,
			},
			{
				ID: "tank1-41-78", Point: "tank1", Signal: alarm.Water,
				Finding: detect.Finding{Level: detect.PreAlarm}, Since: at(128_734_000),
				Active: true,
			},
		},
		Faults: []alarm.FaultState{
			{Fault: detect.SensorSilent, Point: "co1", Since: at(128_000_000)},
			{Fault: "storage_full", Detail: "31.9 of 32 MB", Since: at(100_000_000)},
		},
	}
}

// drilled is a site in a drill, with a walk test for the eye, and an alarm that waits for a person.
func drilled() *alarm.Snapshot {
	s := snapshot()
	s.Points, s.Alarms, s.Faults, s.Silenced = nil, s.Alarms[:2], nil, false
	s.Alarms[0].Drill = true
	s.Alarms[1].Phase, s.Alarms[1].Left = alarm.Investigating, 95*time.Second
	s.Drill = &alarm.DrillState{Running: true, Left: 50 * time.Minute}
	s.Test = &alarm.TestState{Running: true, Zone: "kitchen", Left: 59 * time.Minute}
	return s
}

// Every kind of message is fixed to the byte; a change shows in review as the platform will see it.
func TestAlarmMessages(t *testing.T) {
	hotNow, warm := hot(detect.Alarm, 57_300, 57_000), hot(detect.PreAlarm, 50_100, 50_000)
	district := alarm.Origin{Kind: alarm.District}
	together := detect.Finding{Level: detect.Alarm, Why: [4]detect.Evidence{
		{Quantity: drivers.PM25, Value: 800_000, Limit: 7_300_000, Weight: 750},
		{Quantity: drivers.Gas, Value: 40_000, Limit: 150_000, Weight: 280},
	}}
	for _, c := range []struct {
		name, prev string
		ev         alarm.Event
	}{
		{"prealarm", "", alarm.Event{Seq: 900, Kind: alarm.Raised, To: warm, Latched: true}},
		{"raised", "prealarm", alarm.Event{
			Seq: 901, Kind: alarm.Raised, From: warm, To: hotNow, Latched: true,
		}},
		{"raised_by_two", "", alarm.Event{
			Seq: 901, Kind: alarm.Raised, To: together, Latched: true,
		}},
		{"raised_restored_drill", "", alarm.Event{
			Seq: 902, Kind: alarm.Raised, To: detect.Finding{Level: detect.Alarm}, Latched: true,
			Restored: true, Drill: true,
		}},
		{"acknowledged", "raised", alarm.Event{
			Seq: 903, Kind: alarm.Acknowledged, By: button, Latched: true,
		}},
		{"acknowledged_by_district", "raised", alarm.Event{
			Seq: 903, Kind: alarm.Acknowledged, By: district, Cause: "c-20260314-0007", Latched: true,
		}},
		{"reraised", "acknowledged", alarm.Event{
			Seq: 904, Kind: alarm.Reraised, To: hot(detect.Alarm, 57_300, 57_000), Latched: true,
		}},
		{"cleared", "acknowledged", alarm.Event{Seq: 904, Kind: alarm.Cleared, Latched: true}},
		{"reset", "cleared", alarm.Event{Seq: 905, Kind: alarm.ResetDone, By: button}},
	} {
		c.ev.Alarm, c.ev.Point, c.ev.Signal = "heat1-41-77", "heat1", alarm.Fire
		golden(t, c.name, event(t, c.ev, EventContext{Point: kitchen(), Zone: "厨房", Prev: c.prev}))
	}
}

// Faults go on the alarm lane; what people and the box did goes on the event lane.
func TestOtherEventMessages(t *testing.T) {
	heat := EventContext{Point: kitchen(), Zone: "厨房"}
	box := EventContext{}
	for _, c := range []struct {
		name string
		ctx  EventContext
		ev   alarm.Event
	}{
		{"started", box, alarm.Event{Seq: 899, Kind: alarm.Started}},
		{"fault", heat, alarm.Event{
			Seq: 906, Kind: alarm.FaultRaised, Point: "heat1", Fault: detect.SensorSilent,
			Reason: "no reading for 8 s",
		}},
		{"fault_ended", box, alarm.Event{Seq: 907, Kind: alarm.FaultEnded, Fault: "storage_full"}},
		{"disabled", heat, alarm.Event{
			Seq: 908, Kind: alarm.Disabled, Point: "heat1", By: button, For: 90 * time.Minute,
			Reason: "dust < repair",
		}},
		{"enabled", heat, alarm.Event{Seq: 909, Kind: alarm.Enabled, Point: "heat1"}},
		{"silenced", box, alarm.Event{Seq: 910, Kind: alarm.Silenced, By: button}},
		{"resounded", box, alarm.Event{Seq: 911, Kind: alarm.Resounded}},
		{"refused", box, alarm.Event{
			Seq: 913, Kind: alarm.Refused, Cause: "c-9", Reason: ReasonNotPermitted,
			By: alarm.Origin{Kind: alarm.District},
		}},
		{"plan_changed", box, alarm.Event{Seq: 914, Kind: alarm.PlanChanged}},
		{"unverified", heat, alarm.Event{
			Seq: 915, Kind: alarm.Unverified, Alarm: "heat1-41-77", Point: "heat1",
		}},
		{"chattering", heat, alarm.Event{Seq: 916, Kind: alarm.Chattering, Point: "heat1"}},
		{"standing", heat, alarm.Event{
			Seq: 917, Kind: alarm.StandingLong, Alarm: "heat1-41-77", Point: "heat1", Latched: true,
		}},
		{"test_started", box, alarm.Event{
			Seq: 918, Kind: alarm.TestStarted, By: button, For: time.Hour, Zone: "kitchen",
		}},
		{"tested", heat, alarm.Event{
			Seq: 919, Kind: alarm.Tested, Point: "heat1", For: 11 * time.Second,
		}},
		{"test_skipped", heat, alarm.Event{
			Seq: 920, Kind: alarm.TestSkipped, Point: "heat1", By: button, Reason: "out of reach",
		}},
		{"test_received", heat, alarm.Event{
			Seq: 921, Kind: alarm.TestReceived, Point: "heat1", For: time.Second,
			By: alarm.Origin{Kind: alarm.District},
		}},
		{"test_ended", box, alarm.Event{
			Seq: 922, Kind: alarm.TestEnded, By: button, Reason: "ordered", For: 20 * time.Minute,
		}},
		{"drill_started", box, alarm.Event{
			Seq: 923, Kind: alarm.DrillStarted, By: button, For: time.Hour, Drill: true,
		}},
		{"drill_ended", box, alarm.Event{
			Seq: 924, Kind: alarm.DrillEnded, Reason: "alarm", For: 7 * time.Minute, Drill: true,
		}},
	} {
		golden(t, c.name, event(t, c.ev, c.ctx))
	}
}

// What people did about their duties goes on the event lane, and says what it is about.
func TestDutyMessages(t *testing.T) {
	box := EventContext{}
	for _, c := range []struct {
		name string
		ctx  EventContext
		ev   alarm.Event
	}{
		{"duty_answered", box, alarm.Event{
			Seq: 930, Kind: alarm.DutyAnswered, By: alarm.Origin{Kind: alarm.CLI, Operator: 7, Level: 1},
			Cause: "c-12", For: 30_100 * time.Millisecond, Matter: alarm.Matter{
				ID: "k-77", Record: alarm.Record{
					N: 12, Day: 20_605, Prev: strings.Repeat("0a", 32), Hash: strings.Repeat("b1", 32),
				}},
		}},
		{"warning_received", box, alarm.Event{
			Seq: 931, Kind: alarm.WarningReceived, By: alarm.Origin{Kind: alarm.District},
			For: 3 * time.Minute, Matter: alarm.Matter{ID: "w-881", Colour: alarm.Red, Text: "暴雨红色预警"},
		}},
		{"incident_overdue", box, alarm.Event{
			Seq: 932, Kind: alarm.IncidentOverdue, Incident: "heat1-41-77",
			Matter: alarm.Matter{Step: alarm.Arriving},
		}},
		{"incident_verdict", box, alarm.Event{
			Seq: 933, Kind: alarm.IncidentJudged, Incident: "heat1-41-77", By: button,
			For: 4 * time.Minute, Matter: alarm.Matter{Verdict: alarm.FalseAlarm, Text: "炒菜油烟"},
		}},
		{"hazard_opened", box, alarm.Event{
			Seq: 934, Kind: alarm.HazardOpened, By: button, Matter: alarm.Matter{
				ID: "h3", Text: "通道堆物 Boxes in the way out", Days: 7, Due: 20_612,
			},
		}},
		{"shift_off", box, alarm.Event{Seq: 935, Kind: alarm.ShiftEnded, By: button}},
	} {
		golden(t, c.name, event(t, c.ev, c.ctx))
	}
}

// What an output does goes on the event lane, with the codes of its part; that it has not done it
// is a fault.
func TestOutputMessages(t *testing.T) {
	box := EventContext{}
	for _, c := range []struct {
		name string
		ctx  EventContext
		ev   alarm.Event
	}{
		{"valve_fail", box, alarm.Event{
			Seq: 918, Kind: alarm.FaultRaised, Fault: alarm.ValveFail,
			Reason: "valve1: not confirmed",
		}},
		{"output", EventContext{Output: &alarm.OutputPlan{Kind: alarm.Sounder}}, alarm.Event{
			Seq: 912, Kind: alarm.OutputChanged, Output: "siren1", Pattern: alarm.Temporal3,
		}},
		{"operated", box, alarm.Event{
			Seq: 915, Kind: alarm.Operated, Output: "valve1", Pattern: alarm.Steady, Cause: "c-10",
			By: alarm.Origin{Kind: alarm.District},
		}},
		{"confirmed", EventContext{Output: &alarm.OutputPlan{Kind: alarm.Valve}}, alarm.Event{
			Seq: 916, Kind: alarm.Confirmed, Output: "valve1", For: 3200 * time.Millisecond,
		}},
		{"retried", box, alarm.Event{Seq: 917, Kind: alarm.Retried, Output: "valve1"}},
	} {
		golden(t, c.name, event(t, c.ev, c.ctx))
	}
}

// measured is one good record of each quantity.
func measured() []Record {
	rs := []Record{
		{Name: "heat1", Quantity: drivers.Temperature, Value: -40_250, At: at(128_725_004)},
		{Name: "heat1.humidity", Quantity: drivers.Humidity, Value: 100_000, At: at(128_725_004)},
		{Name: "gas1.lel", Quantity: drivers.Combustible, Value: 1_300, At: at(128_726_000)},
		{Name: "spot1", Quantity: drivers.PM25, Value: 12_345, At: at(128_727_150)},
		{Name: "spot1.nc0.5", Quantity: drivers.NC05, Value: 80_100, At: at(128_727_150)},
		{Name: "spot1.size", Quantity: drivers.Size, Value: 450, At: at(128_727_150)},
		{Name: "hydrant1", Quantity: drivers.Pressure, Value: 140_000, At: at(128_728_000)},
		{Name: "tank1", Quantity: drivers.Level, Value: 1_850, At: at(128_728_000)},
		{Name: "supply1", Quantity: drivers.Voltage, Value: 12_050_000, At: at(128_728_000)},
		{Name: "leak1", Quantity: drivers.Current, Value: 300, At: at(128_728_000)},
		{Name: "flow1.lpm", Quantity: drivers.Flow, Value: 4_500, At: at(128_728_000)},
		{Name: "meter1", Quantity: drivers.Pulses, Value: 91, At: at(128_728_000)},
		{Name: "door1", Quantity: drivers.Contact, Value: 1, At: at(128_728_000)},
		{Name: "adc1.raw", Quantity: drivers.Raw, Value: 8191, At: at(128_728_000)},
	}
	for i := range rs {
		rs[i].Quality = point.Good
	}
	return rs
}

// A batch is SenML; doubtful records say why, and a bad one has no number.
func TestTelemetryMessages(t *testing.T) {
	batch := append(measured(),
		Record{
			Name: "co1", Quantity: drivers.Gas, Value: 3_000, At: at(128_729_000),
			Quality: point.Uncertain, Reason: point.WarmUp,
		},
		Record{
			Name: "heat2", Quantity: drivers.Temperature, Value: 21_000, At: at(128_729_000),
			Quality: point.Bad, Reason: point.Checksum,
		})
	body := TelemetryBody(device.ID, wall.UnixMilli(), at(128_734_511), batch)
	m := meta(LaneTelemetry, 184_700, uint32(len(batch)))
	golden(t, "telemetry", enveloped(t, m, body, wall, false))

	early := TelemetryBody(device.ID, 0, at(12_500), []Record{{
		Name: "heat1", Quantity: drivers.Temperature, Value: 21_040, At: at(2_500),
		Quality: point.Good,
	}})
	m = meta(LaneTelemetry, 1, 1)
	m.Wall, m.Quality, m.Error, m.Mono = 0, ClockNone, -1, 12_500
	golden(t, "telemetry_clock_unset", enveloped(t, m, early, time.Time{}, true))
	m.Wall, m.Quality, m.Error = wall.UnixMilli(), ClockFix, 40
	golden(t, "telemetry_clock_set_later", enveloped(t, m, early, wall, true))
}

// What was lost is told on the alarm lane, each kind of loss in its own words.
func TestLossMessages(t *testing.T) {
	for _, c := range []struct {
		name string
		body []byte
	}{
		{"gap_evicted", GapBody(Gap{
			Epoch: "9f3c1a77", Lane: "t", From: 1, To: 3600, Cause: CauseEvicted,
		})},
		{"gap_lease", GapBody(Gap{
			Epoch: "9f3c1a77", Lane: "a", From: 301, To: 812, Cause: CauseLease,
		})},
		{"gap_deleted", GapBody(Gap{
			Epoch: "9f3c1a77", Lane: "e", From: 41, To: 43, Cause: CauseDeleted,
		})},
		{"gap_panel", GapBody(Gap{Lane: LanePanel, From: 901, To: 950, Cause: CauseDroppedRAM})},
		{"store_reset", StoreResetBody(StoreReset{
			Epoch: "9f3c1a77", Salvaged: 17, LostEstimate: 3, Cause: "checksum",
		})},
		{"rsp", Rsp{
			ID: "c-9", State: RspRejected, Reason: ReasonNotPermitted, Detail: "too_early",
		}.Body()},
		{"rsp_answered", Rsp{
			ID: "c-10", State: RspAnswered, By: &alarm.Origin{
				Kind: alarm.Button, Operator: 7, Level: 1,
			}, Took: 23 * time.Second,
		}.Body()},
		{"rsp_memory", Rsp{ID: "c-11", State: RspDone, Took: 2100 * time.Millisecond,
			Memory: true}.Body()},
		{"rsp_read", Rsp{ID: "c-12", State: RspDone, Values: Pack("fp-7k2m4qx6tb",
			wall.UnixMilli(), at(1_000), []Record{
				{Name: "heat1", Quantity: drivers.Temperature, Value: 21_400, At: at(900),
					Quality: point.Good},
				{Name: "door1", Quantity: drivers.Contact, Quality: point.Bad,
					Reason: point.Stale, At: at(1_000)},
			})}.Body()},
		{"rsp_site", Rsp{ID: "c-13", State: RspAccepted, Detail: "waiting", List: []string{
			"point heat1: alarm (temperature, above) limit 57 °C becomes 65 °C",
		}}.Body()},
	} {
		golden(t, c.name, enveloped(t, meta(LaneAlarm, 813, 1), c.body, wall, false))
	}
	m := meta(LaneAlarm, 3, 1)
	m.Epoch, m.OrigEpoch, m.OrigFirst = "00c0ffee", "9f3c1a77", 812
	_, body := EventBody(alarm.Event{
		Seq: 901, Kind: alarm.Raised, Alarm: "heat1-41-77", Point: "heat1", Signal: alarm.Fire,
		To: hot(detect.Alarm, 57_300, 57_000), Latched: true,
	}, EventContext{Point: kitchen()})
	golden(t, "salvaged", enveloped(t, m, body, wall.Add(time.Hour), true))
}

// Retained messages and receipts are plain JSON objects.
func TestPlainMessages(t *testing.T) {
	birth := State{
		Online: true, Session: "41-3", HW: "5c0e", Boot: 41, Epoch: "9f3c1a77", FW: "1.4.2",
		Cfg: "r17:ab12", Base: "0a1b2c3d4e5f6071", TQ: "ntp",
		Last: map[string]uint64{"a": 811, "e": 90, "t": 184_699},
		Pend: Pending{T: 1240, Oldest: "2026-03-14T08:10:00Z"}, Lost: map[string]uint64{"t": 3600},
		CmdCur: "c-20260314-0007", Power: "mains", Cause: "power_on", TS: "2026-03-14T09:20:00Z",
		Sim: true,
	}
	golden(t, "state_birth", birth.JSON())
	golden(t, "state_will", birth.Will())
	golden(t, "active", Active{
		Snapshot: snapshot(), AsOf: map[string]uint64{"a": 812}, Wall: wall.UnixMilli(),
		Quality: ClockNTP, Zones: map[alarm.ZoneID]string{"kitchen": "厨房"},
	}.JSON())
	golden(t, "active_none", Active{
		Snapshot: &alarm.Snapshot{At: at(1_000)}, AsOf: map[string]uint64{"a": 0},
	}.JSON())
	golden(t, "active_drill", Active{
		Snapshot: drilled(), AsOf: map[string]uint64{"a": 812}, Wall: wall.UnixMilli(),
		Quality: ClockNTP, Zones: map[alarm.ZoneID]string{"kitchen": "厨房"},
	}.JSON())
	golden(t, "active_duties", Active{
		Snapshot: dutiful(), AsOf: map[string]uint64{"a": 812}, Wall: wall.UnixMilli(),
		Quality: ClockNTP,
	}.JSON())
	plan := alarm.Plan{
		Zones: []alarm.ZonePlan{{ID: "kitchen", Name: "厨房"}},
		Points: []alarm.PointPlan{
			*kitchen(), {ID: "door1", Name: "后门", Signal: alarm.Supervisory},
		},
		Outputs: []alarm.OutputPlan{{ID: "siren1", Name: "警号", Kind: alarm.Sounder}},
	}
	m := meta(LaneTelemetry, 184_700, 1)
	golden(t, "desc", Desc{
		Dict: DeviceDict(device, m, plan, nil),
		Site: "shop-17", Name: "街边小店", FW: "1.4.2", Cfg: "ab12", Plan: plan,
	}.JSON())
	golden(t, "ack", Ack{
		Epoch: "9f3c1a77", UpTo: map[string]uint64{"a": 812, "e": 90, "t": 183_459}, Now: wall,
	}.JSON())
	golden(t, "cmd", Command{
		ID: "c-9", Name: "acknowledge", Issued: wall, Expires: wall.Add(time.Minute),
		By: "zhang.san@district", Prio: "high", Args: []byte(`{"point":"heat1"}`),
	}.JSON("/district/510107"))
	golden(t, "cmd_resend", Command{
		ID: "c-13", Name: CmdResend, Issued: wall, By: "platform",
		Args: []byte(`{"epoch":"9f3c1a77","lane":"e","from":41,"to":45}`),
	}.JSON("/district/510107"))
	golden(t, "cmd_site", Command{
		ID: "c-13", Name: CmdSite, Issued: wall, Expires: wall.Add(24 * time.Hour),
		By: "zhang.san@district", Args: []byte(`{"base":"0a1b2c3d4e5f6071",` +
			`"file":"[site]\nid = \"corner-shop\"\n","sig":"untrusted comment: …\nRUQ…\n` +
			`trusted comment: fp-7k2m4qx6tb 0a1b2c3d4e5f6071\n…\n"}`),
	}.JSON("/district/510107"))
	golden(t, "hello", Hello{
		Receipt: true, Gz: true, Dz: []int{1}, Max: MaxMessage, Spread: 30, Rate: 50, Window: 32,
		Now: wall,
	}.JSON())
}

// dutiful is a snapshot of a station whose people have a lot to do.
func dutiful() *alarm.Snapshot {
	s := &alarm.Snapshot{At: at(128_734_500)}
	s.Duties = alarm.Duties{
		Date: 20_605, Least: 3, Short: true, Shift: []alarm.OnShift{{Operator: 7}},
		Calls: []alarm.CallState{
			{Call: alarm.Call{ID: "w-881", Colour: alarm.Red, Limit: 3 * time.Minute}, Age: time.Minute},
			{Call: alarm.Call{ID: "k-77", Limit: 10 * time.Minute}, Age: 30 * time.Second},
		},
		Incidents: []alarm.Incident{{
			ID: "heat1-41-77", Age: 4 * time.Minute, Accept: alarm.StepState{Done: true},
			Arrive: alarm.StepState{Overdue: true},
		}},
		Items: []alarm.ItemState{{ID: "ways"}, {ID: "extinguishers", Overdue: true}},
		Hazards: []alarm.Hazard{
			{ID: "h3", Text: "通道堆物 Boxes in the way out", Opened: 20_605, Days: 7},
		},
		Chain: alarm.Record{
			N: 12, Day: 20_605, Prev: strings.Repeat("0a", 32), Hash: strings.Repeat("b1", 32),
		},
	}
	return s
}

// golden compares a message, indented for reading, with its file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	var text bytes.Buffer
	if err := json.Indent(&text, got, "", "  "); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, got)
	}
	text.WriteByte('\n')
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text.Bytes(), want) {
		t.Errorf("got\n%s\nwant %s\n%s", text.Bytes(), file, want)
	}
}
