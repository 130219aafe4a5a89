// Package sen5x drives the Sensirion SEN50, SEN54 and SEN55: particles, and from the SEN54 on
// humidity, temperature and an index of vapours, from the SEN55 on one of nitrogen oxides too.
//
// Commands, scales, times and what stands for "unknown" are the maker's (SEN5x datasheet,
// embedded-i2c-sen5x). A command is worked on for 20 ms before its answer can be fetched, so that
// one reading takes several steps. The bus must not be faster than 100 kHz.
package sen5x

import (
	"encoding/binary"
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Addr is the only address of the parts.
const Addr = 0x69

// Kind is one of the three parts.
type Kind uint8

// The parts. The zero value is the SEN50.
const (
	SEN50 Kind = iota
	SEN54
	SEN55
)

// name is what the part says of itself.
func (k Kind) name() string { return [...]string{"SEN50", "SEN54", "SEN55"}[min(k, SEN55)] }

// step is the command that the part was given last.
type step uint16

const (
	unknown step = 0
	naming  step = 0xD014 // the name of the product
	begin   step = 0x0021 // starts fan, laser and all measurements
	asking  step = 0x0202 // whether there is a new value
	reading step = 0x03C4 // the values
	status  step = 0xD206
	healing step = 0xD210 // clears the status: faults of what works again stay until then
)

// The bits of the status register that make values worthless.
const (
	statusFan   = 1 << 4 // switched on and not turning
	statusLaser = 1 << 5 // its current is out of range
	statusRHT   = 1 << 6 // the sensor of humidity and temperature does not answer
	statusGas   = 1 << 7 // the sensor of gases fails
	faults      = statusFan | statusLaser | statusRHT | statusGas
)

const (
	commandTime = 20 * time.Millisecond // of every command that is answered
	period      = time.Second           // a new value each second
	warmUp      = 30 * time.Second      // until few particles are told truly
	patience    = 30                    // answers "nothing new" in a row: it has stopped measuring
	settling    = 8                     // values after that: the fan is not up to speed before
	doubted     = 3                     // values after a fault was cleared: it may come again
)

// The largest values that Read returns. Particles are specified up to 1,000 µg/m³, but smoke goes
// beyond, and a fire must not be refused as implausible.
const (
	maxMass        = 6_553_400 // ng/m³
	maxHumidity    = 100_000
	minTemperature = -40_000
	maxTemperature = 125_000
	maxIndex       = 500_000
)

// channels are in the order in which the part sends them.
func channels() [8]drivers.Channel {
	return [...]drivers.Channel{
		{Name: "pm1", Quantity: drivers.PM1, Max: maxMass},
		{Name: "pm2.5", Quantity: drivers.PM25, Max: maxMass},
		{Name: "pm4", Quantity: drivers.PM4, Max: maxMass},
		{Name: "pm10", Quantity: drivers.PM10, Max: maxMass},
		{Name: "humidity", Quantity: drivers.Humidity, Max: maxHumidity},
		{Name: "temperature", Quantity: drivers.Temperature,
			Min: minTemperature, Max: maxTemperature},
		{Name: "voc-index", Quantity: drivers.Index, Max: maxIndex},
		{Name: "nox-index", Quantity: drivers.Index, Max: maxIndex},
	}
}

// count is how many of the channels the part has.
func (k Kind) count() int { return [...]int{4, 7, 8}[min(k, SEN55)] }

// Dev is one SEN50, SEN54 or SEN55. It is not safe for concurrent use.
type Dev struct {
	c        i2c.Dev
	kind     Kind
	step     step
	known    bool     // to be the right part
	running  bool     // it was told to measure
	notReady int      // answers "nothing new" since the last value
	settling int      // values still to be left out
	faults   uint32   // bits of the status that make values worthless
	doubted  int      // values for which they still do
	answer   [24]byte // the values, until the status has been asked
}

// New returns the part on bus. It does not touch the bus.
func New(bus i2c.Bus, addr uint16, kind Kind) *Dev {
	return &Dev{c: i2c.Dev{Bus: bus, Addr: addr}, kind: kind}
}

// Describe returns what is known of the part without asking it.
func Describe(kind Kind) drivers.Descriptor {
	all := channels()
	return drivers.Descriptor{
		Model:     [...]string{"sen50", "sen54", "sen55"}[min(kind, SEN55)],
		Name:      "Sensirion " + kind.name(),
		Source:    "Sensirion SEN5x datasheet as quoted in embedded-i2c-sen5x",
		Addresses: []uint16{Addr},
		Channels:  all[:kind.count()],
		Period:    period,
		WarmUp:    warmUp,
		Takes:     period,
		Use:       "smoke, with the heat and the vapours of the room",
		Cost:      3,
	}
}

// Start asks for a new value, or, when the part is not known to run, for its name.
func (d *Dev) Start() (time.Duration, error) {
	next := asking
	if !d.known || !d.running {
		next = naming
	}
	if err := d.tell(next); err != nil {
		return 0, fmt.Errorf("sen5x %#x: start: %w", d.c.Addr, err)
	}
	return commandTime, nil
}

// Read returns, as far as the part has them: mass of PM1, PM2.5, PM4 and PM10 in ng/m³, humidity in
// m%RH, temperature in m°C, the index of vapours and that of nitrogen oxides in thousandths. What
// the part does not know is left out: the oxides for some ten seconds, the gases when their sensor
// fails, all but the particles when that of humidity fails.
//
// Read fails with drivers.ErrNotReady between its steps and while there is no new value, with
// drivers.ErrChecksum when a word and its CRC disagree, with drivers.ErrRange when a value cannot
// be true, or when fan or laser fail or failed a moment ago, and with drivers.ErrNoDevice when the
// part does not answer, is another one, or has stopped measuring. The next Start then starts it
// again, and the values of the first 8 s are left out, because they are too low.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	samples, err := d.read(dst)
	if err != nil {
		return dst, fmt.Errorf("sen5x %#x: %w", d.c.Addr, err)
	}
	return samples, nil
}

