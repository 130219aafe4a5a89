package wire

import "github.com/firepost/firepost/agent/alarm"

// duty is what an event about the duties of people says besides. See alarm.Matter.
type duty struct {
	ID       string  `json:"id,omitempty"`
	Text     string  `json:"text,omitempty"`
	Colour   string  `json:"colour,omitempty"`
	Step     string  `json:"step,omitempty"`
	Verdict  string  `json:"verdict,omitempty"`
	Failed   bool    `json:"failed,omitempty"`
	Evidence string  `json:"evidence,omitempty"`
	Days     uint16  `json:"days,omitempty"`
	Due      string  `json:"due,omitempty"`
	People   *uint8  `json:"people,omitempty"`
	Record   *record `json:"record,omitempty"`
}

// record is the place of an event in the chain of records.
type record struct {
	N    uint64 `json:"n"`
	Day  string `json:"day"`
	Prev string `json:"prev"`
	Hash string `json:"hash"`
}

// dutyOf is the part of an event that is about duties; nil when there is none.
func dutyOf(ev *alarm.Event) *duty {
	m := &ev.Matter
	if *m == (alarm.Matter{}) {
		return nil
	}
	d := duty{
		ID: m.ID, Text: m.Text, Colour: m.Colour.String(), Step: m.Step.String(),
		Verdict: m.Verdict.String(), Failed: m.Failed, Evidence: m.Evidence, Days: m.Days,
		Due: m.Due.String(),
	}
	switch ev.Kind {
	case alarm.ShiftBegun, alarm.ShiftEnded, alarm.ShiftShort, alarm.ShiftFull:
		d.People = &m.People
	}
	if r := m.Record; r.N != 0 {
		d.Record = &record{r.N, r.Day.String(), r.Prev, r.Hash}
	}
	return &d
}

// tookTime tells whether the time of an event is how long something took, not how long it lasts.
func tookTime(k alarm.Kind) bool {
	switch k {
	case alarm.Confirmed, alarm.DutyAnswered, alarm.DutyMissed, alarm.WarningAnswered,
		alarm.WarningUnanswered, alarm.WarningExpired, alarm.IncidentAccepted,
		alarm.IncidentArrived, alarm.IncidentJudged, alarm.IncidentClosed:
		return true
	}
	return false
}
