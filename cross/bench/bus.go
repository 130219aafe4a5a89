package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/rig"
)

// fullBus are 24 parts on one bus, each at its own address: the most that a site is likely to have
// on one, and of every kind. The first is the contact whose way to the siren is measured.
var fullBus = []struct{ model, address, channel, options string }{
	{"mcp23017", "0x20", "in0", `inputs = "0-3"`}, {"mcp23017", "0x21", "in0", ""},
	{"pcf8574", "0x22", "in0", ""}, {"sht4x", "0x44", "temperature", ""},
	{"sht4x", "0x45", "temperature", ""}, {"sht4x", "0x46", "temperature", ""},
	{"bme280", "0x76", "temperature", ""}, {"bme280", "0x77", "temperature", ""},
	{"aht20", "0x38", "temperature", ""}, {"mlx90614", "0x5a", "object", ""},
	{"amg8833", "0x68", "hottest", ""}, {"sps30", "0x69", "pm2.5", ""},
	{"scd4x", "0x62", "co2", ""}, {"sgp40", "0x59", "raw", ""}, {"sgp30", "0x58", "voc", ""},
	{"dfgas", "0x74", "co", `gas = "co"`}, {"ina219", "0x40", "voltage", ""},
	{"ina219", "0x41", "voltage", ""}, {"ina226", "0x42", "voltage", ""},
	{"eol-loop", "0x48", "contact", ""}, {"eol-loop", "0x49", "contact", ""},
	{"loop-4-20ma", "0x4a", "level", "quantity = \"level\"\nat4 = \"0 m\"\nat20 = \"5 m\""},
	{"ads1115", "0x4b", "voltage", ""}, {"mcp342x", "0x6a", "voltage", ""},
}

// busSite is a site of fullBus, with the siren of shortSite.
func busSite() string {
	var t strings.Builder
	t.WriteString("[site]\nid = \"bench\"\n\n[[output]]\nid = \"siren\"\nkind = \"sounder\"\n" +
		"model = \"relay\"\nline = \"GPIO5\"\ndrive = \"steady\"\n\n[page]\nlisten = \"off\"\n")
	for i, p := range fullBus {
		fmt.Fprintf(&t, "\n[[sensor]]\nname = \"s%d\"\nmodel = %q\naddress = %q\n%s\n"+
			"\n[[point]]\nid = \"p%d\"\nfrom = \"s%d.%s\"\n", i, p.model, p.address, p.options, i, i,
			p.channel)
		if i == 0 {
			t.WriteString("signal = \"fire\"\nconfirm = \"0 s\"\nrelease = \"0 s\"\nlatch = false\n")
		} else {
			t.WriteString("signal = \"supervisory\"\nrecord = true\n")
		}
	}
	return t.String()
}

// bus24 measures a bus of 100 kbit/s on which the simulated bytes take the time that real ones do:
// how much of it is used, how late conversions begin, and how long a contact behind an expander of
// it needs to the siren. Its aim is the expander's period, its settling and 10 ms.
func (b *bench) bus24(ctx context.Context) error {
	dir, err := b.folder()
	if err != nil {
		return err
	}
	s, err := site.Parse("bus.toml", []byte(busSite()))
	if err != nil {
		return err
	}
	// Half of the transfers take less than a timer of Go can tell apart.
	brd := board.New(board.Options{Sleep: func(d time.Duration) { _, _, _ = nap(ctx, d) }})
	parts, err := rig.New(s, brd, brd.Now)
	if err != nil {
		return err
	}
	state := map[bool]string{false: "normal", true: "abnormal"}
	p, err := startPostBy(ctx, brd, busSite(), agent.Options{Dir: dir}, func(pressed bool) error {
		return parts.Set("s0.in0", state[pressed])
	})
	if err != nil {
		return err
	}
	_, busyBefore := brd.Bus(airBus).Transfers()
	began := time.Now()
	e, err := p.measure(ctx, b.count(300, 100))
	_, busy := brd.Bus(airBus).Transfers()
	took := time.Since(began)
	all, statusErr := p.status()
	if err = errors.Join(err, statusErr, p.stop()); err != nil {
		return err
	}
	b.spread("bus.24.edge", e.Drive, map[string]string{"p99": "<= 120"})
	b.print("bus.24.missed", float64(e.Missed), "edges", "<= 0")
	b.print("bus.24.used", 100*float64(busy-busyBefore)/float64(took), "%", "")
	for _, bus := range all.Buses {
		if strings.HasSuffix(bus.Name, airBus) {
			b.print("bus.24.late_10ms", bus.within(10*time.Millisecond), "%", "")
			b.print("bus.24.late_100ms", bus.within(100*time.Millisecond), "%", "")
			b.print("bus.24.late.max", 1000*bus.LateMax, "ms", "")
			b.print("bus.24.errors", float64(bus.Errors), "reads", "")
		}
	}
	return nil
}

// busStatus is a bus as /status.json has it.
type busStatus struct {
	Name    string  `json:"name"`
	Errors  uint64  `json:"errors"`
	LateMax float64 `json:"late_seconds_max"`
	Late    []struct {
		Within *float64 `json:"within_seconds"`
		Count  uint64   `json:"count"`
	} `json:"late"`
}

// within is how many of 100 conversions began at most so late.
func (s busStatus) within(d time.Duration) float64 {
	var all, some uint64
	for _, l := range s.Late {
		all += l.Count
		if l.Within != nil && *l.Within <= d.Seconds() {
			some += l.Count
		}
	}
	if all == 0 {
		return 0
	}
	return 100 * float64(some) / float64(all)
}
