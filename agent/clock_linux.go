package agent

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/wire"
)

// systemWall asks the kernel whether a time server disciplines its clock, and how well.
func systemWall() Wall {
	w := Wall{Now: time.Now(), Quality: wire.ClockNone, Error: -1}
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil || state == unix.TIME_ERROR || t.Status&unix.STA_UNSYNC != 0 {
		return w
	}
	w.Quality = wire.ClockNTP
	w.Error = time.Duration(t.Esterror) * time.Microsecond
	return w
}

// kernelBeat wakes the safety loop by a timer of the kernel.
func kernelBeat() func() guard.Beat { return guard.TimerFD }
