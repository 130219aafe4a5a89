//go:build linux

package vhost

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// wire is a bus that notes its transfers, and answers with the numbers 1, 2, 3 …
type wire struct {
	board.Board
	log  []string
	fail map[uint16]bool // addresses where nobody is
}

func (w *wire) I2C(string) (i2c.Bus, error)     { return w, nil }
func (w *wire) String() string                  { return "wire" }
func (w *wire) SetSpeed(physic.Frequency) error { return nil }
func (w *wire) Tx(addr uint16, out, in []byte) error {
	w.log = append(w.log, fmt.Sprintf("%#x w%x r%d", addr, out, len(in)))
	for i := range in {
		in[i] = byte(i + 1)
	}
	if w.fail[addr] {
		return errors.New("not acknowledged")
	}
	return nil
}

func busOf(b Board) func(context.Context, *net.UnixListener) error {
	return func(ctx context.Context, l *net.UnixListener) error {
		return ServeI2C(ctx, l, b, "i2c-0")
	}
}

// message offers one message of a transfer and returns where its answers will be: what is read, if
// it reads, and the status.
func (g *guest) message(indirect bool, addr uint16, w []byte, read int, last bool) [][]byte {
	flags := uint32(0)
	if read > 0 {
		flags |= i2cRead
	}
	if !last {
		flags |= i2cFailNext
	}
	head := append(binary.LittleEndian.AppendUint16(nil, addr<<1), 0, 0)
	parts := []part{{out: append(head, word32(flags)...)}}
	if len(w) > 0 {
		parts = append(parts, part{out: w})
	}
	if read > 0 {
		parts = append(parts, part{room: read})
	}
	return g.offer(indirect, append(parts, part{room: 1})...)
}

// Messages that belong together pass the bus as one transfer, and what the chip says reaches the
// driver, whichever way the driver writes its requests down.
func TestMessagesBecomeTransfers(t *testing.T) {
	type msg struct {
		addr uint16
		w    []byte
		read int
	}
	for _, c := range []struct {
		name string
		all  []msg
		want []string
	}{
		{"write", []msg{{0x44, []byte{0xFD}, 0}}, []string{"0x44 wfd r0"}},
		{"read", []msg{{0x44, nil, 3}}, []string{"0x44 w r3"}},
		{"probe", []msg{{0x44, nil, 0}}, []string{"0x44 w r0"}},
		{"write then read", []msg{{0x48, []byte{1}, 0}, {0x48, nil, 2}}, []string{"0x48 w01 r2"}},
		{"read then write", []msg{{0x48, nil, 2}, {0x48, []byte{1}, 0}},
			[]string{"0x48 w r2", "0x48 w01 r0"}},
		{"two parts", []msg{{0x48, []byte{1}, 0}, {0x49, nil, 2}},
			[]string{"0x48 w01 r0", "0x49 w r2"}},
	} {
		for _, indirect := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, indirect %v", c.name, indirect), func(t *testing.T) {
				w := &wire{}
				g := newGuest(t, busOf(w))
				var answers [][]byte
				for i, m := range c.all {
					answers = append(answers, g.message(indirect, m.addr, m.w, m.read, i == len(c.all)-1)...)
				}
				for _, a := range answers {
					a[len(a)-1] = 0xEE
				}
				g.done()
				if !slices.Equal(w.log, c.want) {
					t.Errorf("got %q, want %q", w.log, c.want)
				}
				for _, a := range answers {
					if want := []byte{1, 2, 3}[:len(a)]; a[0] != i2cOK && !bytes.Equal(a, want) {
						t.Errorf("got % x, want % x", a, want)
					}
				}
			})
		}
	}
}

// Behind a message that is not acknowledged nothing of its transfer passes, and the driver is told.
func TestFailureEndsATransfer(t *testing.T) {
	w := &wire{fail: map[uint16]bool{0x50: true}}
	g := newGuest(t, busOf(w))
	first := g.message(true, 0x50, []byte{1}, 0, false)
	second := g.message(true, 0x51, []byte{2}, 0, true)
	after := g.message(true, 0x51, []byte{3}, 0, true)
	g.done()
	if want := []string{"0x50 w01 r0", "0x51 w03 r0"}; !slices.Equal(w.log, want) {
		t.Errorf("got %q, want %q", w.log, want)
	}
	for i, want := range []byte{i2cFailed, i2cFailed, i2cOK} {
		if got := [][][]byte{first, second, after}[i][0][0]; got != want {
			t.Errorf("status of message %d: got %d, want %d", i, got, want)
		}
	}
}

// Half of a transfer waits for the other half.
func TestTransferWaitsForItsEnd(t *testing.T) {
	w := &wire{}
	g := newGuest(t, busOf(w))
	g.message(true, 0x48, []byte{1}, 0, false)
	g.notify()
	g.message(true, 0x48, nil, 2, true)
	g.done()
	if want := []string{"0x48 w01 r2"}; !slices.Equal(w.log, want) {
		t.Errorf("got %q, want %q", w.log, want)
	}
}

