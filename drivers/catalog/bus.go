package catalog

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers/pca9548"
)

func busOption() Option {
	return Option{Name: "bus", Default: "i2c-1",
		Help: `write bus = "i2c-1", or another I²C bus that ls /dev/i2c-* shows`,
		Check: func(text string) error {
			root, _, behind := strings.Cut(text, muxMark)
			if err := checkBus(root); err != nil || !behind {
				return err
			}
			if _, err := parseBus(text); err != nil {
				return err
			}
			return nil
		}}
}

// ownBusOption is that of an output, which must be on the bus itself: a switch that a sensor turns
// to another channel would lead it to another part.
func ownBusOption() Option {
	o := busOption()
	whole := o.Check
	o.Check = func(text string) error {
		if root, _, behind := strings.Cut(text, muxMark); behind {
			return fmt.Errorf(`%q is behind a switch, where an output would meet the sensors; `+
				`put it on the bus itself: write bus = %q`, text, root)
		}
		return whole(text)
	}
	return o
}

// A bus is named by its number, as the kernel does; or, because numbers change, by its path in the
// device tree or the name of its adapter. Other names of the same bus are refused: two parts on it
// could not be told to share it.
var (
	kernelBus  = regexp.MustCompile(`^(?:/dev/)?i2c-(?:0|[1-9][0-9]{0,3})$`)
	treeBus    = regexp.MustCompile(`^/[0-9A-Za-z,._+@-]+(?:/[0-9A-Za-z,._+@-]+)*$`)
	adapterBus = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z,_+-]*[ .@(][\w ,.+@()-]*[0-9A-Za-z)]$`)
)

// nearBus is what people write for a bus: i2c1, I2C-1, /dev/i2c/1 or just 1.
var nearBus = regexp.MustCompile(`^(?i:/dev/)?(?i:i2c)?[-_/:. ]?0*([0-9]{1,4})$`)

func checkBus(text string) error {
	switch {
	case text == "" || len(text) > longestName:
		return fmt.Errorf("%.70q is not a name of 1 to %d bytes", text, longestName)
	case kernelBus.MatchString(text):
		return nil
	case nearBus.MatchString(text), strings.HasPrefix(text, "/dev/"):
	case adapterBus.MatchString(text), treeBus.MatchString(text):
		return nil
	}
	return fmt.Errorf(`%q is not an I²C bus; write bus = "i2c-%s", `+
		`or another one that ls /dev/i2c-* shows`, text, busNumber(text))
}

// busNumber guesses which bus is meant.
func busNumber(text string) string {
	if m := nearBus.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return "1"
}

// busPath is where a bus is: the board's own, and behind a switch a channel of it.
type busPath struct {
	root    string
	mux     uint16 // 0: none
	channel uint8
}

// muxMark is between a bus and the address of a switch on it.
const muxMark = "/mux-"

// parseBus reads a bus such as i2c-1, or i2c-1/mux-0x70/3, the fourth channel of a switch.
func parseBus(text string) (p busPath, err error) {
	root, rest, behind := strings.Cut(text, muxMark)
	p.root = strings.TrimPrefix(root, "/dev/")
	if !behind {
		return p, nil
	}
	addr, number, _ := strings.Cut(rest, "/")
	a, errA := strconv.ParseUint(addr, 0, 8)
	n, errN := strconv.ParseUint(number, 10, 8)
	if errA != nil || errN != nil || a < pca9548.FirstAddr || a > pca9548.LastAddr ||
		n >= pca9548.Channels {
		return p, fmt.Errorf(`%q has no channel of a switch behind %q; write it like `+
			`bus = "%s/mux-0x70/3", with an address from %#x to %#x and a channel from 0 to %d`,
			text, muxMark, root, pca9548.FirstAddr, pca9548.LastAddr, pca9548.Channels-1)
	}
	p.mux, p.channel = uint16(a), uint8(n)
	return p, nil
}

func (p busPath) String() string {
	if p.mux == 0 {
		return p.root
	}
	return fmt.Sprintf("%s%s%#x/%d", p.root, muxMark, p.mux, p.channel)
}

// bus is the value of a busOption that was checked.
func (s settings) bus() busPath {
	p, _ := parseBus(s.text("bus"))
	return p
}

// open opens the bus of the board, and the channel on it.
func (p busPath) open(b Board) (i2c.Bus, error) {
	bus, err := b.I2C(p.root)
	if err != nil || p.mux == 0 {
		return bus, err
	}
	return pca9548.New(bus, p.mux, p.channel)
}

// Spot is where a part on I²C is, as SensorModel.Place tells it.
type Spot struct {
	path busPath
	addr uint16
}

// SpotOf reads the chip that Place gave. It is false for what is not on I²C.
func SpotOf(chip string) (Spot, bool) {
	i := strings.LastIndex(chip, "/0x")
	if i < 0 {
		return Spot{}, false
	}
	addr, err := strconv.ParseUint(chip[i+3:], 16, 16)
	if err != nil {
		return Spot{}, false
	}
	path, err := parseBus(chip[:i])
	return Spot{path, uint16(addr)}, err == nil
}

// Hears tells whether two parts hear the same address: a part on the bus itself hears what is meant
// for one behind a switch. Those on two channels of one switch do not, but those behind two
// switches may: nothing closes the one when the other opens.
func (s Spot) Hears(o Spot) bool {
	apart := s.path.mux != 0 && s.path.mux == o.path.mux && s.path.channel != o.path.channel
	return s.path.root == o.path.root && s.addr == o.addr && !apart
}

// Switch is the part that this one is behind; it is false for one on the bus itself.
func (s Spot) Switch() (Spot, bool) {
	return Spot{busPath{root: s.path.root}, s.path.mux}, s.path.mux != 0
}

// Addr is the address of the part.
func (s Spot) Addr() uint16 { return s.addr }

// At is the place of another address on the same bus.
func (s Spot) At(addr uint16) Spot { return Spot{s.path, addr} }

// IsNumbered tells whether the bus is named by its number, which another one may get one day.
func (s Spot) IsNumbered() bool { return kernelBus.MatchString(s.path.root) }

// String is the chip as Place gives it.
func (s Spot) String() string { return fmt.Sprintf("%s/%#x", s.path, s.addr) }
