package board

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
)

// # The protocol of a simulated board, version 1
//
// A simulated board is a server on a stream socket, in practice a unix socket. It has buses and
// lines, each with a name. A client opens one connection for each bus and for each line that it
// uses, and keeps it. On a connection there is one client and strict order: a request, its
// response, the next request. The server never speaks first. Nothing is shared between two
// connections but the board behind them.
//
// All integers are unsigned and big-endian. A request and a response are one frame each:
//
//	length  u32   bytes that follow, from 1 to 8,192
//	code    u8    of a request: its operation; of a response: its status
//	body          length-1 bytes, as below
//
// A side that receives a length outside 1…8,192 closes the connection.
//
// The first request of a connection is an open. It says what the connection is for; a second open
// on the same connection, or another operation before it, is status 5.
//
//	operation        body of the request                            body of the response
//	0x01 open bus    version u8 = 1, name (1…64 bytes of UTF-8)     empty
//	0x02 tx          address u16, rlen u16, bytes to write          exactly rlen bytes read
//	0x11 open line   version u8 = 1, flags u8, bias u8,             interrupts u8: 1 edges end a
//	                 debounce u32 in µs, name (1…64 bytes)          wait, 0 the line has none
//	0x12 level       empty                                          u8: 0 Low, 1 High
//	0x13 set         u8: 0 Low, 1 High                              empty
//	0x14 state       empty                                          u8: 0 Low, 1 High
//	0x15 wait        longest wait u32 in ms, up to 60,000           edges u32
//	0x21 list        version u8 = 1                                 text, as below
//
// tx writes its bytes to the 7-bit address and then, after a repeated start, reads rlen bytes. Each
// part is left out when it is empty. Both empty: the address alone, as a write of no bytes; the
// response is empty, or status 2 when nobody acknowledges. Both are at most 4,096 bytes.
//
// flags: bit 0 the line is an output; bit 1 the first level of an output is High. The others are 0.
// The server drives that level in the moment of the open and no other one before it. bias: 0 as
// the board has it, 1 none, 2 pull-up, 3 pull-down. A level that holds for less than debounce is
// neither reported as an edge nor seen by level; an output has no debounce.
//
// level belongs to an input, set to an output, and state to an output; the wrong one is status 5.
// state tells what the line really carries, which may differ from what was set last when a fault
// is simulated. wait belongs to an input. It answers as soon as an edge has happened since the last
// answer to a wait (or since the open), at the latest after its time; the answer is the number of
// these edges, 0 when there were none. On a line without interrupts it answers 0 after its time.
//
// list may be the first request of a connection, and is then the only one. Its text has a line for
// each bus and each line of the board, in the order of their names: "bus NAME", "line NAME", and
// behind a line that a connection holds " in" or " out". What does not fit a frame is left out.
//
// status of a response, which for all but 0 has a text for people as its body (up to 200 bytes of
// UTF-8):
//
//	0  done
//	1  there is no bus or line of this name
//	2  not acknowledged: no part at this address, or it refused
//	3  the bus is faulty or hung and gave up
//	4  the bus or line is gone from the board
//	5  the request makes no sense; the server closes the connection after it
//	6  another connection holds the line
//
// A line has one connection at a time; a bus may have several, whose transfers the server lets pass
// one after the other. When a connection closes, its line is free again and an output keeps its
// level. After status 1, 4, 5 or 6 the client closes the connection.
//
// The client waits 2 s for a response, for that of a wait its time more. A server that stays silent
// longer is a bus that hangs: the client closes the connection, and its next access opens another.
// That is also how a client finds a restarted server again; an output is then opened with the level
// that was set last, so that it is never driven to another one.
const (
	simVersion  = 1
	simMaxFrame = 8192
	simMaxTx    = 4096
	simMaxName  = 64
	simMaxText  = 200
	simMaxWait  = time.Minute
	simPatience = 2 * time.Second
)

const (
	opOpenBus  = 0x01
	opTx       = 0x02
	opOpenLine = 0x11
	opLevel    = 0x12
	opSet      = 0x13
	opState    = 0x14
	opWait     = 0x15
	opList     = 0x21
)

const (
	statusDone     = 0
	statusUnknown  = 1
	statusNoAck    = 2
	statusBusFault = 3
	statusGone     = 4
	statusBad      = 5
	statusHeld     = 6
)

const (
	flagOutput = 1 << 0
	flagHigh   = 1 << 1
)

// SimBoard is a simulated board on a unix socket. It implements catalog.Board.
type SimBoard struct{ path string }

// Sim returns the simulated board whose server listens at path. It does not connect: each bus and
// line does when it is opened.
func Sim(path string) *SimBoard { return &SimBoard{path} }

// I2C opens the bus of this name. It fails with drivers.ErrNoDevice while there is no server.
func (b *SimBoard) I2C(name string) (i2c.Bus, error) {
	s, err := b.open(name, func() []byte {
		return append([]byte{opOpenBus, simVersion}, name...)
	})
	if err != nil {
		return nil, err
	}
	return &simBus{s}, nil
}

