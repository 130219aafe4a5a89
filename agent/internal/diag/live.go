package diag

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

const (
	maxLive   = 8                      // readers at a time
	liveLook  = 250 * time.Millisecond // between two looks at the state
	liveLeast = time.Second            // between two messages while nothing happens
	liveMost  = 4 * time.Second
	liveWrite = 5 * time.Second // a reader who is slower is dropped; he comes back by himself
	liveShare = 50              // a message may cost one part in so many of the time
)

// liveJSON is one message to a page that is open: what it shows now.
type liveJSON struct {
	State    string            `json:"state"`
	Title    string            `json:"title"`
	Sound    string            `json:"sound"` // fire, alarm, call, fault or empty
	Build    string            `json:"build"`
	Sections map[string]string `json:"sections"` // the elements of the page, by their id
}

// serveLive tells a page that is open how it is, as server-sent events: at each event of the panel
// and at least every four seconds. Of the parts of the page it sends the head and the one that is
// looked at. It holds nothing for a reader but the message that is being written.
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
	last, pace, sent := uint64(0), liveLeast, time.Time{}
	for {
		s, begin := p.src.Status(), time.Now()
		if event := lastEvent(s); event != last || begin.Sub(sent) >= pace {
			body := p.message(s, chinese, &all[shown])
			if control.SetWriteDeadline(begin.Add(liveWrite)) != nil {
				return // the server cannot drop a slow reader
			}
			if _, err := w.Write(body); err != nil || control.Flush() != nil {
				return
			}
			last, sent = event, begin
			pace = min(max(liveShare*time.Since(begin), liveLeast), liveMost)
		}
		select {
		case <-look.C:
		case <-r.Context().Done():
			return
		}
	}
}

func lastEvent(s *Status) uint64 {
	if s == nil || s.Panel == nil {
		return 0
	}
	return s.Panel.LastEvent
}

// message is the head and one part of the page as a server-sent event.
func (p *Pages) message(s *Status, chinese bool, shown *tab) []byte {
	m := newSheet(&p.src, s, p.now(), chinese)
	j := liveJSON{
		State: m.v.State.Class, Title: m.say(m.v.State.Text) + " · " + or(m.v.Site.Name, "firepost"),
		Sound: m.sound(), Build: m.v.Build.Version, Sections: map[string]string{},
	}
	m.head()
	j.Sections["state"] = m.String()
	m.Reset()
	m.part(shown)
	j.Sections[shown.id] = m.String()
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
