package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// ZoneID names an area of the site.
type ZoneID string

// OutputID names something that the panel switches.
type OutputID string

// AlarmID names one alarm for its whole life: point, boot and number, such as "smoke1-41-77".
type AlarmID string

// Signal is what an alarm of a point means to people.
type Signal uint8

// The signals. Their order is the order in which the panel shows them, most urgent last.
const (
	Supervisory Signal = iota
	Power
	Water
	Evacuation
	Flood
	CO
	Gas
	Fire
	signals
)

var signalNames = [signals]string{
	"supervisory", "power", "water", "evacuation", "flood", "co", "gas", "fire",
}

// String is the signal as messages and site files write it.
func (s Signal) String() string {
	if s >= signals {
		return "unknown"
	}
	return signalNames[s]
}

// IsLifeSafety tells the signals that people must leave for. They get no long delay for anything.
func (s Signal) IsLifeSafety() bool { return s >= Evacuation && s < signals }

// Signals lists every signal.
func Signals() []Signal {
	all := make([]Signal, signals)
	for i := range all {
		all[i] = Signal(i)
	}
	return all
}

// PointPlan is one point of the site.
type PointPlan struct {
	ID     point.ID
	Name   string // for people, in any language
	Zone   ZoneID
	Signal Signal
	Latch  bool        // the alarm stays until reset
	Spec   detect.Spec // its rule
	Rule   detect.Rule // nil: detect.New(Spec)
	// Manual is a call point: a person has pressed it, so no mode of its zone delays or doubts it.
	Manual bool
	// Precursor is a point that finds what may become a fire, such as a hot cable.
	Precursor bool
	// Devices name the parts that it is read from. Points that share one are no two witnesses of a
	// fire; empty: the point shares none.
	Devices []string
	Pair    point.ID // another point that measures the same here; empty: none
	Life    Life     // how long its sensor can be trusted

	// Derived says how the value is made that no sensor gives; nil: it is read. Its Formula is one
	// of detect.Formulas, whose inputs stand before it in the plan, or one of Indicators.
	Derived *detect.Derivation
	Risk    Risk // its entry in the district's list of risks

	Button ButtonPlan // a button or key switch acts and raises no alarm
}

// ZonePlan is one area of the site.
type ZonePlan struct {
	ID   ZoneID
	Name string
	Mode Mode // what a first signal of an automatic detector does
}

// OutputKind says what an output does, and so which causes drive it unless told otherwise.
type OutputKind uint8

// The kinds of output.
const (
	Sounder OutputKind = iota
	Buzzer
	Strobe
	Lamp
	Valve // on means closed
	Fan
	Relay
	Barrier // on means closed
	outputKinds
)

var outputKindNames = [outputKinds]string{
	"sounder", "buzzer", "strobe", "lamp", "valve", "fan", "relay", "barrier",
}

// String is the kind as site files write it.
func (k OutputKind) String() string {
	if k >= outputKinds {
		return "unknown"
	}
	return outputKindNames[k]
}

// OutputKinds lists every kind of output.
func OutputKinds() []OutputKind {
	all := make([]OutputKind, outputKinds)
	for i := range all {
		all[i] = OutputKind(i)
	}
	return all
}

// IsSafer tells the outputs that on can only make the site safer; the district may switch no other.
func (k OutputKind) IsSafer() bool { return k == Valve || k == Sounder || k == Fan }

// Closes tells the outputs of which on means closed.
func (k OutputKind) Closes() bool { return k == Valve || k == Barrier }

// Sounds tells the outputs that are heard, and so stopped by a silence.
func (k OutputKind) Sounds() bool { return k == Sounder || k == Buzzer }

// OutputPlan is one thing that the panel switches. Zones and Signals narrow what drives it: empty
// means every zone, and the signals that are usual for its kind.
type OutputPlan struct {
	ID      OutputID
	Name    string
	Kind    OutputKind
	Zones   []ZoneID
	Signals []Signal
	Level   detect.Level // the lowest level that drives it; 0: Alarm
	Steady  bool         // on without a pattern: a relay, or a siren with its own tone
	// Hold is how long it stays on after the last alarm that drove it; it is for lamps.
	Hold time.Duration

	// In is the zone in which it hangs. During a gas alarm there a fan, a lamp or a relay that is
	// not Ex stays as it is, because switching it may light the gas. Empty: out of every such zone.
	In ZoneID
	Ex bool // it may switch where there is gas
	// Irreversible says that what it does cannot be undone: it waits for two triggers of a fire,
	// and in a zone of the mode cross for two of anything but a call point, CO and gas. A valve is
	// content with one of a fire where the zone, not of that mode, has no second detector.
	Irreversible bool
	SmokeExhaust bool     // of a fan: it carries smoke out, and runs at two triggers of a fire
	StopOnFire   bool     // of another fan: a fire stops it
	Feedback     point.ID // a point whose contact says that it has done what it was told; or none
}

// Plan is the whole site as the panel needs it. A Plan belongs to the one Panel that it is given
// to, because its rules have a memory.
type Plan struct {
	Points  []PointPlan
	Zones   []ZonePlan
	Outputs []OutputPlan
	// Effects is the cause-and-effect matrix; nil: what is usual for the outputs, see Usual.
	Effects []Effect
	// Resound is how long after a silence the sounders ring again while an alarm stands; 0: 10 min.
	Resound time.Duration
	// Hash names the site file that this plan was made from; it is the Reason of PlanChanged.
	Hash string

	Operators []OperatorPlan // who may act; empty: the site names nobody
	Items     []ItemPlan     // what is checked again and again
	Missing   uint16         // points that the site should have and has not
	Shift     uint8          // people that should be on shift; 0: it is not watched
	// MayNot takes rights away from the district, MaySilence gives it that one.
	MayNot     []Action
	MaySilence bool
}
