package agent

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/diag"
	"github.com/firepost/firepost/agent/point"
)

const (
	answerTime  = 3 * time.Second // the panel answers within a step; the rest is a busy processor
	mostRequest = 4 << 10         // bytes of an order
)

// Order is what a person at the box asks for, as the control socket takes it in JSON.
type Order struct {
	Action   string `json:"action"`             // a word of alarm.Action, such as acknowledge
	Operator uint8  `json:"operator,omitempty"` // 0: not told
	PIN      string `json:"pin,omitempty"`      // of the operator, for what needs level 2 or more
	Point    string `json:"point,omitempty"`    // empty: all that the action applies to
	For      string `json:"for,omitempty"`      // of disable, such as "2h"; of a call: to answer in
	Reason   string `json:"reason,omitempty"`   // of disable, and of a point that is not tested
	Zone     string `json:"zone,omitempty"`     // of a walk test; empty: the whole site
	Output   string `json:"output,omitempty"`   // of operate
	On       bool   `json:"on,omitempty"`       // of operate: on, or back to what the alarms say

	// Of a drill; see alarm.Scenario.
	Scenario []string `json:"scenario,omitempty"`
	Outputs  []string `json:"outputs,omitempty"`
	Smoke    bool     `json:"smoke,omitempty"` // real smoke is used

	// Of the duties of people; see alarm.Matter.
	ID       string `json:"id,omitempty"`    // of the call, the check item or the hazard
	Alarm    string `json:"alarm,omitempty"` // any alarm of the incident
	Text     string `json:"text,omitempty"`
	Colour   string `json:"colour,omitempty"`  // of a warning: blue, yellow, orange or red
	Verdict  string `json:"verdict,omitempty"` // real, false, test, fault or drill
	Failed   bool   `json:"failed,omitempty"`  // the check found something wrong
	Evidence string `json:"evidence,omitempty"`
	Days     uint16 `json:"days,omitempty"` // that a hazard may last
}

// Answer is what came of an order. Done is false when it was refused; then Reason says why.
type Answer struct {
	Done   bool   `json:"done"`
	Event  string `json:"event"` // kind of the event that answered; empty: the panel was not asked
	Reason string `json:"reason,omitempty"`
	ID     string `json:"id,omitempty"` // of the call, item, hazard or incident that it was about
}

// Control is what the control socket serves: everything of Handler; GET /scan.json with what is on
// the buses and lines of the board, and GET /passing.json with what passes between a sensor and its
// driver; POST /reload, which is answered with a Reloaded, and with status 409 when the file was
// refused; and POST /command with an Order, which is answered with an Answer: status 200 when it
// was done, 409 when the panel refused,
// 401 when a PIN is needed and 429 when too many were wrong. Who can open the socket acts with
// level 2, and its file mode says who that is; where the site file names operators he acts with
// level 1, and with that of an operator whose PIN he gives. It must never be served on a network.
func (a *Agent) Control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /", a.Handler())
	mux.HandleFunc("GET /text/{language}/cause", a.serveCause)
	mux.HandleFunc("GET /scan.json", a.serveScan)
	mux.HandleFunc("GET /passing.json", a.servePassing)
	mux.HandleFunc("POST /command", a.serveCommand)
	mux.HandleFunc("POST /reload", a.serveReload)
	mux.HandleFunc("GET /site", a.serveSite)
	mux.HandleFunc("POST /site", a.serveDecision)
	return mux
}

// serveCause says what the outputs of the site will do.
func (a *Agent) serveCause(w http.ResponseWriter, r *http.Request) {
	chinese := r.PathValue("language") == "zh"
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	// An error is the reader's: he has gone.
	s := a.site()
	text := diag.Folded(s.Words(chinese)) + "\n" + s.Table(chinese)
	io.WriteString(w, text) //nolint:errcheck // see above
}

func (a *Agent) serveCommand(w http.ResponseWriter, r *http.Request) {
	o, err := readOrder(http.MaxBytesReader(w, r.Body, mostRequest))
	if err != nil {
		code := http.StatusBadRequest
		if errors.As(err, new(*http.MaxBytesError)) {
			code = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "order: "+err.Error(), code)
		return
	}
	c, err := o.command("cli")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ans, code := Answer{Reason: a.identify(r.Context(), &o, &c)}, http.StatusOK
	switch ans.Reason {
	case "":
		if ans, err = a.obey(r.Context(), c); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		code = codeOf(ans.Done)
	case ReasonPINNeeded:
		code = http.StatusUnauthorized
	default:
		code = http.StatusTooManyRequests
	}
	reply(w, code, ans)
}

