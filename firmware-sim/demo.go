package main

import (
	"context"
	_ "embed" // the site of the demonstration
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/district"
	"github.com/firepost/firepost/provisioning"
)

//go:embed demo.toml
var demoSite string

type demoCmd struct {
	Once      bool   `help:"End after the story, with exit code 0 if every promise was kept."`
	JSON      bool   `help:"Print the summary as one JSON object and no story. Implies --once."`
	Speed     int    `help:"Run so many times as fast, 1 to 10." default:"1" placeholder:"N"`
	Recording string `help:"Play this .csv with its .json beside it." placeholder:"FILE"`
	Dir       string `help:"New state folder; without it one that is removed." placeholder:"DIR"`
	Page      string `help:"Serve the page here, or at a free port." default:"127.0.0.1:8080"`
}

// maxSpeed bounds --speed: the agent's own times, a tick of 0.1 s and a second between two looks
// at its state, do not run faster, and a story of moments apart must stay one.
const maxSpeed = 10

func checkSpeed(speed int) error {
	if speed < 1 || speed > maxSpeed {
		return fmt.Errorf("--speed %d: write 1 to %d", speed, maxSpeed)
	}
	return nil
}

// demo is one running demonstration.
type demo struct {
	cmd    *demoCmd
	room   *room
	broker *district.Broker
	mend   func() error  // brings the line back
	drain  time.Duration // how long the records that waited may take, in real time
	recv   *district.Receiver
	agent  *agent.Agent
	story  *story
	start  time.Time
	from   time.Duration // of the playing, at start
	url    string
	taken  bool // the address that was asked for
}

// Run plays the demonstration.
func (c *demoCmd) Run(ctx context.Context, o outlet) error {
	if c.Dir == "" {
		dir, err := os.MkdirTemp("", "firepost-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		c.Dir = dir
	}
	d, err := c.open(ctx, o)
	if err != nil {
		return err
	}
	defer d.broker.Close()
	return d.run(ctx, o)
}

func (d *demo) run(ctx context.Context, o outlet) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.start = time.Now()
	ran := make(chan error, 1)
	go func() {
		err := d.agent.Run(ctx)
		cancel() // without an agent there is nothing to show
		ran <- err
	}()
	if !d.cmd.JSON {
		d.head(o.out)
	}
	go d.room.play(ctx, d.start, d.from)
	go d.watch(ctx)
	sum := d.plot(ctx)
	d.story.mark(func(s *story) { s.over = d.cmd.once() })
	if d.cmd.JSON {
		if err := json.NewEncoder(o.out).Encode(sum); err != nil {
			return err
		}
	} else {
		sum.print(o.out)
	}
	if !d.cmd.once() && ctx.Err() == nil {
		fmt.Fprintf(o.out, "\nThe agent goes on; its page is %s; Ctrl-C ends.\n\n", d.url)
		<-ctx.Done()
		d.story.mark(func(s *story) { s.over = true })
	}
	cancel()
	return errors.Join(<-ran, sum.verdict())
}

func (c *demoCmd) once() bool { return c.Once || c.JSON }

// open builds everything and starts what is not the agent.
func (c *demoCmd) open(ctx context.Context, o outlet) (*demo, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	r, err := openRoom(c.Recording, c.Speed)
	if err != nil {
		return nil, err
	}
	if r.fire == 0 {
		return nil, fmt.Errorf("recording %s: there is no fire in it, or no time before it",
			r.record.ID)
	}
	d := &demo{cmd: c, room: r, from: max(r.fire-lead, 0), drain: drainTime}
	d.story = &story{out: o.out, at: d.sinceFire, quiet: c.JSON, color: isTerminal(o.out)}
	if d.broker, err = district.OpenBroker("127.0.0.1:0", nil); err != nil {
		return nil, err
	}
	d.mend = d.broker.Mend
	d.recv = district.NewReceiver(district.Options{
		Hello:     wire.Hello{Receipt: true, Gz: true, Dz: []int{1}, Max: wire.MaxMessage},
		OnMessage: d.story.heard,
	})
	if err := d.broker.Attach(d.recv); err != nil {
		return nil, err
	}
	go d.broker.Serve(ctx, d.recv) //nolint:errcheck // it ends with ctx
	if err := d.makeAgent(); err != nil {
		return nil, err
	}
	r.board.Pin(sirenLine).OnChange(d.story.siren)
	return d, d.servePage(ctx)
}

