package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/pca9548"
)

// Certainty says how sure it is that a part is of a model.
type Certainty uint8

// The certainties. Sure: it told its identity, with a checksum where the part has one. Likely: its
// registers hold what they hold in this model. Possible: nothing speaks against it.
const (
	Unlike Certainty = iota
	Possible
	Likely
	Sure
)

// String is the word for it, as JSON has it.
func (c Certainty) String() string {
	return [...]string{"unlike", "possible", "likely", "sure"}[min(c, Sure)]
}

// Guess is what a part at an address may be.
type Guess struct {
	Model     string // as the site file writes it; pca9548 is part of the name of a bus
	Certainty Certainty
	Says, Zh  string // what it told of itself, in English and in Chinese
}

func newGuess(model string, c Certainty, says string) Guess {
	en, zh, _ := strings.Cut(says, "|")
	return Guess{model, c, en, zh}
}

// The addresses that a part can have; the others are reserved by the standard of the bus.
const (
	FirstAddress = 0x08
	LastAddress  = 0x77
)

// Identify finds out who answers at an address of bus. It asks only what can change nothing in any
// part of the catalog that may be there, and never writes to what may be an expander. sleep passes
// the time that a part needs to answer. Nobody there is no guess and no error; an error is a bus
// that is gone, or an address that a driver of the kernel has. It answers without a guess: no part
// of the catalog.
func Identify(bus i2c.Bus, addr uint16, sleep func(time.Duration)) (
	answers bool, guesses []Guess, err error) {
	q := questions{bus: bus, addr: addr, sleep: sleep}
	if err := q.look(); err != nil {
		return false, nil, err
	}
	models := Sensors()
	for _, id := range identities() {
		if !slices.Contains(models[id.model].Descriptor.Addresses, addr) {
			continue
		}
		c, says := q.judge(id)
		if c >= Likely {
			return true, []Guess{newGuess(id.model, c, says)}, nil
		}
		if c != Unlike {
			guesses = append(guesses, newGuess(id.model, c, says))
		}
	}
	if isSwitch(addr, q.plain) {
		guesses = append(guesses, q.isIt())
	}
	return q.answered, guesses, nil
}

// aSwitch is the model of a switch, which a site file names as part of a bus.
const aSwitch = "pca9548"

// ErrInUse is what a bus fails with that has no more time for questions.
var ErrInUse = errors.New("the bus is in use")

// questions are what is asked at one address.
type questions struct {
	bus      i2c.Bus
	addr     uint16
	sleep    func(time.Duration)
	answered bool
	plain    []byte // what it gave when it was only read; nil: it did not acknowledge that
	asked    []byte // the newest question
	got      []byte // and its answer; nil: none
}

// look reads without asking. That changes nothing in any part but the place where it reads on.
func (q *questions) look() error {
	n := 8
	if isSwitchAddress(q.addr) {
		n = 32 // enough to tell a switch, which has one byte, from registers
	}
	b := make([]byte, n)
	err := q.bus.Tx(q.addr, nil, b)
	switch {
	case err == nil:
		q.answered, q.plain = true, b
	case errors.Is(err, ErrInUse), errors.Is(err, syscall.EBUSY), errors.Is(err, syscall.ENODEV),
		errors.Is(err, syscall.EACCES):
		return err
	}
	return nil
}

func isSwitchAddress(addr uint16) bool {
	return addr >= pca9548.FirstAddr && addr <= pca9548.LastAddr
}

func isSwitch(addr uint16, plain []byte) bool { return isSwitchAddress(addr) && alike(plain) }

// mayAsk tells whether a question can do no harm to any part that may be at the address. A pin
// expander would take it for levels, a switch for channels, an MCP342x for a configuration, and a
// converter to a voltage at the address of an SCD4x for a voltage: those answer when they are only
// read, and a Sensirion part that has nothing to say does not.
//
// A switch at the address of a BME280 is asked all the same, because without it that part could not
// be told: it opens three channels for as long as it takes to close them again, and no other
// transfer is in between.
func (q *questions) mayAsk(id identity) bool {
	switch a := q.addr; {
	case a >= 0x20 && a <= 0x27, a >= 0x38 && a <= 0x3F:
		return false
	case isSwitch(a, q.plain):
		return len(id.ask) == 1
	case a >= 0x68 && a <= 0x6F && q.plain != nil:
		c, _ := converter(q.plain)
		return drivers.WordsAgree(q.plain[:6]) || c == Unlike && !alike(q.plain)
	}
	return !id.alone || q.plain == nil || drivers.WordsAgree(q.plain[:3]) || isSwitchAddress(q.addr)
}

