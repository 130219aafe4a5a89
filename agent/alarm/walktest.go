package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/point"
)

// TestState is a walk test: somebody goes from detector to detector and tries each. Times are since
// it began, so that they outlive a restart.
type TestState struct {
	Running bool
	Zone    ZoneID // empty: the whole site
	By      Origin
	Age     time.Duration // since it began
	Left    time.Duration // until it ends by itself
	Lasted  time.Duration // once it is over
	Ended   string        // why it is over
	Points  []TestPoint   // in plan order; read only
}

// TestPoint is what a walk test found at one point.
type TestPoint struct {
	Point    point.ID
	Tried    bool
	Detected time.Duration // when its condition was first met
	Alarmed  time.Duration // when the panel took it for an alarm and chirped
	Received time.Duration // when the district had it; 0: not told
	Skipped  string        // why it was not tried; empty: it was, or is still to be
}

// SavedTest is a walk test over a restart.
type SavedTest TestState
