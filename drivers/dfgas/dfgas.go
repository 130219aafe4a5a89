// Package dfgas drives DFRobot's Gravity modules with an electrochemical cell: carbon monoxide,
// oxygen, hydrogen sulphide and nine other gases, one module for each.
//
// Source: DFRobot wiki, SEN0465 to SEN0476, and the maker's own library (DFRobot_MultiGasSensor,
// version 2.0.0). That library tells a wrong checksum as 0 ppm, and its correction tells 0 ppm of a
// cell that is hotter than 40 °C; neither is done here. Its checksum leaves out the byte before it,
// so this driver does too.
package dfgas

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// The frames: a register of zero, then nine bytes with a checksum at their end.
const (
	head       = 0xFF
	host       = 0x01
	cmdMode    = 0x78
	cmdRead    = 0x86
	polled     = 0x04 // argument of cmdMode: it answers when it is asked
	accepted   = 0x01 // answer to cmdMode
	checked    = 6    // bytes behind the head that the checksum covers
	noValue    = 0xFFFF
	answerTime = 20 * time.Millisecond // the maker's library waits 10 ms
)

const (
	period = time.Second
	warmUp = 5 * time.Minute // the wiki: more than 5 min after power-up
)

// Gas is the gas that a module is made for.
type Gas struct {
	Name     string           // as the site file writes it, such as "co"
	Quantity drivers.Quantity // Gas, or Oxygen for oxygen
	Max      int64            // the end of the cell's range, in the quantity's unit
	code     byte             // by which the module names it
}

// GasOf finds the gas that a module names by this code.
func GasOf(code byte) (Gas, bool) {
	for _, g := range Gases() {
		if g.code == code {
			return g, true
		}
	}
	return Gas{}, false
}

// Gases lists the gases that there are modules for.
func Gases() []Gas {
	return []Gas{
		{"co", drivers.Gas, 1_000_000, 0x04},
		{"o2", drivers.Oxygen, 25_000, 0x05},
		{"h2s", drivers.Gas, 100_000, 0x03},
		{"nh3", drivers.Gas, 100_000, 0x02},
		{"h2", drivers.Gas, 1_000_000, 0x06},
		{"no2", drivers.Gas, 20_000, 0x2C},
		{"o3", drivers.Gas, 10_000, 0x2A},
		{"cl2", drivers.Gas, 20_000, 0x31},
		{"so2", drivers.Gas, 20_000, 0x2B},
		{"hcl", drivers.Gas, 10_000, 0x2E},
		{"hf", drivers.Gas, 10_000, 0x33},
		{"ph3", drivers.Gas, 1_000_000, 0x45},
	}
}

// Dev is one module. It is not safe for concurrent use.
type Dev struct {
	c     i2c.Dev
	gas   Gas
	asked bool // it is known to answer when it is asked, and has been
}

// New returns the module at addr on bus, which must be one for gas. It does not touch the bus.
func New(bus i2c.Bus, addr uint16, gas Gas) *Dev {
	return &Dev{c: i2c.Dev{Bus: bus, Addr: addr}, gas: gas}
}

// Describe returns what is known of a module without asking it. Its channel follows from its gas.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:     "dfgas",
		Name:      "DFRobot Gravity electrochemical gas module, SEN0465 to SEN0476",
		Source:    "DFRobot wiki SEN0465 to SEN0476; DFRobot_MultiGasSensor 2.0.0, 2021-09-26",
		Addresses: []uint16{0x74, 0x75, 0x76, 0x77}, // by the switches A0 and A1
		Period:    period,
		WarmUp:    warmUp,
		Takes:     answerTime,
		Life:      "2 to 3 years, as electrochemical cells",
		Use:       "carbon monoxide, oxygen and other gases: boilers, garages, cellars",
		Cost:      4,
	}
}

// Channel is the one channel of a module for g.
func (g Gas) Channel() drivers.Channel {
	return drivers.Channel{Name: g.Name, Quantity: g.Quantity, Max: g.Max}
}

// Start asks for the concentration. A module that is not known to answer only when it is asked is
// told to do so first; it powers up reporting by itself.
func (d *Dev) Start() (time.Duration, error) {
	if err := d.send(d.question()); err != nil {
		return 0, fmt.Errorf("dfgas %#x: start: %w", d.c.Addr, err)
	}
	return answerTime, nil
}

func (d *Dev) question() [2]byte {
	if d.asked {
		return [2]byte{cmdRead}
	}
	return [2]byte{cmdMode, polled}
}

// Read returns the concentration: ppb, or m%vol of oxygen. More than the end of the cell's range is
// told as that end: a fire must not be refused as implausible. The first Read after a power-up
// fails with drivers.ErrNotReady, for the module had to be told to be asked.
//
// Read fails with drivers.ErrChecksum when the answer and its checksum disagree, with
// drivers.ErrRange when it has no value, and with drivers.ErrNoDevice when the module does not
// answer, answers another question, as after a loss of its supply, or is made for another gas.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	sample, err := d.read()
	if err != nil {
		return dst, fmt.Errorf("dfgas %#x: read: %w", d.c.Addr, err)
	}
	return append(dst, sample), nil
}

func (d *Dev) read() (drivers.Sample, error) {
	frame, err := d.receive()
	if err != nil {
		return drivers.Sample{}, err
	}
	switch {
	case !d.asked && frame[1] == cmdMode && frame[2] == accepted:
		d.asked = true
		if err := d.send(d.question()); err != nil {
			return drivers.Sample{}, err
		}
		return drivers.Sample{}, drivers.ErrNotReady
	case !d.asked || frame[1] != cmdRead:
		d.asked = false
		return drivers.Sample{}, fmt.Errorf("% x is no answer: %w", frame, drivers.ErrNoDevice)
	case frame[4] != d.gas.code:
		return drivers.Sample{}, fmt.Errorf("% x: the module is not one for %s: %w", frame,
			d.gas.Name, drivers.ErrNoDevice)
	}
	return d.value(frame)
}

// value is the concentration in an answer: two bytes, and how many of their digits are behind the
// point. One part in a million and one percent by volume are each a thousand of the unit.
func (d *Dev) value(frame [9]byte) (drivers.Sample, error) {
	raw, digits := int64(frame[2])<<8|int64(frame[3]), frame[5]
	if raw == noValue || digits > 3 {
		return drivers.Sample{}, fmt.Errorf("% x has no value: %w", frame, drivers.ErrRange)
	}
	for range 3 - digits {
		raw *= 10
	}
	return drivers.Sample{Quantity: d.gas.Quantity, Value: min(raw, d.gas.Max)}, nil
}

// send writes a frame to the module.
func (d *Dev) send(command [2]byte) error {
	frame := [10]byte{0, head, host, command[0], command[1]}
	frame[9] = checksum(frame[1:])
	if err := d.c.Tx(frame[:], nil); err != nil {
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	return nil
}

// receive fetches the answer, whose checksum is right.
func (d *Dev) receive() (frame [9]byte, err error) {
	if err := d.c.Tx([]byte{0}, nil); err != nil {
		return frame, fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	if err := d.c.Tx(nil, frame[:]); err != nil {
		return frame, fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	if frame[0] != head || frame[8] != checksum(frame[:]) {
		return frame, fmt.Errorf("% x: %w", frame, drivers.ErrChecksum)
	}
	return frame, nil
}

// checksum makes the sum of the bytes behind the head zero.
func checksum(frame []byte) (sum byte) {
	for _, b := range frame[1 : 1+checked] {
		sum -= b
	}
	return sum
}
