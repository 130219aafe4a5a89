package district

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Raise is what the district knows of one alarm.
type Raise struct {
	Point    string
	Kind     string
	State    string // the newest
	Count    int    // raise records that came, repeats by number left out
	Restored int    // of these, repeated by a new run of the device
	First    time.Time
}

// Hole is a run of numbers that neither came nor were declared, though later ones came.
type Hole struct {
	Device, Epoch, Lane string
	From, To            uint64
}

// Report is what a receiver has seen so far, of all devices.
type Report struct {
	Messages     uint64
	Bytes        uint64            // of their payloads, as they came
	Received     map[string]uint64 // records stored, by lane
	Duplicates   uint64            // records that came again
	BodyMismatch uint64            // of these, with other data
	OutOfOrder   uint64            // messages with new records below newer ones of their stream
	Missing      []Hole
	Declared     map[string]uint64 // numbers that gaps told of, by cause
	Absent       uint64            // of these, still without a record
	Filled       uint64            // records that came after they had been declared missing
	StoreResets  int
	Restored     int // raises that a new run repeated
	Raises       map[string]Raise
	Commands     map[string]string // newest state by command
	FirstAlarmAt time.Time         // when the first new raise came
	Births       int
	StaleWills   int // deaths of sessions that were over
	Resends      int // requests for numbers that stayed away
	Malformed    uint64
	Faults       []string          // what was malformed, the first few
	Online       map[string]bool   // by device
	Base         map[string]string // hash of the local site file, by device
	Active       map[string]json.RawMessage
	Desc         map[string]json.RawMessage
}

// faultsKept bounds Report.Faults.
const faultsKept = 16

func newReport() Report {
	return Report{
		Received: map[string]uint64{}, Declared: map[string]uint64{}, Raises: map[string]Raise{},
		Commands: map[string]string{}, Online: map[string]bool{},
		Base:   map[string]string{},
		Active: map[string]json.RawMessage{}, Desc: map[string]json.RawMessage{},
	}
}

// Report is a copy of the state of now.
func (r *Receiver) Report() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.report
	out.Received, out.Declared = maps.Clone(out.Received), maps.Clone(out.Declared)
	out.Raises, out.Commands = maps.Clone(out.Raises), maps.Clone(out.Commands)
	out.Base = maps.Clone(out.Base)
	out.Online, out.Active = maps.Clone(out.Online), maps.Clone(out.Active)
	out.Desc, out.Faults = maps.Clone(out.Desc), slices.Clone(out.Faults)
	for k, t := range r.store.tracks {
		out.Absent += t.declared.count()
		for _, s := range t.missing() {
			out.Missing = append(out.Missing, Hole{k.device, k.epoch, k.lane, s.from, s.to})
		}
	}
	slices.SortFunc(out.Missing, func(a, b Hole) int {
		return cmp.Or(
			strings.Compare(a.Device, b.Device), strings.Compare(a.Epoch, b.Epoch),
			strings.Compare(a.Lane, b.Lane), cmp.Compare(a.From, b.From))
	})
	return out
}
