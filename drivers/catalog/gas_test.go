package catalog_test

import (
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

// The channel of a gas module is that of its gas, in the unit and range of its cell.
func TestGasModuleMeasuresItsGas(t *testing.T) {
	for gas, want := range map[string]drivers.Channel{
		"co": {Name: "co", Quantity: drivers.Gas, Max: 1_000_000},
		"o2": {Name: "o2", Quantity: drivers.Oxygen, Max: 25_000},
	} {
		got, err := catalog.Sensors()["dfgas"].Channels(map[string]string{"gas": gas})
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %v, %v, want %v", gas, got, err, want)
		}
	}
}

// The line of a meter is not debounced unless the site file says so, and the meter is no contact:
// whoever reads it must not spend its edges on waking up.
func TestMeterOpensItsLineAsTheOptionsSay(t *testing.T) {
	for debounce, want := range map[string]time.Duration{"": 0, "2 ms": 2 * time.Millisecond} {
		b := newBoard(0)
		s, err := catalog.Sensors()["pulses"].Open(b, map[string]string{
			"line": "GPIO17", "debounce": debounce, "pull": "up",
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := s.(drivers.Waiter); ok {
			t.Error("the meter wakes its reader")
		}
		config := drivers.LineConfig{Bias: drivers.BiasUp, Debounce: want}
		if got := b.opened["GPIO17"]; got != config {
			t.Errorf("debounce %q: got %+v, want %+v", debounce, got, config)
		}
	}
}
