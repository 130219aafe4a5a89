package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

var pinPrompt = alarm.Text{En: "PIN of operator %d: ", Zh: "人员 %d 的密码："}

// act sends an order and prints what came of it. It asks for a PIN when one is needed.
func (k *ask) act(o outlet) error {
	if err := k.check(); err != nil {
		return err
	}
	ans, err := k.send()
	if err == nil && ans.Reason == agent.ReasonPINNeeded {
		prompt := fmt.Sprintf(k.say(pinPrompt), k.Operator)
		if k.PIN, err = readPIN(o, prompt); err == nil {
			ans, err = k.send()
		}
	}
	switch {
	case err != nil:
		return err
	case k.json:
		if err := json.NewEncoder(o.out).Encode(ans); err != nil || ans.Done {
			return err
		}
		return &exitError{1, ""}
	case !ans.Done:
		return fmt.Errorf(k.say(alarm.Text{En: "%s was refused: %s", Zh: "%s 未执行：%s"}), k.name,
			k.because(ans.Reason))
	}
	fmt.Fprintln(o.out, strings.TrimSpace(k.happened(ans.Event)+" "+ans.ID))
	return nil
}

// happened puts the kind of an event into words.
func (t *tongue) happened(kind string) string {
	for k := alarm.Kind(1); k.String() != "unknown"; k++ {
		if k.String() == kind {
			return t.say(k.Text())
		}
	}
	return kind
}

// send gives an order to the agent.
func (k *ask) send() (ans agent.Answer, err error) {
	body, err := json.Marshal(&k.Order)
	if err != nil {
		return ans, err
	}
	_, err = k.post("/command", bytes.NewReader(body), &ans)
	return ans, err
}

// hints say what to write instead, behind the words of a refusal.
var hints = [...]struct{ reason, en, zh string }{
	{alarm.RefusedUnknownPoint, "firepost points lists them", "用 firepost points 查看全部点位"},
	{alarm.RefusedUnknownOutput, "firepost status lists them", "用 firepost status 查看全部输出"},
	{alarm.RefusedNotPermitted, "give --operator and the PIN", "请用 --operator 注明人员并输入密码"},
	{alarm.RefusedNoOperator, "say who you are with --operator", "请用 --operator 注明"},
	{alarm.RefusedUnknown, "firepost status lists what is open", "用 firepost status 查看未完成事项"},
	{agent.ReasonPINLocked, "too many wrong PINs; wait, or use the buttons of the box",
		"密码多次错误，请稍候，或使用设备按钮"},
}

// because puts the reason of a refusal into words, behind the code that other faces show.
func (t *tongue) because(reason string) string {
	colon, stop, said := ": ", "; ", reason
	if t.isChinese() {
		colon, stop = "：", "；"
	}
	if words := t.say(alarm.RefusalText(reason)); words != reason {
		said += colon + words
	}
	for i := range hints {
		if h := &hints[i]; h.reason == reason {
			said += stop + t.say(alarm.Text{En: h.en, Zh: h.zh})
		}
	}
	return said
}

// ask is a command that orders the agent to do something.
type ask struct {
	paths
	tongue
	agent.Order
	name string // of the command
	json bool
}

// order prepares a command that sends an order to the agent.
func order(f *pflag.FlagSet, o agent.Order) (*agent.Order, action) {
	k := &ask{Order: o, name: f.Name()}
	k.paths.flag(f)
	k.tongue.flag(f)
	f.BoolVar(&k.json, "json", false, "print the answer as JSON")
	f.Uint8Var(&k.Operator, "operator", 0, "number of the operator who acts; a PIN is asked for, or "+
		"taken from "+pinEnv)
	return &k.Order, func(out outlet, args []string) error {
		if len(args) > 0 {
			k.Point = args[0]
		}
		return k.act(out)
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
	f.Var((*span)(&o.For), "for", "for how long, at most 8h; required")
	f.StringVar(&o.Reason, "reason", "", "why; required")
	return func(out outlet, args []string) error {
		if o.For == "" || o.Reason == "" {
			return &exitError{2, "disable needs --for and --reason, such as --for 2h --reason painting"}
		}
		return act(out, args)
	}
}

func prepareOut(f *pflag.FlagSet) action {
	o, act := order(f, agent.Order{Action: "operate"})
	f.Var((*span)(&o.For), "for", "for how long it is on, at most 1h; without it for good")
	return func(out outlet, args []string) error {
		if args[1] != "on" && args[1] != "off" {
			return &exitError{2, "out needs on or off behind the output, such as out siren off"}
		}
		o.Output, o.On = args[0], args[1] == "on"
		if o.For != "" && !o.On {
			return &exitError{2, "out takes --for with on, such as out siren on --for 5s"}
		}
		return act(out, nil)
	}
}

// span is a flag that takes a length of time, as an order writes it. The panel says how long it may
// be; what is no length of time at all is a mistake of the command line.
type span string

func (s *span) String() string { return string(*s) }

func (s *span) Type() string { return "string" }

func (s *span) Set(text string) error {
	if d, err := time.ParseDuration(text); err != nil || d <= 0 {
		return errors.New("write a length of time, such as 30m or 2h")
	}
	*s = span(text)
	return nil
}
