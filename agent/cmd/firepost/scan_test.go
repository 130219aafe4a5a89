package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/internal/probe"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// A scan names each part that answers and how sure that is, says which the site file has, and
// prints the lines for the others; a bus behind a switch is scanned by its name.
func TestScan(t *testing.T) {
	s := newStation(t, "", airSite, "")
	now := s.board.Now
	bus := s.board.Bus("i2c-1")
	bus.Attach(0x44, chip.NewSHT4x(now))
	bus.Attach(0x57, chip.NewMAX30102(now))
	bus.Attach(0x76, chip.NewBME280(now))
	bus.Attach(0x74, chip.NewDFGas(now, chip.CellCO()))
	bus.Attach(0x21, chip.NewPCF8574(now))
	gate := chip.NewPCA9548(now)
	gate.Attach(3, 0x58, chip.NewSGP30(now))
	bus.Attach(0x70, gate)
	s.board.Pin("GPIO17").Drive(true)
	ask := func(args ...string) string {
		return shown(append(args, "--sim", s.socket, "-c", s.config, "--dir", s.dir)...)
	}
	found := ask("scan", "--json")
	all := ask("scan") + ask("scan", "i2c-1/mux-0x70/3") + ask("scan", "i2c1") + found
	var h probe.Hardware
	_, found, _ = strings.Cut(found, "\n")
	if err := json.NewDecoder(strings.NewReader(found)).Decode(&h); err != nil {
		t.Fatal(err)
	}
	var chinese strings.Builder
	h.Print(&chinese, true)
	all += chinese.String()
	home := strings.TrimSuffix(s.config, "/site.toml")
	golden(t, "scan", strings.ReplaceAll(all, home, "HOME"))
	if code, out, _ := s.ask("scan", "--sim", s.socket+"x"); code != 1 ||
		!strings.Contains(out, "no such file") {
		t.Errorf("without a board: got %d, %q", code, out)
	}
}

// airSite has a thermometer on the bus and a call point on a line.
const airSite = `[site]
id = "shop"

[[sensor]]
name = "air"
model = "sht4x"
bus = "i2c-1"

[[sensor]]
name = "call-point"
model = "contact"
line = "GPIO17"
pull = "up"

[[point]]
id = "heat-1"
class = "heat"
from = "air.temperature"

[[point]]
id = "call-1"
class = "call_point"
from = "call-point"

[[output]]
id = "siren"
kind = "sounder"
model = "relay"
line = "GPIO5"

[[output]]
id = "buzzer"
kind = "buzzer"
model = "relay"
line = "GPIO6"

[page]
listen = "off"
`

// Check with a board is 2 while a part of the site file does not answer, and at most 1 when all do.
func TestCheckLooksAtTheBoard(t *testing.T) {
	s := newStation(t, "", airSite, "")
	s.board.Bus("i2c-1")
	code, out, _ := s.ask("check", "--sim", s.socket, "-c", s.config)
	if code != 2 || !strings.Contains(out, "FAIL  parts     air (sht4x): nobody answers at") {
		t.Errorf("without the part: got %d\n%s", code, out)
	}
	s.board.Bus("i2c-1").Attach(0x44, chip.NewSHT4x(s.board.Now))
	code, out, _ = s.ask("check", "--sim", s.socket, "-c", s.config)
	if code > 1 || !strings.Contains(out, "OK    parts     air (sht4x) answers at") ||
		!strings.Contains(out, "OK    lines     all 3 are there and free") {
		t.Errorf("with the part: got %d\n%s", code, out)
	}
}
