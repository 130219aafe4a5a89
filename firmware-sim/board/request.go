package board

import (
	"context"
	"encoding/binary"
	"errors"
	"syscall"
	"time"
	"unicode/utf8"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// handle carries out one request.
func (c *client) handle(ctx context.Context, request []byte) ([]byte, error) {
	op, body := request[0], request[1:]
	opened := c.bus != nil || c.line != nil
	switch {
	case op == 0x01 && !opened:
		return c.openBus(ctx, body)
	case op == 0x11 && !opened:
		return c.openLine(ctx, body)
	case op == 0x21 && !opened:
		return c.list(body)
	case op == 0x02 && c.bus != nil:
		return c.transfer(body)
	case op >= 0x12 && op <= 0x15 && c.line != nil:
		return c.access(op, body)
	}
	return nil, nonsense("operation %#02x has no place here", op)
}

// list tells what the board has.
func (c *client) list(body []byte) ([]byte, error) {
	if len(body) != 1 || body[0] != protocolVersion {
		return nil, nonsense("another version than %d", protocolVersion)
	}
	var text []byte
	for _, line := range c.board.names() {
		if len(text)+len(line) >= maxFrame {
			break
		}
		text = append(text, line...)
	}
	return text, nil
}

func (c *client) openBus(ctx context.Context, body []byte) ([]byte, error) {
	if len(body) < 1 || body[0] != protocolVersion {
		return nil, nonsense("another version than %d", protocolVersion)
	}
	name, err := nameIn(body[1:])
	if err != nil {
		return nil, err
	}
	bus, err := c.board.I2C(name)
	if err != nil {
		return nil, err
	}
	c.bus = bus.(i2c.BusCloser)
	context.AfterFunc(ctx, func() { c.bus.Close() })
	return nil, nil
}

func (c *client) transfer(body []byte) ([]byte, error) {
	if len(body) < 4 {
		return nil, nonsense("a transfer of %d bytes", len(body))
	}
	addr, n := binary.BigEndian.Uint16(body), int(binary.BigEndian.Uint16(body[2:]))
	w := body[4:]
	if addr > 0x7F || n > maxBytes || len(w) > maxBytes {
		return nil, nonsense("a transfer to %#x of %d and %d bytes", addr, len(w), n)
	}
	r := make([]byte, n)
	if err := c.bus.Tx(addr, w, r); err != nil {
		return nil, err
	}
	return r, nil
}

// biases are the pulls by their number in the protocol.
var biases = [...]drivers.Bias{
	drivers.BiasDefault, drivers.BiasNone, drivers.BiasUp, drivers.BiasDown}

func (c *client) openLine(ctx context.Context, body []byte) ([]byte, error) {
	if len(body) < 7 || body[0] != protocolVersion {
		return nil, nonsense("another version than %d", protocolVersion)
	}
	flags, bias, micros := body[1], body[2], binary.BigEndian.Uint32(body[3:])
	name, err := nameIn(body[7:])
	if err != nil {
		return nil, err
	}
	if flags > 3 || int(bias) >= len(biases) {
		return nil, nonsense("flags %#x, bias %d", flags, bias)
	}
	config := drivers.LineConfig{
		Output: flags&1 != 0, High: flags&2 != 0, Bias: biases[bias],
		Debounce: time.Duration(micros) * time.Microsecond,
	}
	if c.line, err = c.take(ctx, name, config); err != nil {
		return nil, err
	}
	c.output = config.Output
	context.AfterFunc(ctx, func() { c.line.Close() })
	return []byte{number(c.line.(*line).Interrupts())}, nil
}

// take opens a line. A connection that ends frees its line a moment later than its client knows;
// a client that comes back at once must not find it held by itself.
func (c *client) take(
	ctx context.Context, name string, config drivers.LineConfig,
) (drivers.Line, error) {
	for range 20 {
		opened, err := c.board.Line(name, config)
		if err == nil || !errors.Is(err, syscall.EBUSY) {
			return opened, err
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return c.board.Line(name, config)
}

func (c *client) access(op byte, body []byte) ([]byte, error) {
	wantsOutput := op == 0x13 || op == 0x14
	if wantsOutput != c.output {
		return nil, nonsense("operation %#02x on the other kind of line", op)
	}
	if want := map[byte]int{0x13: 1, 0x15: 4}[op]; len(body) != want {
		return nil, nonsense("operation %#02x with %d bytes, not %d", op, len(body), want)
	}
	switch op {
	case 0x12:
		high, err := c.line.Level()
		return []byte{number(high)}, err
	case 0x13:
		if body[0] > 1 {
			return nil, nonsense("%d is not a level", body[0])
		}
		return nil, c.line.Set(body[0] == 1)
	case 0x14:
		high, err := c.line.State()
		return []byte{number(high)}, err
	}
	millis := binary.BigEndian.Uint32(body)
	if millis > maxWaitMillis {
		return nil, nonsense("a wait of %d ms", millis)
	}
	edges, err := c.line.Wait(time.Duration(millis) * time.Millisecond)
	return binary.BigEndian.AppendUint32(nil, edges), err
}

func nameIn(body []byte) (string, error) {
	if len(body) < 1 || len(body) > maxName || !utf8.Valid(body) {
		return "", nonsense("a name of %d bytes", len(body))
	}
	return string(body), nil
}

func number(b bool) byte {
	if b {
		return 1
	}
	return 0
}
