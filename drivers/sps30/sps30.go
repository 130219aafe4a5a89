// Package sps30 drives the Sensirion SPS30 particle sensor. It keeps the fan running, because a
// fan that starts for each reading needs half a minute to tell the truth.
//
// Datasheet: Sensirion SPS30, version 1.0, March 2020. Commands, order of the values and CRC agree
// with the maker's own driver (embedded-sps) and with Linux's, drivers/iio/chemical/sps30_i2c.c.
// The part knows no repeated start: a command and its answer are two transfers.
package sps30

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Addr is the only address of the part.
const Addr = 0x69

const (
	cmdStart  = 0x0010
	cmdReady  = 0x0202
	cmdRead   = 0x0300
	cmdStatus = 0xD206 // firmware 2.2 and later
	cmdClear  = 0xD210 // clears the status; likewise
	inFloats  = 0x0300 // argument of cmdStart: big-endian IEEE 754
)

// The bits of the status register that make the values worthless. The part keeps them, even when
// the cause is gone, until they are cleared.
const (
	statusFan   = 1 << 4 // switched on and not turning: the values freeze
	statusLaser = 1 << 5 // its current is out of range
)

const (
	startTime = 20 * time.Millisecond // the maker's driver waits this long after a start
	period    = time.Second           // a new value each second, within 4 %
	warmUp    = 30 * time.Second      // until 50 particles in a cm³ are told truly; 8 s for 200
	patience  = 30                    // answers "not ready" in a row: it has stopped measuring
	settling  = 8                     // values after that: the fan is not up to speed before
	doubted   = 3                     // values after a clear: two checks of the part see a fault
)

// limit is the largest value that Read returns, in thousandths: what the part's integer format can
// hold. Its accuracy is specified up to 1,000 µg/m³ and 3,000 /cm³, but smoke goes beyond, and a
// fire must not be refused as implausible.
const limit = 65_536_000

// Dev is one SPS30. It is not safe for concurrent use.
type Dev struct {
	c        i2c.Dev
	started  bool
	notReady int // answers "not ready" since the last value
	settling int // values still to be left out
	doubted  int // values still to be refused, for the cleared fault may be there yet
}

// New returns the SPS30 on bus. It does not touch the bus.
func New(bus i2c.Bus, addr uint16) *Dev { return &Dev{c: i2c.Dev{Bus: bus, Addr: addr}} }

// Describe returns what is known of the part without asking it.
func Describe() drivers.Descriptor {
	d := drivers.Descriptor{
		Model:     "sps30",
		Name:      "Sensirion SPS30",
		Source:    "Sensirion SPS30 datasheet, version 1.0, March 2020",
		Addresses: []uint16{Addr},
		Period:    period,
		WarmUp:    warmUp,
		Takes:     period,
		Life:      "more than 10 years",
		Use:       "smoke, by particles; the first choice",
		Cost:      3,
	}
	for _, q := range values() {
		d.Channels = append(d.Channels, drivers.Channel{Name: q.String(), Quantity: q, Max: limit})
	}
	return d
}

// values lists the quantities in the order in which the part sends them. It sends µg/m³, /cm³ and
// µm; all three are a thousand of the quantity's unit.
func values() [10]drivers.Quantity {
	return [10]drivers.Quantity{
		drivers.PM1, drivers.PM25, drivers.PM4, drivers.PM10,
		drivers.NC05, drivers.NC1, drivers.NC25, drivers.NC4, drivers.NC10, drivers.Size,
	}
}

// Start starts the fan and the laser when they are not known to run. A part that measures already,
// because the agent was restarted and not the part, may refuse the command; it then answers the
// question whether a value is ready.
func (d *Dev) Start() (time.Duration, error) {
	if d.started {
		return 0, nil
	}
	command := []byte{cmdStart >> 8, cmdStart & 0xFF, inFloats >> 8, inFloats & 0xFF, 0}
	command[4] = drivers.CRC8(command[2:4])
	if err := d.c.Tx(command, nil); err != nil {
		var word [3]byte
		if d.ask(cmdReady, word[:]) != nil {
			return 0, fmt.Errorf("sps30 %#x: start: %w: %w", d.c.Addr, drivers.ErrNoDevice, err)
		}
	}
	d.started, d.notReady = true, 0
	return startTime, nil
}

