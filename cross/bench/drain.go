package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// drain is one way for a backlog to go out.
type drain struct {
	name    string
	hello   []string      // of the district
	delay   time.Duration // of the line, each way
	timeAim string
	rateAim string
}

// drains follow a program from its birth until the district has the last reading of its backlog:
// at the courier's own rate, and as fast as a platform may allow, on loopback and over a line with
// a round trip of 50 ms. The memory of the program is the most that was seen meanwhile.
func (b *bench) drains(ctx context.Context) error {
	n := b.count(backlog, backlog/10)
	var failed []error
	for _, d := range []drain{
		{name: "default_rate"},
		{name: "allowed", hello: []string{"all"}, timeAim: "<= 1"},
		{name: "allowed_rtt_50ms", hello: []string{"all"}, delay: 25 * time.Millisecond,
			rateAim: ">= 18000"},
	} {
		took, most, err := b.drainOnce(ctx, d, n)
		if err != nil {
			failed = append(failed, fmt.Errorf("drain %s: %w", d.name, err))
			continue
		}
		b.print(fmt.Sprintf("drain.%s.readings_%d", d.name, n), took.Seconds(), "s", d.timeAim)
		b.print("drain."+d.name+".rate", float64(n)/took.Seconds(), "readings/s", d.rateAim)
		b.printMemory(fmt.Sprintf("memory.draining_%d.%s", n, d.name), most, aimBuffered)
	}
	return errors.Join(failed...)
}

func (b *bench) drainOnce(
	ctx context.Context, d drain, n int,
) (took time.Duration, most resident, err error) {
	state, err := b.folder()
	if err != nil {
		return 0, most, err
	}
	if err := prefill(ctx, state, n); err != nil {
		return 0, most, err
	}
	far, url, err := b.startDistrict(ctx, append(d.hello, strconv.Itoa(n))...)
	if err != nil {
		return 0, most, err
	}
	defer far.stop()
	if d.delay > 0 {
		line, err := openLine(strings.TrimPrefix(url, "tcp://"), d.delay)
		if err != nil {
			return 0, most, err
		}
		defer line.Close()
		url = "tcp://" + line.Addr().String()
	}
	if err := enrol(state, url); err != nil {
		return 0, most, err
	}
	p, err := b.startProcess(ctx, fullSite(), state, newBoard())
	if err != nil {
		return 0, most, err
	}
	took, most, err = b.follow(ctx, p, far)
	return took, most, errors.Join(err, p.stop())
}

// drainLimit is how long a backlog is waited for.
const drainLimit = 20 * time.Minute

// follow looks at the memory of a program until the district says how long the backlog took.
func (b *bench) follow(
	ctx context.Context, p *process, far *child,
) (took time.Duration, most resident, err error) {
	told := make(chan string, 1)
	go func() {
		text, _ := far.out.ReadString('\n') // what is not a number says that it ended
		told <- strings.TrimSpace(text)
	}()
	late := time.NewTimer(drainLimit)
	defer late.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case text := <-told:
			ms, err := strconv.ParseFloat(text, 64)
			return time.Duration(ms * float64(time.Millisecond)), most, err
		case <-look.C:
			r, err := p.memory()
			if err != nil {
				return 0, most, err
			}
			most.all, most.anon = max(most.all, r.all), max(most.anon, r.anon)
		case <-late.C:
			return 0, most, fmt.Errorf("the backlog was not gone after %v", drainLimit)
		case <-ctx.Done():
			return 0, most, ctx.Err()
		}
	}
}

// openLine is a line to far that takes delay each way, and keeps any number of bytes on it.
func openLine(far string, delay time.Duration) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			c, err := net.Dial("tcp", far)
			if err != nil {
				near.Close()
				continue
			}
			go carry(c, near, delay)
			go carry(near, c, delay)
		}
	}()
	return l, nil
}

// parcel is what was read, and when it arrives.
type parcel struct {
	at   time.Time
	data []byte
}

// carry brings what src says to dst, each byte delay later, until one of them ends.
func carry(dst io.WriteCloser, src io.ReadCloser, delay time.Duration) {
	underway := make(chan parcel, 4096)
	go func() {
		defer close(underway)
		for {
			data := make([]byte, 16<<10)
			n, err := src.Read(data)
			if n > 0 {
				underway <- parcel{time.Now().Add(delay), data[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	defer dst.Close()
	for p := range underway {
		time.Sleep(time.Until(p.at))
		if _, err := dst.Write(p.data); err != nil {
			src.Close()
			for range underway { // until the reader has seen it
			}
			return
		}
	}
}
