//go:build linux

// Command hammer shares one bus of the machine among sixteen goroutines, as an embedder might,
// while the garbage collector runs without a pause, and compares every value that it reads.
//
//	hammer BUS ADDRESS DURATION
//
// Behind ADDRESS and the fifteen addresses above it there is a part with registers of 16 bits, of
// which number 2 can be written, as in an ADS1115; at the sixteenth there is none.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers/board"
)

const (
	workers  = 16
	register = 2
	collect  = 10 * time.Millisecond // between two collections
)

// tally counts what came back.
type tally struct{ good, wrong, failed, absent atomic.Int64 }

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hammer:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("write hammer BUS ADDRESS DURATION, such as hammer i2c-1 0x20 5s")
	}
	first, err := strconv.ParseUint(args[1], 0, 7)
	if err != nil {
		return err
	}
	lasts, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	bus, err := board.Host().I2C(args[0])
	if err != nil {
		return err
	}
	var t tally
	var work sync.WaitGroup
	end := time.Now().Add(lasts)
	for i := range workers {
		work.Go(func() { t.hammer(bus, uint16(first)+uint16(i), uint16(first)+workers, end) })
	}
	for time.Now().Before(end) {
		runtime.GC()
		time.Sleep(collect)
	}
	work.Wait()
	fmt.Printf("hammer: %d right, %d wrong, %d failed; %d of the absent part\n", t.good.Load(),
		t.wrong.Load(), t.failed.Load(), t.absent.Load())
	if t.good.Load() == 0 || t.wrong.Load() > 0 || t.failed.Load() > 0 {
		return fmt.Errorf("the bus cannot be shared")
	}
	return nil
}

// hammer writes to a part and reads back, each time in a goroutine with a new stack.
func (t *tally) hammer(bus i2c.Bus, addr, nobody uint16, end time.Time) {
	var work sync.WaitGroup
	for n := uint16(0); time.Now().Before(end); n++ {
		work.Go(func() { t.once(bus, addr, addr<<8^n) })
		if n%16 == 0 {
			work.Go(func() { t.ask(bus, nobody) })
		}
		work.Wait()
	}
}

// once writes a value and compares what is read.
func (t *tally) once(bus i2c.Bus, addr, value uint16) {
	var w [3]byte
	var r [2]byte
	w[0] = register
	binary.BigEndian.PutUint16(w[1:], value)
	err := bus.Tx(addr, w[:], nil)
	if err == nil {
		err = bus.Tx(addr, w[:1], r[:])
	}
	switch got := binary.BigEndian.Uint16(r[:]); {
	case err != nil:
		t.failed.Add(1)
		fmt.Println("hammer:", err)
	case got != value:
		t.wrong.Add(1)
		fmt.Printf("hammer: %#x: read %#04x, wrote %#04x\n", addr, got, value)
	default:
		t.good.Add(1)
	}
}

// ask reads where there is no part, which must never look like an answer.
func (t *tally) ask(bus i2c.Bus, addr uint16) {
	r := []byte{0xA5, 0xA5}
	if err := bus.Tx(addr, []byte{register}, r); err == nil {
		t.wrong.Add(1)
		fmt.Printf("hammer: %#x: read % x, where there is no part\n", addr, r)
		return
	}
	t.absent.Add(1)
}
