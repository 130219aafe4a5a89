package board

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/firmware-sim/chip"
)

// memory is the simplest chip: a read gives its bytes, one after the other.
type memory struct {
	data    []byte
	written []byte
	deaf    bool
	pos     int
	starts  []bool
	stops   int
}

func (m *memory) Start(read bool) bool {
	m.starts, m.pos = append(m.starts, read), 0
	return !m.deaf
}

func (m *memory) Write(b byte) bool {
	m.written = append(m.written, b)
	return b != 0xEE
}

func (m *memory) Read() byte {
	if m.pos >= len(m.data) {
		return 0xFF
	}
	m.pos++
	return m.data[m.pos-1]
}

func (m *memory) Stop()       { m.stops++ }
func (m *memory) PowerCycle() { m.written = nil }

func newBench(t *testing.T, m ...*memory) (*Board, i2c.BusCloser) {
	t.Helper()
	b := New(Options{})
	for _, c := range m {
		b.Bus("one").Attach(0x10, c)
	}
	bus, err := b.I2C("one")
	if err != nil {
		t.Fatal(err)
	}
	return b, bus.(i2c.BusCloser)
}

// A transfer is START, bytes, a repeated START and one STOP; a missing acknowledge is EREMOTEIO.
func TestTransferPlaysTheWires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{data: []byte{1, 2, 3}}
		_, bus := newBench(t, m)
		r := make([]byte, 4)
		if err := bus.Tx(0x10, []byte{7, 8}, r); err != nil {
			t.Fatal(err)
		}
		if string(r) != "\x01\x02\x03\xff" || string(m.written) != "\x07\x08" {
			t.Errorf("got % x, and the chip % x", r, m.written)
		}
		if len(m.starts) != 2 || m.starts[0] || !m.starts[1] || m.stops != 1 {
			t.Errorf("starts %v, stops %d; want a write, a read, one stop", m.starts, m.stops)
		}
		for name, err := range map[string]error{
			"nobody there":    bus.Tx(0x11, []byte{1}, nil),
			"a byte refused":  bus.Tx(0x10, []byte{1, 0xEE, 2}, nil),
			"nobody to probe": bus.Tx(0x11, nil, nil),
		} {
			if !errors.Is(err, syscall.EREMOTEIO) {
				t.Errorf("%s: got %v, want EREMOTEIO", name, err)
			}
		}
		if err := bus.Tx(0x10, nil, nil); err != nil {
			t.Errorf("a probe of a chip: %v", err)
		}
		if len(m.written) != 4 {
			t.Errorf("the chip got % x: bytes behind the refused one", m.written)
		}
	})
}

// Nine bits a byte pass, address included: SPS30's 60 bytes take 5.5 ms at 100 kbit/s.
func TestTransferTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, bus := newBench(t, &memory{})
		start := time.Now()
		if err := bus.Tx(0x10, nil, make([]byte, 60)); err != nil {
			t.Fatal(err)
		}
		want := 61 * 90 * time.Microsecond
		if took := time.Since(start); took != want {
			t.Errorf("took %v, want %v", took, want)
		}
		if n, busy := b.Bus("one").Transfers(); n != 1 || busy != want {
			t.Errorf("counted %d transfers, %v; want 1, %v", n, busy, want)
		}
	})
}

// Two chips at one address: one acknowledge is enough, and what is read is the AND of both.
func TestTwoChipsAtOneAddressAreWired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deaf := &memory{data: []byte{0xF0, 0xAA}, deaf: true}
		_, bus := newBench(t, &memory{data: []byte{0x0F, 0xFE}}, deaf)
		r := make([]byte, 2)
		if err := bus.Tx(0x10, nil, r); err != nil || r[0] != 0x00 || r[1] != 0xAA {
			t.Errorf("got % x, %v; want 00 aa", r, err)
		}
		if len(deaf.starts) != 1 || deaf.stops != 1 {
			t.Errorf("the other chip heard %d starts, %d stops", len(deaf.starts), deaf.stops)
		}
	})
}

