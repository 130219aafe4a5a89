// Package sgp30 drives the Sensirion SGP30, a heated metal oxide that gives volatile organic
// compounds and, guessed from hydrogen, an equivalent of carbon dioxide: an estimate for airing a
// room where people breathe, and nothing that a limit for CO2 may rest on.
//
// Commands, times and the identity are the maker's (SGP30 datasheet, embedded-sgp) as Linux's
// driver, drivers/iio/chemical/sgp30.c, has them. The part has been superseded by the SGP40.
package sgp30

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Addr is the only address of the part.
const Addr = 0x58

// step is the command that the part was given last.
type step uint16

const (
	unknown  step = 0
	identity step = 0x202F // product in the upper four bits, version in the lower eight
	baseline step = 0x2015 // two words, both 0 until it has one: about an hour after a start
	begin    step = 0x2003 // starts the part's own algorithm
	measure  step = 0x2008 // wants to be asked once a second
)

const (
	commandTime = 12 * time.Millisecond // of each of these commands
	period      = time.Second
	warmUp      = 15 * time.Second // 400 ppm and 0 ppb are told meanwhile, whatever the air
	firstDoubt  = 20               // such values in a row: the part was perhaps reset
	pause       = 7                // reads, a tenth of a second each, until the next measurement
	lastDoubt   = 2 * 3600         // doubt doubles, so that clean air gives a baseline in the end
)

// What the part can tell: ppb.
const (
	maxVOC = 60_000
	minCO2 = 400_000
	maxCO2 = 60_000_000
)

// Dev is one SGP30. It is not safe for concurrent use.
type Dev struct {
	c       i2c.Dev
	step    step
	known   bool // to be an SGP30
	started bool // its algorithm was seen or made to run
	pause   int  // reads until the next measurement
	blank   int  // values of 400 ppm and 0 ppb in a row that nothing vouches for
	doubt   int  // so many, and the algorithm is started anew
}

// New returns the SGP30 on bus. It does not touch the bus.
func New(bus i2c.Bus, addr uint16) *Dev {
	return &Dev{c: i2c.Dev{Bus: bus, Addr: addr}, doubt: firstDoubt}
}

// Describe returns what is known of the part without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:     "sgp30",
		Name:      "Sensirion SGP30; its CO2 is an estimate from hydrogen",
		Source:    "Sensirion SGP30 datasheet as quoted in Linux's sgp30 driver and embedded-sgp",
		Addresses: []uint16{Addr},
		Channels: []drivers.Channel{
			{Name: "voc", Quantity: drivers.VOC, Max: maxVOC},
			{Name: "co2-estimate", Quantity: drivers.CO2, Min: minCO2, Max: maxCO2},
		},
		Period: period,
		WarmUp: warmUp,
		Takes:  commandTime,
		Use:    "vapours of solvents; prefer the SGP40",
		Cost:   2,
	}
}

// Start begins one measurement. A part that is not known to run is first asked who it is.
func (d *Dev) Start() (time.Duration, error) {
	next := measure
	if !d.known || !d.started {
		next = identity
	}
	if err := d.tell(next); err != nil {
		return 0, fmt.Errorf("sgp30 %#x: start: %w", d.c.Addr, err)
	}
	return commandTime, nil
}

// Read returns the volatile organic compounds in ppb, then the estimate of CO2 in ppb.
//
// Read fails with drivers.ErrNotReady while the part starts and while nothing vouches for its
// values, with drivers.ErrChecksum when a word and its CRC disagree, with drivers.ErrRange when a
// value is not within 0…60,000 ppb and 400…60,000 ppm, and with drivers.ErrNoDevice when the part
// does not answer, is another one, or seems not to have been started.
//
// A part that lost its supply tells 400 ppm and 0 ppb for ever, and so does a sound one in the
// cleanest air. Only a baseline tells them apart, and a part has one an hour after its start at the
// earliest. Until then these values are no readings: rather a fault that is none than clean air
// that is none.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	voc, co2, err := d.read()
	if err != nil {
		return dst, fmt.Errorf("sgp30 %#x: %w", d.c.Addr, err)
	}
	return append(dst,
		drivers.Sample{Channel: 0, Quantity: drivers.VOC, Value: voc},
		drivers.Sample{Channel: 1, Quantity: drivers.CO2, Value: co2},
	), nil
}

