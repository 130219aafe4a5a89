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

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/alarm"
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
	info, missing := os.Lstat(p.socket())
	switch {
	case missing == nil && info.Mode().Type() != os.ModeSocket:
		return fmt.Errorf("%s is not a socket; move it away and start the agent anew", p.socket())
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no agent runs with --dir %s; start it with: firepost run", p.dir)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s: permission denied; use sudo, or join the group of that socket",
			p.socket())
	}
	return err
}

// act sends an order and prints what came of it. It asks for a PIN when one is needed.
func (p paths) act(o outlet, order agent.Order) error {
	ans, err := p.send(order)
	if err == nil && ans.Reason == agent.ReasonPINNeeded {
		if order.PIN, err = readPIN(o, fmt.Sprintf("PIN of operator %d: ", order.Operator)); err == nil {
			ans, err = p.send(order)
		}
	}
	if err != nil {
		return err
	}
	if !ans.Done {
		return fmt.Errorf("%s was refused: %s", order.Action, because(ans.Reason))
	}
	fmt.Fprintln(o.out, strings.TrimSpace(ans.Event+" "+ans.ID))
	return nil
}

// send gives an order to the agent.
func (p paths) send(order agent.Order) (ans agent.Answer, err error) {
	body, err := json.Marshal(order)
	if err != nil {
		return ans, err
	}
	r, err := p.client().Post("http://firepost/command", "application/json", bytes.NewReader(body))
	if err != nil {
		return ans, p.unreachable(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(io.LimitReader(r.Body, mostAnswer))
	if err != nil {
		return ans, err
	}
	if json.Unmarshal(text, &ans) != nil {
		return ans, errors.New(strings.TrimSpace(string(text)))
	}
	return ans, nil
}

// because puts the reason of a refusal into words, behind the code that other faces show.
func because(reason string) string {
	words := map[string]string{
		alarm.RefusedUnknownPoint: "the site has no such point; firepost status lists them",
		alarm.RefusedNoReason:     "a reason is needed, of at most 256 bytes",
		alarm.RefusedDuration: "at most 8h an order and 24h together, and 1h of a drill or a " +
			"walk test",
		alarm.RefusedUnknownZone:  "the site has no such zone",
		alarm.RefusedAlarm:        "people are in danger; reset the alarms before a test or a drill",
		alarm.RefusedBusy:         "a drill or a walk test runs; end it first",
		alarm.RefusedScenario:     "a drill needs 1 to 32 different points that are in service and quiet",
		alarm.RefusedNothing:      "there is nothing to do",
		alarm.RefusedNotPermitted: "it needs a higher access level; give --operator and the PIN",
		alarm.RefusedOperator:     "the site file names no operator of that number and level",
		alarm.RefusedNoOperator:   "say who you are with --operator",
		alarm.RefusedPIN:          "the PIN is wrong",
		alarm.RefusedUnknown:      "there is no such thing; firepost status lists what is open",
		alarm.RefusedMalformed:    "something is missing, too long, or not on one line",
		agent.ReasonPINLocked:     "too many wrong PINs; wait, or use the buttons of the box",
	}[reason]
	if words == "" {
		return reason
	}
	return reason + ": " + words
}

// order prepares a command that sends an order to the agent.
func order(f *pflag.FlagSet, o agent.Order) (*agent.Order, action) {
	var p paths
	p.flag(f)
	f.Uint8Var(&o.Operator, "operator", 0, "number of the operator who acts; a PIN is asked for, or "+
		"taken from "+pinEnv)
	return &o, func(out outlet, args []string) error {
		if len(args) > 0 {
			o.Point = args[0]
		}
		return p.act(out, o)
	}
}

func prepareAck(f *pflag.FlagSet) action {
	_, act := order(f, agent.Order{Action: "acknowledge"})
	return act
}

func prepareSilence(f *pflag.FlagSet) action {
	_, act := order(f, agent.Order{Action: "silence"})
	return act
}

func prepareReset(f *pflag.FlagSet) action {
	_, act := order(f, agent.Order{Action: "reset"})
	return act
}

func prepareEnable(f *pflag.FlagSet) action {
	_, act := order(f, agent.Order{Action: "enable"})
	return act
}

func prepareDisable(f *pflag.FlagSet) action {
	o, act := order(f, agent.Order{Action: "disable"})
	f.StringVar(&o.For, "for", "", "for how long, at most 8h; required")
	f.StringVar(&o.Reason, "reason", "", "why; required")
	return func(out outlet, args []string) error {
		if o.For == "" || o.Reason == "" {
			return &exitError{2, "disable needs --for and --reason, such as --for 2h --reason painting"}
		}
		return act(out, args)
	}
}
