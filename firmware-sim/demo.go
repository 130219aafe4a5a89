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
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/district"
	"github.com/firepost/firepost/provisioning"
)

//go:embed demo.toml
var demoSite string

// The plot of the demonstration, in the time of the recording.
const (
	lead      = 12 * time.Second // quiet before the fire
	cutAfter  = 15 * time.Second // of the district's receipt of the alarm, or of the siren
	away      = 30 * time.Second // the line
	lookEvery = 10 * time.Second // a line about what the sensors see
	drainTime = 30 * time.Second // real time for the records that waited
)

type demoCmd struct {
	Once      bool   `help:"End after the story, with exit code 0 if every promise was kept."`
	JSON      bool   `help:"Print the summary as one JSON object and no story. Implies --once."`
	Speed     int    `help:"Run so many times as fast, 1 to 20." default:"1" placeholder:"N"`
	Recording string `help:"Play this .csv with its .json beside it." placeholder:"FILE"`
	Dir       string `help:"State directory; without it a new one that is removed." placeholder:"DIR"`
	Page      string `help:"Serve the page here; a free port when it is taken." default:"127.0.0.1:8080"`
}

// demo is one running demonstration.
type demo struct {
	cmd    *demoCmd
	room   *room
	broker *district.Broker
	recv   *district.Receiver
	agent  *agent.Agent
	story  *story
	start  time.Time
	from   time.Duration // of the playing, at start
	url    string
}

// Run plays the demonstration.
func (c *demoCmd) Run(ctx context.Context, o outlet) error {
	if c.Speed < 1 || c.Speed > 20 {
		return fmt.Errorf("--speed %d: write 1 to 20", c.Speed)
	}
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
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- d.agent.Run(ctx) }()
	if !c.JSON {
		d.head(o.out)
	}
	sum := d.plot(ctx)
	if c.JSON {
		return errors.Join(json.NewEncoder(o.out).Encode(sum), end(cancel, ran), sum.verdict())
	}
	sum.print(o.out)
	if !c.Once && ctx.Err() == nil {
		d.linger(ctx, o.out)
	}
	return errors.Join(end(cancel, ran), sum.verdict())
}

func end(cancel context.CancelFunc, ran <-chan error) error {
	cancel()
	return <-ran
}

// open builds everything and starts what is not the agent.
func (c *demoCmd) open(ctx context.Context, o outlet) (*demo, error) {
	r, err := openRoom(c.Recording, c.Speed)
	if err != nil {
		return nil, err
	}
	if r.fire == 0 {
		return nil, fmt.Errorf("recording %s: there is no fire in it, or no time before it", r.record.ID)
	}
	d := &demo{cmd: c, room: r, start: time.Now(), from: max(r.fire-lead, 0)}
	d.story = &story{out: o.out, now: d.sinceFire, quiet: c.JSON, color: isTerminal(o.out)}
	if d.broker, err = district.OpenBroker("127.0.0.1:0", nil); err != nil {
		return nil, err
	}
	d.recv = district.NewReceiver(district.Options{
		Hello: wire.Hello{Receipt: true, Max: wire.MaxMessage}, OnMessage: d.story.heard,
	})
	go d.broker.Attach(ctx, d.recv) //nolint:errcheck // it ends with ctx
	if err := d.makeAgent(); err != nil {
		return nil, err
	}
	r.board.Pin(sirenLine).OnChange(d.story.siren)
	return d, d.servePage(ctx)
}

// makeAgent is the whole of embedding firepost: a site, an identity, a board.
func (d *demo) makeAgent() error {
	text, err := siteText(d.cmd.Speed)
	if err != nil {
		return err
	}
	s, err := site.Parse("demo.toml", []byte(text))
	if err != nil {
		return err
	}
	s.Page.Listen = "" // the demonstration serves the page itself, where there is a free port
	for i := range s.Sensors {
		s.Sensors[i].Period /= time.Duration(d.cmd.Speed)
	}
	identity := filepath.Join(d.cmd.Dir, "identity")
	_, err = provisioning.Create(identity, provisioning.District{
		Tenant: "demo", Brokers: []string{d.broker.URL()}, Insecure: true, Sim: true,
	})
	if err != nil && !errors.Is(err, provisioning.ErrExists) {
		return err
	}
	d.agent, err = agent.New(s, agent.Options{
		Board: d.room.board, Dir: d.cmd.Dir, Sim: true, Log: slog.New(slog.DiscardHandler),
		OnEvent: d.story.event,
	})
	return err
}

