package alarm

import (
	"slices"
	"strings"
)

// The states of one point, and what moves it between them, as the alarm model has them in words.
// Beside them a point may be disabled, under test and in fault. A word behind a slash says what the
// condition does while a delay runs.
const (
	sNormal   = "NORMAL"
	sPending  = "PENDING"
	sAlarm    = "ALARM"
	sLeaving  = "ALARM/leaving" // the off-delay runs
	sLatched  = "CLEARED_LATCHED"
	sAgain    = "CLEARED_LATCHED/pending"
	sSecond   = "PENDING2"
	sSecond2  = "PENDING2/leaving"
	sQuiet    = "PENDING2/over"
	sQuiet2   = "PENDING2/over, pending"
	tOn       = "condition true"
	tOff      = "condition false"
	tBad      = "no reading"
	tOnDelay  = "on-delay over"
	tOffDelay = "off-delay over"
	tStood    = "stood for 20 s"
	tWindow   = "60 s over"
	tReset    = "reset"
	tDisable  = "disable"
	tBoot     = "boot"
)

// tableRow is one row of the table: what it says besides is told as events, in that order.
type tableRow struct{ from, trigger, to, says string }

// common are the rows that all points have.
var common = []tableRow{
	{sNormal, tOn, sPending, ""},
	{sPending, tOff, sNormal, "aborted"},
	{sAlarm, tOff, sLeaving, ""},
	{sLeaving, tOn, sAlarm, ""},
	{sLeaving, tBad, sAlarm, ""},
	{sLeaving, tReset, sNormal, "reset"},
	{sPending, tBoot, sNormal, ""},
	{sLeaving, tBoot, sAlarm, ""},
	{sAlarm, tDisable, sAlarm, "reset"},
	{sLeaving, tDisable, sNormal, "reset"},
}

// single are the rows of a point without verification.
var single = []tableRow{
	{sPending, tOnDelay, sAlarm, "raised"},
	{sAlarm, tReset, sAlarm, "reset raised"},
}

// latching are the rows of a point whose alarm stays until reset.
var latching = []tableRow{
	{sLeaving, tOffDelay, sLatched, "cleared"},
	{sLatched, tOn, sAgain, ""},
	{sAgain, tOff, sLatched, "aborted"},
	{sAgain, tOnDelay, sAlarm, "raised"},
	{sLatched, tReset, sNormal, "reset"},
	{sAgain, tReset, sPending, "reset"},
	{sAgain, tBoot, sLatched, ""},
	{sLatched, tDisable, sNormal, "reset"},
	{sAgain, tDisable, sPending, "reset"},
}

// passing are the rows of a point whose alarm ends by itself.
var passing = []tableRow{{sLeaving, tOffDelay, sNormal, "cleared"}}

// verifying are the rows of a point whose first signal waits for a second one.
var verifying = []tableRow{
	{sPending, tOnDelay, sSecond, "raised"},
	{sSecond, tOff, sSecond2, ""},
	{sSecond2, tOn, sSecond, ""},
	{sSecond2, tBad, sSecond, ""},
	{sSecond2, tOffDelay, sQuiet, ""},
	{sQuiet, tOn, sQuiet2, ""},
	{sQuiet2, tOff, sQuiet, "aborted"},
	{sQuiet2, tOnDelay, sAlarm, "raised"},
	{sSecond, tStood, sAlarm, "raised"},
	{sSecond2, tStood, sLeaving, "raised"},
	{sQuiet, tWindow, sNormal, "unverified cleared"},
	{sQuiet2, tWindow, sPending, "unverified cleared"},
	{sAlarm, tReset, sAlarm, "reset raised"},
	{sSecond, tReset, sSecond, "reset raised"},
	{sSecond2, tReset, sNormal, "reset"},
	{sQuiet, tReset, sNormal, "reset"},
	{sQuiet2, tReset, sPending, "reset"},
	{sSecond, tDisable, sAlarm, "reset"},
	{sSecond2, tDisable, sNormal, "reset"},
	{sQuiet, tDisable, sNormal, "reset"},
	{sQuiet2, tDisable, sPending, "reset"},
}

