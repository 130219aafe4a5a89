package drivers

import (
	"errors"
	"fmt"
)

// NoDevice gives an error of a line or a bus the class ErrNoDevice, unless it has it already; nil
// stays nil.
func NoDevice(err error) error {
	if err == nil || errors.Is(err, ErrNoDevice) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNoDevice, err)
}

// Edges returns the edges of a line since the last call, for a driver that counts them.
//
// Edges fails with ErrNoDevice when the line fails or has no interrupts: nothing would be heard on
// it, and that looks like a line on which nothing happens.
func Edges(line Line) (uint32, error) {
	edges, err := line.Wait(0)
	if l, ok := line.(interface{ Interrupts() bool }); err == nil && ok && !l.Interrupts() {
		err = errors.New("the line has no interrupts, so no edge is heard")
	}
	if err != nil {
		return 0, NoDevice(err)
	}
	return edges, nil
}
