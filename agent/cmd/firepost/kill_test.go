package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/district"
)

// contact is a point of the site with a siren of its own: so the pin of the siren tells when which
// alarm sounded, whatever the agent says of it.
type contact struct {
	point, line, siren string
	latched            bool
	pattern            bool // its siren plays the pattern of the alarm, as one does by default
}

var contacts = []contact{
	{"call-1", "GPIO17", "GPIO5", true, true},
	{"call-2", "GPIO27", "GPIO6", true, false},
	{"smoke-1", "GPIO22", "GPIO13", true, false},
	{"smoke-2", "GPIO23", "GPIO19", false, false},
}

func killSite() string {
	var b strings.Builder
	b.WriteString("[site]\nid = \"kill\"\n[page]\nlisten = \"off\"\n[district]\nreport = \"5 s\"\n")
	for _, c := range contacts {
		class, _, _ := strings.Cut(c.point, "-")
		if class == "call" {
			class = "call_point"
		}
		fmt.Fprintf(&b, `
[[zone]]
id = "z-%[1]s"

[[sensor]]
name = "in-%[1]s"
model = "contact"
line = "%[2]s"
pull = "up"

[[point]]
id = "%[1]s"
class = "%[4]s"
zone = "z-%[1]s"
from = "in-%[1]s"
confirm = "0.2 s"
release = "0.5 s"
latch = %[5]v

[[output]]
id = "siren-%[1]s"
kind = "sounder"
model = "relay"
line = "%[3]s"
zones = ["z-%[1]s"]
`, c.point, c.line, c.siren, class, c.latched)
		if !c.pattern {
			b.WriteString("drive = \"steady\"\n")
		}
	}
	return b.String()
}

// chaos is one story: what is done to the agent, the broker and the contacts.
type chaos struct {
	*station
	rand     *rand.Rand
	broker   *mosquitto
	receiver *district.Receiver
	records  records
	forgets  bool // the broker is killed too

	lives    []*life
	presses  map[string][]press // by line, in the order of time
	resets   []*reset
	restarts int
	busy     atomic.Bool // the broker is being restarted
	work     sync.WaitGroup
}

// press is one time for which a contact was closed; to is zero while it still is.
type press struct{ from, to time.Duration }

// reset is an order that a person gave; to is when it was answered or had failed.
type reset struct {
	point    string // empty: all
	from, to time.Duration
}

// No alarm is lost, no siren falls silent and nothing is missing without having been declared,
// however often and in whatever moment the agent is killed while it sounds, saves and sends, and
// the broker with it. A broker that saves what it has confirmed passes everything on in order; of
// one that forgets it, the alarms and events come all the same, because they wait for a receipt.
func TestKill(t *testing.T) {
	rounds, seed := 2, rand.Uint64N(1_000_000)
	for name, n := range map[string]func(int){
		"KILL_ROUNDS": func(n int) { rounds = n },
		"KILL_SEED":   func(n int) { seed = uint64(n) },
	} {
		if text := os.Getenv(name); text != "" {
			v, err := strconv.Atoi(text)
			if err != nil || v < 1 {
				t.Fatalf("%s=%s: write a number above 0", name, text)
			}
			n(v)
		}
	}
	binary := build(t)
	for name, forgets := range map[string]bool{"BrokerSaves": false, "BrokerForgets": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Logf("KILL_SEED=%d", seed)
			broker := newMosquitto(t)
			c := &chaos{
				station: newStation(t, binary, killSite(), broker.url),
				rand:    rand.New(rand.NewPCG(seed, 1)), broker: broker, forgets: forgets,
				presses: map[string][]press{},
			}
			c.receiver = district.NewReceiver(district.Options{
				Hello: wire.Hello{Receipt: true, Spread: 1, Dz: []int{1}}, OnMessage: c.records.add,
			})
			broker.follow(c.receiver)
			began := time.Now()
			for i := range rounds {
				c.round(i == 0)
			}
			v := c.judge(c.settle())
			t.Logf("%d rounds, %d kills, %d broker restarts; %d alarms, %d of them with a siren on for a "+
				"second; %d raises, %d restored, %d duplicates, %d out of order, 0 missing; numbers "+
				"skipped at restarts and declared: %v; %.0f s",
				rounds, rounds, c.restarts, v.alarms, v.heard, v.raises, v.report.Restored,
				v.report.Duplicates, v.report.OutOfOrder, v.report.Declared, time.Since(began).Seconds())
		})
	}
}

