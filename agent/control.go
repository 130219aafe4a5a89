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
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

const (
	answerTime  = 3 * time.Second // the panel answers within a step; the rest is a busy processor
	mostRequest = 4 << 10         // bytes of an order
)

// Order is what a person at the box asks for, as the control socket takes it in JSON.
type Order struct {
	Action   string `json:"action"`          // acknowledge, silence, reset, disable or enable
	Point    string `json:"point,omitempty"` // empty: all that the action applies to
	For      string `json:"for,omitempty"`   // of disable, such as "2h"
	Reason   string `json:"reason,omitempty"`
	Operator uint8  `json:"operator,omitempty"` // 0: not told
}

// Answer is what came of an order. Done is false when it was refused; then Reason says why.
type Answer struct {
	Done   bool   `json:"done"`
	Event  string `json:"event"` // the kind of the event that answered
	Reason string `json:"reason,omitempty"`
}

// Control is what the control socket serves: everything of Handler, and POST /command with an
// Order. Who can open the socket acts as an operator of level 2; its file mode says who that is. It
// must never be served on a network.
func (a *Agent) Control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /", a.Handler())
	mux.HandleFunc("POST /command", a.serveCommand)
	return mux
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
	c, err := o.command()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ans, err := a.obey(r.Context(), c)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if !ans.Done {
		w.WriteHeader(http.StatusConflict)
	}
	json.NewEncoder(w).Encode(ans) //nolint:errcheck // the other side has hung up
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

// command turns an order into a command of an operator at the box.
func (o Order) command() (alarm.Command, error) {
	c := alarm.Command{
		ID: "cli-" + rand.Text()[:12], Point: point.ID(o.Point), Reason: o.Reason,
		By: alarm.Origin{Kind: alarm.CLI, Operator: o.Operator, Level: 2},
	}
	for _, action := range []alarm.Action{
		alarm.Acknowledge, alarm.Silence, alarm.Reset, alarm.Disable, alarm.Enable,
	} {
		if action.String() == o.Action {
			c.Action = action
		}
	}
	if c.Action == 0 {
		return c, fmt.Errorf("action %q is unknown; write acknowledge, silence, reset, disable or enable",
			o.Action)
	}
	if o.For != "" {
		d, err := time.ParseDuration(o.For)
		if err != nil || d <= 0 {
			return c, fmt.Errorf("for %q is not a time; write 30m or 2h", o.For)
		}
		c.For = d
	}
	return c, nil
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
			ans = Answer{Done: e.Kind != alarm.Refused, Event: e.Kind.String(), Reason: e.Reason}
			cancel()
		}
	}}
	err := answer.run(ctx)
	if err == nil && ans.Event == "" {
		err = errors.New("the panel has not answered; look at status")
	}
	return ans, err
}
