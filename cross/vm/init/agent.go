//go:build linux

package main

import (
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// As the unit of a device says.
const (
	restartAfter = 500 * time.Millisecond
	watchdog     = 5 * time.Second
	notifyPath   = "/tmp/notify.sock"
)

// agent is the service that this process looks after.
type agent struct {
	argv []string

	mu      sync.Mutex
	process *os.Process // nil: it does not run
	wanted  bool
	ended   *sync.Cond // process became nil
}

func newAgent(argv ...string) *agent {
	a := &agent{argv: argv}
	a.ended = sync.NewCond(&a.mu)
	return a
}

// start runs the agent until stop.
func (a *agent) start() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.wanted {
		return
	}
	a.wanted = true
	go a.keep()
}

// stop ends the agent as the unit does, and waits for its end.
func (a *agent) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wanted = false
	if a.process != nil {
		a.process.Signal(unix.SIGTERM) //nolint:errcheck // it may have ended by itself
	}
	for a.process != nil {
		a.ended.Wait()
	}
}

func (a *agent) signal(which unix.Signal) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.process == nil {
		return os.ErrProcessDone
	}
	return a.process.Signal(which)
}

// keep runs the agent again and again.
func (a *agent) keep() {
	for {
		err := a.live()
		a.mu.Lock()
		a.process = nil
		a.ended.Broadcast()
		wanted := a.wanted
		a.mu.Unlock()
		say("agent ended: %v", err)
		if !wanted {
			return
		}
		time.Sleep(restartAfter)
	}
}

// live is one life of the agent, from its start to its end.
func (a *agent) live() error {
	os.Remove(notifyPath) //nolint:errcheck // it may be there from the last life
	notices, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notifyPath, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer notices.Close()
	cmd := exec.Command(a.argv[0], a.argv[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+notifyPath,
		"WATCHDOG_USEC="+strconv.FormatInt(watchdog.Microseconds(), 10))
	a.mu.Lock()
	err = cmd.Start()
	if err == nil {
		a.process = cmd.Process
	}
	a.mu.Unlock()
	if err != nil {
		return err
	}
	go listen(notices, cmd.Process)
	return cmd.Wait()
}

// listen hears what the agent tells of itself, and kills it when it tells nothing for too long.
func listen(notices *net.UnixConn, p *os.Process) {
	late := time.AfterFunc(watchdog, func() {
		say("agent gave no sign of life for %v", watchdog)
		p.Kill() //nolint:errcheck // it may have ended by itself
	})
	defer late.Stop()
	b := make([]byte, 512)
	for {
		n, err := notices.Read(b)
		if err != nil {
			return // closed with the life
		}
		late.Reset(watchdog)
		if strings.Contains(string(b[:n]), "READY=1") {
			say("agent is ready")
		}
	}
}
