package detect

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

const (
	failures     = 3                // failed readings running that make a fault
	faultRelease = 10 * time.Second // how long a sensor must be good before its fault ends
	lineFault    = 2 * time.Second  // how long a line must be open or shorted
)

// health watches whether the readings of one quantity come, and whether they are any good.
type health struct {
	quantity  drivers.Quantity
	stale     time.Duration
	alive     point.Instant // the last sign of life
	failed    uint8         // failed readings running
	failing   point.Instant // the first of them
	reason    point.Reason  // of the newest reading that was not good
	doubt     FaultCode     // what the newest reading says that is not failed, and not good either
	good      bool          // nothing but good readings since goodSince
	goodSince point.Instant
	fault     FaultCode
}

// begin sets the moment from which silence is counted.
func (h *health) begin(now point.Instant) { h.alive = now }

// take counts one reading. A sensor that warms up is alive; a value that is uncertain for another
// reason is not enough: it can end nothing, so somebody must look at it.
func (h *health) take(at point.Instant, rd *point.Reading) {
	h.doubt = ""
	if rd.Quality == point.Bad {
		if h.failed == 0 {
			h.failing = at
		}
		h.good, h.reason = false, rd.Reason
		h.failed = min(h.failed+1, failures)
		return
	}
	h.failed = 0
	if rd.Quality == point.Good || rd.Reason == point.WarmUp {
		h.alive = at
		if !h.good {
			h.good, h.goodSince = true, at
		}
		return
	}
	h.reason = rd.Reason
	switch rd.Reason {
	case point.Stuck:
		h.doubt = SensorStuck
	case point.Rate:
		h.doubt = SensorJumps
	case point.Disagree:
		h.doubt = SensorsDisagree
	}
	h.good = h.good && h.doubt == ""
}

// elapse decides about the fault. A failed sensor stays failed, and is not called silent as well,
// until it has been good for a while.
func (h *health) elapse(now point.Instant) {
	silent := now.Sub(h.alive) >= h.stale
	if silent {
		h.good = false
	}
	switch {
	case h.failed >= failures && now.Sub(h.failing) >= failedFor(h.reason):
		h.fault = failedBy(h.reason)
	case h.doubt != "":
		h.fault = h.doubt
	case silent && h.fault == "":
		h.fault = SensorSilent
		if h.reason == point.Saturated {
			h.fault = SensorRange
		}
	case h.fault != "" && h.good && now.Sub(h.goodSince) >= faultRelease:
		h.fault = ""
	}
}

// failedBy is the fault of a sensor whose readings fail for a reason.
func failedBy(r point.Reason) FaultCode {
	switch r {
	case point.LineOpen:
		return LineOpen
	case point.LineShort:
		return LineShort
	case point.Range:
		return SensorRange
	case point.Rate:
		return SensorJumps
	}
	return SensorFailed
}

// failedFor is how long readings must fail. A line may lie between two of its states while a
// detector pulls it.
func failedFor(r point.Reason) time.Duration {
	switch r {
	case point.LineOpen, point.LineShort, point.Range:
		return lineFault
	}
	return 0
}

// severity orders the faults of a point, the gravest first. One that is not listed lies before the
// last two, which tell of what is to come.
var severity = []FaultCode{
	SensorFailed, LineOpen, LineShort, SensorRange, SensorJumps, SensorSilent, SensorStuck,
	SensorsDisagree, Contaminated, EndOfLife,
}

// Worse is the graver of two faults; an empty one is none.
func Worse(a, b FaultCode) FaultCode {
	if rank(b) < rank(a) {
		return b
	}
	return a
}

func rank(f FaultCode) int {
	switch f {
	case "":
		return len(severity) + 2
	case DirtySoon, EndOfLifeSoon:
		return len(severity) + 1
	}
	if i := slices.Index(severity, f); i >= 0 {
		return i
	}
	return len(severity)
}

// blinds tells whether a point with this fault cannot see what it watches for.
func blinds(f FaultCode) bool {
	switch f {
	case SensorFailed, SensorSilent, SensorRange, SensorJumps, SensorStuck, LineOpen, LineShort:
		return true
	}
	return false
}
