package board

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// Fail makes the bus fail.
func (b *Bus) Fail(f Fault) error {
	if err := f.check("bus "+b.name, OnBus); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault, b.strikes = &f, 0
	return nil
}

// Heal ends the fault of the bus; a transfer that hangs goes on and is carried out. The faults of
// its chips stay.
func (b *Bus) Heal() {
	b.mu.Lock()
	off := b.fault != nil && b.fault.Kind == RailOff
	b.mu.Unlock()
	if off {
		b.PowerCycle()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = nil
	close(b.healed)
	b.healed = make(chan struct{})
}

// imxNotices is how long the controller of an i.MX6 takes to notice a missing acknowledge.
const imxNotices = 365 * time.Millisecond

// Controllers lists the controllers that SetController knows.
func Controllers() []string { return []string{"bcm2835", "mv64xxx", "imx"} }

// SetController chooses how a missing acknowledge shows, because controllers differ: bcm2835
// (EREMOTEIO, the default), mv64xxx (ENXIO), imx (ETIMEDOUT, after 365 ms).
func (b *Bus) SetController(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch name {
	case "bcm2835":
		b.nack, b.nackTakes = nackError, 0
	case "mv64xxx":
		b.nack, b.nackTakes = syscall.ENXIO, 0
	case "imx":
		b.nack, b.nackTakes = syscall.ETIMEDOUT, imxNotices
	default:
		return fmt.Errorf("bus %s: no controller %q; take one of %v", b.name, name, Controllers())
	}
	return nil
}

func (b *Bus) gone() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fault != nil && b.fault.Kind == Gone
}

// strike returns the fault that this transfer meets, and what ends a hang.
func (b *Bus) strike() (Fault, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.transfers++
	if b.fault == nil {
		return Fault{}, nil
	}
	b.strikes++
	if b.fault.Nth > 0 && b.strikes%b.fault.Nth != 0 {
		return Fault{}, nil
	}
	return *b.fault, b.healed
}

// transfer carries out a transfer with the fault that the bus has now. The caller has the turn.
func (b *Bus) transfer(addr uint16, w, r []byte, closed <-chan struct{}) error {
	f, healed := b.strike()
	switch f.Kind {
	case Hang:
		return b.hang(addr, w, r, healed, closed)
	case StuckLow:
		if f.Takes == 0 {
			f.Takes = time.Second
		}
		b.pass(f.Takes)
		return syscall.ETIMEDOUT
	case Gone:
		return syscall.ENODEV
	case SlowNack, NackENXIO, RailOff:
		return b.unanswered(f.Kind)
	case Short:
		if err := b.play(addr, w, r[:len(r)/2]); err != nil || len(r) == 0 {
			return err
		}
		return syscall.EIO
	case Shifted:
		err := b.play(addr, w, r)
		shift(r)
		return err
	}
	return b.play(addr, w, r)
}

// unanswered is a transfer that nothing acknowledges.
func (b *Bus) unanswered(k Kind) error {
	b.spend(1)
	switch k {
	case SlowNack:
		b.pass(imxNotices)
		return refused{syscall.ETIMEDOUT}
	case NackENXIO:
		return refused{syscall.ENXIO}
	}
	return b.notAcknowledged()
}

func (b *Bus) hang(addr uint16, w, r []byte, healed, closed <-chan struct{}) error {
	if b.board.byHand {
		return syscall.ETIMEDOUT // whoever turns the clock cannot be made to wait
	}
	select {
	case <-healed:
		return b.play(addr, w, r)
	case <-closed:
		return os.ErrClosed
	}
}

// shift drops the first bit; the last is a one, from the pull-up.
func shift(r []byte) {
	for i := range r {
		next := byte(0xFF)
		if i+1 < len(r) {
			next = r[i+1]
		}
		r[i] = r[i]<<1 | next>>7
	}
}
