package diag

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// Bounds of how many events are shown at once.
const (
	usualEvents = 20
	mostEvents  = 1000
)

// serveText serves a face for terminals. Its path names the language, the face, and the point or
// the number of events.
func (p *Pages) serveText(w http.ResponseWriter, r *http.Request) {
	t, s := &text{tongue: tongue{r.PathValue("language") == "zh"}}, p.src.Status()
	if s == nil {
		s = &Status{}
	}
	if wrong := t.face(p, s, r.PathValue("face"), r.PathValue("of")); wrong != "" {
		http.Error(w, wrong, http.StatusNotFound)
		return
	}
	send(w, "text/plain; charset=utf-8", t.Bytes())
}

// face writes one face, or says what is wrong with what was asked for.
func (t *text) face(p *Pages, s *Status, face, of string) (wrong string) {
	if s.Panel == nil && face != "status" && face != "events" {
		return t.w("the panel is starting; ask again|系统启动中，请稍后再试")
	}
	switch face {
	case "status":
		v := newView(s, p.now())
		t.status(s, &v)
	case "events":
		n, ok := howMany(of)
		if !ok {
			return t.w("write 1 to _ events|事件数须为 1 至 _", strconv.Itoa(mostEvents))
		}
		t.events(s, p.src.Events(n))
	case "points":
		if !s.alive(p.now()) {
			t.line(broken, t.w("_. _|_。_", t.say(silent.Text), t.say(silent.Do)))
		}
		pt := pointOf(s.Panel, point.ID(of))
		switch {
		case of == "":
			t.points(s)
		case pt.Channels == nil:
			return t.w("there is no point _; firepost points lists them|"+
				"没有点位 _；用 firepost points 查看全部", strconv.Quote(of))
		default:
			t.point(s, pt)
		}
	case "items":
		t.items(s.Panel.Duties.Items)
	case "hazards":
		t.hazards(s.Panel.Duties.Hazards)
	case "drill":
		t.drill(s)
	case "walktest":
		t.walkTest(s)
	default:
		return "there is no such face"
	}
	return ""
}

// howMany is how many events are asked for; ok: so many can be shown.
func howMany(of string) (n int, ok bool) {
	if of == "" {
		return usualEvents, true
	}
	n, err := strconv.Atoi(of)
	return n, err == nil && n >= 1 && n <= mostEvents
}

func (p *Pages) serveEvents(w http.ResponseWriter, r *http.Request) {
	s := p.src.Status()
	if s == nil {
		s = &Status{}
	}
	n, ok := howMany(r.PathValue("n"))
	if !ok {
		http.Error(w, "write 1 to "+strconv.Itoa(mostEvents)+" events", http.StatusNotFound)
		return
	}
	body, err := json.MarshalIndent(newEventsJSON(s, p.src.Events(n)), "", "  ")
	if err != nil {
		http.Error(w, "events: "+err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, "application/json", append(body, '\n'))
}

// items lists what is to be checked.
func (t *text) items(all []alarm.ItemState) {
	var views []dutyView
	for i := range all {
		it := &all[i]
		v, asks := itemView(it)
		if !asks {
			v.State = alarm.Text{En: "good", Zh: "正常"}
		}
		if it.Done {
			day := it.From.String()
			v.Note = alarm.Text{En: "checked " + day, Zh: "上次检查 " + day}
		}
		views = append(views, v)
	}
	t.duties(views)
	if len(all) == 0 {
		t.line("", t.w("the site file names nothing that is to be checked|配置中没有检查项"))
	}
}

// hazards lists what is to be put right.
func (t *text) hazards(all []alarm.Hazard) {
	var views []dutyView
	for i := range all {
		views = append(views, hazardView(&all[i]))
	}
	t.duties(views)
	if len(all) == 0 {
		t.line("", t.w("no hazard is open|没有待整改的隐患"))
	}
}
