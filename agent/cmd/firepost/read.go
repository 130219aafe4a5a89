package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/probe"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

// live is a command that goes on until Ctrl-C, or for as long or as often as asked.
type live struct {
	aboard
	number uint
	last   time.Duration
}

func (c *live) flags(f *pflag.FlagSet, what string) {
	c.aboard.flags(f)
	f.UintVarP(&c.number, "number", "n", 0, "end after so many "+what)
	f.DurationVar(&c.last, "for", 0, "end after this time, such as 10s")
}

// context ends at a signal, or when the time is over.
func (c *live) context() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if c.last <= 0 {
		return ctx, stop
	}
	ctx, cancel := context.WithTimeout(ctx, c.last)
	return ctx, func() { cancel(); stop() }
}

// isAlone tells whether no agent runs: what one has open it alone reads, and what it waits for must
// not be late. It fails when one runs and does not answer.
func (c *live) isAlone() (bool, error) {
	_, err := probe.Ask(context.Background(), c.client())
	switch {
	case err == nil:
		return false, nil
	case c.isLocked():
		return false, c.silent()
	}
	return true, nil
}

// overhear shows what the running agent reads: its own transfers, or its own looks at a line.
func (c *live) overhear(what url.Values, tell func(probe.Passed) (enough bool)) error {
	ctx, stop := c.context()
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet,
		"http://firepost/passing.json?"+what.Encode(), nil)
	if err != nil {
		return err
	}
	client := c.client()
	client.Timeout = 0 // it goes on
	answer, err := client.Do(r)
	if err != nil {
		return c.unreachable(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(answer.Body, mostAnswer)) // the status tells too
		return errors.New(c.say(alarm.Text{
			En: "an agent runs and has the buses: " + strings.TrimSpace(string(body)) +
				"; for a part that is not in its site file stop it: sudo systemctl stop firepost",
			Zh: "主程序在运行并占用总线：" + strings.TrimSpace(string(body)) +
				"；若要读取站点配置以外的器件，请先停止：sudo systemctl stop firepost"}))
	}
	for in := json.NewDecoder(answer.Body); ; {
		var p probe.Passed
		if err := in.Decode(&p); err != nil {
			if ctx.Err() != nil || errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if tell(p) {
			return nil
		}
	}
}

// stamp begins a line.
func stamp(t time.Time) string { return t.Format("15:04:05.000") }

type readCmd struct{ live }

func prepareRead(f *pflag.FlagSet) action {
	c := &readCmd{}
	c.flags(f, "readings")
	return c.run
}

// run opens one part and reads it again and again, with all that passes on the bus. Beside a
// running agent it opens nothing and shows the agent's transfers with the part.
func (c *readCmd) run(o outlet, args []string) error {
	if err := c.check(); err != nil {
		return err
	}
	v, err := c.sensor(args[0])
	if err != nil {
		return err
	}
	alone, err := c.isAlone()
	if err != nil {
		return err
	}
	if !alone {
		return c.beside(o, v)
	}
	return c.read(o, v)
}

// beside shows the agent's own transfers with a part, which are as many as it makes.
func (c *readCmd) beside(o outlet, v site.Sensor) error {
	bus, chip := catalog.Sensors()[v.Model].Place(v.Options)
	if line, ok := strings.CutPrefix(bus, "line:"); ok {
		return errors.New(c.say(alarm.Text{En: "it hangs on a line: write firepost pin " + line,
			Zh: "它接在线路上，请用 firepost pin " + line}))
	}
	spot, _ := catalog.SpotOf(chip)
	show, n := &shower{out: o.out, json: c.json}, uint(0)
	what := url.Values{"bus": {spot.Root()}, "address": {fmt.Sprintf("%#x", spot.Addr())}}
	return c.overhear(what, func(p probe.Passed) bool {
		show.passed(p)
		if p.Read != "" {
			n++
		}
		return c.number > 0 && n >= c.number
	})
}

// read opens the part.
func (c *readCmd) read(o outlet, v site.Sensor) (err error) {
	m := catalog.Sensors()[v.Model]
	channels := m.Descriptor.Channels
	if m.Channels != nil {
		if channels, err = m.Channels(v.Options); err != nil {
			return fmt.Errorf("%s: %w", v.Name, err)
		}
	}
	show := &shower{out: o.out, json: c.json, channels: channels}
	dev, err := m.Open(&watched{c.machine(), show}, v.Options)
	if err != nil {
		return err
	}
	if closer, ok := dev.(io.Closer); ok {
		defer closer.Close()
	}
	ctx, stop := c.context()
	defer stop()
	read := false
	every := max(v.Period, m.Descriptor.Period, 100*time.Millisecond)
	for n := uint(0); ctx.Err() == nil && (c.number == 0 || n < c.number); n++ {
		if n > 0 {
			sleep(ctx, every)
		}
		if ctx.Err() == nil {
			samples, err := readOnce(ctx, dev)
			show.reading(samples, err)
			read = read || err == nil
		}
	}
	if !read {
		return &exitError{1, ""}
	}
	return nil
}

