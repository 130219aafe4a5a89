package vhost

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"

	"github.com/firepost/firepost/drivers"
)

// Requests of the driver: kind and line of 16 bits, a value of 32. The answer is a status and a
// value.
const (
	gpioRequest = 8

	gpioNames        = 1
	gpioDirection    = 2
	gpioSetDirection = 3
	gpioValue        = 4
	gpioSetValue     = 5

	gpioOK     = 0
	gpioFailed = 1

	dirNone = 0
	dirOut  = 1
	dirIn   = 2
)

// ServeGPIO puts lines of a board, as one chip whose lines have these names in this order, into
// every machine that connects, until ctx ends. It closes l.
//
// The device cannot tell of a wish for a pull, so every input has a resistor to the supply. A
// machine that is gone had its power cut: its outputs are low.
func ServeGPIO(ctx context.Context, l *net.UnixListener, b Board, names ...string) error {
	return serve(ctx, l, func() (device, error) {
		c := &lineChip{board: b}
		for _, name := range names {
			c.pins = append(c.pins, pin{name: name})
		}
		return c, nil
	})
}

// lineChip is a chip with lines.
type lineChip struct {
	board Board
	pins  []pin
}

// pin is one line of a chip.
type pin struct {
	name      string
	direction byte
	level     bool         // that an output has, or will have
	drives    bool         // it was an output last
	line      drivers.Line // nil: nobody uses it
}

func (*lineChip) features() uint64 { return 0 }
func (*lineChip) queues() int      { return 2 } // the second is for edges, of which none come
func (*lineChip) start(int) error  { return nil }
func (*lineChip) stop(int)         {}

// config is the number of lines, two bytes of nothing, and the size of all names.
func (c *lineChip) config() []byte {
	b := binary.LittleEndian.AppendUint16(nil, uint16(len(c.pins)))
	return binary.LittleEndian.AppendUint32(append(b, 0, 0), uint32(len(c.names())))
}

// names are all names, each with a zero behind it.
func (c *lineChip) names() []byte {
	var s strings.Builder
	for _, p := range c.pins {
		s.WriteString(p.name + "\x00")
	}
	return []byte(s.String())
}

func (c *lineChip) close() {
	for i := range c.pins {
		p := &c.pins[i]
		if p.drives { // even if the program that opened it is gone
			p.level = false
			p.turn(c.board, dirOut) //nolint:errcheck // a line that fails is not high
		}
		p.release()
	}
}

func (c *lineChip) serve(r *ring, queue int) error {
	if queue != 0 {
		return nil
	}
	for {
		q, ok, err := r.take()
		if err != nil || !ok {
			return err
		}
		if len(q.out) < gpioRequest || q.room() < 2 {
			return errors.New("gpio: a request without its fields")
		}
		r.answer(q, q.put(c.answer(q.out)))
	}
}

func (c *lineChip) answer(out []byte) []byte {
	kind, number := binary.LittleEndian.Uint16(out), int(binary.LittleEndian.Uint16(out[2:]))
	if kind == gpioNames {
		return append([]byte{gpioOK}, c.names()...)
	}
	if number >= len(c.pins) {
		return []byte{gpioFailed, 0}
	}
	value, err := c.do(kind, &c.pins[number], binary.LittleEndian.Uint32(out[4:]))
	if err != nil {
		return []byte{gpioFailed, 0}
	}
	return []byte{gpioOK, value}
}

func (c *lineChip) do(kind uint16, p *pin, value uint32) (byte, error) {
	switch kind {
	case gpioDirection:
		return p.direction, nil
	case gpioSetDirection:
		return 0, p.turn(c.board, byte(min(value, 0xFF)))
	case gpioValue:
		return p.value()
	case gpioSetValue:
		p.level = value != 0
		if p.direction == dirOut {
			return 0, p.line.Set(p.level)
		}
		return 0, nil // the level that it will have as an output
	}
	return 0, errors.ErrUnsupported
}

// turn gives a line a direction. The driver sets the level of an output before.
func (p *pin) turn(b Board, direction byte) (err error) {
	p.release()
	switch direction {
	case dirNone:
		return nil
	case dirOut:
		p.line, err = b.Line(p.name, drivers.LineConfig{Output: true, High: p.level})
	case dirIn:
		p.line, err = b.Line(p.name, drivers.LineConfig{Bias: drivers.BiasUp})
	default:
		return errors.ErrUnsupported
	}
	if err == nil {
		p.direction, p.drives = direction, direction == dirOut
	}
	return err
}

func (p *pin) release() {
	if p.line != nil {
		p.line.Close() //nolint:errcheck // it is not used any more
	}
	p.line, p.direction = nil, dirNone
}

func (p *pin) value() (byte, error) {
	var high bool
	var err error
	switch p.direction {
	case dirOut:
		high, err = p.line.State()
	case dirIn:
		high, err = p.line.Level()
	default:
		err = errors.New("it has no direction")
	}
	if high {
		return 1, err
	}
	return 0, err
}
