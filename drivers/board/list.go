package board

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/warthog618/go-gpiocdev"

	"github.com/firepost/firepost/drivers"
)

// Buses lists the I²C buses of the machine, in the order of their numbers. It
// opens each for a moment and transfers nothing.
func (b *HostBoard) Buses() ([]drivers.BusInfo, error) { return listBuses(adapterTree, "/dev") }

func listBuses(root, dev string) ([]drivers.BusInfo, error) {
	links, err := filepath.Glob(filepath.Join(root, "i2c-*"))
	if err != nil {
		return nil, err
	}
	var all []drivers.BusInfo
	numbers := map[string]int{}
	for _, link := range links {
		name := filepath.Base(link)
		number, err := strconv.Atoi(strings.TrimPrefix(name, "i2c-"))
		if err != nil {
			continue // a part, not a bus
		}
		numbers[name] = number
		bus := drivers.BusInfo{Name: name, Taken: taken(root, number)}
		for _, other := range busNames(link) {
			if strings.HasPrefix(other, "/") {
				bus.Tree = other
			} else {
				bus.Adapter = other
			}
		}
		if f, err := os.OpenFile(filepath.Join(dev, name), os.O_RDWR, 0); err != nil {
			bus.Err = whyNot(dev, name, err)
		} else {
			f.Close()
		}
		all = append(all, bus)
	}
	slices.SortFunc(all, func(x, y drivers.BusInfo) int { return numbers[x.Name] - numbers[y.Name] })
	return all, nil
}

// whyNot says what to do about a node that does not open.
func whyNot(dev, name string, err error) string {
	node := filepath.Join(dev, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("%s is missing; run sudo modprobe i2c-dev", node)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("%s: permission denied; use sudo, or add the user to group i2c", node)
	}
	return err.Error()
}

// taken are the addresses of a bus that drivers of the kernel have.
func taken(root string, bus int) map[uint16]string {
	parts, _ := filepath.Glob(filepath.Join(root, fmt.Sprintf("%d-*", bus))) // the pattern is good
	all := map[uint16]string{}
	for _, part := range parts {
		_, text, _ := strings.Cut(filepath.Base(part), "-")
		addr, err := strconv.ParseUint(text, 16, 16)
		driver, unbound := os.Readlink(filepath.Join(part, "driver"))
		if err == nil && unbound == nil {
			all[uint16(addr)] = filepath.Base(driver)
		}
	}
	return all
}

// Lines lists the lines of the machine, chip by chip. It requests none, and so changes none.
func (b *HostBoard) Lines() ([]drivers.LineInfo, error) {
	var all []drivers.LineInfo
	var failed error
	for _, node := range gpiocdev.Chips() {
		chip, err := gpiocdev.NewChip(node)
		if err != nil {
			failed = errors.Join(failed, explain(place{chip: node}, err))
			continue
		}
		for offset := range chip.Lines() {
			info, err := chip.LineInfo(offset)
			if err != nil {
				failed = errors.Join(failed, explain(place{node, offset}, err))
				break
			}
			line := drivers.LineInfo{
				Chip: node, Label: chip.Label, Offset: offset, Name: info.Name, User: info.Consumer,
				Output: info.Config.Direction == gpiocdev.LineDirectionOutput,
			}
			if info.Used && line.User == "" {
				line.User = "the kernel"
			}
			all = append(all, line)
		}
		chip.Close()
	}
	return all, failed
}

// Find is the line of a name, as Line takes it.
func (b *HostBoard) Find(name string) (drivers.LineInfo, error) {
	at, err := b.locate(name)
	if err != nil {
		return drivers.LineInfo{}, err
	}
	all, err := b.Lines()
	for _, l := range all {
		if l.Chip == at.chip && l.Offset == at.offset {
			return l, nil
		}
	}
	return drivers.LineInfo{}, errors.Join(err, fmt.Errorf("%s: the chip has no line %d", at.chip,
		at.offset))
}
