package diag

import (
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// The states in which somebody tries the system, and nothing burns.
var (
	drill = state{
		"drill", alarm.Text{En: "DRILL", Zh: "演练"},
		alarm.Text{
			En: "A drill. Do as in a fire, and do not call 119. A real alarm ends it by itself.",
			Zh: "正在演练：按火警处置，勿拨打119。真实报警会自动终止演练。",
		},
	}
	underTest = state{
		"test", alarm.Text{En: "Walk test", Zh: "逐点测试"},
		alarm.Text{
			En: "The points under test raise no alarm. Watch these places yourself.",
			Zh: "测试中的点位不会报警，请派人看守这些部位。",
		},
	}
)

// phases say what an alarm waits for while its zone holds it back.
var phases = map[alarm.Phase]alarm.Text{
	alarm.Verifying: {En: "Waiting for a second signal", Zh: "等待复核信号"},
	alarm.WaitAck:   {En: "Acknowledge it, or the siren sounds", Zh: "请确认，否则警号响起"},
	alarm.Investigating: {
		En: "Look, and reset it if nothing burns, or the siren sounds",
		Zh: "请到场查看，无火情请复位，否则警号响起",
	},
}

var chatters = alarm.Text{En: "comes and goes", Zh: "频繁抖动"}

// stateOf is the word for one alarm. One of a drill is a drill, whatever it plays.
func stateOf(a *alarm.AlarmState) state {
	if a.Drill {
		return drill
	}
	return wordOf(a.Signal, a.Finding.Level)
}

// exercise is the walk test or the drill that runs, and for how long still.
func exercise(p *alarm.Snapshot) (st state, left time.Duration, runs bool) {
	switch {
	case p.Drill != nil && p.Drill.Running:
		return drill, p.Drill.Left, true
	case p.Test != nil && p.Test.Running:
		return underTest, p.Test.Left, true
	}
	return state{}, 0, false
}

// The JSON of walk tests and drills. Seconds are since they began.
type (
	testJSON struct {
		Running bool            `json:"running"`
		Zone    alarm.ZoneID    `json:"zone,omitempty"`
		Age     float64         `json:"age_seconds"`
		Left    float64         `json:"left_seconds"`
		Lasted  float64         `json:"lasted_seconds,omitempty"`
		Ended   string          `json:"ended,omitempty"`
		Points  []testPointJSON `json:"points"`
	}
	testPointJSON struct {
		Point    point.ID `json:"point"`
		Tried    bool     `json:"tried"`
		Detected float64  `json:"detected_seconds,omitempty"`
		Alarmed  float64  `json:"alarmed_seconds,omitempty"`
		Received float64  `json:"received_seconds,omitempty"`
		Skipped  string   `json:"skipped,omitempty"`
	}
	drillJSON struct {
		Running    bool             `json:"running"`
		Announcing bool             `json:"announcing"`
		Age        float64          `json:"age_seconds"`
		Left       float64          `json:"left_seconds"`
		Lasted     float64          `json:"lasted_seconds,omitempty"`
		Ended      string           `json:"ended,omitempty"`
		Points     []drillPointJSON `json:"points"`
		Outputs    []alarm.OutputID `json:"outputs,omitempty"`
		Sounded    float64          `json:"sounded_seconds,omitempty"`
		Silenced   float64          `json:"silenced_seconds,omitempty"`
		Deviations []string         `json:"deviations,omitempty"`
	}
	drillPointJSON struct {
		Point        point.ID `json:"point"`
		Raised       float64  `json:"raised_seconds,omitempty"`
		Acknowledged float64  `json:"acknowledged_seconds,omitempty"`
	}
)

func newTestJSON(t *alarm.TestState) *testJSON {
	if t == nil {
		return nil
	}
	j := &testJSON{
		Running: t.Running, Zone: t.Zone, Age: t.Age.Seconds(), Left: t.Left.Seconds(),
		Lasted: t.Lasted.Seconds(), Ended: t.Ended, Points: []testPointJSON{},
	}
	for _, p := range t.Points {
		j.Points = append(j.Points, testPointJSON{
			Point: p.Point, Tried: p.Tried, Detected: p.Detected.Seconds(),
			Alarmed: p.Alarmed.Seconds(), Received: p.Received.Seconds(), Skipped: p.Skipped,
		})
	}
	return j
}

func newDrillJSON(d *alarm.DrillState) *drillJSON {
	if d == nil {
		return nil
	}
	j := &drillJSON{
		Running: d.Running, Announcing: d.Announcing, Age: d.Age.Seconds(), Left: d.Left.Seconds(),
		Lasted: d.Lasted.Seconds(), Ended: d.Ended, Points: []drillPointJSON{}, Outputs: d.Outputs,
		Sounded: d.Sounded.Seconds(), Silenced: d.Silenced.Seconds(), Deviations: d.Deviations,
	}
	for _, p := range d.Points {
		j.Points = append(j.Points, drillPointJSON{
			Point: p.Point, Raised: p.Raised.Seconds(), Acknowledged: p.Acknowledged.Seconds(),
		})
	}
	return j
}