// hidden are the rows of a point that is disabled or under test: it raises nothing, latches nothing
// and waits for nothing.
var hidden = []tableRow{
	{sPending, tOnDelay, sAlarm, ""},
	{sLeaving, tOffDelay, sNormal, ""},
	{sAlarm, tDisable, sAlarm, ""},
	{sLeaving, tDisable, sLeaving, ""},
	{sAlarm, tBoot, sNormal, ""},
	{sLeaving, tBoot, sNormal, ""},
}

// The times of the point that is tried, in seconds.
const (
	onDelay, offDelay     = 2, 3
	faultAfter, faultOver = 3, 10
	stoodFor, waitsFor    = 20, 60
	hour                  = 3600
)

// model is the point as the table has it.
type model struct {
	verify, latch bool

	value, bad bool // what is read
	state      string
	timer      int // seconds of the delay that runs
	waited     int // since PENDING2

	acked, silenced, rings      bool // rings: the silence ends by itself
	disabled, run, under, tried bool // run: a walk test; under: of this point too
	fails, goodFor              int
	good, fault, shown, quiet   bool
	wasFaulty                   bool // when it was raised
	aborted                     int
}

// in tells whether the point is in one of these states.
func (m *model) in(states ...string) bool { return slices.Contains(states, m.state) }

func (m *model) hides() bool { return m.disabled || m.under }

func (m *model) visible() bool { return !m.hides() && !m.in(sNormal, sPending) }

// stands tells whether the condition does, after its delays.
func (m *model) stands() bool { return m.in(sAlarm, sLeaving, sSecond, sSecond2) }

// tables are the rows that hold now, the stronger first.
func (m *model) tables(isHidden bool) [][]tableRow {
	switch {
	case isHidden:
		return [][]tableRow{hidden, common}
	case m.verify:
		return [][]tableRow{verifying, latching, common}
	case m.latch:
		return [][]tableRow{single, latching, common}
	}
	return [][]tableRow{single, passing, common}
}

// move looks a trigger up in the table, and does what it says.
func (m *model) move(trigger string, isHidden bool) (says []string) {
	for _, table := range m.tables(isHidden) {
		for _, r := range table {
			if r.from != m.state || r.trigger != trigger {
				continue
			}
			if trigger == tOn || trigger == tOff {
				m.timer = 0
			}
			switch {
			case r.to == sSecond && trigger == tOnDelay:
				m.waited = 0
			case r.to == sSecond && trigger == tReset:
				m.waited = -1 // the second of this very step is still to come
			}
			m.state = r.to
			if r.says == "aborted" {
				m.aborted++
				return nil
			}
			if r.says != "" && r.says != "cleared" || m.in(sNormal, sPending) {
				m.acked, m.silenced, m.rings = false, false, false
			}
			return strings.Fields(r.says)
		}
	}
	return nil
}

// order is what the panel says to a command.
func (m *model) order(name string) (says []string) {
	refused := []string{"refused"}
	switch name {
	case "acknowledge":
		if !m.visible() || m.acked {
			return refused
		}
		m.acked = true
		return []string{"acknowledged"}
	case "silence":
		sounds := m.visible() && !m.silenced
		if !sounds && (!m.shown || m.quiet) {
			return refused
		}
		m.silenced, m.rings = m.silenced || sounds, m.rings || sounds
		m.quiet = m.quiet || m.shown
		return []string{"silenced"}
	case "reset":
		if !m.visible() {
			return refused
		}
		return m.move(tReset, false)
	case "disable":
		says = m.move(tDisable, m.hides())
		if m.shown {
			says = append(says, "fault_ended")
		}
		m.disabled, m.shown, m.quiet = true, false, false
		return append(says, "disabled")
	case "enable":
		if !m.disabled {
			return refused
		}
		m.disabled = false
		return []string{"enabled"}
	case "test":
		if m.run || m.visible() {
			return refused
		}
		m.run, m.under, m.tried = true, !m.disabled, false
		return []string{"test_started"}
	case "end test":
		if !m.run {
			return refused
		}
		if m.under && m.in(sLeaving, sSecond2) {
			m.state = sNormal // what was tried is over
		}
		m.run, m.under = false, false
		return []string{"test_ended"}
	}
	return nil
}

