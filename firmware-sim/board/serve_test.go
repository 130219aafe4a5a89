package board

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	simulated "github.com/firepost/firepost/drivers/board"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// serve starts a server on a socket and returns its path.
func serve(t *testing.T, b *Board) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "board")
	l, err := net.Listen("unix", path)
	fail(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return path
}

// raw sends frames as they are and gives back status and body.
type raw struct {
	t *testing.T
	net.Conn
}

func dial(t *testing.T, path string) raw {
	t.Helper()
	conn, err := net.Dial("unix", path)
	fail(t, err)
	t.Cleanup(func() { conn.Close() })
	fail(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	return raw{t, conn}
}

func (r raw) ask(request string) (code byte, body string, err error) {
	r.t.Helper()
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(request)))
	if _, err := r.Write(append(frame, request...)); err != nil {
		return 0, "", err
	}
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, "", err
	}
	answer := make([]byte, binary.BigEndian.Uint32(head[:]))
	if _, err := io.ReadFull(r, answer); err != nil {
		return 0, "", err
	}
	return answer[0], string(answer[1:]), nil
}

func (r raw) want(request string, code byte, body string) {
	r.t.Helper()
	gotCode, gotBody, err := r.ask(request)
	if err != nil || gotCode != code || code == 0 && gotBody != body {
		r.t.Fatalf("% x: got status %d, %q, %v; want %d, %q", request, gotCode, gotBody, err, code,
			body)
	}
}

// ended checks that the server closed the connection.
func (r raw) ended() {
	r.t.Helper()
	if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		r.t.Fatalf("the connection goes on: %d bytes, %v", n, err)
	}
}

// Each operation of the protocol has the bytes and the status that its text gives it.
func TestServerSpeaksTheProtocol(t *testing.T) {
	b := New(Options{})
	b.Bus("main").Attach(0x10, &memory{data: []byte{1, 2, 3}})
	path := serve(t, b)

	bus := dial(t, path)
	bus.want("\x01\x01main", 0, "")
	bus.want("\x02\x00\x10\x00\x03\x07", 0, "\x01\x02\x03")
	bus.want("\x02\x00\x10\x00\x00\x07", 0, "")
	bus.want("\x02\x00\x10\x00\x00", 0, "")
	bus.want("\x02\x00\x11\x00\x00", 2, "")
	bus.want("\x02\x00\x11\x00\x02\x07", 2, "")
	fail(t, b.Bus("main").Fail(Fault{Kind: StuckLow, Takes: time.Millisecond}))
	bus.want("\x02\x00\x10\x00\x03\x07", 3, "")
	fail(t, b.Bus("main").Fail(Fault{Kind: Gone}))
	bus.want("\x02\x00\x10\x00\x03\x07", 4, "")
	bus.ended()
	b.Heal()

	out := dial(t, path)
	out.want("\x11\x01\x03\x00\x00\x00\x00\x00siren", 0, "\x01")
	if high, _ := b.Pin("siren").Driven(); !high {
		t.Error("the first level of an output was not driven")
	}
	out.want("\x14", 0, "\x01")
	out.want("\x13\x00", 0, "")
	out.want("\x14", 0, "\x00")
	second := dial(t, path)
	second.want("\x11\x01\x01\x00\x00\x00\x00\x00siren", 6, "")
	second.ended()
	out.want("\x12", 5, "")
	out.ended()

	list := dial(t, path)
	list.want("\x21\x01", 0, "bus main\nline siren\n")
	held := dial(t, path)
	held.want("\x11\x01\x01\x00\x00\x00\x00\x00lamp", 0, "\x01")
	list.want("\x21\x01", 0, "bus main\nline lamp out\nline siren\n")

	b.Pin("button").Drive(true)
	in := dial(t, path)
	in.want("\x11\x01\x00\x02\x00\x00\x00\x00button", 0, "\x01")
	in.want("\x12", 0, "\x01")
	in.want("\x15\x00\x00\x00\x01", 0, "\x00\x00\x00\x00")
	b.Pin("button").DriveAfter(20*time.Millisecond, false)
	start := time.Now()
	in.want("\x15\x00\x00\xea\x60", 0, "\x00\x00\x00\x01")
	if took := time.Since(start); took < 15*time.Millisecond || took > 5*time.Second {
		t.Errorf("the edge was told after %v", took)
	}
	in.want("\x12", 0, "\x00")
}

