package drivers

import "fmt"

// BusInfo is a bus of a board, as whoever looks for one sees it.
type BusInfo struct {
	// Name is as i2c-1, Adapter the kernel's name of it, and Tree its path in the device tree, which
	// stays when numbers change. The last two may be empty.
	Name    string `json:"name"`
	Adapter string `json:"adapter,omitempty"`
	Tree    string `json:"tree,omitempty"`
	// Taken are the addresses that drivers of the kernel have, with their names.
	Taken map[uint16]string `json:"-"`
	// Err is why it cannot be opened; empty: it can, or nobody has tried.
	Err string `json:"err,omitempty"`
}

// LineInfo is a line of a board.
type LineInfo struct {
	// Chip is the kernel's name of its chip, and Label the one that stays.
	Chip   string `json:"chip"`
	Label  string `json:"label,omitempty"`
	Offset int    `json:"offset"`
	Name   string `json:"name,omitempty"`
	User   string `json:"user,omitempty"` // who has it; empty: nobody
	Output bool   `json:"output"`
}

// Place is how a site file writes the line: its name, or the label of its chip and its number.
func (l LineInfo) Place() string {
	if l.Name != "" {
		return l.Name
	}
	if l.Label == "" {
		return fmt.Sprintf("%s:%d", l.Chip, l.Offset)
	}
	return fmt.Sprintf("%s:%d", l.Label, l.Offset)
}
