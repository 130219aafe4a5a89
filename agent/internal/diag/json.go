package diag

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// The JSON of a Status. Times are RFC 3339, spans are seconds, and what is not known is absent.
type (
	statusJSON struct {
		State    string       `json:"state"`
		Alive    bool         `json:"alive"`
		Sim      bool         `json:"sim"`
		Made     *time.Time   `json:"made,omitempty"`
		Site     siteJSON     `json:"site"`
		Panel    *panelJSON   `json:"panel,omitempty"`
		Guard    guardJSON    `json:"guard"`
		Buses    []busJSON    `json:"buses"`
		Outbox   outboxJSON   `json:"outbox"`
		Link     linkJSON     `json:"link"`
		Clock    clockJSON    `json:"clock"`
		Identity identityJSON `json:"identity"`
		Page     *faceJSON    `json:"page,omitempty"`
		Build    buildJSON    `json:"build"`
	}
	siteJSON struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Hash     string `json:"hash"`
		Rejected string `json:"rejected,omitempty"`
		From     string `json:"from,omitempty"`
		Offer    string `json:"offer,omitempty"` // waiting or trial, of a file of the district
	}
	panelJSON struct {
		Boot      uint32       `json:"boot"`
		Step      uint64       `json:"step"`
		LastEvent uint64       `json:"last_event"`
		Silenced  bool         `json:"silenced"`
		Alarms    []alarmJSON  `json:"alarms"`
		Faults    []faultJSON  `json:"faults"`
		Points    []pointJSON  `json:"points"`
		Outputs   []outputJSON `json:"outputs"`
		Duties    *dutiesJSON  `json:"duties,omitempty"`
		Test      *testJSON    `json:"test,omitempty"`
		Drill     *drillJSON   `json:"drill,omitempty"`
	}
	alarmJSON struct {
		ID           alarm.AlarmID  `json:"id"`
		Point        point.ID       `json:"point"`
		Zone         alarm.ZoneID   `json:"zone"`
		Signal       string         `json:"signal"`
		Level        string         `json:"level"`
		Seconds      float64        `json:"seconds"`       // since it was raised
		LevelSeconds float64        `json:"level_seconds"` // since it got to this level
		Active       bool           `json:"active"`
		Latched      bool           `json:"latched"`
		Acknowledged bool           `json:"acknowledged"`
		Silenced     bool           `json:"silenced"`
		Restored     bool           `json:"restored"`
		Drill        bool           `json:"drill"`
		Phase        string         `json:"phase,omitempty"`        // while its zone holds it back
		Left         float64        `json:"left_seconds,omitempty"` // of that phase
		Why          []evidenceJSON `json:"why,omitempty"`
	}
	evidenceJSON struct {
		Quantity string `json:"quantity"`
		Value    int64  `json:"value"`
		Limit    int64  `json:"limit"`
		Weight   int16  `json:"weight"` // thousandths of what makes an alarm
		Text     string `json:"text"`
		Level    string `json:"level,omitempty"` // of the condition
	}
	faultJSON struct {
		Code    string   `json:"code"`
		Point   point.ID `json:"point,omitempty"`
		Detail  string   `json:"detail,omitempty"`
		Seconds float64  `json:"seconds"`
	}
	pointJSON struct {
		ID       point.ID      `json:"id"`
		Name     string        `json:"name"`
		Zone     alarm.ZoneID  `json:"zone"`
		Signal   string        `json:"signal"`
		Level    string        `json:"level"`
		Fault    string        `json:"fault,omitempty"`
		Alarm    alarm.AlarmID `json:"alarm,omitempty"`
		Disabled float64       `json:"disabled_seconds,omitempty"`
		Reason   string        `json:"reason,omitempty"`
		Aborted  uint64        `json:"aborted"`
		Testing  bool          `json:"testing,omitempty"`
		Chatters bool          `json:"chatters,omitempty"`
		Values   []valueJSON   `json:"values"`
		// Until the end of the sensor's life; and that nobody counts, for want of a date.
		LifeDays  *int32 `json:"life_days,omitempty"`
		LifeWaits bool   `json:"life_waits,omitempty"`
	}
	valueJSON struct {
		Quantity string   `json:"quantity"`
		Value    *int64   `json:"value,omitempty"`
		Raw      *int64   `json:"raw,omitempty"` // before calibration, where that changed it
		Text     string   `json:"text,omitempty"`
		Age      *float64 `json:"age_seconds,omitempty"`
		Quality  string   `json:"quality"`
		Reason   string   `json:"reason,omitempty"`
	}
	outputJSON struct {
		ID      alarm.OutputID `json:"id"`
		Name    string         `json:"name"`
		Kind    string         `json:"kind"`
		On      bool           `json:"on"`
		Sets    uint64         `json:"sets"`
		SetMax  float64        `json:"set_seconds_max"`
		Err     string         `json:"err,omitempty"`
		Playing bool           `json:"playing"`
		// Of an output that stays on until a person on site lets it go, or that reports back.
		Kept      bool    `json:"kept,omitempty"`
		Left      float64 `json:"left_seconds,omitempty"` // of Kept; 0: for good
		Confirmed bool    `json:"confirmed,omitempty"`
		Failed    bool    `json:"failed,omitempty"`
	}
)

