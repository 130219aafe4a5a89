package board

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/firepost/firepost/drivers"
)

// Buses lists the buses of the simulated board.
func (b *SimBoard) Buses() (all []drivers.BusInfo, err error) {
	err = b.list(func(kind, name, _ string) {
		if kind == "bus" {
			all = append(all, drivers.BusInfo{Name: name})
		}
	})
	return all, err
}

// Lines lists the lines of the simulated board that have been named.
func (b *SimBoard) Lines() (all []drivers.LineInfo, err error) {
	err = b.list(func(kind, name, way string) {
		if kind != "line" {
			return
		}
		l := drivers.LineInfo{Name: name, Chip: "simulated", Offset: len(all), Output: way == "out"}
		if way != "" {
			l.User = "firepost"
		}
		all = append(all, l)
	})
	return all, err
}

// Find is the line of a name. One that nobody has named yet comes into being when it is opened.
func (b *SimBoard) Find(name string) (drivers.LineInfo, error) {
	all, err := b.Lines()
	if i := slices.IndexFunc(all, func(l drivers.LineInfo) bool { return l.Name == name }); i >= 0 {
		return all[i], err
	}
	return drivers.LineInfo{Name: name, Chip: "simulated"}, err
}

// list asks for all that the board has.
func (b *SimBoard) list(tell func(kind, name, way string)) error {
	conn, err := net.DialTimeout("unix", b.path, simPatience)
	if err != nil {
		return fmt.Errorf("simulated board: %w: %w", drivers.ErrNoDevice, err)
	}
	defer conn.Close()
	body, err := exchange(conn, []byte{opList, simVersion}, simPatience)
	if err != nil {
		return fmt.Errorf("simulated board %s: list: %w", b.path, err)
	}
	for line := range strings.Lines(string(body)) {
		if words := append(strings.Fields(line), ""); len(words) >= 3 {
			tell(words[0], words[1], words[2])
		}
	}
	return nil
}