// boot starts a new run: what was visible is restored, everything else is seen anew.
func (m *model) boot() (says []string) {
	says = []string{"started"}
	m.fault = m.visible() && m.stands() && m.wasFaulty
	if m.visible() {
		says = append(says, "raised")
		m.move(tBoot, false)
	} else {
		m.state = sNormal
	}
	m.fails, m.good, m.shown, m.quiet, m.aborted = 0, false, false, false, 0
	return says
}

// read lets seconds pass and then reads the point.
func (m *model) read(seconds int, isHidden bool) (says []string) {
	m.timer, m.waited, m.goodFor = m.timer+seconds, m.waited+seconds, m.goodFor+seconds
	m.fault = m.fault && !(m.good && m.goodFor >= faultOver)
	switch {
	case m.in(sPending, sAgain, sQuiet2) && m.timer >= onDelay:
		says = m.move(tOnDelay, isHidden)
	case m.in(sLeaving, sSecond2) && m.timer >= offDelay && !m.fault:
		says = m.move(tOffDelay, isHidden)
	}
	trigger := tOff
	switch {
	case m.bad:
		trigger, m.good, m.fails = tBad, false, min(m.fails+1, faultAfter)
	case m.value:
		trigger = tOn
	}
	says = append(says, m.move(trigger, isHidden)...)
	if !m.bad {
		if !m.good {
			m.goodFor = 0
		}
		m.good, m.fails = true, 0
	}
	m.fault = m.fault || m.fails == faultAfter
	switch {
	case isHidden:
	case m.in(sSecond, sSecond2) && m.waited >= stoodFor:
		says = append(says, m.move(tStood, false)...)
	case m.in(sQuiet, sQuiet2) && m.waited >= waitsFor:
		says = append(says, m.move(tWindow, false)...)
	}
	return says
}

// back tells what a point finds that comes back into service.
func (m *model) back() []string {
	if !m.stands() {
		return nil
	}
	if m.verify {
		m.waited = 0
		m.state = map[string]string{sAlarm: sSecond, sLeaving: sSecond2}[m.state]
	}
	m.acked, m.silenced, m.rings = false, false, false
	return []string{"raised"}
}

// step is what the panel tells in one step, in its order.
func (m *model) step(name string, seconds int) (says []string) {
	wasHidden := m.hides()
	switch name {
	case "true", "false":
		m.value = name == "true"
	case "bad", "good":
		m.bad = name == "bad"
	case "restart":
		says = m.boot()
	}
	says = append(says, m.order(name)...)
	if seconds == hour && m.disabled {
		m.disabled = false
		says = append(says, "enabled")
	}
	heard := m.read(seconds, wasHidden || m.hides())
	over := m.run && (seconds == hour || !m.hides() && m.stands())
	if over {
		m.run, m.under = false, false
		says = append(says, "test_ended")
	}
	if wasHidden && !m.hides() {
		heard = append(heard, m.back()...)
	}
	if m.under && !m.disabled && m.stands() && !m.tried {
		m.tried = true
		heard = append(heard, "tested")
	}
	if says = append(says, heard...); slices.Contains(says, "raised") && name != "restart" {
		m.wasFaulty = m.fault
	}
	return append(says, m.end(seconds)...)
}

// end tells of the fault, and lets a silence end.
func (m *model) end(seconds int) (says []string) {
	want := m.fault && !m.disabled
	if want != m.shown {
		says = append(says, map[bool]string{true: "fault", false: "fault_ended"}[want])
		m.shown, m.quiet = want, false
	}
	if m.rings && seconds == hour {
		if m.visible() && m.in(sAlarm, sLeaving) {
			m.silenced = false
			says = append(says, "resounded")
		}
		m.rings = false
	}
	return says
}

// key is what of a model decides about its future.
func (m model) key() model {
	m.timer, m.waited = min(m.timer, offDelay), min(m.waited, waitsFor)
	m.goodFor = min(m.goodFor, faultOver)
	if !m.in(sSecond, sSecond2, sQuiet, sQuiet2) {
		m.waited = 0
	}
	m.aborted = 0
	return m
}
