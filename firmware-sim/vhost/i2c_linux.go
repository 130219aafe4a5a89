package vhost

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"

	"periph.io/x/conn/v3/i2c"
)

// Layout of a request: address, padding, flags; then what is written. The last byte of the answer
// is the status, before it stands what was read.
const (
	i2cHeader   = 8
	i2cFailNext = 1 << 0 // this and the next request are one transfer
	i2cRead     = 1 << 1
	i2cOK       = 0
	i2cFailed   = 1

	i2cZeroLength = 1 << 0 // feature: a transfer may have no bytes
)

// maxMessages is how many requests a transfer may have, as in Linux (I2C_RDWR_IOCTL_MAX_MSGS).
const maxMessages = 42

// ServeI2C puts one bus of a board into every machine that connects, until ctx ends. A machine has
// one device of this kind for each bus. It closes l.
func ServeI2C(ctx context.Context, l *net.UnixListener, b Board, name string) error {
	return serve(ctx, l, func() (device, error) { return &adapter{board: b, name: name}, nil })
}

// adapter is the controller of one bus.
type adapter struct {
	board Board
	name  string
	bus   i2c.Bus
	group []request // a transfer whose end has not come
}

func (*adapter) features() uint64 { return i2cZeroLength }
func (*adapter) config() []byte   { return nil }
func (*adapter) queues() int      { return 1 }
func (*adapter) close()           {}

func (a *adapter) start(int) error {
	bus, err := a.board.I2C(a.name)
	if err != nil {
		return err
	}
	a.bus, a.group = bus, nil
	return nil
}

func (a *adapter) stop(int) {
	if c, ok := a.bus.(io.Closer); ok {
		c.Close() //nolint:errcheck // it is not used any more
	}
}

func (a *adapter) serve(r *ring, _ int) error {
	for {
		q, ok, err := r.take()
		if err != nil || !ok {
			return err
		}
		if len(q.out) < i2cHeader || q.room() < 1 {
			return errors.New("i2c: a request without header or status")
		}
		if a.group = append(a.group, q); len(a.group) > maxMessages {
			return errors.New("i2c: a transfer without end")
		}
		if binary.LittleEndian.Uint32(q.out[4:])&i2cFailNext != 0 {
			continue
		}
		a.transfer(r, a.group)
		a.group = a.group[:0]
	}
}

// transfer carries out requests that belong together. A write with a read behind it is one
// transfer on the bus, with a repeated start between; others follow one another. After a failure
// the rest fails too.
func (a *adapter) transfer(r *ring, all []request) {
	ok := true
	for len(all) > 0 {
		n := 1
		if len(all) > 1 && !all[0].isRead() && all[1].isRead() && all[0].addr() == all[1].addr() {
			n = 2
		}
		ok = ok && a.tx(all[:n]) == nil
		for _, q := range all[:n] {
			q.finish(r, ok)
		}
		all = all[n:]
	}
}

// tx is one transfer: a write, a read, or both.
func (a *adapter) tx(part []request) error {
	var w []byte
	if first := part[0]; !first.isRead() {
		w = first.out[i2cHeader:]
	}
	last := part[len(part)-1]
	if !last.isRead() {
		return a.bus.Tx(last.addr(), w, nil)
	}
	read := make([]byte, last.room()-1)
	if err := a.bus.Tx(last.addr(), w, read); err != nil {
		return err
	}
	last.put(read)
	return nil
}

func (q request) isRead() bool { return binary.LittleEndian.Uint32(q.out[4:])&i2cRead != 0 }

// addr is the address of the part, which stands in the upper seven bits, as on the wire.
func (q request) addr() uint16 { return binary.LittleEndian.Uint16(q.out) >> 1 }

// finish writes the status into the last byte and hands the request back.
func (q request) finish(r *ring, ok bool) {
	status := byte(i2cFailed)
	if ok {
		status = i2cOK
	}
	last := q.in[len(q.in)-1]
	last[len(last)-1] = status
	r.answer(q, q.room())
}