// check refuses what would make another story: in a folder that was used, the alarm of the last run
// still stands.
func (c *demoCmd) check() error {
	if err := checkSpeed(c.Speed); err != nil {
		return err
	}
	used, err := os.ReadDir(c.Dir)
	if err == nil && len(used) > 0 {
		return fmt.Errorf("--dir %s: it is not empty; name a new folder", c.Dir)
	}
	return nil
}

// makeAgent is the whole of embedding firepost: a site, an identity, a board.
func (d *demo) makeAgent() error {
	s, err := demoSiteAt(d.cmd.Speed)
	if err != nil {
		return err
	}
	s.Page.Listen = "" // the demonstration serves the page itself, where there is a free port
	identity := filepath.Join(d.cmd.Dir, "identity")
	_, err = provisioning.Create(identity, provisioning.District{
		Tenant: "demo", Brokers: []string{d.broker.URL()}, Insecure: true, Sim: true,
		SiteKeys: []string{demoPublic},
	})
	if err != nil {
		return err
	}
	d.agent, err = agent.New(s, agent.Options{
		Board: d.room.board, Dir: d.cmd.Dir, Sim: true, Log: slog.New(slog.DiscardHandler),
		OnEvent: d.story.event,
	})
	return err
}

// demoSiteAt is the site of the demonstration for chips whose clocks run speed times as fast. They
// are also read so often, which a site file could not ask of a real part.
func demoSiteAt(speed int) (*site.Site, error) {
	text, err := siteText(speed)
	if err != nil {
		return nil, err
	}
	who, err := operatorText()
	if err != nil {
		return nil, err
	}
	s, err := site.Parse("demo.toml", []byte(text+who))
	if err != nil {
		return nil, err
	}
	for i := range s.Sensors {
		s.Sensors[i].Period /= time.Duration(speed)
	}
	return s, nil
}

func (d *demo) servePage(ctx context.Context) error {
	l, err := net.Listen("tcp", d.cmd.Page)
	if errors.Is(err, syscall.EADDRINUSE) {
		d.taken = true
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return fmt.Errorf("--page: %w", err)
	}
	d.url = "http://" + l.Addr().String() + "/"
	go d.agent.ServePage(ctx, l) //nolint:errcheck // it ends with ctx
	return nil
}

// sinceFire is the moment now since the fire began, in the time of the recording.
func (d *demo) sinceFire(now time.Time) time.Duration {
	return d.from + now.Sub(d.start)*time.Duration(d.cmd.Speed) - d.room.fire
}

func (d *demo) head(w io.Writer) {
	r := d.room.record
	row := func(what, text string) {
		for _, line := range wrap(text, 66) {
			fmt.Fprintf(w, "  %-11s %s\n", what, line)
			what = ""
		}
	}
	fmt.Fprint(w, "firepost: a recorded fire on a simulated board\n\n")
	row("recording", r.ID)
	row("", r.Windows[0].Note)
	row("licence", r.Licence)
	page := d.url
	if d.taken {
		page += " (" + d.cmd.Page + " is taken)"
	}
	row("page", page)
	row("", "to act on it: operator "+demoOperator+", PIN "+demoPIN)
	speed := "as it was recorded"
	if d.cmd.Speed > 1 {
		speed = fmt.Sprintf("%d times as fast as it was recorded", d.cmd.Speed)
	}
	row("speed", speed+"; Ctrl-C ends")
	fmt.Fprint(w, "\nTimes are minutes and seconds since the fire began, in the recording.\n\n")
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
