package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/district"
)

// story tells the demonstration as it happens and remembers its moments. Its methods may be called
// from any goroutine. Times are seconds since the fire began, in the time of the recording.
type story struct {
	mu    sync.Mutex
	out   io.Writer
	at    func(time.Time) time.Duration // since the fire began
	color bool
	quiet bool

	alarmAt, sirenAt, districtAt moment
	sirenTold                    bool
	cut, mended, over            bool
	held                         waiting           // as it was told last
	waited                       uint64            // records that waited when the line came back
	tail                         map[string]uint64 // last numbers given out when the line came back
	forwarded                    uint64            // records up to tail that came since
	came                         map[string]bool   // ids of the messages counted in forwarded
}

// moment is a time that may not have come.
type moment struct {
	at  time.Duration
	set bool
}

func (m *moment) mark(at time.Duration) bool {
	if m.set {
		return false
	}
	m.at, m.set = at, true
	return true
}

// The colours of a terminal.
const (
	plain  = ""
	red    = "\x1b[1;31m"
	yellow = "\x1b[33m"
	green  = "\x1b[32m"
	dim    = "\x1b[2m"
	ending = "\x1b[0m"
)

func (s *story) now() time.Duration { return s.at(time.Now()) }

// say prints one line: when, what, and the words for it.
func (s *story) say(color, what, format string, args ...any) {
	s.sayAt(s.now(), color, what, format, args...)
}

// sayAt prints one line about a moment that is just over.
func (s *story) sayAt(at time.Duration, color, what, format string, args ...any) {
	if s.quiet || s.over {
		return
	}
	words := strings.TrimSpace(fmt.Sprintf(format, args...))
	line := fmt.Sprintf("%8s  %-11s %s", clock(at), what, words)
	if s.color && color != plain {
		line = color + line + ending
	}
	fmt.Fprintln(s.out, line)
}

// clock writes a moment as minutes and seconds before or after the fire began.
func clock(at time.Duration) string {
	tenths := at.Round(100*time.Millisecond).Milliseconds() / 100
	sign := "+"
	if tenths < 0 {
		sign, tenths = "-", -tenths
	}
	return fmt.Sprintf("%s%d:%02d.%d", sign, tenths/600, tenths/10%60, tenths%10)
}

// tell prints one line under the lock.
func (s *story) tell(color, what, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.say(color, what, format, args...)
}

// mark changes the story under its lock.
func (s *story) mark(change func(*story)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// ask reads the story under its lock.
func (s *story) ask(question func() bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return question()
}

// event is the agent's hook.
func (s *story) event(e alarm.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.Kind {
	case alarm.Raised:
		s.raised(e)
	case alarm.FaultRaised:
		s.say(yellow, "fault", "%s %s", alarm.Fault(e.Fault).Says.En, e.Point)
	case alarm.FaultEnded:
		s.say(green, "fault over", "%s %s", alarm.Fault(e.Fault).Says.En, e.Point)
	case alarm.Silenced, alarm.Acknowledged, alarm.ResetDone, alarm.Resounded, alarm.Refused:
		s.say(plain, e.Kind.String(), "%s %s", e.Point, e.Reason)
	}
}

func (s *story) raised(e alarm.Event) {
	why := evidence(e.To)
	if e.To.Level < detect.Alarm {
		s.say(yellow, "PRE-ALARM", "%s: %s", e.Point, why)
		return
	}
	if e.Signal == alarm.Fire {
		at := s.now()
		if s.sirenAt.set {
			at = min(at, s.sirenAt.at) // The siren is quicker than this story.
		}
		s.alarmAt.mark(at)
	}
	s.say(red, "ALARM", "%s: %s: %s", strings.ToUpper(e.Signal.String()), e.Point, why)
	s.sayOnce(&s.sirenTold, s.sirenAt.set)
}

// sayOnce tells of the siren after the alarm that it belongs to.
func (s *story) sayOnce(told *bool, due bool) {
	if due && !*told {
		*told = true
		s.say(red, "SIREN ON", "its line %s went high", sirenLine)
	}
}

func evidence(f detect.Finding) string {
	w := f.Why[0]
	if w.Quantity == drivers.Contact {
		return "pressed"
	}
	return fmt.Sprintf("%s %s, limit %s", w.Quantity, w.Quantity.Text(w.Value),
		w.Quantity.Text(w.Limit))
}

// siren is told of each change of the siren's line.
func (s *story) siren(c board.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.High {
		s.sirenAt.mark(s.now())
		s.sayOnce(&s.sirenTold, s.alarmAt.set)
	}
}

// message is what the story needs of a message: its envelope, or a birth or death.
type message struct {
	ID   string `json:"id"`
	Sent string `json:"sent"`
	Data struct {
		AID   string `json:"aid"`
		State string `json:"state"`
		Point string `json:"point"`
		Kind  string `json:"kind"`
	} `json:"data"`
	Online bool              `json:"online"`
	Last   map[string]uint64 `json:"last"`
	Pend   wire.Pending      `json:"pend"`
}

// heard is told of each message that reached the district.
func (s *story) heard(m district.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var e message
	switch m.Leaf {
	case wire.UpState:
		if json.Unmarshal(m.Payload, &e) == nil {
			s.state(&e, m.Retained)
		}
	case wire.UpAlarm:
		if json.Unmarshal(m.Payload, &e) == nil && m.New && e.Data.AID != "" {
			s.alarm(&e)
		}
	}
	s.count(m)
}

// alarm tells when a message about an alarm was handed to the line, as the message itself says, and
// that it has come.
func (s *story) alarm(e *message) {
	now, what := s.now(), e.Data.State
	switch what {
	case "raised":
		what = "alarm"
	case "prealarm":
		what = "pre-alarm"
	}
	if sent, err := time.Parse(time.RFC3339, e.Sent); err == nil {
		s.sayAt(min(s.at(sent), now), plain, "sent", "%s of %s, as %s", what, e.Data.Point, e.ID)
	}
	s.sayAt(now, green, "district", "received %s of %s", what, e.Data.Point)
	if e.Data.State == "raised" && e.Data.Kind == alarm.Fire.String() {
		s.districtAt.mark(now)
	}
}

// state follows births and deaths.
func (s *story) state(e *message, retained bool) {
	switch {
	case !e.Online && !retained:
		s.say(yellow, "district", "sees the station go offline (its will)")
	case e.Online && s.mended && s.tail == nil:
		w := waiting(e.Pend)
		s.waited, s.tail, s.came = w.all(), e.Last, map[string]bool{}
		s.say(green, "line back", "%s", w)
	case e.Online && !s.cut:
		s.say(green, "line up", "the station is online at the district")
	}
}

// count adds what came late: records with numbers that were given out while the line was away. One
// whose receipt the cut has swallowed comes again and is no less forwarded.
func (s *story) count(m district.Message) {
	if s.tail == nil {
		return
	}
	id, lane, first, n, ok := runOf(m.Payload)
	if ok && first <= s.tail[lane] && !s.came[id] {
		s.came[id] = true
		s.forwarded += min(n, s.tail[lane]-first+1)
	}
}

// runOf reads which numbers a message carries from its id, epoch-lane-first-n.
func runOf(payload []byte) (id, lane string, first, n uint64, ok bool) {
	var e struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(payload, &e) != nil {
		return "", "", 0, 0, false
	}
	part := strings.Split(e.ID, "-")
	if len(part) != 4 {
		return "", "", 0, 0, false
	}
	_, err := fmt.Sscan(part[2]+" "+part[3], &first, &n)
	return e.ID, part[1], first, n, err == nil && n > 0
}
