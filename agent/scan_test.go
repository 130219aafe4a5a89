package agent

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/internal/probe"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// listing is a board that can tell what it has.
type listing struct {
	*board.Board
	buses []string
}

func (l listing) Buses() (all []drivers.BusInfo, err error) {
	for _, name := range l.buses {
		all = append(all, drivers.BusInfo{Name: name})
	}
	return all, nil
}

func (l listing) Lines() ([]drivers.LineInfo, error) {
	return []drivers.LineInfo{{Name: "GPIO17", User: "firepost"}}, nil
}

// listed is a rig whose board can tell what it has.
func listed(r *rig, _ *string, o *Options) {
	o.Board = listing{r.board, []string{"i2c-0", "i2c-7"}}
}

// scan asks the running agent what its board has.
func (r *rig) scan() (h probe.Hardware, code int, body string) {
	w := httptest.NewRecorder()
	r.agent.Control().ServeHTTP(w, httptest.NewRequest("GET", "/scan.json", nil))
	if w.Code == 200 {
		if err := json.Unmarshal(w.Body.Bytes(), &h); err != nil {
			r.Fatal(err)
		}
	}
	return h, w.Code, w.Body.String()
}

// A scan beside a running agent leaves the parts in use alone, finds the others on buses with and
// without sensors, and makes no reading late.
func TestScanDisturbsNoReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, listed)
		if _, code, _ := r.scan(); code != 503 {
			t.Errorf("before the start: got %d, want 503", code)
		}
		r.board.Bus("i2c-0").Attach(0x76, chip.NewBME280(r.board.Now))
		r.board.Bus("i2c-7").Attach(0x20, chip.NewMCP23017(r.board.Now))
		r.run()
		defer r.end()
		r.sleepUntil(3 * time.Second)
		h, _, body := r.scan()
		if len(h.Buses) != 2 || len(h.Buses[0].Parts) != 2 || len(h.Buses[1].Parts) != 1 {
			t.Fatalf("got %s", body)
		}
		used, found, other := h.Buses[0].Parts[0], h.Buses[0].Parts[1], h.Buses[1].Parts[0]
		if used.Use != "air (sht4x)" || len(used.Guesses) != 0 {
			t.Errorf("the part in use: got %+v", used)
		}
		if found.Guesses[0].Model != "bme280" || other.Guesses[0].Model != "mcp23017" {
			t.Errorf("got %+v and %+v", found, other)
		}
		r.sleepUntil(10 * time.Second)
		for _, b := range r.agent.status.Load().Buses {
			if b.LateMax > 5*time.Millisecond || b.Errors > 0 {
				t.Errorf("%s: a reading was %v late, %d errors", b.Name, b.LateMax, b.Errors)
			}
		}
	})
}

// On a controller that takes long to say that nobody is there, the second such answer ends the scan
// of the bus, and it says what to do.
func TestScanGivesASlowBusUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, listed).run()
		defer r.end()
		r.sleepUntil(3 * time.Second)
		err := r.board.Bus("i2c-0").Fail(board.Fault{
			Kind: board.StuckLow, Takes: 365 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		h, _, _ := r.scan()
		if !strings.Contains(h.Buses[0].Err, "stop the agent to scan here") ||
			time.Since(began) > 3*time.Second {
			t.Errorf("after %v: %q", time.Since(began), h.Buses[0].Err)
		}
	})
}
