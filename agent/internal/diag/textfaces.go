package diag

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// Bounds of how many events are shown at once.
const (
	usualEvents = 20
	mostEvents  = 1000
)

// textFace serves a face for terminals, in Chinese with lang=zh. What it shows it is told by the
// query; an error is what was wrong with that.
func textFace(show func(*text, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t := &text{chinese: r.FormValue("lang") == "zh"}
		if err := show(t, r); err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		send(w, "text/plain; charset=utf-8", t.Bytes())
	}
}

// errStarting is what a face says that has nothing to show yet.
func (t *text) errStarting() error {
	return errors.New(t.pick("the panel is starting; ask again", "系统启动中，请稍后再试"))
}

func (p *pages) textStatus(t *text, _ *http.Request) error {
	s := known(p.status())
	v := newView(s, p.now())
	t.status(s, &v)
	return nil
}

// known is a status, or one that knows nothing.
func known(s *Status) *Status {
	if s == nil {
		return &Status{}
	}
	return s
}

// stale warns above what an old status says.
func (t *text) stale(s *Status, now time.Time) {
	if !s.alive(now) {
		t.line(broken, t.say(silent.Text)+t.pick(". ", "。")+t.say(silent.Do))
	}
}

// textPoints shows all points, or all of the one that id names.
func (p *pages) textPoints(t *text, r *http.Request) error {
	s, id := p.status(), r.FormValue("id")
	if s == nil || s.Panel == nil {
		return t.errStarting()
	}
	t.stale(s, p.now())
	if id == "" {
		t.points(s)
		return nil
	}
	for i := range s.Panel.Points {
		if pt := &s.Panel.Points[i]; pt.ID == point.ID(id) {
			t.point(s, pt)
			return nil
		}
	}
	return fmt.Errorf(t.pick("there is no point %q; firepost points lists them",
		"没有点位 %q；用 firepost points 查看全部"), id)
}

func (p *pages) textEvents(t *text, r *http.Request) error {
	all, err := p.newest(r)
	if err == nil {
		t.events(known(p.status()), all)
	}
	return err
}

func (p *pages) serveEvents(w http.ResponseWriter, r *http.Request) {
	all, err := p.newest(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	body, err := json.MarshalIndent(newEventsJSON(known(p.status()), all), "", "  ")
	if err != nil {
		http.Error(w, "events: "+err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, "application/json", append(body, '\n'))
}

// newest are as many events as the query wants.
func (p *pages) newest(r *http.Request) ([]alarm.Event, error) {
	n := usualEvents
	if text := r.FormValue("n"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 || n > mostEvents {
			return nil, fmt.Errorf("n %q is not 1 to %d", text, mostEvents)
		}
	}
	return p.events(n), nil
}

// textItems lists what is to be checked.
func (p *pages) textItems(t *text, _ *http.Request) error {
	s := p.status()
	if s == nil || s.Panel == nil {
		return t.errStarting()
	}
	all := s.Panel.Duties.Items
	ids, states, names := 0, 0, 0
	for i := range all {
		ids, names = max(ids, width(all[i].ID)), max(names, width(all[i].Name))
		states = max(states, width(t.say(itemText(&all[i]))))
	}
	for i := range all {
		it, mark := &all[i], plain
		if it.Due || it.Overdue || it.Failed {
			mark = todo
		}
		from := ""
		if it.Done {
			from = t.pick("checked ", "上次检查 ") + it.From.String()
		}
		t.line(mark+fit(it.ID, ids)+"  "+fit(t.say(itemText(it)), states)+"  ",
			t.list(fit(clean(it.Name), min(names, 24))+"  "+from, it.Text))
	}
	if len(all) == 0 {
		t.line("", t.pick("the site file names nothing that is to be checked", "配置中没有检查项"))
	}
	return nil
}

// itemText is the state of an item of the checklist.
func itemText(it *alarm.ItemState) alarm.Text {
	switch {
	case it.Overdue:
		return overdue
	case it.Failed:
		return failed
	case it.Due:
		return due
	}
	return alarm.Text{En: "good", Zh: "正常"}
}

// textHazards lists what is to be put right.
func (p *pages) textHazards(t *text, _ *http.Request) error {
	s := p.status()
	if s == nil || s.Panel == nil {
		return t.errStarting()
	}
	for i := range s.Panel.Duties.Hazards {
		h := &s.Panel.Duties.Hazards[i]
		mark, word, until := plain, hazardOpen, ""
		if h.Overdue {
			mark, word = todo, overdue
		}
		if day := h.Due().String(); day != "" {
			until = t.pick("until ", "期限 ") + day
		}
		t.line(mark+fit(h.ID, 6)+"  "+t.say(word)+"  ", t.list(h.Text, until, t.who(h.By)))
	}
	if len(s.Panel.Duties.Hazards) == 0 {
		t.line("", t.pick("no hazard is open", "没有待整改的隐患"))
	}
	return nil
}
