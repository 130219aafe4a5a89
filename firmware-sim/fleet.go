package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/district"
	"github.com/firepost/firepost/firmware-sim/fleet"
	"github.com/firepost/firepost/provisioning"
)

type fleetCmd struct {
	Devices int           `help:"How many stations." default:"100"`
	Broker  string        `help:"Where they connect." default:"tcp://127.0.0.1:1883"`
	Tenant  string        `help:"Of the stations." default:"fleet"`
	Dir     string        `help:"Folder of their states; without it one that is removed."`
	Press   time.Duration `help:"Every so often one presses its call point; 0: never." default:"10s"`
	For     time.Duration `help:"End after so long; 0: at a signal." default:"0s"`
}

// lineEvery is how often a line is printed.
const lineEvery = 5 * time.Second

// Run lets the stations work, follows the broker as their platform, and prints how it goes.
func (c *fleetCmd) Run(ctx context.Context, o outlet) error {
	if c.Dir == "" {
		dir, err := os.MkdirTemp("", "firepost-fleet-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		c.Dir = dir
	}
	f, err := fleet.New(fleet.Options{N: c.Devices, Dir: c.Dir, District: provisioning.District{
		Tenant: c.Tenant, Brokers: []string{c.Broker}, Insecure: true,
	}})
	if err != nil {
		return err
	}
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	recv := district.NewReceiver(district.Options{Hello: wire.Hello{
		Receipt: true, Gz: true, Dz: []int{1}, Max: wire.MaxMessage, Spread: wire.DefaultSpread,
	}})
	following := make(chan error, 1)
	go func() { following <- district.Follow(ctx, c.Broker, "firepost-district", recv) }()
	go c.watch(ctx, o.out, f, recv)
	err = f.Run(ctx)
	if followed := <-following; err == nil {
		err = followed
	}
	printReport(o.out, recv.Report())
	return err
}

// watch presses call points and prints a line every few seconds.
func (c *fleetCmd) watch(ctx context.Context, w io.Writer, f *fleet.Fleet, r *district.Receiver) {
	fmt.Fprint(w, "   time  online    alarms    events  readings  missing  memory\n")
	began, look := time.Now(), time.NewTicker(lineEvery)
	defer look.Stop()
	press := make(<-chan time.Time)
	if c.Press > 0 {
		t := time.NewTicker(c.Press)
		defer t.Stop()
		press = t.C
	}
	next := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-press:
			f.Press(next%c.Devices, next/c.Devices%2 == 0)
			next++
		case <-look.C:
			c.line(w, time.Since(began), r.Report())
		}
	}
}

func (c *fleetCmd) line(w io.Writer, since time.Duration, rep district.Report) {
	online := 0
	for _, is := range rep.Online {
		if is {
			online++
		}
	}
	fmt.Fprintf(w, "%6.0f s %7d %9d %9d %9d %8d  %s\n", since.Seconds(), online,
		rep.Received["a"], rep.Received["e"], rep.Received["t"], len(rep.Missing), anonymous())
}

// anonymous is the memory of this process that no file stands behind.
func anonymous() string {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return fmt.Sprintf("%d kB of heap", m.HeapAlloc>>10)
	}
	_, after, _ := strings.Cut(string(text), "RssAnon:")
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimSpace(line)
}
