package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/district"
)

// orderHelp is what the prompt of a district understands.
const orderHelp = `orders to the station; each answer is printed as it comes:
  warn red|orange|yellow|blue TEXT    a warning (预警叫应) that a person must answer
  duty [SECONDS]                      a duty check (查岗); default 10 min
  drill start|stop                    a drill
  test start [ZONE]                   a walk test
  close VALVE, on OUTPUT              what makes the site safer
  open VALVE, off OUTPUT, reset       what no station obeys
  ack [POINT]                         mark alarms as seen
  silence                             the sounders, where the site permits it
  disable POINT MINUTES REASON        take a point out
  enable POINT                        put it back
  read POINT ...                      its values now
  snapshot                            what stands now
  site FILE                           push a site file, signed with the key of simulated boxes
  send NAME {ARGS}                    any other command
with --enrol also:
  claim [SITE]                        give out a claim for one box
  ask on|off                          ask here before a box gets its certificate
  approve BOX, deny BOX               the answer
`

// orderTime is how long an order from the prompt holds.
const orderTime = 15 * time.Minute

// siteTime is how long a pushed site file may wait for somebody on site.
const siteTime = 24 * time.Hour

var errOrder = errors.New("not understood; write help")

// parseOrder reads one line of the prompt.
func parseOrder(line string) (name string, args any, err error) {
	word := strings.Fields(line)
	at := func(i int) string {
		if i < len(word) {
			return word[i]
		}
		return ""
	}
	rest := func(i int) string { return strings.Join(word[min(i, len(word)):], " ") }
	type m = map[string]any
	switch at(0) {
	case "warn":
		name, args = "warning", m{"colour": at(1), "text": rest(2)}
	case "duty":
		within, bad := strconv.Atoi(cmp.Or(at(1), "0"))
		name, args, err = "duty_check", m{"within": within}, bad
	case "drill":
		name, args = map[string]string{"start": "drill_start", "stop": "drill_end"}[at(1)], m{}
	case "test":
		name, args = map[string]string{"start": "test_start"}[at(1)], m{"zone": at(2)}
	case "close", "on":
		name, args = "operate", m{"output": at(1), "on": true}
	case "open", "off":
		name, args = "operate", m{"output": at(1), "on": false}
	case "ack":
		name, args = "acknowledge", m{"point": at(1)}
	case "disable":
		minutes, bad := strconv.Atoi(at(2))
		name, err = "disable", bad
		args = m{"point": at(1), "for": 60 * minutes, "reason": rest(3)}
	case "enable":
		name, args = "enable", m{"point": at(1)}
	case "read":
		name, args = "read", m{"points": word[1:]}
	case "snapshot", "silence", "reset":
		name, args = at(0), m{}
	case "send":
		text := json.RawMessage(rest(2))
		if len(text) == 0 {
			text = json.RawMessage("{}")
		}
		if name, args = at(1), text; !json.Valid(text) {
			err = errOrder
		}
	}
	if name == "" || err != nil {
		return "", nil, errOrder
	}
	return name, args, nil
}

// prompt sends what is typed to the one station that is online, until ctx ends or nobody types.
type prompt struct {
	recv   *district.Receiver
	device string // empty: the one that is online
	say    func(format string, args ...any)
	given  int

	registry *registry // nil: there is no enrolment
}

func (p *prompt) run(ctx context.Context, in io.Reader) {
	lines := bufio.NewScanner(in)
	for lines.Scan() && ctx.Err() == nil {
		switch line := strings.TrimSpace(lines.Text()); line {
		case "":
		case "help":
			p.say("%s", orderHelp)
		default:
			if p.registry != nil && p.registry.obey(line) {
				continue
			}
			p.order(line, time.Now())
		}
	}
}

func (p *prompt) order(line string, now time.Time) {
	device, err := p.station()
	if err != nil {
		p.say("%v\n", err)
		return
	}
	p.given++
	c := wire.Command{
		ID: fmt.Sprintf("c-%x-%d", now.Unix(), p.given), Issued: now, By: "prompt",
		Expires: now.Add(orderTime),
	}
	var args any
	if strings.HasPrefix(line, wire.CmdSite+" ") {
		c.Name, c.Expires = wire.CmdSite, now.Add(siteTime)
		args, err = p.push(line, device)
	} else {
		c.Name, args, err = parseOrder(line)
	}
	if err == nil {
		c.Args, err = json.Marshal(args)
	}
	if err != nil {
		p.say("%q: %v\n", line, err)
		return
	}
	if !p.recv.Order(device, c) {
		p.say("too much waits for %s\n", device)
		return
	}
	text := string(c.Args)
	if c.Name == wire.CmdSite {
		text = fmt.Sprintf("of %d bytes", len(c.Args))
	}
	p.say("%s > %s down/cmd      %s %s %s\n", now.Format(time.TimeOnly), device, c.ID, c.Name, text)
}

// station is the device that orders go to.
func (p *prompt) station() (string, error) {
	if p.device != "" {
		return p.device, nil
	}
	var online []string
	for name, is := range p.recv.Report().Online {
		if is {
			online = append(online, name)
		}
	}
	switch len(online) {
	case 0:
		return "", errors.New("no station is online")
	case 1:
		return online[0], nil
	}
	return "", fmt.Errorf("%d stations are online; choose one with --device", len(online))
}