// sensor finds what is meant: a sensor of the site file, or MODEL@BUS/ADDRESS.
func (c *readCmd) sensor(name string) (site.Sensor, error) {
	model, at, placed := strings.Cut(name, "@")
	if placed {
		spot, ok := catalog.SpotOf(at)
		if _, known := catalog.Sensors()[model]; !ok || !known {
			return site.Sensor{}, fmt.Errorf("%q is no part; write it like sht4x@i2c-1/0x44, with a "+
				"model that firepost scan names", name)
		}
		bus := strings.TrimSuffix(spot.String(), fmt.Sprintf("/%#x", spot.Addr()))
		return site.Sensor{Name: name, Model: model, Options: map[string]string{
			"bus": bus, "address": fmt.Sprintf("%#x", spot.Addr()),
		}}, nil
	}
	s, err := site.Load(c.config)
	if err != nil {
		return site.Sensor{}, fmt.Errorf("%w\nwrite a part like sht4x@i2c-1/0x44 to do without", err)
	}
	var all []string
	for _, v := range s.Sensors {
		if v.Name == name {
			return v, nil
		}
		all = append(all, v.Name)
	}
	return site.Sensor{}, fmt.Errorf("%q is no sensor of %s; write one of %s, or a part like "+
		"sht4x@i2c-1/0x44", name, c.config, strings.Join(all, ", "))
}

// readOnce makes one conversion. A part that has nothing new yet is asked again for a while.
func readOnce(ctx context.Context, dev drivers.Sensor) ([]drivers.Sample, error) {
	wait, err := dev.Start()
	if err != nil {
		return nil, err
	}
	for range 20 {
		sleep(ctx, wait)
		samples, err := dev.Read(nil)
		if !errors.Is(err, drivers.ErrNotReady) || ctx.Err() != nil {
			return samples, err
		}
		wait = 100 * time.Millisecond
	}
	return nil, drivers.ErrNotReady
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// shower writes what passes.
type shower struct {
	out      io.Writer
	json     bool
	channels []drivers.Channel
}

// reading writes what the driver made of the bytes.
func (s *shower) reading(samples []drivers.Sample, err error) {
	p := probe.Passed{At: time.Now()}
	if err != nil {
		p.Err = err.Error()
	}
	var all []string
	for _, v := range samples {
		name, text := v.Quantity.String(), v.Quantity.Text(v.Value)
		if int(v.Channel) < len(s.channels) {
			name = s.channels[v.Channel].Name
		}
		if p.Values == nil {
			p.Values = map[string]string{}
		}
		p.Values[name] = text
		all = append(all, name+" "+text)
	}
	switch {
	case s.json:
		json.NewEncoder(s.out).Encode(p) //nolint:errcheck // whoever read it has gone
	case err != nil:
		fmt.Fprintf(s.out, "  error: %v\n", err)
	default:
		fmt.Fprintf(s.out, "  = %s\n", strings.Join(all, ", "))
	}
}

// passed writes one transfer of the bus.
func (s *shower) passed(p probe.Passed) {
	if s.json {
		json.NewEncoder(s.out).Encode(p) //nolint:errcheck // whoever read it has gone
		return
	}
	fmt.Fprintln(s.out, p.Text())
}

// watched is a board whose transfers are shown.
type watched struct {
	catalog.Board
	show *shower
}

// I2C opens a bus of the board.
func (b *watched) I2C(name string) (i2c.Bus, error) {
	bus, err := b.Board.I2C(name)
	if err != nil {
		return nil, err
	}
	return &watchedBus{bus, b.show}, nil
}

type watchedBus struct {
	i2c.Bus
	show *shower
}

// Tx makes a transfer and shows it.
func (b *watchedBus) Tx(addr uint16, w, r []byte) error {
	began := time.Now()
	err := b.Bus.Tx(addr, w, r)
	b.show.passed(probe.Transfer(addr, w, r, began, err))
	return err
}

// Close gives the bus back.
func (b *watchedBus) Close() error {
	if c, ok := b.Bus.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
