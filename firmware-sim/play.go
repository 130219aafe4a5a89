package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/rig"
	"github.com/firepost/firepost/provisioning"
)

type playCmd struct {
	Recording string `arg:"" optional:"" help:"A .csv with its .json; without it a fire."`
	Site      string `help:"The board of this site file, without a recording." placeholder:"FILE"`
	Scenario  string `help:"Orders to the board, each at its time." placeholder:"FILE"`
	Dir       string `help:"Folder for all files." default:"sim" placeholder:"DIR"`
	Broker    string `help:"Broker of the identity." default:"tcp://127.0.0.1:1883"`
	Enrol     bool   `help:"Make no identity: the box is to enrol."`
	Speed     int    `help:"So many times as fast, 1 to 10." default:"1" placeholder:"N"`
}

// socketName is the board's socket in the folder of a run.
const socketName = "board.sock"

// playLead is the quiet before the fire, in real time.
const playLead = 20 * time.Second

// Run serves the board, does what is typed, and once an agent has connected plays the recording
// and the scenario; then the room stays as it is until a signal ends it.
func (c *playCmd) Run(ctx context.Context, o outlet) error {
	r, text, err := c.open()
	if err != nil {
		return err
	}
	steps, err := c.scenario(r)
	if err != nil {
		return err
	}
	l, err := c.prepare(text)
	if err != nil {
		return err
	}
	c.explain(o.out, r)
	came := &doorbell{Listener: l, rung: make(chan struct{})}
	served := make(chan error, 1)
	go func() { served <- r.board.Serve(ctx, came) }()
	tell := &teller{out: o.out}
	for _, out := range r.rig.Switched() {
		out.Pin.OnChange((&sounding{name: out.Name, low: out.Low, tell: tell}).changed)
	}
	go obey(ctx, o.in, r.rig, tell)
	select {
	case <-came.rung:
	case err := <-served:
		return err
	}
	var acts sync.WaitGroup
	acts.Go(func() { c.stage(ctx, r, steps, tell) })
	c.playRecording(ctx, r, tell)
	acts.Wait()
	if ctx.Err() == nil {
		tell.say("all is played; the room stays as it is; Ctrl-C ends")
	}
	return <-served
}

// open builds the board, and gives the site file that an agent for it needs.
func (c *playCmd) open() (*room, []byte, error) {
	if err := checkSpeed(c.Speed); err != nil {
		return nil, nil, err
	}
	if c.Site == "" {
		r, err := openRoom(c.Recording, c.Speed)
		if err != nil {
			return nil, nil, err
		}
		text, err := siteText(c.Speed)
		return r, []byte(text), err
	}
	switch {
	case c.Recording != "":
		return nil, nil, errors.New("--site: a recording is played in the room of the " +
			"demonstration only; leave one of the two out")
	case c.Speed != 1:
		return nil, nil, errors.New("--site: the times of a site file are real; leave --speed out")
	}
	text, err := os.ReadFile(c.Site)
	if err != nil {
		return nil, nil, err
	}
	s, err := site.Parse(filepath.Base(c.Site), text)
	if err != nil {
		return nil, nil, err
	}
	r, err := roomOf(s, 1)
	return r, text, err
}

// scenario reads the orders that are carried out by themselves.
func (c *playCmd) scenario(r *room) ([]rig.Step, error) {
	if c.Scenario == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.Scenario)
	if err != nil {
		return nil, err
	}
	var follow []string
	if r.record != nil {
		follow = followers()
	}
	return rig.ParseScenario(filepath.Base(c.Scenario), text, r.site, follow...)
}

// stage plays the scenario.
func (c *playCmd) stage(ctx context.Context, r *room, steps []rig.Step, tell *teller) {
	if len(steps) == 0 {
		return
	}
	tell.say("an agent is here; the scenario %s begins, and takes %v", c.Scenario,
		steps[len(steps)-1].At)
	r.rig.Play(ctx, steps, func(order, says string) {
		tell.say("> %s", order)
		if !strings.HasPrefix(order, "set ") {
			tell.say("  %s", says)
		}
	})
}

// playRecording plays the recording, if there is one.
func (c *playCmd) playRecording(ctx context.Context, r *room, tell *teller) {
	switch {
	case r.record == nil:
		if c.Scenario == "" {
			tell.say("an agent is here; nothing happens by itself; help lists the orders")
		}
	case r.fire == 0:
		tell.say("an agent is here; there is no fire in this recording")
		r.play(ctx, time.Now(), 0)
	default:
		lead := min(playLead*time.Duration(c.Speed), r.fire)
		tell.say("an agent is here; the fire starts in %v", lead/time.Duration(c.Speed))
		time.AfterFunc(lead/time.Duration(c.Speed), func() { tell.say("the fire starts") })
		r.play(ctx, time.Now(), r.fire-lead)
	}
}

