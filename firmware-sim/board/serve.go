package board

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"unicode/utf8"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// The protocol of a simulated board, version 1, as its client documents it. The numbers are
// written here a second time on purpose: a server that shares them cannot find a client's mistake.
const (
	protocolVersion = 1
	maxFrame        = 8192
	maxBytes        = 4096
	maxName         = 64
	maxText         = 200
	maxWaitMillis   = 60_000
)

// status is the first byte of a response.
type status byte

const (
	ok status = iota
	unknownName
	notAcknowledged
	faulty
	gone
	senseless
	held
)

// failure is a response that is not ok. After some of them the connection ends.
type failure struct {
	status status
	text   string
}

func (f failure) Error() string { return f.text }

func nonsense(format string, args ...any) error {
	return failure{senseless, fmt.Sprintf(format, args...)}
}

// Serve gives the board's buses and lines to programs that connect to l, until ctx ends. It closes
// l. Serve returns nil after the end of ctx.
func (b *Board) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	context.AfterFunc(ctx, func() { l.Close() })
	var clients sync.WaitGroup
	defer clients.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			cancel()
			return fmt.Errorf("simulated board: accept: %w", err)
		}
		clients.Go(func() {
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			defer stop()
			(&client{board: b, conn: conn}).serve(ctx)
		})
	}
}

// client is one connection: first for nothing, then for one bus or one line.
type client struct {
	board  *Board
	conn   net.Conn
	bus    i2c.BusCloser
	line   drivers.Line
	output bool // the line is one
}

// serve answers requests until the connection ends.
func (c *client) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx) // it ends with the connection
	requests := make(chan []byte)
	var reader sync.WaitGroup
	reader.Go(func() {
		// Reading goes on while a request is carried out: only so is it seen that a client gave
		// up one that hangs.
		defer cancel()
		defer close(requests)
		for {
			request, err := receive(c.conn)
			if err != nil {
				return
			}
			select {
			case requests <- request:
			case <-ctx.Done():
				return
			}
		}
	})
	for request := range requests {
		body, err := c.handle(ctx, request)
		if c.respond(body, err) != nil {
			break
		}
	}
	cancel()
	if c.line != nil { // first of all: who sees the end finds it free
		c.line.Close()
	}
	if c.bus != nil {
		c.bus.Close()
	}
	c.conn.Close()
	reader.Wait()
}

// respond sends the answer; an error means that the connection is over.
func (c *client) respond(body []byte, err error) error {
	code := ok
	if err != nil {
		code = statusOf(err)
		body = []byte(err.Error())
		for len(body) > maxText || !utf8.Valid(body) {
			body = body[:len(body)-1]
		}
	}
	frame := binary.BigEndian.AppendUint32(nil, uint32(1+len(body)))
	frame = append(append(frame, byte(code)), body...)
	if _, err := c.conn.Write(frame); err != nil {
		return err
	}
	switch code {
	case ok, notAcknowledged, faulty:
		return nil
	}
	return err
}

func statusOf(err error) status {
	var f failure
	switch {
	case errors.As(err, &f):
		return f.status
	case errors.As(err, new(refused)):
		return notAcknowledged
	case errors.Is(err, syscall.ENODEV):
		return gone
	case errors.Is(err, syscall.EBUSY):
		return held
	}
	return faulty
}

func receive(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < 1 || n > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes", n)
	}
	frame := make([]byte, n)
	_, err := io.ReadFull(r, frame)
	return frame, err
}