// A hung bus stops whoever uses it, and ends with Heal or with Close; another bus goes on.
func TestHungBusWaitsUntilHealedOrClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{data: []byte{9}}
		b, bus := newBench(t, m)
		fail(t, b.Bus("one").Fail(Fault{Kind: Hang}))
		done := make(chan error, 1)
		r := make([]byte, 1)
		go func() { done <- bus.Tx(0x10, nil, r) }()
		second, err := b.I2C("one")
		if err != nil {
			t.Fatal(err)
		}
		behind := make(chan error, 1)
		go func() { behind <- second.Tx(0x10, nil, make([]byte, 1)) }()
		time.Sleep(time.Hour)
		b.Bus("two").Attach(0x20, &memory{})
		other, _ := b.I2C("two")
		if err := other.Tx(0x20, []byte{1}, nil); err != nil {
			t.Errorf("the other bus: %v", err)
		}
		if len(done) != 0 || len(behind) != 0 {
			t.Fatal("a transfer came back from a hung bus")
		}
		b.Bus("one").Heal()
		if err := <-done; err != nil || r[0] != 9 {
			t.Errorf("healed: got %v, % x", err, r)
		}
		if err := <-behind; err != nil {
			t.Errorf("the transfer behind it: %v", err)
		}

		fail(t, b.Bus("one").Fail(Fault{Kind: Hang}))
		go func() { done <- bus.Tx(0x10, nil, r) }()
		time.Sleep(time.Hour)
		bus.Close()
		if err := <-done; !errors.Is(err, os.ErrClosed) {
			t.Errorf("closed while it hung: got %v", err)
		}
		if err := bus.Tx(0x10, nil, r); !errors.Is(err, os.ErrClosed) {
			t.Errorf("closed: got %v", err)
		}
	})
}

// Each bus fault shows as the controller of a real machine shows it, and takes as long.
func TestBusFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault Fault
		err   error
		read  string
		takes time.Duration
	}{
		{"stuck low", Fault{Kind: StuckLow}, syscall.ETIMEDOUT, "\x00\x00\x00\x00", time.Second},
		{"stuck low, a quick controller", Fault{Kind: StuckLow, Takes: 200 * time.Millisecond},
			syscall.ETIMEDOUT, "\x00\x00\x00\x00", 200 * time.Millisecond},
		{"gone", Fault{Kind: Gone}, syscall.ENODEV, "\x00\x00\x00\x00", 0},
		{"short", Fault{Kind: Short}, syscall.EIO, "\x81\x02\x00\x00", 270 * time.Microsecond},
		{"shifted", Fault{Kind: Shifted}, nil, "\x02\x04\x07\x09", 450 * time.Microsecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, bus := newBench(t, &memory{data: []byte{0x81, 0x02, 0x03, 0x84}})
			fail(t, b.Bus("one").Fail(c.fault))
			r, start := make([]byte, 4), time.Now()
			err := bus.Tx(0x10, nil, r)
			if !errors.Is(err, c.err) || string(r) != c.read || time.Since(start) != c.takes {
				t.Errorf("%s: got %v, % x, after %v; want %v, % x, %v", c.name, err, r,
					time.Since(start), c.err, c.read, c.takes)
			}
			b.Heal()
			if err := bus.Tx(0x10, nil, r); err != nil || r[3] != 0x84 {
				t.Errorf("%s: healed, and got %v, % x", c.name, err, r)
			}
		})
	}
	b := New(Options{})
	if b.Bus("one").Fail(Fault{Kind: Welded}) == nil {
		t.Error("a bus was welded")
	}
}

// A bus that is gone cannot be opened, and comes back.
func TestGoneBusCannotBeOpened(t *testing.T) {
	b := New(Options{})
	fail(t, b.Bus("one").Fail(Fault{Kind: Gone}))
	if _, err := b.I2C("one"); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("got %v, want ENODEV", err)
	}
	b.Bus("one").Heal()
	if _, err := b.I2C("one"); err != nil {
		t.Error(err)
	}
}