// A chip of the simulated board answers, and a queue that ends and begins again goes on.
func TestChipAnswersAfterRestart(t *testing.T) {
	b := board.New(board.Options{Sleep: board.NoSleep})
	b.Bus("i2c-0").Attach(0x20, chip.NewADS1115(b.Now))
	g := newGuest(t, busOf(b))
	g.message(true, 0x20, []byte{2, 0xAB, 0xCD}, 0, true)
	g.done()
	if base := g.ask(getVringBase, word32(0, 0)) >> 32; base != 1 {
		t.Errorf("the queue ended at request %d, want 1", base)
	}
	g.begin()
	g.message(true, 0x20, []byte{2}, 0, false)
	answer := g.message(true, 0x20, nil, 2, true)
	g.done()
	if !bytes.Equal(answer[0], []byte{0xAB, 0xCD}) || answer[1][0] != i2cOK {
		t.Errorf("got % x, want ab cd, 00", answer)
	}
}

// A driver that gives up while the bus hangs is not held up.
func TestHangEndsWithItsQueue(t *testing.T) {
	b := board.New(board.Options{Sleep: board.NoSleep})
	if err := b.Bus("i2c-0").Fail(board.Fault{Kind: board.Hang}); err != nil {
		t.Fatal(err)
	}
	g := newGuest(t, busOf(b))
	g.message(true, 0x20, []byte{2}, 0, true)
	g.notify()
	for {
		if n, _ := b.Bus("i2c-0").Transfers(); n > 0 {
			break
		}
		<-time.After(time.Millisecond)
	}
	g.ask(getVringBase, word32(0, 0))
	g.leave()
}

// request sends one request to a line chip and returns the answer.
func (g *guest) request(kind, line uint16, value uint32, room int) []byte {
	b := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, kind), line)
	answer := g.offer(true, part{out: append(b, word32(value)...)}, part{room: room})
	g.done()
	return answer[0]
}

// A line carries what the driver wants from its first moment, keeps it when nobody uses it any
// more, and loses it with the machine's power.
func TestOutputOfAMachine(t *testing.T) {
	b := board.New(board.Options{})
	g := newGuest(t, func(ctx context.Context, l *net.UnixListener) error {
		return ServeGPIO(ctx, l, b, "GPIO17", "GPIO5")
	})
	if got := g.request(gpioNames, 0, 0, 14); !bytes.Equal(got, []byte("\x00GPIO17\x00GPIO5\x00")) {
		t.Errorf("names: got %q", got)
	}
	g.request(gpioSetValue, 1, 1, 2)
	g.request(gpioSetDirection, 1, dirOut, 2)
	g.request(gpioSetDirection, 1, dirNone, 2)
	history, _ := b.Pin("GPIO5").History()
	if high, _ := b.Pin("GPIO5").Driven(); !high || len(history) != 1 {
		t.Errorf("got %v, %v, want one change to high", high, history)
	}
	g.leave()
	if high, _ := b.Pin("GPIO5").Driven(); high {
		t.Error("a machine without power drives its line")
	}
}

// An input tells the level that is put on it, and is high where nothing is.
func TestInputOfAMachine(t *testing.T) {
	b := board.New(board.Options{})
	g := newGuest(t, func(ctx context.Context, l *net.UnixListener) error {
		return ServeGPIO(ctx, l, b, "GPIO17")
	})
	level := func(want ...byte) {
		t.Helper()
		if got := g.request(gpioValue, 0, 0, 2); !bytes.Equal(got, want) {
			t.Errorf("got % x, want % x", got, want)
		}
	}
	level(gpioFailed, 0) // it has no direction
	g.request(gpioSetDirection, 0, dirIn, 2)
	level(gpioOK, 1)
	b.Pin("GPIO17").Drive(false)
	level(gpioOK, 0)
	if got := g.request(gpioSetDirection, 7, dirIn, 2); got[0] != gpioFailed {
		t.Error("a line that is not there got a direction")
	}
}

// Whatever stands in the memory of a guest, a ring gives requests that lie in it, or an error.
func FuzzRing(f *testing.F) {
	f.Add(descriptor(guestBase, 16, descNext, 1), []byte{1, 0}, []byte{0, 0})
	f.Add(descriptor(guestBase, 32, descIndirect, 0), []byte{1, 0}, []byte{0, 0})
	f.Add(descriptor(guestBase, 16, descNext, 200), []byte{1, 0}, []byte{0, 0})
	f.Add(descriptor(guestBase+memSize-1, 16, 0, 0), []byte{1, 0}, []byte{0, 0})
	f.Add(descriptor(guestBase, 16, 0, 0), []byte{1, 0}, []byte{200, 0})
	f.Fuzz(func(t *testing.T, desc, index, avail []byte) {
		data := make([]byte, memSize)
		copy(data[descAt:descAt+16*entries], desc)
		copy(data[availAt+2:availAt+4], index)
		copy(data[availAt+4:availAt+4+2*entries], avail)
		m := memory{{guest: guestBase, user: userBase, data: data}}
		r, err := openRing(m, entries, 0, userBase+descAt, userBase+availAt, userBase+usedAt)
		if err != nil {
			t.Fatal(err)
		}
		for range entries + 1 {
			q, ok, err := r.take()
			if err != nil || !ok {
				return
			}
			q.put(make([]byte, q.room()))
			r.answer(q, q.room())
		}
		t.Error("more requests than entries")
	})
}
