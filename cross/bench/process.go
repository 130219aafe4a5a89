package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/firepost/firepost/firmware-sim/board"
)

// process is the device's own program, on a simulated board that this one serves.
type process struct {
	cmd     *exec.Cmd
	began   time.Time
	changes <-chan change // of the siren's line
	client  *http.Client  // of its control socket
	close   func()
}

// startProcess runs the program with a site and the state folder state, which may hold an identity
// and a backlog. env is what it has beside the environment of this one.
func (b *bench) startProcess(
	ctx context.Context, text, state string, brd *board.Board, env ...string,
) (*process, error) {
	program, err := b.ownBinary()
	if err != nil {
		return nil, err
	}
	dir, err := b.folder()
	if err != nil {
		return nil, err
	}
	file, socket := filepath.Join(dir, "site.toml"), filepath.Join(dir, "board.sock")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	served, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- brd.Serve(served, l) }()
	control := filepath.Join(state, "control.sock")
	p := &process{
		changes: listen(brd.Pin(sirenLine)),
		client: &http.Client{Timeout: endTime, Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "unix", control)
			},
		}},
		close: func() {
			cancel()
			if err := <-done; err != nil {
				b.say("%v", err)
			}
		},
	}
	// The page is on, as it is in the field, at a port that is free.
	p.cmd = exec.CommandContext(ctx, program, "run", "-c", file, "--dir", state, "--sim", socket,
		"--page", "127.0.0.1:0")
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = endTime
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// stop ends the program as init does, and the board with it.
func (p *process) stop() error {
	defer p.close()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(endTime, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("the program did not end well: %w", err)
	}
	return nil
}

// status asks the program how it is.
func (p *process) status(ctx context.Context) (s status, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://agent/status.json", nil)
	if err != nil {
		return s, err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return s, fmt.Errorf("status: %s", resp.Status)
	}
	return s, json.NewDecoder(resp.Body).Decode(&s)
}

// resident is the memory of a process: all that is in RAM, and the part of it that is the
// process's own and not a file's.
type resident struct{ all, anon int64 }

func (p *process) memory() (r resident, err error) {
	file := fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)
	var errs [2]error
	r.all, errs[0] = procField(file, "VmRSS")
	r.anon, errs[1] = procField(file, "RssAnon")
	return r, errors.Join(errs[:]...)
}

func (b *bench) printMemory(name string, r resident, aim string) {
	b.print(name+".rss", float64(r.all), "B", aim)
	b.print(name+".rss_anon", float64(r.anon), "B", "")
}
