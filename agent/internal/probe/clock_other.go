//go:build !linux

package probe

import "time"

// kernelTime cannot tell here who leads the clock, and so does not claim it.
func kernelTime() timeState { return timeState{now: time.Now()} }
