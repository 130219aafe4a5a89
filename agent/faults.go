package agent

import (
	"slices"
	"strings"
	"sync"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/internal/guard"
)

// faults joins what the rooms say of themselves. A fault code has one slot at the panel, and two
// rooms write to one disk: a fault stands until the last of those that told of it takes it back.
type faults struct {
	g *guard.Guard

	mu   sync.Mutex
	said map[detect.FaultCode][]claim
}

// claim is what one room says of one fault.
type claim struct{ room, detail string }

func newFaults(g *guard.Guard) *faults {
	return &faults{g: g, said: make(map[detect.FaultCode][]claim)}
}

// say tells the panel that a room has a fault, or has it no more. It never waits.
func (f *faults) say(room string, code detect.FaultCode, on bool, detail string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	claims := slices.DeleteFunc(f.said[code], func(c claim) bool { return c.room == room })
	if on {
		claims = append(claims, claim{room, detail})
	}
	f.said[code] = claims
	var details []string
	for _, c := range claims {
		if c.detail != "" && !slices.Contains(details, c.detail) {
			details = append(details, c.detail)
		}
	}
	f.g.Notice(alarm.Notice{Fault: code, On: len(claims) > 0, Detail: strings.Join(details, "; ")})
}

// of is say for one room, as the outbox and the courier want it.
func (f *faults) of(room string) func(code string, on bool, detail string) {
	return func(code string, on bool, detail string) {
		f.say(room, detect.FaultCode(code), on, detail)
	}
}
