package main

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/firmware-sim/board"
)

// A player waits until an agent comes, has written what that agent needs, and refuses to take the
// socket of another player.
func TestPlayWaitsForAnAgent(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "sim")
	socket := filepath.Join(dir, socketName)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready, here := make(chan struct{}), make(chan struct{})
	out := &written{word: "waits for an agent", seen: func() { close(ready) }}
	ended := make(chan int, 1)
	args := []string{"play", "--dir", dir, "--speed", "10"}
	go func() { ended <- run(ctx, args, outlet{out, out, strings.NewReader("")}) }()
	<-ready
	out.mu.Lock()
	out.word, out.seen = "an agent is here; the fire starts in 20s", func() { close(here) }
	out.mu.Unlock()
	if _, err := site.Load(filepath.Join(dir, "site.toml")); err != nil {
		t.Errorf("the site file: %v", err)
	}
	if got := command(t, "", "play", "--dir", dir); got.code != 1 ||
		!strings.Contains(got.err, "another run uses it") {
		t.Errorf("a second player: got %d, %s", got.code, got.err)
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte{0}); err != nil {
		t.Fatal(err)
	}
	<-here
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("ended with %d: %s", code, out)
	}
}

// oneCaller is a listener that has one connection.
type oneCaller struct {
	net.Listener
	conn net.Conn
}

// Accept implements net.Listener.
func (o oneCaller) Accept() (net.Conn, error) { return o.conn, nil }

// Who only looks whether a player is there, as a second player does, is not taken for an agent.
func TestOnlyWhoSpeaksRingsTheBell(t *testing.T) {
	for said, want := range map[string]bool{"": false, "x": true} {
		here, there := net.Pipe()
		bell := &doorbell{Listener: oneCaller{conn: here}, rung: make(chan struct{})}
		go func() {
			_, _ = there.Write([]byte(said)) // what matters is what is read
			there.Close()
		}()
		conn, err := bell.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Read(make([]byte, 8))
		rung := false
		select {
		case <-bell.rung:
			rung = true
		default:
		}
		if rung != want {
			t.Errorf("after %q: got %v, want %v", said, rung, want)
		}
	}
}

// An output that pulses is told of when it begins and when it has ended, not at each pulse.
func TestPulsesAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &written{}
		s := &sounding{name: "siren", tell: &teller{out: out}}
		for range 9 {
			s.changed(board.Change{High: true})
			time.Sleep(500 * time.Millisecond)
			s.changed(board.Change{})
			time.Sleep(1500 * time.Millisecond)
		}
		if n := strings.Count(out.String(), "siren"); n != 1 {
			t.Errorf("it was told %d times while it sounds:\n%s", n, out.String())
		}
		time.Sleep(2 * time.Second)
		if !strings.Contains(out.String(), "siren off") {
			t.Errorf("its end was not told:\n%s", out.String())
		}
	})
}
