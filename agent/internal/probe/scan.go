package probe

import (
	"errors"
	"fmt"
	"io"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

// Hardware is what a machine has: its buses with the parts on them, and its lines.
type Hardware struct {
	Buses []Bus              `json:"buses"`
	Lines []drivers.LineInfo `json:"lines"`
	Err   string             `json:"err,omitempty"` // why something is missing here
}

// Bus is a bus and who answers on it.
type Bus struct {
	drivers.BusInfo
	Parts []Part `json:"parts"`
}

// Part is somebody at an address of a bus.
type Part struct {
	Address string  `json:"address"`
	Guesses []Guess `json:"guesses"`          // the surest first; none: no part of the catalog
	Kernel  string  `json:"kernel,omitempty"` // a driver of the kernel that has it
	Use     string  `json:"use,omitempty"`    // what the site file has there
	Site    string  `json:"site,omitempty"`   // lines of a site file to use it

	addr uint16
}

// Guess is what a part may be.
type Guess struct {
	Model     string `json:"model"`
	Certainty string `json:"certainty"` // sure, likely, possible
	Says      string `json:"says"`
	Zh        string `json:"zh"` // the same in Chinese
}

// Seats are the addresses of a bus that a site file names, and what it has there.
type Seats map[string]map[uint16]string

// Bounds of a scan. Somebody who is not there is told within a millisecond, by most controllers.
const (
	slowAddress = 100 * time.Millisecond
	mostSlow    = 8 // running; then the bus is given up
)

// errSlow is a bus that takes its time to say that nobody is there.
var errSlow = errors.New("each question takes a tenth of a second or more: a wire is held low, " +
	"or the controller is slow; unplug the parts one by one")

// ScanBus asks at each address of a bus who is there. Addresses that skip names are left alone.
func ScanBus(bus i2c.Bus, info drivers.BusInfo, skip map[uint16]string) (Bus, error) {
	b := Bus{BusInfo: info, Parts: []Part{}}
	slow := 0
	for addr := uint16(catalog.FirstAddress); addr <= catalog.LastAddress; addr++ {
		part := Part{Address: fmt.Sprintf("%#02x", addr), Guesses: []Guess{}, addr: addr}
		switch {
		case info.Taken[addr] != "":
			part.Kernel = info.Taken[addr]
		case skip[addr] != "":
			part.Use = skip[addr]
		default:
			began := time.Now()
			answers, guesses, err := catalog.Identify(bus, addr, time.Sleep)
			if err != nil {
				return b, err
			}
			if !answers {
				if slow++; time.Since(began) < slowAddress {
					slow = 0
				}
				if slow >= mostSlow {
					return b, errSlow
				}
				continue
			}
			slow = 0
			for _, g := range guesses {
				part.Guesses = append(part.Guesses,
					Guess{g.Model, g.Certainty.String(), g.Says, g.Zh})
			}
			if len(guesses) > 0 {
				part.Site = guesses[0].SiteLines(info.Name, addr)
				for _, g := range guesses[1:] {
					part.Site += fmt.Sprintf("# or model = %q\n", g.Model)
				}
			}
		}
		b.Parts = append(b.Parts, part)
	}
	return b, nil
}

// Opener opens a bus to scan it.
type Opener func(drivers.BusInfo) (i2c.Bus, error)

// Scan looks at all that a board has. seats are what a site file has where; with inUse those
// addresses are left alone, and else asked as the others.
func Scan(board catalog.Lister, seats Seats, inUse bool, open Opener) (
	h Hardware) {
	buses, err := board.Buses()
	lines, lineErr := board.Lines()
	if err = errors.Join(err, lineErr); err != nil {
		h.Err = err.Error()
	}
	h.Lines = append([]drivers.LineInfo{}, lines...)
	h.Buses = []Bus{}
	for _, info := range buses {
		h.Buses = append(h.Buses, scanOne(info, seats, inUse, open))
	}
	return h
}

func scanOne(info drivers.BusInfo, seats Seats, inUse bool, open Opener) Bus {
	used := map[uint16]string{}
	for _, name := range []string{info.Name, info.Adapter, info.Tree} {
		for addr, use := range seats[name] {
			used[addr] = use
		}
	}
	b := Bus{BusInfo: info, Parts: []Part{}}
	if info.Err != "" {
		return b
	}
	bus, err := open(info)
	if err == nil {
		var skip map[uint16]string
		if inUse {
			skip = used
		}
		b, err = ScanBus(bus, info, skip)
		if c, ok := bus.(io.Closer); ok {
			c.Close()
		}
	}
	if err != nil {
		b.Err = err.Error()
	}
	for i := range b.Parts {
		b.Parts[i].Use = used[b.Parts[i].addr]
	}
	return b
}