func (p *Pages) serveJSON(w http.ResponseWriter, _ *http.Request) {
	body, err := json.MarshalIndent(newStatusJSON(p.src.Status(), p.now()), "", "  ")
	if err != nil {
		http.Error(w, "status: "+err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, "application/json", append(body, '\n'))
}

func newSiteJSON(s *Site) siteJSON {
	j := siteJSON{ID: s.ID, Name: s.Name, Hash: s.Hash, Rejected: s.Rejected, From: s.From}
	if s.Offer != nil {
		j.Offer = "waiting"
		if s.Offer.Trial {
			j.Offer = "trial"
		}
	}
	return j
}

func newStatusJSON(s *Status, now time.Time) statusJSON {
	j := statusJSON{State: overall(s, now).Class, Alive: s.alive(now), Buses: []busJSON{}}
	if s == nil {
		s = &Status{}
	}
	j.Sim, j.Site = s.Sim, newSiteJSON(&s.Site)
	j.Made = moment(s.Made)
	if s.Panel != nil {
		j.Panel = newPanelJSON(s)
	}
	j.rooms(s)
	return j
}

// moment is a time, or nil when it is not known.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func newPanelJSON(s *Status) *panelJSON {
	p := s.Panel
	j := &panelJSON{
		Boot: p.Boot, Step: p.Step, LastEvent: p.LastEvent, Silenced: p.Silenced,
		Alarms: []alarmJSON{}, Faults: []faultJSON{}, Points: []pointJSON{}, Outputs: []outputJSON{},
	}
	for _, a := range p.Alarms {
		j.Alarms = append(j.Alarms, alarmJSON{
			ID: a.ID, Point: a.Point, Zone: a.Zone, Signal: a.Signal.String(),
			Level: a.Finding.Level.String(), Seconds: p.At.Sub(a.Since).Seconds(),
			LevelSeconds: p.At.Sub(a.Reached).Seconds(),
			Active:       a.Active, Latched: a.Latched, Acknowledged: a.Acknowledged,
			Silenced: a.Silenced, Restored: a.Restored, Drill: a.Drill,
			Phase: a.Phase.String(), Left: a.Left.Seconds(),
			Why: newEvidenceJSON(a.Finding, pointOf(p, a.Point).Conditions),
		})
	}
	for _, f := range p.Faults {
		j.Faults = append(j.Faults, faultJSON{
			Code: string(f.Fault), Point: f.Point, Detail: f.Detail,
			Seconds: p.At.Sub(f.Since).Seconds(),
		})
	}
	for i := range p.Points {
		j.Points = append(j.Points, newPointJSON(&p.Points[i], p.At))
	}
	doing := map[alarm.OutputID]Output{}
	for _, o := range s.Guard.Outputs {
		doing[o.ID] = o
	}
	for _, o := range p.Outputs {
		d := doing[o.ID]
		j.Outputs = append(j.Outputs, outputJSON{
			ID: o.ID, Name: o.Name, Kind: o.Kind.String(), Playing: o.Pattern != alarm.Off,
			On: d.On, Sets: d.Sets, SetMax: d.SetMax.Seconds(), Err: d.Err,
			Kept: o.Kept, Left: o.Left.Seconds(), Confirmed: o.Confirmed, Failed: o.Failed,
		})
	}
	j.Duties = newDutiesJSON(&p.Duties)
	j.Test, j.Drill = newTestJSON(p.Test), newDrillJSON(p.Drill)
	return j
}

func newEvidenceJSON(f detect.Finding, conditions []detect.Condition) []evidenceJSON {
	var all []evidenceJSON
	for i, e := range f.Why {
		if e.Quantity == 0 {
			continue
		}
		j := evidenceJSON{
			Quantity: e.Quantity.String(), Value: e.Value, Limit: e.Limit,
			Weight: e.Weight, Text: shown(e.Quantity, e.Value),
		}
		if c, ok := behind(f, i, conditions); ok {
			j.Level = c.Level.String()
			j.Text += c.PerText()
		}
		all = append(all, j)
	}
	return all
}

func newPointJSON(p *alarm.PointState, at point.Instant) pointJSON {
	j := pointJSON{
		ID: p.ID, Name: p.Name, Zone: p.Zone, Signal: p.Signal.String(),
		Level: p.Finding.Level.String(), Fault: string(p.Finding.Fault), Alarm: p.Alarm,
		Disabled: p.Disabled.Seconds(), Reason: p.Reason, Aborted: p.Aborted,
		Testing: p.Testing, Chatters: p.Chatters, Values: []valueJSON{},
		LifeWaits: p.Life.Watched && !p.Life.Known,
	}
	if p.Life.Known {
		j.LifeDays = &p.Life.Left
	}
	for _, c := range p.Channels {
		v := valueJSON{Quantity: c.Quantity.String(), Quality: c.Quality.String()}
		if c.Reason != point.None {
			v.Reason = c.Reason.String()
		}
		if c.Seen && c.Quality != point.Bad {
			value, age := c.Value, at.Sub(c.At).Seconds()
			v.Value, v.Age, v.Text = &value, &age, shown(c.Quantity, c.Value)
			if raw := c.Raw; raw != value {
				v.Raw = &raw
			}
		}
		j.Values = append(j.Values, v)
	}
	return j
}