// Line opens the line of this name. It fails with drivers.ErrNoDevice while there is no server.
func (b *SimBoard) Line(name string, c drivers.LineConfig) (drivers.Line, error) {
	if c.Debounce < 0 || c.Debounce > time.Minute {
		return nil, fmt.Errorf("line %s: debounce of %v; write 0 s to 60 s", name, c.Debounce)
	}
	l := &simLine{config: c}
	s, err := b.open(name, l.opening(name))
	if err != nil {
		return nil, err
	}
	l.session = s
	return l, nil
}

func (b *SimBoard) open(name string, opening func() []byte) (*session, error) {
	if name == "" || len(name) > simMaxName {
		return nil, fmt.Errorf("simulated board: the name %.80q is not 1 to %d bytes long",
			name, simMaxName)
	}
	s := &session{path: b.path, name: name, opening: opening}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.connect(); err != nil {
		return nil, s.failed("open", err)
	}
	return s, nil
}

// session is one connection and how to make it again.
type session struct {
	path, name string
	opening    func() []byte // the open request; the level in it may have changed since the last

	mu     sync.Mutex // held for a whole exchange: there is one request at a time
	conn   net.Conn   // nil: to be made by the next call
	opened []byte     // body of the answer to the open
	closed bool
}

// call sends a request and returns the body of its response. It connects first when the connection
// was lost, and drops it when anything but a complete answer came.
func (s *session) call(request []byte, patience time.Duration) ([]byte, error) {
	if s.closed {
		return nil, net.ErrClosed
	}
	if s.conn == nil {
		if err := s.connect(); err != nil {
			return nil, err
		}
	}
	body, err := exchange(s.conn, request, patience)
	if err != nil && !errors.As(err, new(refusal)) {
		s.drop()
	}
	return body, err
}

func (s *session) connect() error {
	conn, err := net.DialTimeout("unix", s.path, simPatience)
	if err != nil {
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	body, err := exchange(conn, s.opening(), simPatience)
	if err != nil {
		conn.Close()
		return err
	}
	s.conn, s.opened = conn, body
	return nil
}

func (s *session) drop() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// Close ends the connection; the level of an output stays as it is.
func (s *session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.drop()
	return nil
}

func (s *session) failed(action string, err error) error {
	return fmt.Errorf("simulated %s at %s: %s: %w", s.name, s.path, action, err)
}

// refusal is a status of the server after which the connection goes on.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// exchange sends one frame and receives one.
func exchange(conn net.Conn, request []byte, patience time.Duration) ([]byte, error) {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(request)), uint32(len(request)))
	if _, err := conn.Write(append(frame, request...)); err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	length := binary.BigEndian.Uint32(head[:])
	if length < 1 || length > simMaxFrame {
		return nil, fmt.Errorf("%w: a frame of %d bytes", drivers.ErrNoDevice, length)
	}
	response := make([]byte, length)
	if _, err := io.ReadFull(conn, response); err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	return judge(response[0], response[1:])
}

// judge turns a status into an error. What it does not know is no answer either.
func judge(status byte, body []byte) ([]byte, error) {
	if status == statusDone {
		return body, nil
	}
	text := strings.ToValidUTF8(string(body[:min(len(body), simMaxText)]), "?")
	err := fmt.Errorf("%w: status %d %q", drivers.ErrNoDevice, status, text)
	if status == statusNoAck || status == statusBusFault {
		return nil, refusal{err}
	}
	return nil, err
}

// simBus is a bus of a simulated board.
type simBus struct{ *session }

// String is the bus as errors name it.
func (b *simBus) String() string { return b.name + " on the simulated board" }

// SetSpeed is refused: the speed of a simulated bus is the simulator's.
func (b *simBus) SetSpeed(physic.Frequency) error {
	return b.failed("set speed", errors.ErrUnsupported)
}

// Tx writes w to addr, then reads len(r) bytes.
func (b *simBus) Tx(addr uint16, w, r []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(w) > simMaxTx || len(r) > simMaxTx {
		return b.failed("tx", fmt.Errorf("%d bytes out, %d in: more than %d",
			len(w), len(r), simMaxTx))
	}
	request := binary.BigEndian.AppendUint16([]byte{opTx}, addr)
	request = binary.BigEndian.AppendUint16(request, uint16(len(r)))
	body, err := b.call(append(request, w...), simPatience)
	if err != nil {
		return b.failed(fmt.Sprintf("tx %#x", addr), err)
	}
	if len(body) != len(r) {
		b.drop()
		return b.failed(fmt.Sprintf("tx %#x", addr), fmt.Errorf("%w: %d bytes for %d",
			drivers.ErrNoDevice, len(body), len(r)))
	}
	copy(r, body)
	return nil
}
