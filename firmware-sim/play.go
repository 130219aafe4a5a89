package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/provisioning"
)

type playCmd struct {
	Recording string `arg:"" optional:"" help:"A .csv with its .json beside it; without it the one that is built in."`
	Dir       string `help:"Folder for the socket, the site file and a simulated identity." default:"sim" placeholder:"DIR"`
	Broker    string `help:"The broker that the identity names." default:"tcp://127.0.0.1:1883" placeholder:"URL"`
	Speed     int    `help:"Play so many times as fast, 1 to 20." default:"1" placeholder:"N"`
}

// playLead is the quiet before the fire: time to start an agent.
const playLead = 30 * time.Second

// Run serves the board and plays the recording; then the room stays as it is until a signal ends
// it.
func (c *playCmd) Run(ctx context.Context, o outlet) error {
	if c.Speed < 1 || c.Speed > 20 {
		return fmt.Errorf("--speed %d: write 1 to 20", c.Speed)
	}
	r, err := openRoom(c.Recording, c.Speed)
	if err != nil {
		return err
	}
	l, err := c.prepare()
	if err != nil {
		return err
	}
	state, socket := filepath.Join(c.Dir, "state"), filepath.Join(c.Dir, "board.sock")
	fmt.Fprintf(o.out, "recording %s; the board waits behind %s\nNow run: firepost run -c %s --dir %s --sim %s\n",
		r.record.ID, socket, filepath.Join(c.Dir, "site.toml"), state, socket)
	served := make(chan error, 1)
	go func() { served <- r.board.Serve(ctx, l) }()
	for name, line := range map[string]string{"siren": sirenLine, "strobe": strobeLine} {
		r.board.Pin(line).OnChange(func(ch board.Change) {
			fmt.Fprintf(o.out, "%s %s %s\n", time.Now().Format(time.TimeOnly), name, onOff(ch.High))
		})
	}
	from, begun := max(r.fire-playLead*time.Duration(c.Speed), 0), false
	r.play(ctx, from, func(t time.Duration) {
		if !begun && t >= r.fire {
			begun = true
			fmt.Fprintf(o.out, "%s the fire starts\n", time.Now().Format(time.TimeOnly))
		}
	})
	return <-served
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
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
	socket := filepath.Join(c.Dir, "board.sock")
	if info, err := os.Lstat(socket); err == nil && info.Mode().Type() == os.ModeSocket {
		os.Remove(socket) // of a run that is over; a live one is found by the listen below
	}
	return net.Listen("unix", socket)
}
