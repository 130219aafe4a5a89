//go:build !linux

package agent

import (
	"time"

	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/wire"
)

// systemWall cannot tell here whether the clock is disciplined, and so does not claim it.
func systemWall() Wall {
	return Wall{Now: time.Now(), Quality: wire.ClockNone, Error: -1}
}

// kernelBeat leaves it to package time to wake the safety loop.
func kernelBeat() func() guard.Beat { return nil }