// round is one life of the agent, with something going on every now and then, and what happens
// while it is dead. The first one is long enough for an alarm that is heard.
func (c *chaos) round(first bool) {
	l := c.start()
	c.lives = append(c.lives, l)
	life := 200*time.Millisecond + time.Duration(c.rand.Int64N(int64(3800*time.Millisecond)))
	if first {
		c.close(contacts[0])
		life = max(life, 2500*time.Millisecond)
	}
	for {
		step := time.Duration(c.rand.Int64N(int64(200 * time.Millisecond)))
		rest := l.from + life - c.board.Now()
		pause(min(step, rest))
		if step >= rest {
			break
		}
		c.act()
	}
	l.kill()
	for range c.rand.IntN(3) {
		pause(time.Duration(c.rand.Int64N(int64(200 * time.Millisecond))))
		c.touch()
	}
}

// act does one thing. Orders and restarts take their time while the story goes on.
func (c *chaos) act() {
	switch n := c.rand.IntN(20); {
	case n <= 1:
		c.restart(time.Duration(c.rand.Int64N(int64(1500 * time.Millisecond))))
	case n <= 4:
		point := ""
		if n > 2 {
			point = contacts[c.rand.IntN(len(contacts))].point
		}
		c.reset(point)
	default:
		c.touch()
	}
}

// touch closes a contact, or opens it when it is closed.
func (c *chaos) touch() {
	which := contacts[c.rand.IntN(len(contacts))]
	all := c.presses[which.line]
	if len(all) == 0 || all[len(all)-1].to != 0 {
		c.close(which)
		return
	}
	all[len(all)-1].to = c.board.Now()
	c.release(which.line)
}

func (c *chaos) close(which contact) {
	c.press(which.line)
	c.presses[which.line] = append(c.presses[which.line], press{from: c.board.Now()})
}

func (c *chaos) reset(point string) {
	args := []string{"reset"}
	if point != "" {
		args = append(args, point)
	}
	r := &reset{point: point, from: c.board.Now()}
	c.resets = append(c.resets, r)
	c.work.Go(func() {
		c.ask(args...) // it may be refused, or die with the agent
		r.to = c.board.Now()
	})
}

// restart stops the broker for a while, unless it is stopped already.
func (c *chaos) restart(outage time.Duration) {
	if c.busy.Swap(true) {
		return
	}
	c.restarts++
	how := syscall.SIGTERM
	if c.forgets {
		how = syscall.SIGKILL
	}
	c.work.Go(func() {
		defer c.busy.Store(false)
		c.broker.stop(how)
		pause(outage)
		c.broker.start()
	})
}

// settle lets everything come to an end with all of it up, and returns the district's report.
func (c *chaos) settle() district.Report {
	c.t.Helper()
	c.work.Wait()
	c.broker.heard()
	c.lives = append(c.lives, c.start())
	var r district.Report
	var held []string
	end := time.Now().Add(3 * patience)
	for ok := false; !ok; pause(50 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("not within %v: an empty outbox (waiting: %v) and a district that misses "+
				"nothing (missing: %+v)", 3*patience, held, r.Missing)
		}
		var s report
		if s, ok = c.status(); !ok {
			continue
		}
		held = held[:0]
		for _, l := range s.Outbox.Lanes {
			if l.Held > 0 {
				held = append(held, fmt.Sprintf("%s %d", l.Lane, l.Held))
			}
		}
		r = c.receiver.Report()
		ok = s.Link.Connected && len(s.Outbox.Lanes) == 3 && len(held) == 0 && len(c.missing(r)) == 0
	}
	c.lives[len(c.lives)-1].to = c.board.Now()
	return r
}

// missing are the holes that nobody declared. A broker that forgets what it has confirmed loses
// telemetry, for which no station waits.
func (c *chaos) missing(r district.Report) []district.Hole {
	if !c.forgets {
		return r.Missing
	}
	return slices.DeleteFunc(r.Missing, func(h district.Hole) bool { return h.Lane == "t" })
}
