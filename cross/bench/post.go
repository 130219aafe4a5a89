package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"time"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
	"github.com/firepost/firepost/provisioning"
)

// The lines and buses of the site that is measured.
const (
	buttonLine = "GPIO17"
	sirenLine  = "GPIO5"
	airBus     = "i2c-1"
	hungBus    = "i2c-9"
)

// shortSite is a contact that sounds the siren without any delay of its own, so that what is left
// is the agent's.
const shortSite = `[site]
id = "bench"

[[sensor]]
name = "button"
model = "contact"
line = "GPIO17"
debounce = "0 ms"

[[point]]
id = "button"
signal = "fire"
from = "button"
confirm = "0 s"
release = "0 s"
latch = false

[[output]]
id = "siren"
kind = "sounder"
model = "relay"
line = "GPIO5"
drive = "steady"

[page]
listen = "off"
`

// hungSensor is a part on another bus, which hangs.
const hungSensor = `
[[sensor]]
name = "hung"
model = "sht4x"
bus = "i2c-9"

[[point]]
id = "hung"
class = "heat"
from = "hung.temperature"
`

// fullSite is a small venue of twenty points: the contact of shortSite, air, dust, and doors.
func fullSite() string {
	var t strings.Builder
	t.WriteString(shortSite)
	t.WriteString(`
[[sensor]]
name = "air"
model = "sht4x"

[[sensor]]
name = "dust"
model = "sps30"

[[point]]
id = "heat"
class = "heat"
from = "air.temperature"

[[point]]
id = "humidity"
signal = "supervisory"
from = "air.humidity"
record = true

[[point]]
id = "smoke"
class = "smoke"
from = "dust.pm2.5"
alarm = "150 µg/m³"
`)
	for i := range 16 {
		fmt.Fprintf(&t, "\n[[sensor]]\nname = \"door-%d\"\nmodel = \"contact\"\nline = \"GPIO%d\"\n"+
			"\n[[point]]\nid = \"door-%d\"\nclass = \"door\"\nfrom = \"door-%d\"\n", i, 20+i, i, i)
	}
	return t.String()
}

// newBoard is a board for either site, all contacts at rest.
func newBoard() *board.Board {
	b := board.New(board.Options{})
	b.Bus(airBus).Attach(0x44, chip.NewSHT4x(b.Now))
	b.Bus(airBus).Attach(0x69, chip.NewSPS30(b.Now))
	b.Bus(hungBus).Attach(0x44, chip.NewSHT4x(b.Now))
	b.Pin(buttonLine).Drive(true)
	for i := range 16 {
		b.Pin(fmt.Sprintf("GPIO%d", 20+i)).Drive(true)
	}
	return b
}

// enrol gives the state folder dir a simulated identity that names a broker.
func enrol(dir, url string) error {
	_, err := provisioning.Create(filepath.Join(dir, "identity"), provisioning.District{
		Tenant: "bench", Brokers: []string{url}, Insecure: true, Sim: true,
	})
	return err
}

// change is what the siren's line did, and when.
type change struct {
	at           time.Time
	high, opened bool
}

// listen tells of each change of a pin, without making the one who changes it wait.
func listen(p *board.Pin) <-chan change {
	changes := make(chan change, 1024)
	p.OnChange(func(c board.Change) {
		now := change{time.Now(), c.High, c.Opened}
		select {
		case changes <- now:
		default: // nobody measures
		}
	})
	return changes
}

// post is an agent in this process, on a simulated board.
type post struct {
	press   func(pressed bool) error // of the contact that sounds the siren
	changes <-chan change
	agent   *agent.Agent
	stop    func() error
}

// startPost runs an agent on brd and waits until it watches the contact on buttonLine.
func startPost(
	ctx context.Context, brd *board.Board, text string, o agent.Options,
) (*post, error) {
	return startPostBy(ctx, brd, text, o, func(pressed bool) error {
		brd.Pin(buttonLine).Drive(!pressed)
		return nil
	})
}

// startPostBy is startPost with another contact.
func startPostBy(
	ctx context.Context, brd *board.Board, text string, o agent.Options, press func(bool) error,
) (*post, error) {
	s, err := site.Parse("bench.toml", []byte(text))
	if err != nil {
		return nil, err
	}
	o.Board, o.Sim = brd, true
	p := &post{press: press, changes: listen(brd.Pin(sirenLine))}
	if p.agent, err = agent.New(s, o); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.agent.Run(ctx) }()
	p.stop = func() error {
		cancel()
		return <-ended
	}
	if _, ok := p.await(false); !ok {
		return nil, errors.Join(errors.New("the siren's line was not opened"), p.stop())
	}
	// The first edges are not counted: they meet a program that is still starting.
	if e, err := p.measure(ctx, 5); err != nil || e.Missed > 0 {
		missed := fmt.Errorf("%d of the first 5 edges were missed", e.Missed)
		return nil, errors.Join(missed, err, p.stop())
	}
	return p, nil
}

// status is the part of /status.json that is looked at.
type status struct {
	Buses  []busStatus `json:"buses"`
	Outbox struct {
		MemoryOnly bool `json:"memory_only"`
		Lanes      []struct {
			Lane string `json:"lane"`
			Held uint64 `json:"held"`
		} `json:"lanes"`
	} `json:"outbox"`
	Link struct {
		Connected bool `json:"connected"`
	} `json:"link"`
}

// held is how many readings wait for the district.
func (s status) held() uint64 {
	for _, l := range s.Outbox.Lanes {
		if l.Lane == "t" {
			return l.Held
		}
	}
	return 0
}

func (p *post) status() (s status, err error) {
	w := httptest.NewRecorder()
	p.agent.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/status.json", nil))
	return s, json.Unmarshal(w.Body.Bytes(), &s)
}
