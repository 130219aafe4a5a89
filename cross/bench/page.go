package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent"
)

// How many people look at the page in edge.page, and how often programs ask how it is.
const (
	openPages = 20
	askEvery  = time.Second / 50
)

// looks is what a crowd got.
type looks struct {
	Live    int64 `json:"live"`    // messages to the open pages
	Answers int64 `json:"answers"` // of the status
	Refused int64 `json:"refused"` // or not answered
}

// edgePage measures while twenty people have the page open, each from an address of his own, and
// the status is asked for fifty times a second.
func (b *bench) edgePage(ctx context.Context) error {
	dir, err := b.folder()
	if err != nil {
		return err
	}
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	text := strings.Replace(fullSite(), `listen = "off"`, `listen = "`+addr+`"`, 1)
	p, err := startPost(ctx, newBoard(), text, agent.Options{Dir: dir})
	if err != nil {
		return err
	}
	e, l, took, err := b.looked(ctx, p, addr)
	if err = errors.Join(err, p.stop()); err != nil {
		return err
	}
	b.printEdges("edge.page", e, aimEdge())
	b.print("edge.page.live", float64(l.Live)/took.Seconds(), "1/s", fmt.Sprintf(">= %d", openPages/4))
	b.print("edge.page.answers", float64(l.Answers)/took.Seconds(), "1/s", "")
	b.print("edge.page.refused", float64(l.Refused)/took.Seconds(), "1/s", "")
	return nil
}

// looked measures edges while a crowd in another process looks.
func (b *bench) looked(
	ctx context.Context, p *post, addr string,
) (e edges, l looks, took time.Duration, err error) {
	c, err := b.startChild(ctx, nil, "crowd", addr)
	if err != nil {
		return e, l, 0, err
	}
	defer c.stop()
	if _, err := c.out.ReadString('\n'); err != nil {
		return e, l, 0, fmt.Errorf("the crowd does not see the page: %w", err)
	}
	began := time.Now()
	e, err = p.measure(ctx, b.edgeCount())
	took = time.Since(began)
	c.in.Close()
	return e, l, took, errors.Join(err, json.NewDecoder(c.out).Decode(&l))
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// crowd looks at the page at an address until the input ends. It prints a line when all see it, and
// at the end what they got.
func crowd(ctx context.Context, args []string) error {
	ctx = untilInputEnds(ctx)
	base, seen := "http://"+args[0]+"/", make(chan struct{}, openPages)
	var all struct{ live, answers, refused atomic.Int64 }
	var people sync.WaitGroup
	for i := range openPages {
		people.Go(func() {
			first := sync.OnceFunc(func() { seen <- struct{}{} })
			for ctx.Err() == nil {
				err := follow(ctx, person(i), base+"live", func() { all.live.Add(1); first() })
				if err != nil && ctx.Err() == nil {
					all.refused.Add(1)
					wait(ctx, time.Second)
				}
			}
		})
	}
	for range openPages {
		select {
		case <-seen:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	fmt.Println("all see it")
	client, tick := person(openPages), time.NewTicker(askEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		people.Go(func() {
			if err := fetch(ctx, client, base+"status.json"); err == nil {
				all.answers.Add(1)
			} else if ctx.Err() == nil {
				all.refused.Add(1)
			}
		})
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	people.Wait()
	return json.NewEncoder(os.Stdout).Encode(looks{
		all.live.Load(), all.answers.Load(), all.refused.Load(),
	})
}

// person is a client with an address of his own.
func person(i int) *http.Client {
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i))}
	return &http.Client{Transport: &http.Transport{
		DialContext:     (&net.Dialer{LocalAddr: from}).DialContext,
		MaxConnsPerHost: 8,
	}}
}

func fetch(ctx context.Context, c *http.Client, url string) error {
	return follow(ctx, c, url, func() {})
}

// follow reads an answer to its end and calls line for each line of data.
func follow(ctx context.Context, c *http.Client, url string, line func()) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	r := bufio.NewReader(resp.Body)
	for {
		text, err := r.ReadString('\n')
		if strings.HasPrefix(text, "data: ") {
			line()
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
