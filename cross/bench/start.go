package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"
)

// start measures the device's own program from the start of its process, with a new state folder
// and a contact that is closed all the time:
//
//   - siren_open: until the siren's line is opened, at rest;
//   - armed: until the siren sounds for the closed contact;
//   - ready: until it tells systemd that it is ready.
func (b *bench) start(ctx context.Context) error {
	var opened, armed, ready []time.Duration
	for range b.count(20, 5) {
		s, err := b.oneStart(ctx)
		if err != nil {
			return err
		}
		opened, armed = append(opened, s.opened), append(armed, s.armed)
		ready = append(ready, s.ready)
	}
	b.spread("start.siren_open", opened, nil)
	b.spread("start.armed", armed, map[string]string{"max": "<= 1000"})
	b.spread("start.ready", ready, nil)
	return nil
}

// starting is what one start took.
type starting struct{ opened, armed, ready time.Duration }

// startLimit is how long a start is waited for.
const startLimit = 10 * time.Second

func (b *bench) oneStart(ctx context.Context) (s starting, err error) {
	state, err := b.folder()
	if err != nil {
		return s, err
	}
	// The socket stands in for systemd's, to which the program tells that it is ready.
	path := filepath.Join(b.dir, fmt.Sprintf("notify-%d", b.dirs))
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return s, err
	}
	defer systemd.Close()
	brd := newBoard()
	brd.Pin(buttonLine).Drive(false)
	p, err := b.startProcess(ctx, fullSite(), state, brd, "NOTIFY_SOCKET="+path)
	if err != nil {
		return s, err
	}
	err = p.starts(&s)
	if err == nil {
		err = systemd.SetReadDeadline(p.began.Add(startLimit))
	}
	if err == nil {
		s.ready, err = p.tellsReady(systemd)
	}
	return s, errors.Join(err, p.stop())
}

// starts waits for the siren's line to be opened and to sound.
func (p *process) starts(s *starting) error {
	late := time.NewTimer(startLimit)
	defer late.Stop()
	for {
		select {
		case c := <-p.changes:
			if c.opened {
				s.opened = c.at.Sub(p.began)
			}
			if c.high {
				s.armed = c.at.Sub(p.began)
				return nil
			}
		case <-late.C:
			return fmt.Errorf("the siren did not sound within %v of the start", startLimit)
		}
	}
}

// tellsReady waits for the word to systemd. It may have come while nobody was reading; then it is
// as late as the siren at most, which a second's pace of the watchdog makes unlikely.
func (p *process) tellsReady(systemd *net.UnixConn) (time.Duration, error) {
	buf := make([]byte, 256)
	for {
		n, err := systemd.Read(buf)
		if err != nil {
			return 0, fmt.Errorf("it did not say that it is ready: %w", err)
		}
		if string(buf[:n]) == "READY=1" {
			return time.Since(p.began), nil
		}
	}
}
