package uplink

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
	"github.com/firepost/firepost/drivers"
)

// deaf is a link on which nothing is ever confirmed.
type deaf struct{}

func (deaf) Publish(Message) <-chan error { return nil }
func (deaf) Inbox() <-chan Delivery       { return nil }
func (deaf) Lost() <-chan struct{}        { return nil }
func (deaf) Close() error                 { return nil }

// burning is a site with fire and gas: its siren sounds and its valve is closed. Somebody on site
// has taken a point out.
func burning() *alarm.Panel {
	contact := detect.Spec{Conditions: []detect.Condition{{
		Quantity: drivers.Contact, Kind: detect.Active, Level: detect.Alarm,
	}}}
	high := detect.Finding{Level: detect.Alarm}
	p := alarm.New(alarm.Plan{
		Points: []alarm.PointPlan{
			{ID: "smoke1", Signal: alarm.Fire, Latch: true, Spec: contact},
			{ID: "smoke2", Signal: alarm.Fire, Latch: true, Spec: contact},
			{ID: "gas1", Signal: alarm.Gas, Latch: true, Spec: contact},
		},
		Outputs: []alarm.OutputPlan{
			{ID: "siren", Kind: alarm.Sounder}, {ID: "valve", Kind: alarm.Valve},
		},
	}, alarm.Saved{Alarms: []alarm.SavedAlarm{
		{ID: "smoke1-1-1", Point: "smoke1", Signal: alarm.Fire, Finding: high},
		{ID: "gas1-1-2", Point: "gas1", Signal: alarm.Gas, Finding: high},
	}})
	p.Step(point.Instant(time.Second), alarm.Input{Commands: []alarm.Command{{
		ID: "here", Action: alarm.Disable, Point: "smoke2", For: time.Hour, Reason: "works",
		By: alarm.Origin{Kind: alarm.CLI, Level: 2},
	}}})
	return p
}

// obeys lets the panel have an order of the district, and tells what must not have come of it.
func obeys(t *testing.T, p *alarm.Panel, c wire.Command) {
	o, err := c.Order()
	if err != nil || o.Act.Action == 0 {
		return
	}
	o.Act.By = alarm.Origin{Kind: alarm.District, Level: 1}
	var told [2]bool
	for at := 2 * time.Second; at < 6*time.Second; at += time.Second {
		d := p.Step(point.Instant(at), alarm.Input{Commands: []alarm.Command{o.Act}})
		for i, w := range d.Wishes {
			told[i] = told[i] || w.Pattern.On(0)
		}
	}
	s := p.Snapshot(point.Instant(6 * time.Second))
	if !told[0] || !told[1] || len(s.Alarms) != 2 || s.Silenced || s.Alarms[0].Silenced {
		t.Fatalf("%s %s: siren and valve %v, %d alarms", c.Name, c.Args, told, len(s.Alarms))
	}
	for i := range s.Points {
		if s.Points[i].ID == "smoke2" && s.Points[i].Disabled == 0 {
			t.Fatalf("%s %s: a point is back that somebody on site has taken out", c.Name, c.Args)
		}
	}
}

// downLeaves are the topics that a box hears, and one that it does not know.
var downLeaves = []string{
	wire.DownHello, wire.DownAck, wire.DownCmd, wire.DownCfg, wire.UpState, "down/later", "group",
}

// Whatever bytes come on whatever topic, nothing panics. The siren of a burning site goes on, its
// valve stays closed and its alarm stands. No record is released but by a receipt of its epoch, nor
// one that was never given out. A command that names itself has one answer, nothing else any.
func FuzzDown(f *testing.F) {
	ack := wire.Ack{Epoch: "0000aaaa", UpTo: map[string]uint64{"a": 2, "e": 1 << 60, "t": 1}}
	f.Add(uint8(0), wire.Hello{Receipt: true, Gz: true, Dz: []int{1}, Max: 9000}.JSON(), false)
	f.Add(uint8(1), ack.JSON(), true)
	f.Add(uint8(4), []byte(`{"online":true,"session":"40-9","hw":"beef"}`), false)
	for _, row := range []string{
		"reset", "silence", `enable {"point":"smoke2"}`, `operate {"output":"siren","on":false}`,
		`operate {"output":"valve","on":false}`, "test_start", "drill_start", "acknowledge",
		`disable {"point":"smoke1","for":60,"reason":"x"}`, "test_end", "snapshot",
		`warning {"colour":"red","text":"x"}`, "duty_check", `read {"points":["smoke1"]}`,
		`resend {"epoch":"0000aaaa","lane":"a","from":1,"to":9}`, "self_test", "site_file",
	} {
		name, args, _ := strings.Cut(row, " ")
		c := wire.Command{ID: "c-1", Name: name, Args: []byte(args), Expires: time.Unix(1<<31, 0)}
		f.Add(uint8(2), c.JSON("/district"), false)
		f.Add(uint8(6), c.JSON("/district"), true)
	}
	f.Fuzz(func(t *testing.T, leaf uint8, payload []byte, retain bool) {
		for _, taken := range []bool{true, false} {
			hearDown(t, downLeaves[int(leaf)%len(downLeaves)], payload, retain, taken)
		}
	})
}

// hearDown gives a box one message. taken says whether somebody takes its commands.
func hearDown(t *testing.T, leaf string, payload []byte, retain, taken bool) {
	m, now := newMemory(), time.Now()
	for l := range lanes {
		m.Put(buffer.Lane(l), 1, alarmBody(l))
		m.Put(buffer.Lane(l), 1, alarmBody(l))
	}
	var got []wire.Command
	c := config(m, newDistrict(t))
	c.Groups = []string{"g1"}
	if taken {
		c.Command = func(c wire.Command, done func()) bool {
			got = append(got, c)
			done()
			return true
		}
	}
	k := newTrip(New(c), deaf{}, "41-1")
	k.start()
	k.born, k.decided = true, true
	topic := k.Device.Topic(leaf)
	if leaf == "group" {
		topic = k.groupTopic("g1")
	}
	done := 0
	err := k.receive(Delivery{Message{topic, payload, retain}, func() { done++ }}, now)
	k.passWaiting(now)
	if err := k.pump(now); err != nil {
		t.Fatal(err)
	}
	if done != 1 || err != nil && !errors.Is(err, ErrShared) {
		t.Fatalf("confirmed %d times, %v", done, err)
	}
	for _, a := range m.released() {
		if leaf != wire.DownAck || a.epoch != m.epoch || a.r.To > m.Tail(a.lane) {
			t.Fatalf("%s released %+v", leaf, a)
		}
	}
	answers := m.Next(buffer.Alarm, 2, 9)
	want := 0
	if x, _ := wire.DecodeCommand(payload); x.ID != "" && (leaf == wire.DownCmd || leaf == "group") {
		want = 1
	}
	if taken && (len(got) != want || len(answers) > 0) || !taken && len(answers) != want {
		t.Fatalf("%d commands and %d answers, want %d", len(got), len(answers), want)
	}
	if slices.ContainsFunc(answers, func(r buffer.Record) bool {
		return !strings.Contains(string(r.Body), `"state":"rejected"`)
	}) {
		t.Fatalf("answered with %s", answers[0].Body)
	}
	for _, x := range got {
		obeys(t, burning(), x)
	}
}
