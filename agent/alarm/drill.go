package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/point"
)

// Scenario is what a drill plays: the points that alarm, and the outputs that may act besides what
// sounds and flashes. A valve, a fan and a relay stay at rest unless they are listed.
type Scenario struct {
	Points  []point.ID
	Outputs []OutputID
}

// DrillState is a drill. Times are since it began.
type DrillState struct {
	Running    bool
	Announcing bool // the tone before it
	By         Origin
	Age        time.Duration // since it began
	Left       time.Duration // until it ends by itself
	Lasted     time.Duration // once it is over
	Ended      string        // why it is over
	Points     []DrillPoint  // of the scenario; read only
	Outputs    []OutputID    // that may act besides what sounds and flashes
	Sounded    time.Duration // when the first sounder rang; 0: none yet
	Silenced   time.Duration // when a person silenced it; 0: not yet
	Deviations []string      // from what a drill should be, once it is over
}

// DrillPoint is one point of a scenario.
type DrillPoint struct {
	Point        point.ID
	Raised       time.Duration // 0: not yet
	Acknowledged time.Duration // 0: not yet
}

// SavedDrill is a drill over a restart.
type SavedDrill DrillState
