package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/provisioning"
)

type playCmd struct {
	Recording string `arg:"" optional:"" help:"A .csv with its .json; without it a fire."`
	Dir       string `help:"Folder for all files." default:"sim" placeholder:"DIR"`
	Broker    string `help:"Broker of the identity." default:"tcp://127.0.0.1:1883"`
	Speed     int    `help:"So many times as fast, 1 to 10." default:"1" placeholder:"N"`
}

// socketName is the board's socket in the folder of a run.
const socketName = "board.sock"

// playLead is the quiet before the fire, in real time.
const playLead = 20 * time.Second

// Run serves the board and, once an agent has connected, plays the recording; then the room stays
// as it is until a signal ends it.
func (c *playCmd) Run(ctx context.Context, o outlet) error {
	if err := checkSpeed(c.Speed); err != nil {
		return err
	}
	r, err := openRoom(c.Recording, c.Speed)
	if err != nil {
		return err
	}
	l, err := c.prepare()
	if err != nil {
		return err
	}
	c.explain(o.out, r)
	came := &doorbell{Listener: l, rung: make(chan struct{})}
	served := make(chan error, 1)
	go func() { served <- r.board.Serve(ctx, came) }()
	tell := &teller{out: o.out}
	for name, line := range map[string]string{"siren": sirenLine, "strobe": strobeLine} {
		r.board.Pin(line).OnChange((&sounding{name: name, tell: tell}).changed)
	}
	select {
	case <-came.rung:
	case err := <-served:
		return err
	}
	lead := playLead * time.Duration(c.Speed)
	if r.fire == 0 {
		tell.say("an agent is here; there is no fire in this recording")
		r.play(ctx, time.Now(), 0)
	} else {
		lead = min(lead, r.fire)
		tell.say("an agent is here; the fire starts in %v", lead/time.Duration(c.Speed))
		time.AfterFunc(lead/time.Duration(c.Speed), func() { tell.say("the fire starts") })
		r.play(ctx, time.Now(), r.fire-lead)
	}
	if ctx.Err() == nil {
		tell.say("the recording is over; the room stays as it is; Ctrl-C ends")
	}
	return <-served
}

func (c *playCmd) explain(w io.Writer, r *room) {
	state := filepath.Join(c.Dir, "state")
	socket := filepath.Join(c.Dir, socketName)
	fmt.Fprintf(w, "recording %s, on a board behind %s; it waits for an agent.\n\n",
		r.record.ID, socket)
	fmt.Fprintf(w, "In a second terminal, a district to report to:\n  firmware-sim district\n")
	fmt.Fprintf(w, "In a third one, the agent:\n  firepost run -c %s --dir %s --sim %s\n",
		filepath.Join(c.Dir, "site.toml"), state, socket)
	fmt.Fprintf(w, "In a fourth one, what the duty person does:\n")
	for _, word := range []string{"status", "silence", "reset"} {
		fmt.Fprintf(w, "  firepost %s --dir %s\n", word, state)
	}
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

// sounding tells of an output that pulses only when it begins and when it has ended.
type sounding struct {
	name string
	tell *teller

	mu    sync.Mutex
	high  bool
	on    bool
	quiet *time.Timer // runs out when the line has been low for long
}

// pauseMax is longer than any pause within a pattern.
const pauseMax = 3 * time.Second

func (s *sounding) changed(c board.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.high = c.High
	if c.High && !s.on {
		s.on = true
		s.tell.say("%s on", s.name)
	}
	if s.quiet != nil {
		s.quiet.Stop()
	}
	if !c.High && s.on {
		s.quiet = time.AfterFunc(pauseMax, s.over)
	}
}

func (s *sounding) over() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.on && !s.high {
		s.on = false
		s.tell.say("%s off", s.name)
	}
}

// prepare writes what an agent needs beside the board, and opens the board's socket.
func (c *playCmd) prepare() (net.Listener, error) {
	text, err := siteText(c.Speed)
	if err != nil {
		return nil, err
	}
	identity := filepath.Join(c.Dir, "state", "identity")
	_, err = provisioning.Create(identity, provisioning.District{
		Tenant: "demo", Brokers: []string{c.Broker}, Insecure: true, Sim: true,
	})
	if err != nil && !errors.Is(err, provisioning.ErrExists) {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "site.toml"), []byte(text), 0o644); err != nil {
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
