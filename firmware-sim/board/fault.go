package board

import (
	"fmt"
	"slices"
	"time"
)

// Kind names one way in which a bus or a line fails.
type Kind string

// The ways in which buses and lines fail. Kinds says what each does, and to what.
const (
	Hang      Kind = "hang"
	Gone      Kind = "gone"
	StuckLow  Kind = "stuck_low"
	Short     Kind = "short"
	Shifted   Kind = "shifted"
	SlowNack  Kind = "slow_nack"
	NackENXIO Kind = "nack_enxio"
	RailOff   Kind = "rail_off"
	Held      Kind = "held"
	ReadError Kind = "read_error"
	Stuck     Kind = "stuck"
	Bounce    Kind = "bounce"
	Storm     Kind = "storm"
	NoEdges   Kind = "no_edges"
	Glitch    Kind = "glitch"
	Floating  Kind = "floating"
	Inverted  Kind = "inverted"
	SetError  Kind = "set_error"
	Welded    Kind = "welded"
)

// Place is what a fault strikes.
type Place uint8

// The places. They can be combined.
const (
	OnBus Place = 1 << iota
	OnInput
	OnOutput
)

// KindInfo is one row of the table of faults.
type KindInfo struct {
	Kind Kind
	On   Place
	Does string
}

var kinds = []KindInfo{
	{Hang, OnBus | OnInput | OnOutput,
		"an access never comes back, until it is healed or until what was opened is closed"},
	{Gone, OnBus | OnInput | OnOutput, "it is gone from the board: every access fails at once"},
	{StuckLow, OnBus, "a wire is held low: a transfer gives up after a second"},
	{Short, OnBus, "a transfer ends after half of the bytes it should read"},
	{Shifted, OnBus, "what is read has lost its first bit, as from a controller that samples a " +
		"stretched clock too early"},
	{SlowNack, OnBus, "nothing acknowledges, and its controller takes 365 ms to notice, as an i.MX6"},
	{NackENXIO, OnBus, "nothing acknowledges, and its controller calls that ENXIO, as an Allwinner"},
	{RailOff, OnBus, "the supply of all parts on it is off; healed, they are as after power-up"},
	{Held, OnInput | OnOutput, "another process has the line: it cannot be opened"},
	{ReadError, OnInput | OnOutput, "its level cannot be read"},
	{Stuck, OnInput, "it has the level High or Low, whatever drives it"},
	{Bounce, OnInput, "each change comes several times, milliseconds apart"},
	{Storm, OnInput, "its level changes every millisecond"},
	{NoEdges, OnInput, "it has no interrupts: a wait returns without edges after 20 ms at most"},
	{Glitch, OnInput, "ten times a second it has the other level for a millisecond"},
	{Floating, OnInput, "its wire is cut: its pull decides, and without one it is Low"},
	{Inverted, OnInput, "it has the other level than the one it is driven to"},
	{SetError, OnOutput, "it cannot be set"},
	{Welded, OnOutput, "it carries the level High or Low, whatever is set"},
}

// Kinds is the table of faults.
func Kinds() []KindInfo { return slices.Clone(kinds) }

// Fault is one fault of a bus or a line. A bus or line has one at a time: the last counts.
type Fault struct {
	Kind   Kind
	High   bool          // of Stuck and Welded
	Nth    int           // of a bus: it strikes on every nth transfer; 0: on each
	Takes  time.Duration // of StuckLow, until a transfer gives up; 0: 1 s
	Period time.Duration // of Bounce, Storm and Glitch; 0: 1 ms
	Times  int           // of Bounce: so much more often
}

func (f Fault) check(name string, on Place) error {
	for _, info := range kinds {
		if info.Kind == f.Kind && info.On&on != 0 {
			return nil
		}
	}
	return fmt.Errorf("%s: no fault %q there", name, f.Kind)
}
