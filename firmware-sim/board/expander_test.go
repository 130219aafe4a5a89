package board

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// outputRig is a chip with outputs. carries tells whether a pin is switched on.
type outputRig struct {
	part    *chip.Part
	chip    chip.Chip
	carries func(pin int) bool
}

// outputRigs makes a rig for each output of the catalog that is on a bus.
var outputRigs = map[string]func(b *Board) outputRig{
	"mcp23017": func(b *Board) outputRig {
		c := chip.NewMCP23017(b.Now)
		return outputRig{&c.Part, c, func(pin int) bool {
			output, high := c.Driven(pin)
			return output && high
		}}
	},
	"pcf8574": func(b *Board) outputRig {
		c := chip.NewPCF8574(b.Now)
		return outputRig{&c.Part, c, c.Low}
	},
}

// newOutputRig attaches the chip and opens two of its outputs, off, by one table of models.
func newOutputRig(t *testing.T, model string) (b *Board, r outputRig, outs [2]drivers.Output) {
	t.Helper()
	b = New(Options{})
	r = outputRigs[model](b)
	b.Bus("i2c-1").Attach(0x20, r.chip)
	m := catalog.Outputs()[model]
	for i := range outs {
		out, err := m.Open(b, map[string]string{"channel": fmt.Sprint(3 + i)}, false)
		fail(t, err)
		t.Cleanup(func() { out.(io.Closer).Close() })
		outs[i] = out
	}
	return b, r, outs
}

// Every output on a bus meets every fault of its chip and of its bus: either it is told, or the pin
// carries what was asked for. After the fault the output does again what it is told.
func TestEveryExpanderOutputMeetsEveryFault(t *testing.T) {
	var matrix strings.Builder
	for _, model := range slices.Sorted(maps.Keys(outputRigs)) {
		for _, f := range outputFaults(model) {
			t.Run(model+"/"+f.kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					got := obey(t, model, f)
					fmt.Fprintf(&matrix, "%-12s %-12s %s\n", model, f.kind, got)
					if strings.HasPrefix(got, "set right") && !strings.HasSuffix(got, "true") {
						t.Errorf("it does not carry what it was told, and nobody hears: %s", got)
					}
				})
			})
		}
	}
	golden(t, "testdata/outputs-on-a-bus.golden", matrix.String())
}

func outputFaults(model string) (all []met) {
	part := outputRigs[model](New(Options{})).part
	for _, k := range chip.Kinds() {
		if k.Kind.Applies(part.Model()) {
			all = append(all, met{kind: string(k.Kind), chip: k.Kind})
		}
	}
	for _, k := range Kinds() {
		if k.On&OnBus != 0 {
			all = append(all, met{kind: string(k.Kind), board: k.Kind})
		}
	}
	return all
}

// obey tells how a fault shows at an output that is to be switched on, and heals it.
func obey(t *testing.T, model string, f met) string {
	b, r, outs := newOutputRig(t, model)
	out := outs[0]
	fail(t, out.Set(false))
	if f.chip != "" {
		fail(t, r.part.Inject(chip.Fault{Kind: f.chip, Size: 0xF7}))
		if f.chip == chip.Frozen { // at what it is
			_, err := out.(drivers.Checker).State()
			fail(t, err)
		}
	} else {
		fail(t, b.Bus("i2c-1").Fail(Fault{Kind: f.board}))
	}
	set := within(b, func() verdict { return ended(out.Set(true), true) })
	state := within(b, func() verdict {
		on, err := out.(drivers.Checker).State()
		return ended(err, on)
	})
	shown := fmt.Sprintf("set %s, state %s, carries %v", set, state, r.carries(3))
	b.Heal()
	_ = out.Set(true) // what it had lost is told once
	for _, on := range []bool{true, false, true} {
		fail(t, out.Set(on))
		if r.carries(3) != on || r.carries(4) {
			t.Errorf("healed: told %v, carries %v and %v", on, r.carries(3), r.carries(4))
		}
	}
	return shown
}

// Outputs of one chip belong to different goroutines: none undoes what another has set.
func TestOutputsOfOneChipDoNotUndoEachOther(t *testing.T) {
	for _, model := range slices.Sorted(maps.Keys(outputRigs)) {
		synctest.Test(t, func(t *testing.T) {
			_, r, outs := newOutputRig(t, model)
			done := make(chan error)
			for i, out := range outs {
				go func() {
					var err error
					for n := range 50 {
						if setErr := out.Set(n%2 == 0); setErr != nil && err == nil {
							err = setErr
						}
						if r.carries(3+i) != (n%2 == 0) && err == nil {
							err = fmt.Errorf("%s: pin %d was changed by another", model, 3+i)
						}
						time.Sleep(time.Duration(1+i) * time.Millisecond)
					}
					done <- err
				}()
			}
			for range outs {
				fail(t, <-done)
			}
		})
	}
}