// Requests that make no sense get status 5 and end the connection; so do frames of a wrong length.
func TestServerRefusesNonsense(t *testing.T) {
	path := serve(t, New(Options{}))
	input, output := "\x11\x01\x00\x00\x00\x00\x00\x00in", "\x11\x01\x01\x00\x00\x00\x00\x00out"
	for _, requests := range [][]string{
		{"\x02\x00\x10\x00\x01"},
		{"\x99"},
		{"\x01"},
		{"\x01\x02main"},
		{"\x01\x01"},
		{"\x01\x01\xff\xfe"},
		{"\x01\x01main", "\x01\x01main"},
		{"\x01\x01main", "\x12"},
		{"\x01\x01main", "\x02\x00\x10"},
		{"\x01\x01main", "\x02\x01\x10\x00\x01"},
		{"\x01\x01main", "\x02\x00\x10\xff\xff"},
		{"\x11\x01\x04\x00\x00\x00\x00\x00in"},
		{"\x11\x01\x00\x04\x00\x00\x00\x00in"},
		{"\x11\x01\x00\x00"},
		{input, "\x13\x01"},
		{input, "\x15\x00\x00\xea\x61"},
		{input, "\x15\x00"},
		{input, "\x12\x00"},
		{output, "\x13\x02"},
		{output, "\x13"},
		{output, "\x15\x00\x00\x00\x00"},
	} {
		c := dial(t, path)
		for _, ready := range requests[:len(requests)-1] {
			if code, body, err := c.ask(ready); code != 0 || err != nil {
				t.Fatalf("% x: %d %s %v", ready, code, body, err)
			}
		}
		c.want(requests[len(requests)-1], 5, "")
		c.ended()
	}
	for _, length := range []uint32{0, 8193, 1 << 31} {
		c := dial(t, path)
		fail(t, binary.Write(c, binary.BigEndian, length))
		c.ended()
	}
}

// The client that drivers/board documents the protocol for gets what a program in the same process
// gets: chips, levels, edges, and its line back after it closed it.
func TestClientOfDriversBoard(t *testing.T) {
	b := New(Options{})
	var clock atomic.Int64
	sht := chip.NewSHT4x(func() time.Duration { return time.Duration(clock.Load()) })
	sht.SetTemperature(25_000)
	sht.SetHumidity(50_000)
	b.Bus("main").Attach(0x44, sht)
	client := simulated.Sim(serve(t, b))

	bus, err := client.I2C("main")
	fail(t, err)
	fail(t, bus.Tx(0x44, []byte{0xFD}, nil))
	r := make([]byte, 6)
	if err := bus.Tx(0x44, nil, r); err == nil {
		t.Error("a read within the conversion was acknowledged")
	} else if !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("got %v", err)
	}
	clock.Store(int64(10 * time.Millisecond))
	if err := bus.Tx(0x44, nil, r); err != nil || string(r) != "\x66\x66\x93\x72\xb0\xdc" {
		t.Errorf("got % x, %v", r, err)
	}

	for range 20 {
		siren, err := client.Line("siren", drivers.LineConfig{Output: true, High: true})
		fail(t, err)
		fail(t, siren.Close())
	}
	button, err := client.Line("button", drivers.LineConfig{Bias: drivers.BiasUp})
	fail(t, err)
	wantLevel(t, button, true)
	b.Pin("button").Drive(false)
	if n, err := button.Wait(time.Second); n != 1 || err != nil {
		t.Errorf("got %d edges, %v", n, err)
	}
	wantLevel(t, button, false)
	fail(t, button.Close())
}

// A client that gives up a hung line frees it: the next one can open it.
func TestHungLineIsFreeWhenItsClientIsGone(t *testing.T) {
	b := New(Options{})
	path := serve(t, b)
	const opening = "\x11\x01\x01\x00\x00\x00\x00\x00siren"
	first := dial(t, path)
	first.want(opening, 0, "\x01")
	fail(t, b.Pin("siren").Fail(Fault{Kind: Hang}))
	_, err := first.Write([]byte("\x00\x00\x00\x02\x13\x01"))
	fail(t, err)
	fail(t, first.Close())
	second := dial(t, path)
	second.want(opening, 0, "\x01")
}

// A server that ends takes its connections with it, even one that hangs.
func TestServerEndsThoughABusHangs(t *testing.T) {
	b := New(Options{})
	fail(t, b.Bus("main").Fail(Fault{Kind: Hang}))
	path := filepath.Join(t.TempDir(), "board")
	l, err := net.Listen("unix", path)
	fail(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Serve(ctx, l) }()
	c := dial(t, path)
	c.want("\x01\x01main", 0, "")
	asked := make(chan struct{})
	go func() { c.ask("\x02\x00\x10\x00\x01"); close(asked) }()
	hung := dial(t, path) // and one that is given up by its client
	hung.want("\x01\x01main", 0, "")
	fail(t, hung.Close())
	cancel()
	select {
	case err := <-done:
		fail(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("the server did not end")
	}
	<-asked
}
