package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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

// serveDistrict is the stand-in for the district: a broker, and a receiver that gives receipts. It
// prints where it is.
func serveDistrict(ctx context.Context, _ []string) error {
	ctx = untilInputEnds(ctx)
	broker, err := district.OpenBroker("127.0.0.1:0", nil)
	if err != nil {
		return err
	}
	defer broker.Close()
	recv := district.NewReceiver(district.Options{
		Hello: wire.Hello{Receipt: true, Max: wire.MaxMessage},
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

// startDistrict starts a district in a process of its own and returns its address.
func (b *bench) startDistrict(ctx context.Context) (c *child, url string, err error) {
	if c, err = b.startChild(ctx, nil, "district"); err != nil {
		return nil, "", err
	}
	if url, err = c.out.ReadString('\n'); err != nil {
		c.stop()
		return nil, "", errors.Join(errors.New("the district did not say where it is"), err)
	}
	return c, strings.TrimSpace(url), nil
}
