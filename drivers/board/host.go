package board

import (
	"fmt"
	"slices"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2creg"
	"periph.io/x/host/v3"

	"github.com/firepost/firepost/drivers"
)

// HostBoard is the machine. It implements catalog.Board.
type HostBoard struct{}

// Host returns the machine's own board. It touches nothing before something is opened.
func Host() *HostBoard { return &HostBoard{} }

// Failures tells which of the drivers for boards, headers and USB adapters did not load, and why.
// It loads them, which is done once in a process: a name that only they know, such as P1_11, needs
// them too. A board may well work without them; on ARM one that says "failed to obtain revision"
// is common and means nothing.
func (b *HostBoard) Failures() []string {
	state, err := host.Init()
	var all []string
	if err != nil {
		all = append(all, err.Error())
	}
	if state == nil {
		return all
	}
	for _, f := range state.Failed {
		all = append(all, f.String())
	}
	return all
}

// I2C opens a bus: by its number, such as i2c-1 or /dev/i2c-1; by its path in the device tree, such
// as /soc/i2c@7e804000, or the name of its adapter, which stay when numbers change; or by a name in
// periph's registry, where USB adapters are and what a program that embeds the agent has filled in.
// It fails with drivers.ErrNoDevice and says what to do. The bus can be closed.
func (b *HostBoard) I2C(name string) (i2c.Bus, error) {
	_, err := findBus(adapterTree, name)
	if err == nil {
		return b.kernel(name, func() (int, error) { return findBus(adapterTree, name) })
	}
	ref := registered(name)
	var failures []string
	if ref == nil {
		failures = b.Failures()
		ref = registered(name)
	}
	if ref == nil {
		return nil, fmt.Errorf("bus %s: %w: %w%s", name, drivers.ErrNoDevice, err, notLoaded(failures))
	}
	if number, err := findBus(adapterTree, ref.Name); err == nil {
		return b.kernel(name, func() (int, error) { return number, nil })
	}
	bus, err := ref.Open()
	if err != nil {
		return nil, fmt.Errorf("bus %s: %w: %w", name, drivers.ErrNoDevice, err)
	}
	return bus, nil
}

func (b *HostBoard) kernel(name string, find func() (int, error)) (i2c.Bus, error) {
	bus := &hostBus{name: name, find: find, calls: kernelCalls(), root: adapterTree}
	if err := bus.ready(); err != nil {
		return nil, fmt.Errorf("bus %s: %w: %w", name, drivers.ErrNoDevice, err)
	}
	return bus, nil
}

// registered finds a bus in periph's registry. Those of the kernel are not opened there: the
// library's way to them keeps addresses of a stack that may move.
func registered(name string) *i2creg.Ref {
	for _, ref := range i2creg.All() {
		if ref.Name == name || slices.Contains(ref.Aliases, name) {
			return ref
		}
	}
	return nil
}

// notLoaded tells, behind an error, what may be the cause of it.
func notLoaded(failures []string) string {
	if len(failures) == 0 {
		return ""
	}
	return fmt.Sprintf(" (drivers that did not load: %q)", failures)
}
