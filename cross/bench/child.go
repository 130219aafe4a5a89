package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/district"
)

// endTime is how long a process that was asked to end may take.
const endTime = 5 * time.Second

// child is this program at work in another process. It ends when its input does, so that none
// outlives this one.
type child struct {
	cmd *exec.Cmd
	in  io.Closer
	out *bufio.Reader
}

// startChild starts this program in a role of its own, with more variables in its environment.
func (b *bench) startChild(ctx context.Context, env []string, role ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, role...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = b.log
	cmd.WaitDelay = endTime
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &child{cmd, in, bufio.NewReader(out)}, cmd.Start()
}

// stop ends the child and waits for it.
func (c *child) stop() {
	_ = c.in.Close() // a child that is gone already has no input
	late := time.AfterFunc(endTime, func() { _ = c.cmd.Process.Kill() })
	defer late.Stop()
	_ = c.cmd.Wait() // how it ended does not matter any more
}

// untilInputEnds returns a context that ends when nothing reads this process's words any more.
func untilInputEnds(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	return ctx
}

// spin computes without a pause until the input ends.
func spin(ctx context.Context, _ []string) error {
	ctx = untilInputEnds(ctx)
	var ended atomic.Bool
	context.AfterFunc(ctx, func() { ended.Store(true) })
	for !ended.Load() {
	}
	return nil
}

// busyOutside keeps n other processes computing.
func (b *bench) busyOutside(ctx context.Context, n int) (stop func(), err error) {
	var all []*child
	stop = func() {
		for _, c := range all {
			c.stop()
		}
	}
	for range n {
		c, err := b.startChild(ctx, []string{"GOMAXPROCS=2"}, "spin")
		if err != nil {
			stop()
			return nil, err
		}
		all = append(all, c)
	}
	return stop, nil
}

// busyInside keeps n goroutines of this process computing.
func busyInside(n int) (stop func()) {
	var ended atomic.Bool
	done := make(chan struct{}, n)
	for range n {
		go func() {
			for !ended.Load() {
			}
			done <- struct{}{}
		}()
	}
	return func() {
		ended.Store(true)
		for range n {
			<-done
		}
	}
}

// serveDistrict is the stand-in for the district: a broker, and a receiver that gives receipts and
// takes what is compressed. It prints where it is. With "all" it allows as much as a hello can say.
// With a number it prints how many ms after the birth so many readings of the backlog were there.
func serveDistrict(ctx context.Context, args []string) error {
	ctx = untilInputEnds(ctx)
	broker, err := district.OpenBroker("127.0.0.1:0", nil)
	if err != nil {
		return err
	}
	defer broker.Close()
	hello := wire.Hello{Receipt: true, Gz: true, Dz: []int{1}, Max: wire.MaxMessage}
	wanted := 0
	for _, arg := range args {
		if arg == "all" {
			hello.Rate, hello.Window = wire.MaxRate, wire.MaxWindow
		} else if wanted, err = strconv.Atoi(arg); err != nil {
			return err
		}
	}
	recv := district.NewReceiver(district.Options{
		Hello: hello, Coalesce: 5 * time.Millisecond, OnMessage: arrivals(wanted),
	})
	if err := broker.Attach(recv); err != nil {
		return err
	}
	fmt.Println(broker.URL())
	if err := broker.Serve(ctx, recv); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// arrivals counts readings of the backlog from the birth on, and tells when all are there.
func arrivals(wanted int) func(district.Message) {
	var born time.Time
	return func(m district.Message) {
		var x struct {
			SeqN int `json:"seqn"`
		}
		switch {
		case m.Leaf == wire.UpState && born.IsZero():
			born = m.At
		case m.Leaf == wire.UpBackfill && wanted > 0 && json.Unmarshal(m.Payload, &x) == nil:
			if wanted -= x.SeqN; wanted <= 0 {
				fmt.Println(millis(time.Since(born)))
			}
		}
	}
}

// startDistrict starts a district in a process of its own and returns its address.
func (b *bench) startDistrict(
	ctx context.Context, args ...string,
) (c *child, url string, err error) {
	if c, err = b.startChild(ctx, nil, append([]string{"district"}, args...)...); err != nil {
		return nil, "", err
	}
	if url, err = c.out.ReadString('\n'); err != nil {
		c.stop()
		return nil, "", errors.Join(errors.New("the district did not say where it is"), err)
	}
	return c, strings.TrimSpace(url), nil
}
