package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// Saved is what the panel must remember over a restart. It holds ages and remaining times, never
// moments, so that a power cut neither shortens an alarm nor lengthens a disablement. While a
// silence or a disablement runs it comes every 10 s, and a new run takes 10 s off either: a restart
// may end them early, and restarts without end cannot keep them up. The zero value is a new panel:
// nothing disabled, nothing latched.
type Saved struct {
	Boot      uint32 // number of the run that saved it
	LastEvent uint64
	LastAlarm uint64
	Alarms    []SavedAlarm // in the order in which they were raised
	Disabled  []SavedDisabled
	Silenced  bool
	Outputs   []SavedOutput // in plan order
	Resound   time.Duration // until the sounders ring again, while Silenced

	Zones    []SavedZone    `json:",omitempty"` // that hold an alarm back
	Test     *TestState     `json:",omitempty"` // the walk test that runs, or the last one
	Drill    *DrillState    `json:",omitempty"` // the drill that runs, or the last one
	Memories []SavedMemory  `json:",omitempty"`
	Formulas []SavedFormula `json:",omitempty"`

	Duties SavedDuties
	Tally  SavedTally
}

// SavedAlarm is one alarm that stood.
type SavedAlarm struct {
	ID           AlarmID
	Point        point.ID
	Signal       Signal
	Finding      detect.Finding
	Age          time.Duration // since it was raised
	Climb        time.Duration `json:",omitempty"` // from its raise until it got to its level
	Acknowledged bool
	By           Origin // who acknowledged it
	Cleared      bool   // its condition had ended
	Silenced     bool   // it sounds no more

	Held   detect.Level  `json:",omitempty"` // its zone holds it back from this level
	Waited time.Duration `json:",omitempty"` // for a second signal
	Ended  bool          `json:",omitempty"` // the first signal is over, while it waits
	Told   time.Duration `json:",omitempty"` // since it was last told

	Incident AlarmID `json:",omitempty"`

	// Of its point, which the next plan may not have.
	Zone    ZoneID   `json:",omitempty"`
	Nature  Nature   `json:",omitempty"`
	Devices []string `json:",omitempty"`
}

// SavedDisabled is one point taken out.
type SavedDisabled struct {
	Point     point.ID
	Age       time.Duration // since it was taken out, over all orders
	Remaining time.Duration
	Reason    string
	By        Origin
}

// SavedMemory is what the rule of a point and its sensor remember.
type SavedMemory struct {
	Point point.ID
	Rule  detect.Memory
	Heard time.Duration // how long the sensor has been heard in all its life, while that matters
	// Warm is for how long the sensor has warmed up, until it has been warm for as long again.
	Warm time.Duration `json:",omitempty"`
}
