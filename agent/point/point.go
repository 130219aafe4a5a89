// Package point names what is watched: a point, and what is known of it at a moment. It holds
// words, no judgement.
package point

import (
	"time"

	"github.com/firepost/firepost/drivers"
)

// ID names a point within its site.
type ID string

// Instant is a moment as the time since the agent started. It is monotonic: no time server can
// move it. It is never saved, because it means nothing to the next run.
type Instant time.Duration

// Add returns the moment d later.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d) }

// Sub returns the time from j to i.
func (i Instant) Sub(j Instant) time.Duration { return time.Duration(i - j) }

// Quality says how far a value can be believed. Only a good value clears an alarm; an uncertain
// one may raise it.
type Quality uint8

// The qualities. The zero value is Bad, so that a forgotten field never looks healthy.
const (
	Bad Quality = iota
	Uncertain
	Good
)

// String is the quality as pages and messages write it.
func (q Quality) String() string {
	switch q {
	case Good:
		return "good"
	case Uncertain:
		return "uncertain"
	}
	return "bad"
}

// Reason says why a value is not good.
type Reason uint8

// The reasons. The zero value is none.
const (
	None Reason = iota
	WarmUp
	Saturated
	Range
	Checksum
	NoDevice
	Stale
	Stuck
	Rate
	Disagree
	LineOpen
	LineShort
	EndOfLife
	Test
	reasons
)

var reasonNames = [reasons]string{
	None: "none", WarmUp: "warmup", Saturated: "saturated", Range: "range", Checksum: "checksum",
	NoDevice: "no_device", Stale: "stale", Stuck: "stuck", Rate: "rate", Disagree: "disagree",
	LineOpen: "line_open", LineShort: "line_short", EndOfLife: "end_of_life", Test: "test",
}

// String is the reason as messages write it.
func (r Reason) String() string {
	if r >= reasons {
		return "unknown"
	}
	return reasonNames[r]
}

// Reading is what the panel saw of one channel of a point at a moment. A reading of quality Bad
// carries no value: it says that reading failed, and why.
type Reading struct {
	Point   ID
	At      Instant
	Sample  drivers.Sample
	Quality Quality
	Reason  Reason
}
