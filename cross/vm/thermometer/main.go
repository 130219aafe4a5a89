//go:build linux

// Command thermometer reads a Texas Instruments TMP105 once, through the bus as the agent opens it:
//
//	thermometer BUS ADDRESS
//
// It prints the temperature in m°C, or the error and how long it took. Datasheet: TMP105,
// temperature register 0, twelve bits at the upper end of two bytes, 1/16 °C each.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/firepost/firepost/drivers/board"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println("thermometer:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("write thermometer BUS ADDRESS, such as thermometer i2c-1 0x48")
	}
	addr, err := strconv.ParseUint(args[1], 0, 7)
	if err != nil {
		return err
	}
	bus, err := board.Host().I2C(args[0])
	if err != nil {
		return err
	}
	var b [2]byte
	began := time.Now()
	if err := bus.Tx(uint16(addr), []byte{0}, b[:]); err != nil {
		return fmt.Errorf("after %v: %w", time.Since(began).Round(time.Millisecond), err)
	}
	steps := int64(int16(uint16(b[0])<<8|uint16(b[1]))) >> 4
	fmt.Printf("thermometer: %d m°C\n", steps*1000/16)
	return nil
}