// Read returns ten values: mass of PM1, PM2.5, PM4 and PM10 in ng/m³, number of particles up to
// 0.5, 1, 2.5, 4 and 10 µm in 1/dm³, and the typical size in nm.
//
// Read fails with drivers.ErrNotReady while there is no new value, with drivers.ErrChecksum when a
// word and its CRC disagree, with drivers.ErrRange when a number is negative, not a number or
// beyond 65,536, or when fan or laser fail or failed a moment ago, and with drivers.ErrNoDevice
// when the part does not answer or has stopped measuring. After it has stopped, the next Start
// starts it again, and the values of the first 8 s are left out: they are too low, and only
// Descriptor.WarmUp, which counts once, would mark them.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	samples, err := d.read(dst)
	if err != nil {
		return dst, fmt.Errorf("sps30 %#x: %w", d.c.Addr, err)
	}
	return samples, nil
}

func (d *Dev) read(dst []drivers.Sample) ([]drivers.Sample, error) {
	if err := d.ready(); err != nil {
		return nil, err
	}
	var b [60]byte
	if err := d.ask(cmdRead, b[:]); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if err := d.health(); err != nil {
		return nil, err
	}
	for i, q := range values() {
		word := b[6*i:]
		pattern := binary.BigEndian.Uint32([]byte{word[0], word[1], word[3], word[4]})
		value, ok := thousandths(pattern)
		if !ok {
			return nil, fmt.Errorf("read: %v of %08x: %w", q, pattern, drivers.ErrRange)
		}
		dst = append(dst, drivers.Sample{Channel: uint8(i), Quantity: q, Value: value})
	}
	d.notReady = 0
	if d.settling > 0 {
		d.settling--
		return nil, drivers.ErrNotReady
	}
	return dst, nil
}

// ready asks whether there is a new value. A part that lost its supply for a moment is idle and
// would say "not ready" for ever.
func (d *Dev) ready() error {
	var word [3]byte
	if err := d.ask(cmdReady, word[:]); err != nil {
		return fmt.Errorf("ready: %w", err)
	}
	if word[1] == 1 {
		return nil
	}
	d.notReady++
	if d.notReady >= patience {
		d.started, d.notReady, d.settling = false, 0, settling
		return fmt.Errorf("ready: %w: it has stopped measuring", drivers.ErrNoDevice)
	}
	return drivers.ErrNotReady
}

// health reads the status register. Firmware before 2.2 has none and does not acknowledge it: the
// values then count as they did before.
func (d *Dev) health() error {
	if err := d.command(cmdStatus); err != nil {
		return nil
	}
	var b [6]byte
	if err := d.c.Tx(nil, b[:]); err != nil {
		return nil
	}
	if !drivers.WordsAgree(b[:]) {
		return fmt.Errorf("status % x: %w", b, drivers.ErrChecksum)
	}
	return d.judge(binary.BigEndian.Uint32([]byte{b[0], b[1], b[3], b[4]}))
}

// judge refuses the values of a part whose status tells of a fault, and clears the status: the next
// ones then tell whether the fault is still there. Until the part has had time to find it again,
// clean is not yet sound, and a fault that stays is told without a break.
func (d *Dev) judge(status uint32) error {
	what := ""
	switch {
	case status&statusFan != 0:
		what = "the fan does not turn"
	case status&statusLaser != 0:
		what = "the laser fails"
	case d.doubted > 0:
		d.doubted--
		return fmt.Errorf("status %08x: fan or laser failed a moment ago: %w", status,
			drivers.ErrRange)
	default:
		return nil
	}
	d.doubted = doubted
	_ = d.command(cmdClear) // what is not cleared now is read again, and cleared, the next time
	return fmt.Errorf("status %08x: %s: %w", status, what, drivers.ErrRange)
}

// ask sends a command and reads its answer, words of two bytes and a CRC.
func (d *Dev) ask(command uint16, answer []byte) error {
	if err := d.command(command); err != nil {
		return err
	}
	if err := d.c.Tx(nil, answer); err != nil {
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	if !drivers.WordsAgree(answer) {
		return fmt.Errorf("% x: %w", answer, drivers.ErrChecksum)
	}
	return nil
}

func (d *Dev) command(command uint16) error {
	if err := d.c.Tx([]byte{byte(command >> 8), byte(command)}, nil); err != nil {
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	return nil
}

// thousandths turns an IEEE 754 pattern into thousandths, to the nearest, by integers alone, so
// that all processors agree. It is not ok for what is negative, no number, or 65,536 and above.
func thousandths(pattern uint32) (int64, bool) {
	exponent := int(pattern>>23&0xFF) - 127
	if pattern == 1<<31 || exponent == -127 && pattern>>31 == 0 {
		return 0, true // minus zero, or less than any float that has its full precision
	}
	if pattern>>31 != 0 || exponent > 15 {
		return 0, false
	}
	mantissa := uint64(pattern&(1<<23-1)|1<<23) * 1000
	shift := 23 - exponent // 8 or more
	if shift > bits.Len64(mantissa) {
		return 0, true
	}
	return int64((mantissa + 1<<(shift-1)) >> shift), true
}
