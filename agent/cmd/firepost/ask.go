package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/firepost/firepost/agent"
)

const (
	askTime    = 10 * time.Second
	mostAnswer = 4 << 20
)

// client speaks HTTP over the control socket.
func (p paths) client() *http.Client {
	return &http.Client{
		Timeout: askTime,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, "unix", p.socket())
			},
		},
	}
}

// unreachable says what to do when the agent does not answer.
func (p paths) unreachable(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no agent runs with --dir %s; start it with: firepost run", p.Dir)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s: permission denied; use sudo, or join the group of that socket",
			p.socket())
	}
	return err
}

// act sends an order and prints what came of it.
func (p paths) act(o outlet, order agent.Order) error {
	body, err := json.Marshal(order)
	if err != nil {
		return err
	}
	r, err := p.client().Post("http://firepost/command", "application/json", bytes.NewReader(body))
	if err != nil {
		return p.unreachable(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(io.LimitReader(r.Body, mostAnswer))
	if err != nil {
		return err
	}
	var ans agent.Answer
	if err := json.Unmarshal(text, &ans); err != nil {
		return errors.New(strings.TrimSpace(string(text)))
	}
	if !ans.Done {
		return fmt.Errorf("%s was refused: %s", order.Action, ans.Reason)
	}
	fmt.Fprintln(o.out, ans.Event)
	return nil
}

// who is the operator that acts.
type who struct {
	Operator uint8 `help:"Number of the operator who acts." placeholder:"N"`
}

type ackCmd struct {
	paths
	who
	Point string `arg:"" optional:"" help:"The point; without it all alarms."`
}

// Run acknowledges.
func (c *ackCmd) Run(o outlet) error {
	return c.act(o, agent.Order{Action: "acknowledge", Point: c.Point, Operator: c.Operator})
}

type silenceCmd struct {
	paths
	who
}

// Run silences the sounders.
func (c *silenceCmd) Run(o outlet) error {
	return c.act(o, agent.Order{Action: "silence", Operator: c.Operator})
}

type resetCmd struct {
	paths
	who
	Point string `arg:"" optional:"" help:"The point; without it all alarms."`
}

// Run resets alarms.
func (c *resetCmd) Run(o outlet) error {
	return c.act(o, agent.Order{Action: "reset", Point: c.Point, Operator: c.Operator})
}

type disableCmd struct {
	paths
	who
	Point  string `arg:"" help:"The point."`
	For    string `required:"" help:"For how long, at most 8h." placeholder:"2h"`
	Reason string `required:"" help:"Why." placeholder:"TEXT"`
}

// Run takes a point out of service.
func (c *disableCmd) Run(o outlet) error {
	return c.act(o, agent.Order{
		Action: "disable", Point: c.Point, For: c.For, Reason: c.Reason, Operator: c.Operator,
	})
}

type enableCmd struct {
	paths
	who
	Point string `arg:"" help:"The point."`
}

// Run puts a point back into service.
func (c *enableCmd) Run(o outlet) error {
	return c.act(o, agent.Order{Action: "enable", Point: c.Point, Operator: c.Operator})
}