// A fault may strike on every nth transfer alone.
func TestBusFaultOnEveryNthTransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, bus := newBench(t, &memory{})
		fail(t, b.Bus("one").Fail(Fault{Kind: StuckLow, Nth: 3}))
		var got string
		for range 7 {
			if bus.Tx(0x10, []byte{1}, nil) != nil {
				got += "x"
			} else {
				got += "."
			}
		}
		if got != "..x..x." {
			t.Errorf("got %s", got)
		}
	})
}

// Controllers report a missing acknowledge each in its own way.
func TestControllersDiffer(t *testing.T) {
	want := map[string]error{"bcm2835": syscall.EREMOTEIO, "mv64xxx": syscall.ENXIO,
		"imx": syscall.ETIMEDOUT}
	for _, name := range Controllers() {
		synctest.Test(t, func(t *testing.T) {
			b, bus := newBench(t)
			fail(t, b.Bus("one").SetController(name))
			start := time.Now()
			if err := bus.Tx(0x10, []byte{1}, nil); !errors.Is(err, want[name]) {
				t.Errorf("%s: got %v, want %v", name, err, want[name])
			}
			if slow := time.Since(start) > 300*time.Millisecond; slow != (name == "imx") {
				t.Errorf("%s took %v", name, time.Since(start))
			}
		})
	}
	if New(Options{}).Bus("one").SetController("usb") == nil {
		t.Error("an unknown controller was accepted")
	}
}

// Heal of the board reaches the chips on its buses; a power cycle too.
func TestHealReachesTheChips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{})
		sht := chip.NewSHT4x(b.Now)
		b.Bus("one").Attach(0x44, sht)
		bus, err := b.I2C("one")
		fail(t, err)
		fail(t, sht.Inject(chip.Fault{Kind: chip.Absent}))
		if bus.Tx(0x44, []byte{0xFD}, nil) == nil {
			t.Fatal("an absent chip answered")
		}
		b.Heal()
		fail(t, bus.Tx(0x44, []byte{0xFD}, nil))
		b.Bus("one").PowerCycle()
		time.Sleep(time.Second)
		if bus.Tx(0x44, nil, make([]byte, 6)) == nil {
			t.Error("a result outlived the power cycle")
		}
		b.Bus("one").Detach(0x44)
		if bus.Tx(0x44, []byte{0xFD}, nil) == nil {
			t.Error("a detached chip answered")
		}
	})
}

// With a clock turned by hand one goroutine is enough: nothing sleeps, nothing blocks.
func TestClockTurnedByHand(t *testing.T) {
	var now time.Duration
	b := New(Options{Now: func() time.Duration { return now }, Sleep: NoSleep})
	b.Bus("one").Attach(0x10, &memory{})
	bus, err := b.I2C("one")
	fail(t, err)
	fail(t, bus.Tx(0x10, []byte{1}, nil))
	if _, busy := b.Bus("one").Transfers(); busy != 180*time.Microsecond || now != 0 {
		t.Errorf("counted %v at %v", busy, now)
	}
	fail(t, b.Bus("one").Fail(Fault{Kind: Hang}))
	if err := bus.Tx(0x10, []byte{1}, nil); !errors.Is(err, syscall.ETIMEDOUT) {
		t.Errorf("hung: got %v", err)
	}
	button := openInput(t, b, "button", 10*time.Millisecond)
	b.Pin("button").Drive(false)
	if n, err := button.Wait(time.Second); n != 0 || err != nil {
		t.Errorf("got %d edges, %v, from a clock that stands", n, err)
	}
	now = 10 * time.Millisecond
	if n, err := button.Wait(time.Second); n != 1 || err != nil {
		t.Errorf("got %d edges, %v; want 1", n, err)
	}
	fail(t, b.Pin("button").Fail(Fault{Kind: Hang}))
	if _, err := button.Level(); !errors.Is(err, syscall.ETIMEDOUT) {
		t.Errorf("a hung line: got %v", err)
	}
}

func fail(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