// obey does what is typed, until ctx ends or nobody types.
func obey(ctx context.Context, in io.Reader, r *rig.Rig, tell *teller) {
	lines := bufio.NewScanner(in)
	for lines.Scan() && ctx.Err() == nil {
		says, err := r.Do(lines.Text())
		if err != nil {
			says = err.Error()
		}
		if says != "" {
			tell.print(says)
		}
	}
}

func (c *playCmd) explain(w io.Writer, r *room) {
	state := filepath.Join(c.Dir, "state")
	socket := filepath.Join(c.Dir, socketName)
	what := "the board of " + c.Site + ","
	if r.record != nil {
		what = "recording " + r.record.ID + ", on a board"
	}
	fmt.Fprintf(w, "%s behind %s; it waits for an agent.\n\n", what, socket)
	fmt.Fprintf(w, "In a second terminal, a district to report to:\n  firmware-sim district\n")
	fmt.Fprintf(w, "In a third one, the agent:\n  firepost run -c %s --dir %s --sim %s\n",
		filepath.Join(c.Dir, "site.toml"), state, socket)
	fmt.Fprintf(w, "In a fourth one, what the duty person does:\n")
	for _, word := range []string{"status", "silence", "reset"} {
		fmt.Fprintf(w, "  firepost %s --dir %s\n", word, state)
	}
	fmt.Fprintf(w, "Here, what happens to the parts: type help.\n")
	fmt.Fprintf(w, "From the source tree, firepost is: go run ./agent/cmd/firepost\n\n")
	if used, err := filepath.Glob(filepath.Join(state, "panel.*")); err == nil && len(used) > 0 {
		fmt.Fprintf(w, "What an earlier run left in %s is kept; remove it to begin anew.\n\n", state)
	}
}

// doorbell is a listener that tells when the first caller has spoken: one that only looks whether
// anybody is there says nothing.
type doorbell struct {
	net.Listener
	once sync.Once
	rung chan struct{}
}

// Accept implements net.Listener.
func (d *doorbell) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	return &caller{conn, d}, err
}

type caller struct {
	net.Conn
	bell *doorbell
}

// Read implements net.Conn.
func (c *caller) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.bell.once.Do(func() { close(c.bell.rung) })
	}
	return n, err
}

// teller prints lines from any goroutine.
type teller struct {
	mu  sync.Mutex
	out io.Writer
}

func (t *teller) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.out, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

// print writes an answer to what was typed, without the time.
func (t *teller) print(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(t.out, text)
}

// sounding tells of an output that pulses only when it begins and when it has ended.
type sounding struct {
	name string
	low  bool // it is on at Low
	tell *teller

	mu    sync.Mutex
	level bool // on now
	on    bool
	quiet *time.Timer // runs out when it has been off for long
}

// pauseMax is longer than any pause within a pattern.
const pauseMax = 3 * time.Second

func (s *sounding) changed(c board.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.level = c.High != s.low
	if s.level && !s.on {
		s.on = true
		s.tell.say("%s on", s.name)
	}
	if s.quiet != nil {
		s.quiet.Stop()
	}
	if !s.level && s.on {
		s.quiet = time.AfterFunc(pauseMax, s.over)
	}
}

func (s *sounding) over() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.on && !s.level {
		s.on = false
		s.tell.say("%s off", s.name)
	}
}

// prepare writes what an agent needs beside the board, and opens the board's socket.
func (c *playCmd) prepare(text []byte) (net.Listener, error) {
	identity := filepath.Join(c.Dir, "state", "identity")
	if c.Enrol {
		if err := os.MkdirAll(filepath.Dir(identity), 0o755); err != nil {
			return nil, err
		}
		return c.place(text)
	}
	_, err := provisioning.Create(identity, provisioning.District{
		Tenant: "demo", Brokers: []string{c.Broker}, Insecure: true, Sim: true,
		SiteKeys: []string{demoPublic},
	})
	if err != nil && !errors.Is(err, provisioning.ErrExists) {
		return nil, err
	}
	return c.place(text)
}

// place writes the site file and opens the board's socket.
func (c *playCmd) place(text []byte) (net.Listener, error) {
	if err := os.WriteFile(filepath.Join(c.Dir, "site.toml"), text, 0o644); err != nil {
		return nil, err
	}
	return listen(filepath.Join(c.Dir, socketName))
}

// listen opens a socket where one may have been left by a run that is over.
func listen(socket string) (net.Listener, error) {
	if conn, err := net.Dial("unix", socket); err == nil {
		conn.Close()
		return nil, fmt.Errorf("%s: another run uses it; end that one or choose another --dir", socket)
	}
	if info, err := os.Lstat(socket); err == nil && info.Mode().Type() == os.ModeSocket {
		os.Remove(socket)
	}
	return net.Listen("unix", socket)
}