func (d *Dev) read() (voc, co2 int64, err error) {
	switch d.step {
	case unknown:
		if d.pause--; d.pause <= 0 {
			return 0, 0, d.goOn(measure)
		}
		return 0, 0, drivers.ErrNotReady
	case begin: // there is nothing to fetch
		d.started, d.blank = true, 0
		return 0, 0, d.goOn(measure)
	case identity:
		return 0, 0, d.identify()
	case baseline:
		return d.vouch()
	}
	words, err := d.fetch(2)
	if err != nil {
		return 0, 0, err
	}
	co2, voc = int64(words[0])*1000, int64(words[1])
	if co2 < minCO2 || co2 > maxCO2 || voc > maxVOC {
		return 0, 0, fmt.Errorf("read %s and %s: %w", drivers.CO2.Text(co2), drivers.VOC.Text(voc),
			drivers.ErrRange)
	}
	if co2 == minCO2 && voc == 0 {
		return 0, 0, d.goOn(baseline)
	}
	d.blank, d.doubt = 0, firstDoubt
	return voc, co2, nil
}

// identify accepts an SGP30 of a version that the algorithm is known of.
func (d *Dev) identify() error {
	words, err := d.fetch(1)
	if err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	if product, version := words[0]>>12, words[0]&0xFF; product != 0 || version < 0x20 {
		return fmt.Errorf("%w: its identity is %04x: another part?", drivers.ErrNoDevice, words[0])
	}
	d.known = true
	if d.started {
		return d.goOn(measure)
	}
	return d.goOn(baseline)
}

// vouch tells what a baseline means: to a part that was just found, whether it runs; to one that
// tells 400 ppm and 0 ppb, whether they are measured.
func (d *Dev) vouch() (voc, co2 int64, err error) {
	words, err := d.fetch(2)
	switch {
	case err != nil:
		return 0, 0, fmt.Errorf("baseline: %w", err)
	case !d.started && words[0]|words[1] == 0:
		return 0, 0, d.goOn(begin)
	case !d.started:
		d.started, d.blank = true, 0
		return 0, 0, d.goOn(measure)
	case words[0]|words[1] != 0:
		d.blank, d.doubt = 0, firstDoubt
		return 0, minCO2, nil
	}
	if d.blank++; d.blank < d.doubt {
		d.step, d.pause = unknown, pause
		return 0, 0, drivers.ErrNotReady
	}
	d.started, d.doubt = false, min(2*d.doubt, lastDoubt)
	return 0, 0, fmt.Errorf("%w: it tells 400 ppm and 0 ppb all the time: it was reset, "+
		"or the air is cleaner than it can tell", drivers.ErrNoDevice)
}

// goOn gives the next command, which a later Read collects.
func (d *Dev) goOn(next step) error {
	if err := d.tell(next); err != nil {
		return err
	}
	return drivers.ErrNotReady
}

func (d *Dev) tell(next step) error {
	d.step = next
	if err := d.c.Tx([]byte{byte(next >> 8), byte(next)}, nil); err != nil {
		d.known = false // it may be another one now
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	return nil
}

// fetch reads the answer to the last command: words of two bytes and a CRC.
func (d *Dev) fetch(n int) (words [2]uint16, err error) {
	var b [6]byte
	if err := d.c.Tx(nil, b[:3*n]); err != nil {
		d.known = false // it may be another one now
		return words, fmt.Errorf("read: %w: %w", drivers.ErrNoDevice, err)
	}
	if !drivers.WordsAgree(b[:3*n]) {
		return words, fmt.Errorf("read % x: %w", b[:3*n], drivers.ErrChecksum)
	}
	for i := range n {
		words[i] = uint16(b[3*i])<<8 | uint16(b[3*i+1])
	}
	return words, nil
}
