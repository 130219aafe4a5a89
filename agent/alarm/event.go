package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// OriginKind says where an act came from.
type OriginKind uint8

// The origins. The zero value is the panel acting by itself.
const (
	Auto OriginKind = iota
	Button
	CLI
	Page
	District
	originKinds
)

var originNames = [originKinds]string{"auto", "panel", "cli", "page", "district"}

// String is the origin as messages write it.
func (k OriginKind) String() string {
	if k >= originKinds {
		return "unknown"
	}
	return originNames[k]
}

// Origin says who acted: where from, which operator (0: not known) and at which access level, 1 to
// 3 (0: none, as of Auto).
type Origin struct {
	Kind     OriginKind
	Operator uint8
	Level    uint8
}

// Action is what a command asks for.
type Action uint8

// The actions.
const (
	_ Action = iota
	Acknowledge
	Silence
	Reset
	Disable     // Point, For and Reason are required
	Enable      // Point is required
	Operate     // Output is required; On says which way
	StartTest   // a walk test of Zone, or of all; For: at most 60 min, from afar 10; 0: so long
	EndTest     // of the walk test
	SkipTest    // Point and Reason are required: it is not going to be tried
	ReceiptTest // Point is required: the district has had its alarm, For after it sounded; 0: now
	StartDrill  // of Scenario; For: at most 60 min, 0: 60 min
	EndDrill    // of the drill

	AskDuty // Call is required: a duty check
	Warn    // Call is required: a warning
	Answer  // a call: Matter.ID, or the one that sounds
	Accept  // an incident: Alarm, or the oldest that waits for it
	Arrive
	Judge       // Matter.Verdict is required
	CheckItem   // Matter.ID is required
	OpenHazard  // Matter.Text and Days are required
	CloseHazard // Matter.ID is required
	BeginShift
	EndShift
	SelfTest
	DecideSite // on a site file from afar, or to tell of one: Reason, and Matter.ID of its command
	actions
)

var actionNames = [actions]string{
	"", "acknowledge", "silence", "reset", "disable", "enable", "operate",
	"test_start", "test_end", "test_skip", "test_receipt", "drill_start", "drill_end",
	"duty_check", "warning", "answer", "accept", "arrive", "verdict", "item_done",
	"hazard_open", "hazard_close", "shift_on", "shift_off", "self_test", "site_file",
}

// String is the action as messages and the command line write it.
func (a Action) String() string {
	if a == 0 || a >= actions {
		return "unknown"
	}
	return actionNames[a]
}

// Command asks the panel for an act. Its answer is an event whose Cause is the command's ID.
type Command struct {
	ID       string
	Action   Action
	Point    point.ID // empty: all points the action applies to
	By       Origin
	Deadline point.Instant // not obeyed after it; 0: none
	Output   OutputID      // of Operate
	On       bool          // of Operate: on, or back to what the alarms say
	For      time.Duration // of Disable, a walk test, a drill; of Operate on site: 0: for good
	Reason   string        // of Disable and SkipTest
	Zone     ZoneID        // of StartTest; empty: the whole site
	Scenario *Scenario     // of StartDrill; nil: the usual one

	Call   *Call   // of AskDuty and Warn
	Alarm  AlarmID // of Accept, Arrive and Judge: any alarm of the incident
	Matter Matter  // of what people do about their duties
	Denied string  // why the person could not be identified; refused with it
}

// Why a command was not obeyed: the Reason of a Refused event.
const (
	RefusedExpired      = "expired"       // its deadline has passed
	RefusedNotPermitted = "not_permitted" // not from there, or not at this access level
	RefusedUnsupported  = "unsupported"   // the panel knows no such action
	RefusedUnknownPoint = "unknown_point" // the site has no such point
	RefusedNoReason     = "no_reason"     // a disablement needs one, of at most 256 bytes
	RefusedDuration     = "bad_duration"  // a disablement ends: at most 8 h an order, 24 h together
	RefusedNothing      = "nothing_to_do" // what it asks for is so already
	RefusedRepeated     = "repeated"      // a command with this ID was obeyed before

	RefusedUnknownOutput = "unknown_output" // the site has no such output
	RefusedDriven        = "driven"         // an alarm drives the output: it goes off after a reset
	RefusedInterlock     = "interlock"      // gas: an output that is not Ex may not switch there
	RefusedUnknownZone   = "unknown_zone"   // the site has no such zone
	RefusedAlarm         = "alarm_stands"   // while people are in danger nobody tests or drills
	RefusedBusy          = "busy"           // a walk test, a drill or too many calls are open
	RefusedScenario      = "bad_scenario"   // a drill needs 1 to 32 points that are in service

	RefusedOperator   = "unknown_operator"
	RefusedNoOperator = "no_operator"  // it needs the number of an operator
	RefusedUnnamed    = "no_operators" // the site names nobody, and so has no incidents
	RefusedPIN        = "wrong_pin"
	RefusedUnknown    = "unknown_id" // there is no such call, incident, item or hazard
	RefusedMalformed  = "malformed"  // something that it needs is missing or too long
	RefusedTooEarly   = "too_early"  // of the district; see its words
	RefusedFar        = "at_the_box" // it is done on site alone
)

// Notice is what another room knows about itself: a fault of the catalogue begins or ends.
type Notice struct {
	Fault  detect.FaultCode
	On     bool
	Detail string // for the technician
}

// Kind says what an event tells.
type Kind uint8

