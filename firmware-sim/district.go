package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/district"
)

type districtCmd struct {
	Listen string `help:"Where the broker listens." default:"127.0.0.1:1883" placeholder:"ADDR"`
	Broker string `help:"Follow this broker instead of opening one." placeholder:"URL"`
	Full   bool   `help:"Print whole messages."`
}

// Run opens the stand-in and prints what comes until a signal ends it, then what it has checked.
func (c *districtCmd) Run(ctx context.Context, o outlet) error {
	var mu sync.Mutex
	recv := district.NewReceiver(district.Options{
		Hello: wire.Hello{Receipt: true, Max: wire.MaxMessage},
		OnMessage: func(m district.Message) {
			mu.Lock()
			defer mu.Unlock()
			c.print(o.out, m)
		},
	})
	err := c.follow(ctx, o.out, recv)
	mu.Lock()
	defer mu.Unlock()
	printReport(o.out, recv.Report())
	return err
}

func (c *districtCmd) follow(ctx context.Context, w io.Writer, recv *district.Receiver) error {
	if c.Broker != "" {
		fmt.Fprintf(w, "following %s; Ctrl-C ends\n", c.Broker)
		return district.Follow(ctx, c.Broker, "firepost-district", recv)
	}
	b, err := district.OpenBroker(c.Listen, nil)
	if err != nil {
		return err
	}
	defer b.Close()
	fmt.Fprintf(w, "district at %s; Ctrl-C ends\n", b.URL())
	return b.Attach(ctx, recv)
}

// shown is how much of a message is printed unless all is asked for.
const shown = 160

func (c *districtCmd) print(w io.Writer, m district.Message) {
	text := string(m.Payload)
	if !c.Full && len(text) > shown {
		text = text[:shown] + "…"
	}
	mark := " "
	if m.New {
		mark = "+"
	}
	fmt.Fprintf(w, "%s %s %s %-14s %s\n", m.At.Format(time.TimeOnly), mark, m.Device, m.Leaf, text)
}

func printReport(w io.Writer, r district.Report) {
	fmt.Fprintf(w, "\n%d messages\n", r.Messages)
	for _, lane := range slices.Sorted(maps.Keys(r.Received)) {
		fmt.Fprintf(w, "  lane %s       %d records\n", lane, r.Received[lane])
	}
	fmt.Fprintf(w, "  repeated     %d, of these with other data %d\n", r.Duplicates, r.BodyMismatch)
	fmt.Fprintf(w, "  missing      %d runs undeclared, %d records declared\n", len(r.Missing), r.Absent)
	fmt.Fprintf(w, "  out of order %d, malformed %d\n", r.OutOfOrder, r.Malformed)
	for _, f := range r.Faults {
		fmt.Fprintf(w, "    %s\n", f)
	}
}
