package probe

import (
	"fmt"
	"time"
)

// Passed is a transfer of a bus, what a driver made of some, or a look at a line.
type Passed struct {
	At      time.Time         `json:"at"`
	Address string            `json:"address,omitempty"`
	Write   string            `json:"write,omitempty"`
	Read    string            `json:"read,omitempty"`
	Seconds float64           `json:"seconds,omitempty"`
	Values  map[string]string `json:"values,omitempty"`
	Level   string            `json:"level,omitempty"` // high, low
	Edges   uint32            `json:"edges,omitempty"` // since the last look
	Err     string            `json:"err,omitempty"`
}

// Transfer is one transfer of a bus.
func Transfer(addr uint16, w, r []byte, began time.Time, err error) Passed {
	p := Passed{At: began, Address: fmt.Sprintf("%#02x", addr), Write: fmt.Sprintf("% x", w),
		Seconds: time.Since(began).Seconds()}
	if err != nil {
		p.Err = err.Error()
	} else {
		p.Read = fmt.Sprintf("% x", r)
	}
	return p
}

// Look is a level that was read, and the edges that were counted before.
func Look(high bool, edges uint32, at time.Time, err error) Passed {
	p := Passed{At: at, Edges: edges, Level: "low"}
	switch {
	case err != nil:
		p.Level, p.Err = "", err.Error()
	case high:
		p.Level = "high"
	}
	return p
}

// Text is the transfer as a line of a terminal.
func (p Passed) Text() string {
	line := fmt.Sprintf("%s  %s  %5.1f ms", p.At.Local().Format("15:04:05.000"), p.Address,
		p.Seconds*1000)
	for _, part := range [...]struct{ mark, text string }{
		{"  w ", p.Write}, {"  r ", p.Read}, {"  ", p.Err},
	} {
		if part.text != "" {
			line += part.mark + part.text
		}
	}
	return line
}
