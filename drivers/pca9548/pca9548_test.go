package pca9548_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers/pca9548"
)

// bus writes down its transfers. It fails at the address that is dead.
type bus struct {
	log    []string
	dead   uint16
	closed bool
}

var errDead = errors.New("not acknowledged")

func (b *bus) String() string                  { return "i2c-1" }
func (b *bus) SetSpeed(physic.Frequency) error { return nil }
func (b *bus) Close() error                    { b.closed = true; return nil }

func (b *bus) Tx(addr uint16, w, r []byte) error {
	b.log = append(b.log, fmt.Sprintf("%#x % x %d", addr, w, len(r)))
	if addr == b.dead {
		return errDead
	}
	return nil
}

func channel(t *testing.T, b *bus, number uint8) *pca9548.Channel {
	t.Helper()
	c, err := pca9548.New(b, 0x72, number)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Before each transfer its channel alone is opened, in a transfer of its own, even when it was the
// last one: the switch may have lost its supply.
func TestEachTransferChoosesItsChannel(t *testing.T) {
	b := &bus{}
	for number, want := range map[uint8]string{0: "0x72 01 0", 3: "0x72 08 0", 7: "0x72 80 0"} {
		c := channel(t, b, number)
		for range 2 {
			b.log = nil
			if err := c.Tx(0x44, []byte{0xFD}, make([]byte, 6)); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(b.log, []string{want, "0x44 fd 6"}) {
				t.Errorf("channel %d: got %q, want %q first", number, b.log, want)
			}
		}
	}
}

// A switch that does not answer is named, and nothing is sent to whatever is open; the error of the
// part behind it stays as it is.
func TestDeadSwitchIsNamed(t *testing.T) {
	b := &bus{dead: 0x72}
	err := channel(t, b, 3).Tx(0x44, nil, make([]byte, 6))
	if !errors.Is(err, errDead) || err.Error() != "pca9548 0x72: channel 3: not acknowledged" {
		t.Errorf("got %v", err)
	}
	if len(b.log) != 1 {
		t.Errorf("got %q, want nothing behind the switch", b.log)
	}
	b.dead = 0x44
	if err := channel(t, b, 3).Tx(0x44, nil, make([]byte, 6)); err != errDead {
		t.Errorf("got %v, want the part's own error", err)
	}
}

// What is no address or channel of the part is refused; closing gives the bus back.
func TestChannelsAreThoseOfThePart(t *testing.T) {
	for _, c := range []struct {
		addr   uint16
		number uint8
	}{{0x6F, 0}, {0x78, 0}, {0x70, 8}} {
		if _, err := pca9548.New(&bus{}, c.addr, c.number); err == nil {
			t.Errorf("%#x channel %d: got no error", c.addr, c.number)
		}
	}
	b := &bus{}
	c := channel(t, b, 3)
	if got := c.String(); got != "i2c-1 channel 3 of 0x72" {
		t.Errorf("got %q", got)
	}
	if c.Close(); !b.closed {
		t.Error("the bus was not given back")
	}
}
