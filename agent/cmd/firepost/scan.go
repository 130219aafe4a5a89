package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/pflag"
	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/probe"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/board"
	"github.com/firepost/firepost/drivers/catalog"
)

// aboard are the commands that look at the board itself.
type aboard struct {
	paths
	tongue
	config, sim string
	json        bool
}

func (c *aboard) flags(f *pflag.FlagSet) {
	f.StringVarP(&c.config, "config", "c", "/etc/firepost/site.toml", "site file")
	c.paths.flag(f)
	c.tongue.flag(f)
	f.StringVar(&c.sim, "sim", "", "use the simulated board behind this `SOCKET`")
	f.BoolVar(&c.json, "json", false, "print it as JSON")
}

func (c *aboard) machine() probe.Machine {
	if c.sim != "" {
		return board.Sim(c.sim)
	}
	return board.Host()
}

// silent is an agent that runs and cannot be asked.
func (c *aboard) silent() error {
	return errors.New(c.say(alarm.Text{
		En: "an agent holds " + c.dir + " and the buses, and does not answer: it starts, or it hangs",
		Zh: "主程序占用 " + c.dir + " 和总线，但无应答：正在启动或已卡死"}))
}

type scanCmd struct{ aboard }

func prepareScan(f *pflag.FlagSet) action {
	c := &scanCmd{}
	c.flags(f)
	return c.run
}

// run tells what the board has. Beside a running agent that one scans, between its own readings.
func (c *scanCmd) run(o outlet, args []string) error {
	if err := c.check(); err != nil {
		return err
	}
	h, err := c.scan(args)
	if err != nil {
		return err
	}
	if c.json {
		e := json.NewEncoder(o.out)
		e.SetIndent("", "  ")
		return e.Encode(h)
	}
	h.Print(o.out, c.isChinese())
	if len(h.Buses)+len(h.Lines) == 0 {
		return &exitError{1, ""}
	}
	return nil
}

func (c *scanCmd) scan(args []string) (h probe.Hardware, err error) {
	answer, err := c.client().Get("http://firepost/scan.json")
	if err == nil {
		defer answer.Body.Close()
		return decodeScan(answer, len(args) > 0)
	}
	if c.isLocked() {
		return h, c.silent()
	}
	seats := probe.Seats{}
	if s, err := site.Load(c.config); err == nil {
		seats = probe.SeatsOf(s)
	}
	m := c.machine()
	if len(args) == 0 {
		return probe.Scan(m, seats, false, func(b drivers.BusInfo) (i2c.Bus, error) {
			return m.I2C(b.Name)
		}), nil
	}
	bus, err := catalog.OpenBus(m, args[0])
	if err != nil {
		return h, err
	}
	found, err := probe.ScanBus(bus, drivers.BusInfo{Name: args[0]}, nil)
	h.Buses, h.Lines = []probe.Bus{found}, []drivers.LineInfo{}
	return h, err
}

// decodeScan reads what a running agent found.
func decodeScan(answer *http.Response, named bool) (h probe.Hardware, err error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	switch {
	case err != nil:
	case answer.StatusCode != http.StatusOK:
		err = errors.New(strings.TrimSpace(string(body)))
	case named:
		err = errors.New("an agent runs and has the buses; it scans all of them: write firepost " +
			"scan, or stop it to look behind a switch")
	default:
		err = json.Unmarshal(body, &h)
	}
	if err != nil {
		return h, fmt.Errorf("scan: %w", err)
	}
	return h, nil
}