// judge asks for one identity and judges the answer.
func (q *questions) judge(id identity) (Certainty, string) {
	if len(id.ask) == 0 {
		if q.plain == nil {
			return Unlike, ""
		}
		return id.judge(q.plain)
	}
	if !q.mayAsk(id) {
		if id.alone {
			return Unlike, "" // it would not have answered a read
		}
		return Possible, notAsked
	}
	if b := q.ask(id); b != nil {
		return id.judge(b)
	}
	return Unlike, ""
}

// ask returns the answer to a question, which several models may share; nil: there was none.
func (q *questions) ask(id identity) []byte {
	if bytes.Equal(q.asked, id.ask) {
		return q.got
	}
	q.asked, q.got = id.ask, nil
	b := make([]byte, id.answer)
	var err error
	if id.alone {
		err = q.bus.Tx(q.addr, id.ask, nil)
		q.answered = q.answered || err == nil
		q.sleep(id.wait) // a part that refused it may need as long
		if err == nil {
			err = q.bus.Tx(q.addr, nil, b)
		}
	} else {
		err = q.bus.Tx(q.addr, id.ask, b)
	}
	if err == nil {
		q.answered, q.got = true, b
	}
	if isSwitch(q.addr, q.plain) { // it has its channels as before
		_ = q.bus.Tx(q.addr, q.plain[:1], nil) // what it did not take it has not changed either
	}
	return q.got
}

// isIt tells how sure a switch is one: it gives back what it was asked.
func (q *questions) isIt() Guess {
	if len(q.got) == 1 && len(q.asked) == 1 && q.got[0] == q.asked[0] {
		return newGuess(aSwitch, Likely, "it gives back what it is told, as a switch does|"+
			"回读与写入相同，像是总线开关")
	}
	return newGuess(aSwitch, Possible, "it repeats one byte, as a switch does|重复同一字节，像是总线开关")
}

// Bus opens the bus that the part is on, as the site file names it.
func (s Spot) Bus(b Board) (i2c.Bus, error) { return s.path.open(b) }

// Root is the board's own bus that the part is on, perhaps behind a switch.
func (s Spot) Root() string { return s.path.root }

// OpenBus opens a bus as a site file names it, such as i2c-1 or i2c-1/mux-0x70/3.
func OpenBus(b Board, name string) (i2c.Bus, error) {
	if err := busOption().Check(name); err != nil {
		return nil, err
	}
	p, err := parseBus(name)
	if err != nil {
		return nil, err
	}
	return p.open(b)
}

// example is what the help of an option shows: such as gas = "co".
var example = regexp.MustCompile(`such as ([a-z_0-9]+ = "[^"]*")`)

// SiteLines are the lines of a site file that use a part found at an address of a bus. What the
// file must say and nobody can read from the part stands there as an example.
func (g Guess) SiteLines(bus string, addr uint16) string {
	m, ok := Sensors()[g.Model]
	if !ok {
		return fmt.Sprintf("# What hangs on its channel 0: bus = \"%s%s%#x/0\"\n", bus, muxMark, addr)
	}
	name := fmt.Sprintf("%s-%02x", g.Model, addr)
	text := fmt.Sprintf("[[sensor]]\nname = %q\nmodel = %q\nbus = %q\naddress = \"%#x\"\n",
		name, g.Model, bus, addr)
	for _, o := range m.Options {
		if !o.Required || o.Name == "address" {
			continue
		}
		line := example.FindStringSubmatch(o.Help)
		gas, isGas := strings.CutPrefix(g.Says, gasMark)
		switch {
		case o.Name == "gas" && isGas:
			text += fmt.Sprintf("gas = %q\n", gas)
		case line != nil:
			text += line[1] + " # " + o.Help + "\n"
		}
	}
	return text
}

// Lister is a board that can tell what it has.
type Lister interface {
	Buses() ([]drivers.BusInfo, error)
	Lines() ([]drivers.LineInfo, error)
}
