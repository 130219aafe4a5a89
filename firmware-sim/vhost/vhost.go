// Package vhost puts the buses and lines of a simulated board under the kernel of a virtual
// machine: it is the back end of QEMU's devices vhost-user-i2c-pci and vhost-user-gpio-pci. The
// chips that serve the unit tests then answer a real /dev/i2c-N and /dev/gpiochipN.
//
// It must never trust the guest: whatever stands in its memory ends the connection at worst.
//
// After the vhost-user protocol of QEMU, and split virtqueues, the I2C adapter device and the GPIO
// device of virtio 1.2. Left out: the interrupts of lines, so a guest has to poll them.
package vhost

import (
	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Board is what the machine hangs on; *board.Board of firmware-sim is one.
type Board interface {
	// I2C opens a bus. When the result has a Close, that ends a transfer that hangs.
	I2C(name string) (i2c.Bus, error)
	// Line opens a line.
	Line(name string, c drivers.LineConfig) (drivers.Line, error)
}
