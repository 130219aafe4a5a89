package board

import (
	"fmt"

	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2creg"
	"periph.io/x/host/v3/sysfs"

	"github.com/firepost/firepost/drivers"
)

// HostBoard is the machine. It implements catalog.Board.
type HostBoard struct{}

// Host returns the machine's own board. It touches nothing before something is opened.
func Host() *HostBoard { return &HostBoard{} }

// Failures tells which of periph's drivers for boards and headers did not load, and why.
// It loads them, which is done once in a process: a name that only they know, such as P1_11, needs
// them too. A board may well work without them; on ARM one that says "failed to obtain revision"
// is common and means nothing.
func (b *HostBoard) Failures() []string {
	state, err := driverreg.Init()
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
// periph's registry, where a program that embeds the agent puts USB adapters and the like. It fails
// with drivers.ErrNoDevice and says what to do. The bus can be closed.
func (b *HostBoard) I2C(name string) (i2c.Bus, error) {
	_, err := findBus(adapterTree, name)
	if err == nil {
		return b.kernel(name, func() (int, error) { return findBus(adapterTree, name) })
	}
	bus, unknown := i2creg.Open(name)
	var failures []string
	if unknown != nil {
		failures = b.Failures()
		bus, unknown = i2creg.Open(name)
	}
	if unknown != nil {
		return nil, fmt.Errorf("bus %s: %w: %w%s", name, drivers.ErrNoDevice, err, notLoaded(failures))
	}
	// The library's way to a bus of the kernel keeps addresses of a stack that may move.
	if _, ok := bus.(*sysfs.I2C); ok {
		bus.Close()
		return nil, fmt.Errorf("bus %s: %w: write it as the kernel does, such as i2c-1", name,
			drivers.ErrNoDevice)
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

// notLoaded tells, behind an error, what may be the cause of it.
func notLoaded(failures []string) string {
	if len(failures) == 0 {
		return ""
	}
	return fmt.Sprintf(" (drivers that did not load: %q)", failures)
}
