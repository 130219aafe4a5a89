// Package pca9548 makes a bus out of each of the eight channels of a PCA9548 or TCA9548A switch.
//
// Datasheet: NXP PCA9548A, revision 5.1, October 2015 (below: DS), as quoted by sellers. The part
// has one register and no identity.
package pca9548

import (
	"fmt"
	"io"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
)

// Channels is how many the part has.
const Channels = 8

// FirstAddr and LastAddr are the ends of the addresses that its pins A0 to A2 can choose.
const (
	FirstAddr = 0x70
	LastAddr  = 0x77
)

// Channel is what hangs on one channel, as a bus. It is not safe for concurrent use, and neither
// are two channels of one bus: all of them belong to one goroutine.
type Channel struct {
	parent i2c.Bus
	addr   uint16
	number uint8
	choice [1]byte
}

// New returns a channel of the switch at addr on the bus parent. It touches no bus.
func New(parent i2c.Bus, addr uint16, number uint8) (*Channel, error) {
	if addr < FirstAddr || addr > LastAddr || number >= Channels {
		return nil, fmt.Errorf("pca9548 %#x: there is no channel %d; write an address from %#x to "+
			"%#x and a channel from 0 to %d", addr, number, FirstAddr, LastAddr, Channels-1)
	}
	// One bit is one channel (DS 6.2.1): the others are closed with the same byte.
	return &Channel{parent, addr, number, [1]byte{1 << number}}, nil
}

// String is the bus as errors name it.
func (c *Channel) String() string {
	return fmt.Sprintf("%s channel %d of %#x", c.parent, c.number, c.addr)
}

// SetSpeed sets that of the bus.
func (c *Channel) SetSpeed(f physic.Frequency) error { return c.parent.SetSpeed(f) }

// Tx opens the channel, closes the others, and makes a transfer. What was chosen last is not
// remembered: after a dip of its supply the switch has forgotten it, and a part that does not
// answer would be blamed.
//
// The choice is a transfer of its own, because it is good from the next stop on (DS 6.2.1).
func (c *Channel) Tx(addr uint16, w, r []byte) error {
	if err := c.parent.Tx(c.addr, c.choice[:], nil); err != nil {
		return fmt.Errorf("pca9548 %#x: channel %d: %w", c.addr, c.number, err)
	}
	return c.parent.Tx(addr, w, r)
}

// Close gives the bus back. The channel stays open.
func (c *Channel) Close() error {
	if p, ok := c.parent.(io.Closer); ok {
		return p.Close()
	}
	return nil
}
