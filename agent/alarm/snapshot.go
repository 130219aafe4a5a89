package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// Snapshot is the whole state of the panel at a moment. It never changes once it is made, so any
// goroutine may read it.
type Snapshot struct {
	At        point.Instant
	Step      uint64 // steps of this run
	Boot      uint32
	LastEvent uint64
	LastAlarm uint64
	Silenced  bool
	Points    []PointState  // in plan order
	Alarms    []AlarmState  // that stand or are latched, in the order in which they were raised
	Outputs   []OutputState // in plan order
	Faults    []FaultState  // that are shown, oldest first
}

// ChannelState is the last value of one channel of a point.
type ChannelState struct {
	Quantity drivers.Quantity
	Value    int64         // the last value that was not bad; meaningless while Seen is false
	At       point.Instant // when it was read
	Seen     bool
	Quality  point.Quality // of the newest reading
	Reason   point.Reason
}

// PointState is one point.
type PointState struct {
	ID       point.ID
	Name     string
	Zone     ZoneID
	Signal   Signal
	Finding  detect.Finding // what its rule says now, not latched
	Alarm    AlarmID        // the alarm that stands or is latched at it; empty: none
	Disabled time.Duration  // remaining time of its disablement; 0: in service
	Reason   string         // of the disablement
	Channels []ChannelState
}

// AlarmState is one alarm.
type AlarmState struct {
	ID           AlarmID
	Point        point.ID
	Zone         ZoneID
	Signal       Signal
	Finding      detect.Finding // at its highest
	Since        point.Instant  // may lie before the start of this run, then it is negative
	Active       bool           // its condition still stands
	Latched      bool
	Acknowledged bool
	By           Origin
	Restored     bool
}

// OutputState is one output.
type OutputState struct {
	ID      OutputID
	Name    string
	Kind    OutputKind
	Pattern Pattern
}

// FaultState is one fault that is shown.
type FaultState struct {
	Fault  detect.FaultCode
	Point  point.ID // empty: of the box itself
	Detail string
	Since  point.Instant
}
