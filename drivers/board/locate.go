package board

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/warthog618/go-gpiocdev"
	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpioreg"
)

// place is where a line is: the kernel's name of a chip, and its number there. The global numbers
// of lines are never used: they moved with kernel 6.6.
type place struct {
	chip   string // such as gpiochip0
	offset int
}

func (p place) String() string { return p.chip + ":" + strconv.Itoa(p.offset) }

// locate finds a line by what a person writes.
func (b *HostBoard) locate(name string) (place, error) {
	if i := strings.LastIndexByte(name, ':'); i > 0 {
		offset, err := strconv.ParseUint(name[i+1:], 10, 16)
		if err != nil {
			return place{}, fmt.Errorf("%q is not the number of a line; write it like gpiochip0:17",
				name[i+1:])
		}
		chip, err := findChip(name[:i])
		return place{chip, int(offset)}, err
	}
	found, err := findLine(name)
	if err == nil || !strings.Contains(name, "_") {
		return found, err
	}
	// What is left are positions on headers. The board's driver tells the name of the line there;
	// nothing else is asked of it, because even its reading of a line can turn an output off.
	failures := b.Failures()
	pin := gpioreg.ByName(name)
	if pin == nil {
		return place{}, fmt.Errorf("%w%s", err, notLoaded(failures))
	}
	if alias, ok := pin.(gpio.RealPin); ok {
		pin = alias.Real()
	}
	if pin.Name() == name {
		return place{}, err
	}
	return findLine(pin.Name())
}

// findChip finds a chip by its label, or by its node in /dev.
func findChip(name string) (string, error) {
	if strings.HasPrefix(name, "gpiochip") {
		return name, nil
	}
	var known []string
	var failed error
	for _, node := range gpiocdev.Chips() {
		chip, err := gpiocdev.NewChip(node)
		if err != nil {
			failed = explain(place{chip: node}, err)
			continue
		}
		label := chip.Label
		chip.Close()
		if label == name {
			return node, nil
		}
		known = append(known, fmt.Sprintf("%q", label))
	}
	if failed != nil {
		return "", failed
	}
	return "", fmt.Errorf("no chip has the label %q; there are %s", name, listed(known))
}

// findLine finds a line by its name, which must belong to one line only.
func findLine(name string) (place, error) {
	var found []place
	var nodes []string
	var failed error
	for _, node := range gpiocdev.Chips() {
		chip, err := gpiocdev.NewChip(node)
		if err != nil {
			failed = explain(place{chip: node}, err)
			continue
		}
		if offset, err := chip.FindLine(name); err == nil {
			found = append(found, place{node, offset})
		}
		chip.Close()
		nodes = append(nodes, node)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return place{}, fmt.Errorf("%s and %s both have this name; write one of the two",
			found[0], found[1])
	case failed != nil:
		return place{}, failed
	}
	return place{}, fmt.Errorf("no line has this name on %s; gpioinfo shows the names, "+
		"or write the place, such as gpiochip0:17", listed(nodes))
}

func listed(all []string) string {
	if len(all) == 0 {
		return "this machine, which has no GPIO chip"
	}
	return strings.Join(all, ", ")
}

// told is an error in words for people, whose cause a program can still ask for.
type told struct {
	text  string
	cause error
}

func (t told) Error() string { return t.text }

func (t told) Unwrap() error { return t.cause }

// explain adds to an error of the kernel what to do about it.
func explain(at place, err error) error {
	text := ""
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission), errors.Is(err, gpiocdev.ErrPermissionDenied):
		text = fmt.Sprintf("%s: permission denied; add the user to group gpio", at.chip)
	case errors.Is(err, fs.ErrNotExist):
		text = fmt.Sprintf("%s: there is no such chip; there are %s", at.chip,
			listed(gpiocdev.Chips()))
	case errors.Is(err, gpiocdev.ErrNotCharacterDevice):
		text = fmt.Sprintf("%s: is not a GPIO chip", at.chip)
	case errors.Is(err, gpiocdev.ErrInvalidOffset):
		text = fmt.Sprintf("%s: the chip has no line %d", at.chip, at.offset)
	case errors.Is(err, unix.EBUSY):
		text = fmt.Sprintf("%s: the line is held by %s; free it or choose another one", at,
			holder(at))
	default:
		return fmt.Errorf("%s: %w", at, err)
	}
	return told{text, err}
}

// holder names who uses a line.
func holder(at place) string {
	chip, err := gpiocdev.NewChip(at.chip)
	if err != nil {
		return "another program"
	}
	defer chip.Close()
	info, err := chip.LineInfo(at.offset)
	if err != nil || info.Consumer == "" {
		return "another program"
	}
	return strconv.Quote(info.Consumer)
}
