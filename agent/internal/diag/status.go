// Package diag shows the state of the agent: a page for people, JSON and metrics for programs. It
// only reads a Status that somebody else has made; no request waits for the panel or makes it wait.
package diag

import (
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// Status is the state of the whole agent at one moment. It never changes once it is made.
type Status struct {
	Made  time.Time     // when it was put together; an old Status is never shown as a good one
	Now   point.Instant // the agent's own time then; a Panel that is much older has stopped
	Panel *alarm.Snapshot
	Zones []alarm.ZonePlan
	Items []alarm.ItemPlan // that are checked again and again

	Site     Site
	Guard    Guard
	Buses    []Bus
	Outbox   Outbox
	Link     Link
	Clock    Clock
	Identity Identity
	Face     Face
	Build    Build
	Sim      bool // the board is simulated, and every face says so
}

// Site is which site file is in use.
type Site struct {
	ID, Name string
	Hash     string
	Rejected string // why a newer file is not in use; empty: there is none
	From     string // local, pushed, trial or good; empty: not known yet
	Offer    *SiteOffer
}

// SiteOffer is a site file of the district that waits for a person or is on trial.
type SiteOffer struct {
	ID      string
	Hash    string // of its text
	Trial   bool
	Weakens []alarm.Text // what protects people less
}

// Guard is how the safety loop is doing.
type Guard struct {
	Steps       uint64
	StepMax     time.Duration // the longest step
	GapMax      time.Duration // the longest time between two steps
	Refused     uint64        // commands that found their queue full
	NoticesLost uint64
	LinesLost   uint64 // of the log
	Restarts    uint64 // parts of the program that failed and were started again
	Outputs     []Output
}

// Output is how an output is doing.
type Output struct {
	ID     alarm.OutputID
	On     bool
	Sets   uint64
	SetMax time.Duration
	Err    string // empty: it obeys
}

// Bus is how a bus or a line with sensors is doing.
type Bus struct {
	Name    string
	Polled  bool // a contact whose line has no interrupts: it is asked every 20 ms
	Reads   uint64
	Errors  uint64
	Busy    time.Duration // how long the access under way has lasted; 0: none
	Late    []Late        // conversions by how late they began
	LateMax time.Duration // how late one began at most
}

// Late counts conversions that began at most Within later than planned, and later than the Within
// of the entry before. Within 0 stands for all the rest.
type Late struct {
	Within time.Duration
	Count  uint64
}

// Outbox is what waits for the district.
type Outbox struct {
	Lanes        []Lane
	WrittenBytes uint64
	Commits      uint64
	Err          string // what the disk said last; empty: it works
	MemoryOnly   bool
}

// Lane is one lane of the outbox and of the line.
type Lane struct {
	Name            string // a, e, t
	Held            uint64
	HeldBytes       int64
	Oldest          time.Time // of what is held; zero: nothing is, or not known
	Dropped         uint64
	Sent, Confirmed uint64 // messages
}

// Link is the line to the district.
type Link struct {
	Broker    string // empty: there is none to connect to
	Connected bool
	Since     time.Time // of the connection or its loss; zero: never connected
	Tries     uint32
	Class     string // of the last failure
	Err       string
	InFlight  int
	RoundTrip time.Duration
	Resent    uint64
	Received  uint64
	Malformed uint64
	Dropped   uint64
	Given     uint64 // records given up, each declared as a gap
}

// Clock is what the agent thinks of the time.
type Clock struct {
	Now     time.Time // in the zone of the site; zero: not known
	Quality string
	Error   time.Duration // how wrong it may be
}

// Identity is who the box is.
type Identity struct {
	State   string // a word of provisioning.State, or unenrolled, enrolled
	Device  string
	Tenant  string
	Expires time.Time  // of the certificate; zero: there is none
	Err     string     // what is wrong; empty: nothing
	Why     alarm.Text // the same with its E-code, for people; empty: Err is all there is
}

// Face is where people reach the page.
type Face struct {
	URL         string   // empty: nowhere
	Open        bool     // everybody who reaches it may read
	Fingerprint [32]byte // SHA-256 of its certificate, as browsers show it; zero: it needs none
}

// Build is which program runs.
type Build struct {
	Version string
	Go      string
	Arch    string
}

// The bounds beyond which what is shown would be a memory and not the state.
const (
	oldStatus = 10 * time.Second
	oldPanel  = 3 * time.Second
)

// alive tells whether the panel was at work when s was made, and s is fresh at now.
func (s *Status) alive(now time.Time) bool {
	return s != nil && s.Panel != nil && now.Sub(s.Made) < oldStatus &&
		s.Now.Sub(s.Panel.At) < oldPanel
}
