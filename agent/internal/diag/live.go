package diag

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

const (
	maxLive   = 32                     // readers at a time
	liveLook  = 250 * time.Millisecond // between two looks at the state
	liveHead  = time.Second            // between two messages while nothing happens
	liveWrite = 5 * time.Second        // a reader who is slower is dropped; he comes back by himself
	// The parts of the page that are looked at may cost all readers together one part in so many of
	// the time: that of a site with hundreds of points comes less often than the head.
	liveShare = 10
	liveLeast = time.Second
	liveMost  = 20 * time.Second
)

// liveJSON is one message to a page that is open: what it shows now.
type liveJSON struct {
	State    string            `json:"state"`
	Title    string            `json:"title"`
	Sound    string            `json:"sound"` // fire, alarm, call, fault or empty
	Build    string            `json:"build"`
	Sections map[string]string `json:"sections"` // the elements of the page, by their id
}

// serveLive tells a page that is open how it is, as server-sent events: the head at each event of
// the panel and every second, and the part that is looked at as often as its size allows. It holds
// nothing for a reader but the message that is being written.
func (p *Pages) serveLive(w http.ResponseWriter, r *http.Request) {
	select {
	case p.live <- struct{}{}:
		defer func() { <-p.live }()
	default:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	all := tabs()
	asked := r.URL.Query().Get("view")
	shown := max(0, slices.IndexFunc(all, func(t tab) bool { return t.id == asked }))
	w.Header().Set("Content-Type", "text/event-stream")
	control, chinese := http.NewResponseController(w), inChinese(r)
	look := time.NewTicker(liveLook)
	defer look.Stop()
	var last uint64
	var sent, sentPart time.Time
	pace := liveLeast
	for {
		s, begin := p.src.Status(), time.Now()
		event := lastEvent(s)
		if event != last || begin.Sub(sent) >= liveHead {
			part := (*tab)(nil)
			if begin.Sub(sentPart) >= pace {
				part = &all[shown]
			}
			body := p.message(s, chinese, part)
			if control.SetWriteDeadline(begin.Add(liveWrite)) != nil {
				return // the server cannot drop a slow reader
			}
			if _, err := w.Write(body); err != nil || control.Flush() != nil {
				return
			}
			last, sent = event, begin
			if part != nil {
				sentPart, pace = begin, p.pace(time.Since(begin))
			}
		}
		select {
		case <-look.C:
		case <-r.Context().Done():
			return
		}
	}
}

// pace is how long a part is not sent again that cost so much.
func (p *Pages) pace(cost time.Duration) time.Duration {
	return min(max(liveShare*cost*time.Duration(len(p.live)), liveLeast), liveMost)
}

func lastEvent(s *Status) uint64 {
	if s == nil || s.Panel == nil {
		return 0
	}
	return s.Panel.LastEvent
}

// message is the head and, unless it is nil, one part of the page as a server-sent event.
func (p *Pages) message(s *Status, chinese bool, shown *tab) []byte {
	m := newSheet(&p.src, s, p.now(), chinese)
	j := liveJSON{
		State: m.v.State.Class, Title: m.say(m.v.State.Text) + " · " + or(m.v.Site.Name, "firepost"),
		Sound: m.sound(), Build: m.v.Build.Version, Sections: map[string]string{},
	}
	m.head()
	j.Sections["state"] = m.String()
	if shown != nil {
		m.Reset()
		m.part(shown)
		j.Sections[shown.id] = m.String()
	}
	var b bytes.Buffer
	b.WriteString("data: ")
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // it is no part of a document
	if err := e.Encode(j); err != nil {
		return nil
	}
	b.WriteString("\n") // the encoder has ended the line already
	return b.Bytes()
}
