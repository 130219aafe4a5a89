package chip

import (
	"bytes"
	"sync"
	"time"
)

// PCA9548 is an NXP PCA9548A or a TI TCA9548A: a switch between a bus and eight others.
//
// From the datasheet: the last byte of a write is kept, each of its bits opens a channel, and a
// channel is open from the stop of that transfer on; a read gives the byte; after power-up all are
// closed. Left out: the reset pin.
type PCA9548 struct {
	Part
	choice byte // what was written
	open   byte // since the last stop

	wiring   sync.Mutex
	channels [8]map[uint16][]Chip
}

// NewPCA9548 returns a switch with nothing behind it.
func NewPCA9548(clock Clock) *PCA9548 {
	c := &PCA9548{}
	c.setUp(clock, "pca9548", c)
	return c
}

// Attach puts a chip behind a channel.
func (c *PCA9548) Attach(channel int, addr uint16, behind Chip) {
	c.wiring.Lock()
	defer c.wiring.Unlock()
	if c.channels[channel] == nil {
		c.channels[channel] = map[uint16][]Chip{}
	}
	c.channels[channel][addr] = append(c.channels[channel][addr], behind)
}

// Behind are the chips that hear an address through the channels that are open now.
func (c *PCA9548) Behind(addr uint16) (all []Chip) {
	c.mu.Lock()
	open := c.open
	c.mu.Unlock()
	c.wiring.Lock()
	defer c.wiring.Unlock()
	for i, chips := range c.channels {
		if open>>i&1 != 0 {
			all = append(all, chips[addr]...)
		}
	}
	return all
}

// All are the chips behind all channels.
func (c *PCA9548) All() (all []Chip) {
	c.wiring.Lock()
	defer c.wiring.Unlock()
	for _, channel := range c.channels {
		for _, chips := range channel {
			all = append(all, chips...)
		}
	}
	return all
}

// Stop implements Chip.
func (c *PCA9548) Stop() {
	c.Part.Stop()
	c.set(func() { c.open = c.choice })
}

func (c *PCA9548) reset(time.Duration) { c.choice, c.open = 0, 0 }

func (c *PCA9548) advance(time.Duration) {}

func (c *PCA9548) address(_ time.Duration, _, _ bool) ([]byte, bool) {
	return bytes.Repeat([]byte{c.choice}, 64), true // it has one register, and gives it on and on
}

func (c *PCA9548) take(_ time.Duration, _ int, b byte) bool {
	c.choice = b
	return true
}
