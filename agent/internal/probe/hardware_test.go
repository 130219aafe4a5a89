package probe

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// kitchen needs a bus, a switch on it, an expander and lines.
const kitchen = `
[site]
id = "kitchen"

[[sensor]]
name = "air"
model = "sht4x"
bus = "i2c-1"

[[sensor]]
name = "dust"
model = "sps30"
bus = "i2c-1/mux-0x70/3"

[[sensor]]
name = "level"
model = "ads1115"
bus = "i2c-1"

[[sensor]]
name = "contacts"
model = "mcp23017"
bus = "/soc/i2c@2"

[[sensor]]
name = "call-point"
model = "contact"
line = "GPIO17"

[[point]]
id = "heat-1"
class = "heat"
from = "air.temperature"

[[sensor]]
name = "door"
model = "contact"
line = "gpiochip0:17"

[[sensor]]
name = "lid"
model = "contact"
line = "gpiochip0:4"

[[output]]
id = "siren"
kind = "sounder"
model = "relay"
line = "GPIO5"
`

// bench is a simulated board with the names of a real one.
type bench struct {
	*board.Board
	buses []drivers.BusInfo
	held  string // a line that somebody else has
}

func (b bench) Buses() ([]drivers.BusInfo, error) { return b.buses, nil }

func (b bench) Lines() ([]drivers.LineInfo, error) { return nil, nil }

func (b bench) Find(name string) (l drivers.LineInfo, err error) {
	switch name {
	case b.held:
		return drivers.LineInfo{Name: name, User: "spi0 CS0"}, nil
	case "GPIO17":
		return drivers.LineInfo{Name: name, Chip: "gpiochip0", Offset: 17}, nil
	case "gpiochip0:17", "gpiochip0:4":
		_, offset, _ := strings.Cut(name, ":")
		l = drivers.LineInfo{Chip: "gpiochip0", Label: "pinctrl-rp1"}
		_, err = fmt.Sscan(offset, &l.Offset)
		return l, err
	}
	return l, errors.New("no line has this name on gpiochip0")
}

// Each part, bus and line that the site file names is looked for, and what is missing, held or
// another part is told with what to do.
func TestBoard(t *testing.T) {
	s, err := site.Parse("kitchen.toml", []byte(kitchen))
	if err != nil {
		t.Fatal(err)
	}
	b := board.New(board.Options{Sleep: board.NoSleep})
	gate := chip.NewPCA9548(b.Now)
	gate.Attach(3, 0x69, chip.NewSEN5x(b.Now, "SEN55"))
	b.Bus("i2c-1").Attach(0x70, gate)
	b.Bus("i2c-1").Attach(0x44, chip.NewSHT4x(b.Now))
	b.Bus("/soc/i2c@2").Attach(0x20, chip.NewMCP23017(b.Now))
	m := bench{b, []drivers.BusInfo{
		{Name: "i2c-1", Err: "/dev/i2c-1 is missing; run sudo modprobe i2c-dev"},
		{Name: "i2c-2", Tree: "/soc/i2c@2", Adapter: "bcm2835"},
	}, "GPIO17"}
	found, worst := perform(t.Context(), Board(m, s)...)
	text := shown(found)
	m.buses, m.held = m.buses[1:], ""
	found, _ = perform(t.Context(), Board(m, s)...)
	golden(t, "board", text+shown(found))
	if worst != Failure {
		t.Errorf("worst is %v", worst)
	}
}

// What the mode of a file does not allow the user of the service is a failure; what it allows its
// group or others is none.
func TestUser(t *testing.T) {
	dir := t.TempDir()
	var all []need
	for name, mode := range map[string]os.FileMode{"own": 0o600, "open": 0o644} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		all = append(all, need{path, false})
	}
	all = append(all, need{filepath.Join(dir, "nowhere"), true})
	mine := account{name: "me", uid: uint32(os.Getuid()) + 1, gids: []uint32{uint32(os.Getgid())}}
	text := strings.ReplaceAll(shown(mine.judge(all)), dir, "DIR")
	golden(t, "user", text)
	if found := mine.judge([]need{{filepath.Join(dir, "open"), true}}); found[0].Level != Failure {
		t.Errorf("what can only be read: got %+v", found)
	}
	if _, err := lookUp("nobody-of-this-name"); !errors.Is(err, errNoUser) {
		t.Errorf("got %v, want errNoUser", err)
	}
}
