package wire

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// The names of commands that are no act of the panel. Every other name is that of an alarm.Action.
const (
	CmdRead     = "read"     // the values of points, now
	CmdSnapshot = "snapshot" // up/active once more
	CmdResend   = "resend"   // records that have not come
	CmdSite     = "site"     // another site file
)

// notActs are the names of commands that are no act of the panel.
var notActs = []string{CmdRead, CmdSnapshot, CmdResend, CmdSite}

// ErrUnsupported is returned for a command whose name says nothing to this program.
var ErrUnsupported = errors.New("unsupported")

const (
	maxRead    = 32                    // points that are read by one command
	longestFor = 31 * 24 * time.Hour   // of any time in args
	maxNumber  = 9_999_999_999_999_999 // of a record: 16 digits
	hexDigits  = "0123456789abcdef"
)

// Order is what a command asks for.
type Order struct {
	// Act is for the panel, without origin and deadline. Its Action is 0 when the panel is not
	// asked; then the command is one of those above.
	Act     alarm.Command
	Points  []point.ID // of CmdRead
	Numbers Numbers    // of CmdResend
	Site    *SiteFile  // of CmdSite
}

// Numbers are a run of numbers of one lane, both ends included.
type Numbers struct {
	Epoch    string
	Lane     string // "a", "e" or "t"
	From, To uint64
}

// SiteFile is a site file that the district offers.
type SiteFile struct {
	Base string // hash of the local file that it is based on
	File string // its text
	Sig  string // of minisign, as the tool writes it
}

// Order reads name and args. Whether the panel may and can obey is for the panel to say: only form
// and size are looked at here. It fails with ErrUnsupported or ErrMalformed.
func (c Command) Order() (Order, error) {
	o := Order{Act: alarm.Command{ID: c.ID, Action: actionOf(c.Name)}}
	if o.Act.Action == 0 && !slices.Contains(notActs, c.Name) {
		return Order{}, fmt.Errorf("down/cmd %s: name %s: %w", c.ID, c.Name, ErrUnsupported)
	}
	var a args
	if len(c.Args) > 0 {
		if err := decode(c.Args, &a); err != nil {
			return Order{}, fmt.Errorf("down/cmd %s: args: %w", c.ID, err)
		}
	}
	if err := a.check(c.Name, o.Act.Action); err != nil {
		return Order{}, fmt.Errorf("down/cmd %s: args: %w", c.ID, err)
	}
	a.fill(&o, c)
	return o, nil
}

// args are the arguments of every command; each uses some.
type args struct {
	Point  point.ID       `json:"point"`
	Points []point.ID     `json:"points"` // of a drill and of a reading
	Output alarm.OutputID `json:"output"`
	On     *bool          `json:"on"`
	Zone   alarm.ZoneID   `json:"zone"`
	For    int64          `json:"for"` // s
	Reason string         `json:"reason"`
	ID     string         `json:"id"` // of a call; empty: that of the command
	Colour string         `json:"colour"`
	Text   string         `json:"text"`
	Within int64          `json:"within"` // s, to answer in
	Epoch  string         `json:"epoch"`  // of CmdResend, as all that follow
	Lane   string         `json:"lane"`
	From   uint64         `json:"from"`
	To     uint64         `json:"to"`
	Base   string         `json:"base"` // of a site file, as the two that follow
	File   string         `json:"file"`
	Sig    string         `json:"sig"`
}

func (a *args) check(name string, act alarm.Action) error {
	for _, text := range []string{string(a.Point), string(a.Output), string(a.Zone), a.ID} {
		if len(text) > maxName {
			return fmt.Errorf("a name of %d bytes: %w", len(text), ErrMalformed)
		}
	}
	for _, p := range a.Points {
		if len(p) > maxName {
			return fmt.Errorf("a point of %d bytes: %w", len(p), ErrMalformed)
		}
	}
	most := int64(longestFor / time.Second)
	switch {
	case a.For < 0 || a.For > most || a.Within < 0 || a.Within > most:
		return fmt.Errorf("a time below 0 or above %v: %w", longestFor, ErrMalformed)
	case name == CmdRead && (len(a.Points) == 0 || len(a.Points) > maxRead):
		return fmt.Errorf("%d points, 1 to %d can be read: %w", len(a.Points), maxRead, ErrMalformed)
	case name == CmdResend && (len(a.Epoch) != 8 || strings.Trim(a.Epoch, hexDigits) != ""):
		return fmt.Errorf("epoch %.20q, want 8 hexadecimal digits: %w", a.Epoch, ErrMalformed)
	case name == CmdResend && (len(a.Lane) != 1 || !strings.Contains("aet", a.Lane)):
		return fmt.Errorf("lane %.20q, want a, e or t: %w", a.Lane, ErrMalformed)
	case name == CmdResend && (a.From == 0 || a.From > a.To || a.To > maxNumber):
		return fmt.Errorf("from %d to %d: %w", a.From, a.To, ErrMalformed)
	case name == CmdSite && (a.Base == "" || a.File == "" || a.Sig == ""):
		return fmt.Errorf("base, file and sig are needed: %w", ErrMalformed)
	case act == alarm.Operate && (a.On == nil || a.Output == ""):
		return fmt.Errorf("output and on are needed: %w", ErrMalformed)
	}
	return nil
}

func (a *args) fill(o *Order, c Command) {
	act := &o.Act
	act.Point, act.Output, act.Zone, act.Reason = a.Point, a.Output, a.Zone, a.Reason
	act.On = a.On != nil && *a.On
	act.For = time.Duration(a.For) * time.Second
	switch act.Action {
	case 0:
		o.Points = a.Points
		if c.Name == CmdResend {
			o.Numbers = Numbers{a.Epoch, a.Lane, a.From, a.To}
		}
		if c.Name == CmdSite {
			o.Site = &SiteFile{Base: a.Base, File: a.File, Sig: a.Sig}
		}
	case alarm.StartDrill:
		if len(a.Points) > 0 {
			act.Scenario = &alarm.Scenario{Points: a.Points}
		}
	case alarm.AskDuty, alarm.Warn:
		act.Call = &alarm.Call{
			ID: a.ID, Text: a.Text, Colour: colourOf(a.Colour),
			Limit: time.Duration(a.Within) * time.Second,
		}
		if a.ID == "" {
			act.Call.ID = c.ID
		}
	}
}

// actionOf is the action of that name; 0: there is none.
func actionOf(name string) alarm.Action {
	for a := alarm.Action(1); a.String() != "unknown"; a++ {
		if a.String() == name {
			return a
		}
	}
	return 0
}

// colourOf is the colour of that name. A name that is none gives one that the panel refuses: a
// warning must not become a duty check.
func colourOf(name string) alarm.Colour {
	c := alarm.Colour(0)
	for c.String() != "unknown" && c.String() != name {
		c++
	}
	return c
}
