package wire

import (
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// Active is the retained snapshot of what stands: it makes a lost event no lost truth.
type Active struct {
	Snapshot *alarm.Snapshot
	// AsOf is the last number given out by lane. It is read before Snapshot is taken, so that the
	// snapshot is never older than it says.
	AsOf    map[string]uint64
	Wall    int64 // Unix ms at Snapshot.At; 0: not known
	Quality ClockQuality
	Zones   map[alarm.ZoneID]string // names for people
	Max     int                     // longest payload in bytes; 0: MaxMessage
}

type activeDoc struct {
	AsOf     map[string]uint64 `json:"asof"`
	TS       string            `json:"ts"`
	TQ       string            `json:"tq"`
	Silenced bool              `json:"silenced"`
	Alarms   []activeAlarm     `json:"alarms"`
	Faults   []activeFault     `json:"faults"`
	Disabled []activeDisabled  `json:"disabled"`
	Drill    *activeTrial      `json:"drill,omitempty"`
	Test     *activeTrial      `json:"test,omitempty"`
	Duties   *activeDuties     `json:"duties,omitempty"`
	More     int               `json:"more,omitempty"` // entries that did not fit
}

// activeTrial is a drill or a walk test that runs.
type activeTrial struct {
	Zone string `json:"zone,omitempty"` // of a walk test; empty: the whole site
	Left int64  `json:"left"`           // s
}

type activeAlarm struct {
	AID            string `json:"aid"`
	Point          string `json:"point"`
	Zone           string `json:"zone,omitempty"`
	Kind           string `json:"kind"`
	Sev            string `json:"sev"`
	Level          string `json:"level"`
	Since          string `json:"since"`
	State          string `json:"state"`
	AcknowledgedBy *by    `json:"acknowledgedBy"`
	Latched        bool   `json:"latched"`
	Restored       bool   `json:"restored"`
	Drill          bool   `json:"drill"`
	Phase          string `json:"phase,omitempty"` // while its zone holds it back
	Left           int64  `json:"left,omitempty"`  // of the phase, s
}

type activeFault struct {
	Fault  string `json:"fault"`
	Point  string `json:"point,omitempty"`
	Detail string `json:"detail,omitempty"`
	Since  string `json:"since"`
}

type activeDisabled struct {
	Point  string `json:"point"`
	Left   int64  `json:"left"` // s
	Reason string `json:"reason,omitempty"`
}

// JSON is the payload of up/active. Before the panel's first step there is none: it is nil, for an
// empty list would say that all is well.
func (a Active) JSON() []byte {
	if a.Snapshot == nil {
		return nil
	}
	limit := a.Max
	if limit == 0 {
		limit = MaxMessage
	}
	for entries := 128; ; entries /= 2 {
		doc := encode(a.doc(entries))
		if len(doc) <= limit || entries == 1 {
			return doc
		}
	}
}

// doc lists at most so many entries of each kind: of alarms the first, which people act upon first.
func (a Active) doc(entries int) activeDoc {
	s := a.Snapshot
	d := activeDoc{
		AsOf: a.AsOf, TS: a.time(s.At), TQ: a.Quality.String(), Silenced: s.Silenced,
		Alarms: []activeAlarm{}, Faults: []activeFault{}, Disabled: []activeDisabled{},
	}
	for _, al := range s.Alarms[:min(len(s.Alarms), entries)] {
		d.Alarms = append(d.Alarms, a.alarm(al))
	}
	for _, f := range s.Faults[:min(len(s.Faults), entries)] {
		d.Faults = append(d.Faults, activeFault{
			Fault: string(f.Fault), Point: string(f.Point), Detail: f.Detail, Since: a.time(f.Since),
		})
	}
	disabled := 0
	for _, p := range s.Points {
		if p.Disabled <= 0 {
			continue
		}
		disabled++
		if disabled <= entries {
			d.Disabled = append(d.Disabled, activeDisabled{
				Point: string(p.ID), Left: int64(p.Disabled / time.Second), Reason: p.Reason,
			})
		}
	}
	if t := s.Drill; t != nil && t.Running {
		d.Drill = &activeTrial{Left: int64(t.Left / time.Second)}
	}
	if t := s.Test; t != nil && t.Running {
		d.Test = &activeTrial{Zone: a.Zones[t.Zone], Left: int64(t.Left / time.Second)}
	}
	d.Duties, d.More = a.duties(entries)
	d.More += len(s.Alarms) - len(d.Alarms) + len(s.Faults) - len(d.Faults) +
		disabled - len(d.Disabled)
	return d
}

func (a Active) alarm(al alarm.AlarmState) activeAlarm {
	w := activeAlarm{
		AID:      string(al.ID),
		Point:    string(al.Point),
		Zone:     a.Zones[al.Zone],
		Kind:     al.Signal.String(),
		Sev:      severity(al.Signal, al.Finding.Level, al.Drill),
		Level:    al.Finding.Level.String(),
		Since:    a.time(al.Since),
		State:    "raised",
		Latched:  al.Latched,
		Restored: al.Restored,
		Drill:    al.Drill,
		Phase:    al.Phase.String(),
		Left:     int64(al.Left / time.Second),
	}
	if al.Acknowledged {
		who := byOf(al.By)
		w.AcknowledgedBy = &who
	}
	switch {
	case !al.Active:
		w.State = "cleared"
	case al.Acknowledged:
		w.State = "acknowledged"
	case al.Finding.Level == detect.PreAlarm:
		w.State = "prealarm"
	}
	return w
}

// time is the wall time of a moment of this run; before its start the moment is negative.
func (a Active) time(at point.Instant) string {
	wall := a.Wall
	if wall != 0 {
		wall -= a.Snapshot.At.Sub(at).Milliseconds()
	}
	return WallTime(wall, int64(at)/1e6)
}
