package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/firepost/firepost/agent"
)

// edgeOneCore measures an agent that may use one processor only while it sends a backlog of 100,000
// readings to a district in another process, at its own rate. The agent runs in a process of its
// own, because a Go program that had two is not one that has one.
func (b *bench) edgeOneCore(ctx context.Context) error {
	dir, err := b.folder()
	if err != nil {
		return err
	}
	if err := prefill(ctx, dir, backlog); err != nil {
		return err
	}
	far, url, err := b.startDistrict(ctx)
	if err != nil {
		return err
	}
	defer far.stop()
	if err := enrol(dir, url); err != nil {
		return err
	}
	c, err := b.startChild(ctx, []string{"GOMAXPROCS=1"}, "one-core", dir, fmt.Sprint(b.edgeCount()))
	if err != nil {
		return err
	}
	var r oneCoreResult
	err = json.NewDecoder(c.out).Decode(&r)
	c.stop()
	if err != nil {
		return fmt.Errorf("the process with one processor gave no result: %w", err)
	}
	b.printEdges("edge.one_core", r.Edges, map[string]string{"p99": "<= 5", "p99_9": "<= 10"})
	b.print("edge.one_core.sent_meanwhile", float64(r.Sent), "readings", "")
	return nil
}

// oneCoreResult is what the process with one processor tells.
type oneCoreResult struct {
	Edges edges
	Sent  uint64 // readings of the backlog that went out meanwhile
}

// oneCore is that process. Its arguments are the state folder and the number of edges.
func oneCore(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("it needs a folder and a number")
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	if got := runtime.GOMAXPROCS(0); got != 1 {
		return fmt.Errorf("it may use %d processors, and should one", got)
	}
	ctx = untilInputEnds(ctx)
	p, err := startPost(ctx, newBoard(), shortSite, agent.Options{Dir: args[0]})
	if err != nil {
		return err
	}
	r, err := p.whileSending(ctx, n)
	if err = errors.Join(err, p.stop()); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// whileSending measures n edges between the first and the last reading of the backlog.
func (p *post) whileSending(ctx context.Context, n int) (r oneCoreResult, err error) {
	sending := func() bool {
		s, err := p.status()
		return err == nil && s.Link.Connected && s.held() > 0 && s.held() < backlog
	}
	if err := until(ctx, time.Minute, sending); err != nil {
		return r, errors.Join(errors.New("the backlog does not go out"), err)
	}
	before, err := p.status()
	if err != nil {
		return r, err
	}
	if r.Edges, err = p.measure(ctx, n); err != nil {
		return r, err
	}
	if !sending() {
		return r, errors.New("the backlog did not last")
	}
	after, err := p.status()
	r.Sent = before.held() - after.held()
	return r, err
}
