package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Whatever a person on duty has to do is done by clicking, in both languages, on the screen of a
// duty room and on that of a phone.
func (c *cast) everyTask(t *testing.T, f face) {
	s := &story{newTab(t, c.browser, f), newStation(t, c.programs, true)}
	s.fire()
	s.language()
	s.calm()
	s.points()
	s.walkTest()
	s.outputs()
	s.checklist()
	s.duty()
	s.events()
	s.leave()
}

// act presses the button of an order and waits until the page says that it was done.
func (s *story) act(action string) {
	s.t.Helper()
	s.press(fmt.Sprintf("form.order[data-action=%s]", action))
	s.done(action)
}

// press presses the button of a form.
func (s *story) press(form string) {
	s.t.Helper()
	clear := "document.querySelector('#answer').textContent = ''"
	if _, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](clear)); err != nil {
		s.t.Fatal(err)
	}
	s.click(form + " button:not([type])")
}

// done waits for what came of an order, and puts it away: on a phone it lies over the page.
func (s *story) done(action string) {
	s.t.Helper()
	s.holds("the answer to "+action, `document.querySelector('#answer').innerText.trim() != ''`)
	if said := s.text("#answer"); !strings.HasPrefix(said, "✓") {
		s.t.Errorf("%v: %s: the page says %q", s.face, action, said)
	}
	s.click("#answer")
}

// fire: an alarm comes on by itself, and is acknowledged, silenced, accepted, judged and reset.
func (s *story) fire() {
	s.open(s.station.url + "?lang=" + s.lang)
	s.holds("the fire on the page", `document.querySelector('#state').dataset.state == 'fire'`)
	s.look("fire")
	s.staysInSight()
	s.press(`#state form.order[data-action=acknowledge]`)
	s.login()
	s.done("acknowledge")
	s.act("silence")
	s.look("silenced")
	s.act("arrive") // who acknowledges has accepted
	s.judgeIncident()
	await(s.t, "the end of the smoke", func() bool {
		alarms := s.station.status(s.t).Panel.Alarms
		return len(alarms) > 0 && !alarms[0].Active
	})
	s.act("reset")
	s.holds("no fire", `document.querySelector('#state').dataset.state != 'fire'`)
}

// staysInSight: whoever loads a page that was left at one of its parts sees the fire first.
func (s *story) staysInSight() {
	s.open("about:blank")
	s.open(s.station.url + "?lang=" + s.lang + "#events")
	s.holds("the state at the top of a page that was loaded anew", `document.readyState == 'complete'
		&& performance.now() > 1000 && scrollY == 0`)
	s.view("duty")
}

// login gives a wrong PIN and then the right one.
func (s *story) login() {
	s.shows("dialog#login")
	s.look("login")
	s.fill("#login input[name=number]", operator)
	s.fill("#login input[name=pin]", "1357")
	s.click("#login form button:not([type])")
	s.holds("a wrong PIN is told", `document.querySelector('#login .wrong').innerText != '' &&
		document.querySelector('#login [name=pin]').value == ''`)
	s.fill("#login input[name=pin]", pin)
	s.click("#login form button:not([type])")
	s.do("wait for the login to close", chromedp.WaitNotVisible(chromedp.CSS("dialog#login")))
}

func (s *story) judgeIncident() {
	s.shows(`form.order[data-action=verdict]`)
	s.do("choose", chromedp.SetValue(chromedp.CSS(`form.order[data-action=verdict] select`), "real"))
	s.look("verdict")
	s.act("verdict")
}

// walkTest begins a round, skips a point with a reason, ends it and reads the record.
func (s *story) walkTest() {
	s.view("walktest")
	s.act("test_start")
	s.holds("the walk test in the head", `document.querySelector('#state').dataset.state == 'test'`)
	s.click(`#walktest tr[data-key="heat-1"] summary`)
	s.fill(`#walktest tr[data-key="heat-1"] input[name=reason]`, "ladder")
	s.look("walktest")
	s.press(`#walktest tr[data-key="heat-1"] form.order[data-action=test_skip]`)
	s.done("test_skip")
	s.act("test_end")
	s.shows(`a[href="walktest"]`)
	s.click(`a[href="walktest"]`)
	s.shows("main.record")
	s.look("record")
	s.do("back", chromedp.NavigateBack())
	s.shows("#views")
}

// outputs tries an output.
func (s *story) outputs() {
	s.view("outputs")
	s.press(`#outputs form.order[data-action=operate]`)
	s.done("operate")
	s.look("outputs")
}

// checklist registers a check, a hazard and a shift.
func (s *story) checklist() {
	s.view("checklists")
	s.click(`#checklists tr[data-key=extinguishers] summary`)
	s.fill(`#checklists tr[data-key=extinguishers] input[name=text]`, "4 of 4")
	s.look("checklists")
	s.act("item_done")
	s.fill(`form.order[data-action=hazard_open] input[name=text]`, "boxes before the exit")
	s.act("hazard_open")
	s.shows(`form.order[data-action=hazard_close]`)
	s.act("shift_on")
	s.look("checked")
}

// duty answers the call of a district.
func (s *story) duty() {
	s.view("duty")
	s.station.order(s.t, "duty 60")
	s.shows(`form.order[data-action=answer]`)
	s.look("call")
	s.act("answer")
	await(s.t, "the answer at the district", func() bool {
		return strings.Contains(s.station.district.said(), "answered by page, operator 7")
	})
}

// leave logs out; then nothing can be done without a PIN.
func (s *story) leave() {
	s.click("#logout")
	s.shows("#enter")
	s.view("checklists")
	s.press(`form.order[data-action=shift_on]`)
	s.shows("dialog#login")
}
