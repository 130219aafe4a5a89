package detect

import (
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

const (
	failures     = 3                // failed readings running that make a fault
	faultRelease = 10 * time.Second // how long a sensor must be good before its fault ends
)

// health watches whether the readings of one quantity come, and whether they are any good.
type health struct {
	quantity  drivers.Quantity
	stale     time.Duration
	alive     point.Instant // the last sign of life
	failed    uint8         // failed readings running
	good      bool          // nothing but good readings since goodSince
	goodSince point.Instant
	fault     FaultCode
}

// begin sets the moment from which silence is counted.
func (h *health) begin(now point.Instant) { h.alive = now }

// take counts one reading. A sensor that warms up is alive; a value that is uncertain for another
// reason is not enough: it can end nothing, so somebody must look at it.
func (h *health) take(at point.Instant, rd *point.Reading) {
	if rd.Quality == point.Bad {
		h.good = false
		h.failed = min(h.failed+1, failures)
		return
	}
	h.failed = 0
	if rd.Quality == point.Good || rd.Reason == point.WarmUp {
		h.alive = at
		if !h.good {
			h.good, h.goodSince = true, at
		}
	}
}

// elapse decides about the fault. A failed sensor stays failed, and is not called silent as well,
// until it has been good for a while.
func (h *health) elapse(now point.Instant) {
	silent := now.Sub(h.alive) >= h.stale
	if silent {
		h.good = false
	}
	switch {
	case h.failed >= failures:
		h.fault = SensorFailed
	case silent && h.fault == "":
		h.fault = SensorSilent
	case h.fault != "" && h.good && now.Sub(h.goodSince) >= faultRelease:
		h.fault = ""
	}
}
