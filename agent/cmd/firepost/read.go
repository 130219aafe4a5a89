package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// alone fails while an agent runs: what it has open it alone reads, and what it waits for must not
// be late.
func (c *live) alone(instead alarm.Text) error {
	_, err := probe.Ask(context.Background(), c.client())
	if err != nil && !c.isLocked() {
		return nil
	}
	return errors.New(c.say(alarm.Text{
		En: "an agent runs and has the buses and lines. " + instead.En + " To look at the part " +
			"itself: sudo systemctl stop firepost, and start it again afterwards",
		Zh: "主程序在运行并占用总线和线路。" + instead.Zh + "若要直接查看器件：" +
			"sudo systemctl stop firepost，之后再启动"}))
}

// stamp begins a line.
func stamp(t time.Time) string { return t.Format("15:04:05.000") }

type readCmd struct{ live }

func prepareRead(f *pflag.FlagSet) action {
	c := &readCmd{}
	c.flags(f, "readings")
	return c.run
}

// run opens one part and reads it again and again, with all that passes on the bus.
func (c *readCmd) run(o outlet, args []string) error {
	if err := c.check(); err != nil {
		return err
	}
	if err := c.alone(alarm.Text{En: "firepost points shows what it reads.",
		Zh: "firepost points 显示其读数。"}); err != nil {
		return err
	}
	v, err := c.sensor(args[0])
	if err != nil {
		return err
	}
	m := catalog.Sensors()[v.Model]
	channels := m.Descriptor.Channels
	if m.Channels != nil {
		if channels, err = m.Channels(v.Options); err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
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

// transfer is one of them, as JSON has it.
type transfer struct {
	At      string            `json:"at"`
	Address string            `json:"address,omitempty"`
	Write   string            `json:"write,omitempty"`
	Read    string            `json:"read,omitempty"`
	Seconds float64           `json:"seconds,omitempty"`
	Values  map[string]string `json:"values,omitempty"`
	Err     string            `json:"err,omitempty"`
}

// reading writes what the driver made of the bytes.
func (s *shower) reading(samples []drivers.Sample, err error) {
	t := transfer{At: time.Now().Format(time.RFC3339Nano)}
	if err != nil {
		t.Err = err.Error()
	}
	var all []string
	for _, v := range samples {
		name, text := v.Quantity.String(), v.Quantity.Text(v.Value)
		if int(v.Channel) < len(s.channels) {
			name = s.channels[v.Channel].Name
		}
		if t.Values == nil {
			t.Values = map[string]string{}
		}
		t.Values[name] = text
		all = append(all, name+" "+text)
	}
	switch {
	case s.json:
		json.NewEncoder(s.out).Encode(t) //nolint:errcheck // whoever read it has gone
	case err != nil:
		fmt.Fprintf(s.out, "  error: %v\n", err)
	default:
		fmt.Fprintf(s.out, "  = %s\n", strings.Join(all, ", "))
	}
}

// transfer writes one transfer of the bus.
func (s *shower) transfer(addr uint16, w, r []byte, began time.Time, err error) {
	t := transfer{At: began.Format(time.RFC3339Nano), Address: fmt.Sprintf("%#02x", addr),
		Write: fmt.Sprintf("% x", w), Seconds: time.Since(began).Seconds()}
	if err != nil {
		t.Err = err.Error()
	} else {
		t.Read = fmt.Sprintf("% x", r)
	}
	if s.json {
		json.NewEncoder(s.out).Encode(t) //nolint:errcheck // whoever read it has gone
		return
	}
	line := fmt.Sprintf("%s  %#02x  %5.1f ms", stamp(began), addr, t.Seconds*1000)
	if len(w) > 0 {
		line += "  w " + t.Write
	}
	if len(r) > 0 && err == nil {
		line += "  r " + t.Read
	}
	if err != nil {
		line += "  " + t.Err
	}
	fmt.Fprintln(s.out, line)
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
	b.show.transfer(addr, w, r, began, err)
	return err
}

// Close gives the bus back.
func (b *watchedBus) Close() error {
	if c, ok := b.Bus.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
