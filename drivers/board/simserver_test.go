package board_test

import (
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/board"
)

// server is a simulated board, written from the text in sim.go: one bus "i2c-1" whose part at 0x44
// returns the complement of what is written, and lines by name.
type server struct {
	t    *testing.T
	path string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	lines    map[string]*simulated
	answer   []byte        // replaces every response but that of an open
	silent   chan struct{} // while open, nothing is answered but an open
}

type simulated struct {
	level, held, noInterrupts bool
	flags, bias               byte
	debounce                  uint32
	edges                     uint32
	changed                   chan struct{}
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, path: filepath.Join(t.TempDir(), "board"), lines: map[string]*simulated{}}
	for _, name := range []string{"GPIO17", "GPIO5"} {
		s.lines[name] = &simulated{changed: make(chan struct{}, 16)}
	}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *server) start() {
	l, err := net.Listen("unix", s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	s.listener = l
	s.mu.Unlock()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			go s.talk(conn)
		}
	}()
}

func (s *server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener.Close()
	for _, c := range s.conns {
		c.Close()
	}
	for _, l := range s.lines {
		l.held = false
	}
}

// talk serves one connection.
func (s *server) talk(conn net.Conn) {
	defer conn.Close()
	var line *simulated
	opened := false
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(conn, head); err != nil {
			break
		}
		request := make([]byte, binary.BigEndian.Uint32(head))
		if _, err := io.ReadFull(conn, request); err != nil || len(request) == 0 {
			break
		}
		var response []byte
		switch op := request[0]; {
		case op == 0x01 || op == 0x11:
			line, response = s.open(request)
			opened = true
		case !opened:
			response = []byte{5}
		default:
			response = s.serve(line, request)
		}
		frame := binary.BigEndian.AppendUint32(nil, uint32(len(response)))
		if _, err := conn.Write(append(frame, response...)); err != nil {
			break
		}
	}
	if line != nil {
		s.mu.Lock()
		line.held = false
		s.mu.Unlock()
	}
}

func (s *server) open(request []byte) (*simulated, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if request[0] == 0x01 {
		if request[1] != 1 || string(request[2:]) != "i2c-1" {
			return nil, append([]byte{1}, "there is no such bus"...)
		}
		return nil, []byte{0}
	}
	l := s.lines[string(request[8:])]
	switch {
	case request[1] != 1 || l == nil:
		return nil, append([]byte{1}, "there is no such line"...)
	case l.held:
		return nil, append([]byte{6}, "it is held"...)
	}
	l.held, l.flags, l.bias = true, request[2], request[3]
	l.debounce = binary.BigEndian.Uint32(request[4:])
	if l.flags&1 != 0 {
		l.level = l.flags&2 != 0
	}
	if l.noInterrupts {
		return l, []byte{0, 0}
	}
	return l, []byte{0, 1}
}

func (s *server) serve(l *simulated, request []byte) []byte {
	s.mu.Lock()
	answer, silent := s.answer, s.silent
	s.mu.Unlock()
	if silent != nil {
		<-silent
	}
	if answer != nil {
		return answer
	}
	if request[0] == 0x15 {
		return s.wait(l, time.Duration(binary.BigEndian.Uint32(request[1:]))*time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch request[0] {
	case 0x02:
		if binary.BigEndian.Uint16(request[1:]) != 0x44 {
			return append([]byte{2}, "nobody at this address"...)
		}
		response := make([]byte, 1+binary.BigEndian.Uint16(request[3:]))
		for i, b := range request[5:] {
			if i+1 < len(response) {
				response[i+1] = ^b
			}
		}
		return response
	case 0x12, 0x14:
		if l.level {
			return []byte{0, 1}
		}
		return []byte{0, 0}
	case 0x13:
		l.level = request[1] == 1
		return []byte{0}
	}
	return []byte{5}
}

func (s *server) wait(l *simulated, max time.Duration) []byte {
	select {
	case <-l.changed:
	case <-time.After(max):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	edges := l.edges
	l.edges = 0
	return binary.BigEndian.AppendUint32([]byte{0}, edges)
}

// drive changes an input.
func (s *server) drive(name string, high bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines[name].level = high
	s.lines[name].edges++
	s.lines[name].changed <- struct{}{}
}

func (s *server) say(answer []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *server) openBus() i2c.Bus {
	s.t.Helper()
	bus, err := board.Sim(s.path).I2C("i2c-1")
	if err != nil {
		s.t.Fatal(err)
	}
	return bus
}

func (s *server) openLine(name string, c drivers.LineConfig) drivers.Line {
	s.t.Helper()
	l, err := board.Sim(s.path).Line(name, c)
	if err != nil {
		s.t.Fatal(err)
	}
	return l
}
