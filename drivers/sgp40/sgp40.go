// Package sgp40 drives the Sensirion SGP40, a heated metal oxide whose resistance falls with
// volatile organic compounds. It gives the raw signal: a number that is proportional to the
// logarithm of the resistance, falls when vapours come, and drifts over hours. A VOC index needs
// the maker's algorithm with a memory of a day, which is not here; a rule on the raw signal has to
// look at its change.
//
// Datasheet: Sensirion SGP40, version 1.0, July 2020. Humidity compensation is left at its default
// of 50 %RH and 25 °C, which switches it off.
package sgp40

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Addr is the only address of the part.
const Addr = 0x59

const (
	testTime    = 320 * time.Millisecond // of the self-test: 250 ms, later versions say 320
	measureTime = 30 * time.Millisecond
	period      = time.Second
	warmUp      = time.Minute // our own choice: the hot plate begins cold
	testPassed  = 0xD400      // hot plate and metal oxide are sound; 4B00: they are not
)

// step is what the part was told last.
type step uint8

const (
	unknown    step = iota // nothing, or something that failed
	testing                // to test itself
	discarding             // to measure for the first time: the value does not count
	measuring
)

// Dev is one SGP40. It is not safe for concurrent use.
type Dev struct {
	c    i2c.Dev
	step step
}

// New returns the SGP40 at addr on bus. It does not touch the bus.
func New(bus i2c.Bus, addr uint16) *Dev { return &Dev{c: i2c.Dev{Bus: bus, Addr: addr}} }

// Describe returns what is known of the part without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:     "sgp40",
		Name:      "Sensirion SGP40, raw signal",
		Source:    "Sensirion SGP40 datasheet, version 1.0, July 2020",
		Addresses: []uint16{Addr},
		Channels: []drivers.Channel{
			{Name: "raw", Quantity: drivers.Raw, Min: 1, Max: 0xFFFE},
		},
		Period: period,
		WarmUp: warmUp,
		Takes:  measureTime,
		Use:    "vapours of solvents, against the room's own past",
		Cost:   2,
	}
}

// Start begins one measurement. The first one, and each after a failure, begins with the part's
// test of itself.
func (d *Dev) Start() (time.Duration, error) {
	next, wait := measuring, measureTime
	if d.step == unknown || d.step == testing {
		next, wait = testing, testTime
	}
	if err := d.tell(next); err != nil {
		return 0, fmt.Errorf("sgp40 %#x: start: %w", d.c.Addr, err)
	}
	return wait, nil
}

// Read returns the raw signal, 1 to 65,534.
//
// Read fails with drivers.ErrNotReady between the test and the first value that counts, with
// drivers.ErrChecksum when a word and its CRC disagree, with drivers.ErrRange when the signal is
// all zeros or all ones or when the test found the part broken, and with drivers.ErrNoDevice when
// the part does not answer after the wait of Start.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	raw, err := d.read()
	if err != nil {
		return dst, fmt.Errorf("sgp40 %#x: %w", d.c.Addr, err)
	}
	return append(dst, drivers.Sample{Quantity: drivers.Raw, Value: int64(raw)}), nil
}

func (d *Dev) read() (uint16, error) {
	told := d.step
	d.step = unknown
	var b [3]byte
	if err := d.c.Tx(nil, b[:]); err != nil {
		return 0, fmt.Errorf("read: %w: %w", drivers.ErrNoDevice, err)
	}
	if !drivers.WordsAgree(b[:]) {
		return 0, fmt.Errorf("read % x: %w", b, drivers.ErrChecksum)
	}
	word := uint16(b[0])<<8 | uint16(b[1])
	switch {
	case told == testing && word != testPassed:
		return 0, fmt.Errorf("read % x: it finds itself broken: %w", b, drivers.ErrRange)
	case told == testing:
		return 0, d.goOn(discarding)
	case word == 0 || word == 0xFFFF:
		return 0, fmt.Errorf("read % x: %w", b, drivers.ErrRange)
	case told == discarding:
		return 0, d.goOn(measuring)
	}
	d.step = measuring
	return word, nil
}

// goOn begins the next measurement, which a later Read collects.
func (d *Dev) goOn(next step) error {
	if err := d.tell(next); err != nil {
		return fmt.Errorf("measure: %w", err)
	}
	return drivers.ErrNotReady
}

// tell gives the command of a step.
func (d *Dev) tell(next step) error {
	command := []byte{0x26, 0x0F, 0x80, 0x00, 0xA2, 0x66, 0x66, 0x93} // 50 %RH and 25 °C
	if next == testing {
		command = []byte{0x28, 0x0E}
	}
	d.step = unknown
	if err := d.c.Tx(command, nil); err != nil {
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	d.step = next
	return nil
}