func (d *Dev) read(dst []drivers.Sample) ([]drivers.Sample, error) {
	switch d.step {
	case naming:
		return nil, d.identify()
	case begin:
		d.running, d.notReady = true, 0
		return nil, d.goOn(asking)
	case asking:
		return nil, d.isReady()
	case reading:
		if err := d.fetch(d.answer[:]); err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		return nil, d.goOn(status)
	case status:
		return d.finish(dst)
	}
	return nil, drivers.ErrNotReady // nothing was asked
}

// identify compares the name with the one that was fitted, and tells the part to measure. One that
// measures already, because the agent was restarted and not the part, may refuse that; it then has
// a value soon.
func (d *Dev) identify() error {
	var b [9]byte
	if err := d.fetch(b[:]); err != nil {
		return fmt.Errorf("name: %w", err)
	}
	if name := string([]byte{b[0], b[1], b[3], b[4], b[6]}); name != d.kind.name() {
		return fmt.Errorf("%w: it calls itself %q, not %q", drivers.ErrNoDevice, name,
			d.kind.name())
	}
	if d.running {
		d.known = true
		return d.goOn(asking)
	}
	_ = d.tell(begin)
	d.known = true
	return drivers.ErrNotReady
}

// isReady asks for the values once there are new ones. A part that lost its supply for a moment is
// idle and would say "nothing new" for ever.
func (d *Dev) isReady() error {
	var b [3]byte
	if err := d.fetch(b[:]); err != nil {
		return fmt.Errorf("ready: %w", err)
	}
	if b[1] == 1 {
		return d.goOn(reading)
	}
	if d.notReady++; d.notReady < patience {
		return d.goOn(asking)
	}
	d.running, d.settling = false, settling
	return fmt.Errorf("ready: %w: it has stopped measuring", drivers.ErrNoDevice)
}

// finish gives the values out, now that the status tells which of them count.
func (d *Dev) finish(dst []drivers.Sample) ([]drivers.Sample, error) {
	var b [6]byte
	if err := d.fetch(b[:]); err != nil {
		return nil, fmt.Errorf("status: %w", err)
	}
	d.step, d.notReady = unknown, 0
	word := binary.BigEndian.Uint32([]byte{b[0], b[1], b[3], b[4]})
	if err := d.judge(word); err != nil {
		return nil, err
	}
	dst, err := d.values(dst)
	if err == nil && d.settling > 0 {
		d.settling--
		return nil, drivers.ErrNotReady
	}
	return dst, err
}

// judge remembers what fails and clears the status, so that the next ones tell whether it still
// does. Until the part has had time to find a fault again, clean is not yet sound.
func (d *Dev) judge(word uint32) error {
	switch {
	case word&faults != 0:
		d.faults, d.doubted = d.faults|word&faults, doubted
		_ = d.tell(healing) // what is not cleared now is read again, and cleared, the next time
		d.step = unknown
	case d.doubted > 0:
		d.doubted--
	default:
		d.faults = 0
	}
	if d.faults&(statusFan|statusLaser) != 0 {
		return fmt.Errorf("status %08x: fan or laser fail, or failed a moment ago: %w", word,
			drivers.ErrRange)
	}
	return nil
}

// values appends what the part knows and what its status lets count.
func (d *Dev) values(dst []drivers.Sample) ([]drivers.Sample, error) {
	known := d.kind.count()
	if d.faults&statusGas != 0 {
		known = min(known, 6)
	}
	if d.faults&statusRHT != 0 {
		known = min(known, 4) // the gases are corrected for humidity
	}
	scales := [8]int64{100, 100, 100, 100, 10, 5, 100, 100}
	for i, c := range channels() {
		word := uint16(d.answer[3*i])<<8 | uint16(d.answer[3*i+1])
		value := int64(int16(word)) * scales[i]
		switch {
		case i < 4 && word == 0xFFFF:
			d.running, d.settling = false, settling
			return nil, fmt.Errorf("read: %w: it knows no particles", drivers.ErrNoDevice)
		case i < 4:
			value = int64(word) * scales[i]
		case i >= known || word == 0x7FFF:
			continue
		}
		if value < c.Min || value > c.Max {
			return nil, fmt.Errorf("read: %s of %04x: %w", c.Name, word, drivers.ErrRange)
		}
		dst = append(dst, drivers.Sample{Channel: uint8(i), Quantity: c.Quantity, Value: value})
	}
	return dst, nil
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
func (d *Dev) fetch(words []byte) error {
	if err := d.c.Tx(nil, words); err != nil {
		d.known = false // it may be another one now
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	if !drivers.WordsAgree(words) {
		return fmt.Errorf("% x: %w", words, drivers.ErrChecksum)
	}
	return nil
}
