package drivers

import (
	"errors"
	"fmt"
)

// Edges returns the edges of a line since the last call, for a driver that counts them.
//
// Edges fails with ErrNoDevice when the line fails or has no interrupts: nothing would be heard on
// it, and that looks like a line on which nothing happens.
func Edges(line Line) (uint32, error) {
	edges, err := line.Wait(0)
	l, ok := line.(interface{ Interrupts() bool })
	switch {
	case err == nil && ok && !l.Interrupts():
		return 0, fmt.Errorf("%w: the line has no interrupts, so no edge is heard", ErrNoDevice)
	case err != nil && !errors.Is(err, ErrNoDevice):
		return 0, fmt.Errorf("%w: %w", ErrNoDevice, err)
	}
	return edges, err
}