// The kinds of event.
const (
	_             Kind = iota
	Started            // the panel began a run
	Raised             // a point reached supervisory, pre-alarm or alarm, or went higher
	Cleared            // its condition ended; a latched alarm is held
	Acknowledged       // a person has seen it
	Silenced           // the sounders were stopped
	Resounded          // the sounders began again by themselves
	ResetDone          // an alarm was reset
	FaultRaised        // a fault is shown
	FaultEnded         // it is gone
	Disabled           // a point was taken out, with reason and expiry
	Enabled            // it is back
	OutputChanged      // the pattern of an output changed
	Refused            // a command was not obeyed; Reason says why
	PlanChanged        // the site file changed
	Operated           // a person or the district switched an output; Pattern is what it plays now
	Confirmed          // an output has done what it was told; For says after how long
	Retried            // it had not, and was told again
	Unverified         // a first signal was not confirmed, and is dropped
	Chattering         // a condition comes and goes; its off-delay is longer from now on
	StandingLong       // an alarm has stood for 24 h
	Reraised           // an alarm that still stands is told, and sounds, once more
	TestStarted        // a walk test began
	Tested             // a point under test was tried; For is from its condition to its alarm
	TestSkipped        // a point under test is not going to be tried; Reason says why
	TestReceived       // the district has had the alarm of a tried point, For after it
	TestEnded          // the walk test is over; Reason says why, For how long it was
	DrillStarted       // a drill began
	DrillEnded         // it is over; Reason says why, For how long it was

	DutyAsked         // a duty check came
	DutyAnswered      // a person answered it; For is how long that took
	DutyMissed        // nobody did in time
	WarningReceived   // a warning came
	WarningSounded    // it was heard: an output plays its tone
	WarningAnswered   // a person answered it; For is how long that took
	WarningUnanswered // nobody did in time
	WarningExpired    // it is no longer valid
	IncidentOpened    // people must deal with an alarm
	IncidentAccepted  // a person has taken it on; For is how long that took, since the alarm
	IncidentArrived   // a person is there; For likewise
	IncidentJudged    // there is a verdict; For likewise
	IncidentOverdue   // a step was not made in time
	IncidentClosed    // verdict given, alarms reset
	ItemDone          // a person has checked an item
	ItemOverdue       // nobody has in time
	HazardOpened
	HazardClosed
	HazardOverdue
	ShiftBegun
	ShiftEnded
	ShiftShort   // too few people for a while
	ShiftFull    // enough again
	AccessRaised // the key switch gives the buttons level 2
	AccessEnded
	SelfTested
	SiteFile     // from afar: Reason is what became of it, Matter.ID the command that brought it
	ClassChanged // of a derived value: Reason is its new class, Matter.ID its entry of the risks
	kinds
)

var kindNames = [kinds]string{
	"", "started", "raised", "cleared", "acknowledged", "silenced", "resounded", "reset", "fault",
	"fault_ended", "disabled", "enabled", "output", "refused", "plan_changed",
	"operated", "confirmed", "retried",
	"unverified", "chattering", "standing", "reraised", "test_started", "tested", "test_skipped",
	"test_received", "test_ended", "drill_started", "drill_ended",
	"duty_asked", "duty_answered", "duty_missed", "warning_received", "warning_sounded",
	"warning_answered", "warning_unanswered", "warning_expired", "incident_opened",
	"incident_accepted", "incident_arrived", "incident_verdict", "incident_overdue",
	"incident_closed", "item_done", "item_overdue", "hazard_opened", "hazard_closed",
	"hazard_overdue", "shift_on", "shift_off", "shift_short", "shift_full",
	"access_raised", "access_ended", "self_tested", "site_file", "class_changed",
}

// String is the kind as messages write it.
func (k Kind) String() string {
	if k == 0 || k >= kinds {
		return "unknown"
	}
	return kindNames[k]
}

// Event is one thing that happened at the panel. Seq is gapless within a run and grows over runs.
type Event struct {
	Seq      uint64
	At       point.Instant
	Kind     Kind
	Alarm    AlarmID // of alarm events
	Zone     ZoneID
	Point    point.ID
	Output   OutputID
	Signal   Signal
	From, To detect.Finding
	Fault    detect.FaultCode // of fault events
	Pattern  Pattern          // of OutputChanged
	By       Origin
	Cause    string        // ID of the command that caused it
	Reason   string        // of a refusal, a disablement or a fault's detail
	For      time.Duration // of Disabled, Operated, tests; of Confirmed, answers: how long it took
	Restored bool          // a raise that a new run repeats after a restart
	Latched  bool          // the alarm stays until reset
	Drill    bool          // it is part of a drill, and nothing burns

	Incident AlarmID // that the alarm belongs to, or that the event is about
	Matter   Matter  // of events about the duties of people
}

// Wish is what one output should do. It is repeated at every step.
type Wish struct {
	Output  OutputID
	Pattern Pattern
	Again   uint8 // another number than before: the pattern begins anew
}

// Input is everything that the panel learns at one step.
type Input struct {
	Readings []point.Reading // oldest first
	Commands []Command       // oldest first
	Notices  []Notice
	Day      Date   // today; 0 while it is not known
	Late     *Saved // what an earlier run left, when a slow disk gives it only now; else nil
}

// Decision is everything that the panel decides at one step. Its slices are valid until the next
// step. Saved is nil when nothing that must survive a restart has changed.
type Decision struct {
	Wishes []Wish
	Events []Event
	Saved  *Saved
}