func (d *demo) servePage(ctx context.Context) error {
	l, err := net.Listen("tcp", d.cmd.Page)
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	d.url = "http://" + l.Addr().String() + "/"
	srv := &http.Server{Handler: d.agent.Handler(), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { srv.Close() })
	go srv.Serve(l) //nolint:errcheck // it ends with ctx
	return nil
}

// sinceFire is the time since the fire began, in the time of the recording.
func (d *demo) sinceFire() time.Duration {
	return d.from + time.Since(d.start)*time.Duration(d.cmd.Speed) - d.room.fire
}

func (d *demo) head(w io.Writer) {
	r := d.room.record
	fmt.Fprintf(w, "firepost: a recorded fire on a simulated board\n\n")
	fmt.Fprintf(w, "  recording  %s, %s: %s\n", r.ID, r.Set, r.Windows[0].Note)
	fmt.Fprintf(w, "  licence    %s\n", r.Licence)
	fmt.Fprintf(w, "  page       %s\n", d.url)
	fmt.Fprintf(w, "  speed      %d times; Ctrl-C ends\n\n", d.cmd.Speed)
}

// plot plays the room and the line's adventure, and sums up.
func (d *demo) plot(ctx context.Context) summary {
	d.start = time.Now()
	played := make(chan struct{})
	go func() {
		defer close(played)
		d.room.play(ctx, d.from, d.narrate())
	}()
	d.adventure(ctx)
	d.drain(ctx)
	sum := d.sum(ctx)
	if d.cmd.Once || d.cmd.JSON {
		d.story.mark(func(s *story) { s.over = true })
		return sum
	}
	select {
	case <-played:
	case <-ctx.Done():
	}
	return sum
}

// narrate tells when the fire begins and, now and then, what the sensors see.
func (d *demo) narrate() func(time.Duration) {
	next, begun := d.from, false
	return func(t time.Duration) {
		if !begun && t >= d.room.fire {
			begun = true
			d.story.tell(yellow, "fire", "it starts in the recorded room")
		}
		if t < next {
			return
		}
		next += lookEvery
		if seen := d.look(); seen != "" {
			d.story.tell(dim, "sensors", "%s", seen)
		}
	}
}

// adventure cuts the line some time after the alarm and mends it again.
func (d *demo) adventure(ctx context.Context) {
	both := func() bool { return d.story.sirenAt.set && d.story.districtAt.set }
	if !d.wait(ctx, d.room.record.Ends(), both) {
		return
	}
	d.pause(ctx, cutAfter)
	d.broker.Cut()
	d.story.mark(func(s *story) { s.cut = true })
	d.story.tell(yellow, "line lost", "the district cannot be reached; the site goes on alone")
	for range 3 {
		d.pause(ctx, away/3)
		d.story.tell(yellow, "buffered", "%d records wait", d.held())
	}
	d.story.mark(func(s *story) { s.mended = true })
	if err := d.broker.Mend(); err != nil {
		d.story.tell(red, "broken", "%v", err)
	}
}

// drain waits until what waited has arrived.
func (d *demo) drain(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	done := func() bool { return d.story.tail != nil && d.story.forwarded >= d.story.waited }
	for limit.Err() == nil && !d.story.ask(done) {
		sleep(limit, 50*time.Millisecond)
	}
	if d.story.ask(done) {
		d.story.tell(green, "forwarded", "%d of %d records that waited", d.story.forwarded, d.story.waited)
	}
}

// wait polls done until it holds, or the playing has reached its end.
func (d *demo) wait(ctx context.Context, until time.Duration, done func() bool) bool {
	for ctx.Err() == nil {
		if d.story.ask(done) {
			return true
		}
		if d.sinceFire()+d.room.fire > until {
			return false
		}
		sleep(ctx, 20*time.Millisecond)
	}
	return false
}

// pause waits for d in the time of the recording.
func (d *demo) pause(ctx context.Context, span time.Duration) {
	sleep(ctx, span/time.Duration(d.cmd.Speed))
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// linger keeps everything running until Ctrl-C, so that the page can be looked at.
func (d *demo) linger(ctx context.Context, w io.Writer) {
	fmt.Fprintf(w, "\nThe alarm is latched and the agent goes on. Look at %s; Ctrl-C ends.\n", d.url)
	<-ctx.Done()
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