// codeOf is the status of an answer by whether something was done.
func codeOf(done bool) int {
	if !done {
		return http.StatusConflict
	}
	return http.StatusOK
}

func reply(w http.ResponseWriter, code int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(answer) //nolint:errcheck // the other side has hung up
}

// readOrder reads one JSON object and nothing else.
func readOrder(r io.Reader) (o Order, err error) {
	body := json.NewDecoder(r)
	body.DisallowUnknownFields()
	if err := body.Decode(&o); err != nil {
		return o, err
	}
	if _, err := body.Token(); err != io.EOF {
		return o, cmp.Or(err, errors.New("there is more than one order"))
	}
	return o, nil
}

// command turns an order into a command of somebody at the box, who gave it by way of.
func (o *Order) command(way string) (alarm.Command, error) {
	c := alarm.Command{
		ID: commandID(way), Action: named[alarm.Action](o.Action),
		Point: point.ID(o.Point), Output: alarm.OutputID(o.Output), On: o.On, Reason: o.Reason,
		Alarm: alarm.AlarmID(o.Alarm),
		Matter: alarm.Matter{
			ID: o.ID, Text: o.Text, Colour: named[alarm.Colour](o.Colour),
			Verdict: named[alarm.Verdict](o.Verdict), Failed: o.Failed, Evidence: o.Evidence,
			Days: o.Days,
		},
	}
	switch {
	case c.Action == 0 || c.Action == alarm.DecideSite: // that has a request of its own
		return c, fmt.Errorf("action %q is unknown; write %s", o.Action, words[alarm.Action]())
	case o.Colour != "" && c.Matter.Colour == 0:
		return c, fmt.Errorf("colour %q is unknown; write %s", o.Colour, words[alarm.Colour]())
	case o.Verdict != "" && c.Matter.Verdict == 0:
		return c, fmt.Errorf("verdict %q is unknown; write %s", o.Verdict, words[alarm.Verdict]())
	}
	if o.For != "" {
		d, err := time.ParseDuration(o.For)
		if err != nil || d <= 0 {
			return c, fmt.Errorf("for %q is not a time; write 30m or 2h", o.For)
		}
		c.For = d
	}
	if c.Action == alarm.AskDuty || c.Action == alarm.Warn {
		c.Call = &alarm.Call{ID: o.ID, Colour: c.Matter.Colour, Text: o.Text, Limit: c.For}
	}
	c.Zone = alarm.ZoneID(o.Zone)
	if len(o.Scenario)+len(o.Outputs) > 0 || o.Smoke {
		c.Scenario = &alarm.Scenario{Smoke: o.Smoke}
	}
	for _, id := range o.Scenario {
		c.Scenario.Points = append(c.Scenario.Points, point.ID(id))
	}
	for _, id := range o.Outputs {
		c.Scenario.Outputs = append(c.Scenario.Outputs, alarm.OutputID(id))
	}
	return c, nil
}

// commandID is a new name for a command that comes this way.
func commandID(way string) string { return way + "-" + rand.Text()[:12] }

// word is an enumeration of the panel that begins at 1 and whose names end with "unknown".
type word interface {
	~uint8
	String() string
}

// named is the value of that name; 0: there is none.
func named[W word](name string) W {
	for w := W(1); w.String() != "unknown"; w++ {
		if w.String() == name {
			return w
		}
	}
	return 0
}

// words lists the names.
func words[W word]() string {
	var all []string
	for w := W(1); w.String() != "unknown"; w++ {
		all = append(all, w.String())
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// obey submits a command and waits for the event that answers it.
func (a *Agent) obey(ctx context.Context, c alarm.Command) (Answer, error) {
	g := a.guard.Load()
	if g == nil {
		return Answer{}, ErrNotRunning
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if err := g.Submit(c); err != nil {
		return Answer{}, err
	}
	var ans Answer
	answer := follower{ring: g.Ring(), fn: func(e alarm.Event) {
		if e.Cause == c.ID && ans.Event == "" {
			ans = Answer{
				Done: e.Kind != alarm.Refused, Event: e.Kind.String(), Reason: e.Reason,
				ID: cmp.Or(e.Matter.ID, string(e.Incident)),
			}
			cancel()
		}
	}}
	err := answer.run(ctx)
	if err == nil && ans.Event == "" {
		err = errors.New("the panel has not answered; look at status")
	}
	return ans, err
}
