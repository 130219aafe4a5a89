package board_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/board"
)

// A transfer brings back what the simulated part answers; a part that does not acknowledge is no
// device, and the bus goes on.
func TestSimulatedBusTransfers(t *testing.T) {
	bus := serve(t).openBus()
	var r [3]byte
	if err := bus.Tx(0x44, []byte{0x0F, 0xF0}, r[:]); err != nil || r != [3]byte{0xF0, 0x0F, 0} {
		t.Errorf("got % x, %v, want f0 0f 00", r, err)
	}
	if err := bus.Tx(0x45, []byte{1}, nil); !errors.Is(err, drivers.ErrNoDevice) ||
		!strings.Contains(err.Error(), "nobody at this address") {
		t.Errorf("nobody there: got %v, want ErrNoDevice with the server's text", err)
	}
	if err := bus.Tx(0x44, []byte{1}, r[:1]); err != nil || r[0] != 0xFE {
		t.Errorf("after it: got % x, %v, want fe", r, err)
	}
	if err := bus.Tx(0x44, make([]byte, 5000), nil); err == nil {
		t.Error("5,000 bytes: got no error")
	}
}

// A line is opened as it is configured, reads its level, and an output is driven and read back.
func TestSimulatedLines(t *testing.T) {
	s := serve(t)
	in := s.openLine("GPIO17", drivers.LineConfig{Bias: drivers.BiasUp,
		Debounce: 20 * time.Millisecond})
	l := s.lines["GPIO17"]
	if l.flags != 0 || l.bias != 2 || l.debounce != 20_000 {
		t.Errorf("opened with flags %d, bias %d, debounce %d µs, want 0, 2, 20000", l.flags,
			l.bias, l.debounce)
	}
	s.drive("GPIO17", true)
	if high, err := in.Level(); !high || err != nil {
		t.Errorf("Level() = %v, %v, want true", high, err)
	}
	out := s.openLine("GPIO5", drivers.LineConfig{Output: true, High: true})
	if high, err := out.State(); !high || err != nil {
		t.Errorf("first State() = %v, %v, want true", high, err)
	}
	if err := out.Set(false); err != nil {
		t.Fatal(err)
	}
	if high, err := out.State(); high || err != nil {
		t.Errorf("State() = %v, %v, want false", high, err)
	}
}

// An edge ends a wait at once and is counted; without one the wait takes its time.
func TestSimulatedEdgeEndsAWait(t *testing.T) {
	s := serve(t)
	in := s.openLine("GPIO17", drivers.LineConfig{})
	s.drive("GPIO17", true)
	start := time.Now()
	if edges, err := in.Wait(10 * time.Second); edges != 1 || err != nil {
		t.Errorf("got %d, %v, want 1", edges, err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if edges, err := in.Wait(5 * time.Millisecond); edges != 0 || err != nil {
		t.Errorf("without an edge: got %d, %v, want 0", edges, err)
	}
	if edges, err := in.Wait(-1); edges != 0 || err != nil {
		t.Errorf("negative wait: got %d, %v, want 0", edges, err)
	}
}

// A line without interrupts waits no longer than a poll, so that its level is read in time.
func TestSimulatedLineWithoutInterruptsIsPolled(t *testing.T) {
	s := serve(t)
	s.lines["GPIO17"].noInterrupts = true
	in := s.openLine("GPIO17", drivers.LineConfig{})
	start := time.Now()
	if edges, err := in.Wait(time.Minute); edges != 0 || err != nil {
		t.Errorf("got %d, %v, want 0", edges, err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v, want about 20ms", took)
	}
	if in.(interface{ Interrupts() bool }).Interrupts() {
		t.Error("the line claims interrupts")
	}
}

// A name that is not there, a line that is held and a server that is not there are no device, and
// the text says which.
func TestSimulatedOpenSaysWhatIsMissing(t *testing.T) {
	s := serve(t)
	s.openLine("GPIO17", drivers.LineConfig{})
	sim := board.Sim(s.path)
	for want, open := range map[string]func() error{
		"there is no such bus":  func() error { _, err := sim.I2C("i2c-7"); return err },
		"there is no such line": func() error { return openLine(sim, "GPIO99") },
		"it is held":            func() error { return openLine(sim, "GPIO17") },
		"no such file":          func() error { return openLine(board.Sim(s.path+"x"), "GPIO17") },
	} {
		if err := open(); !errors.Is(err, drivers.ErrNoDevice) ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ErrNoDevice and %q", err, want)
		}
	}
	for _, name := range []string{"", strings.Repeat("x", 65)} {
		if err := openLine(sim, name); err == nil {
			t.Errorf("name of %d bytes: got no error", len(name))
		}
	}
}

func openLine(b *board.SimBoard, name string) error {
	_, err := b.Line(name, drivers.LineConfig{})
	return err
}

// While the simulator restarts every access is no device; afterwards all goes on, and an output has
// been opened with the level that was set last.
func TestSimulatorMayRestart(t *testing.T) {
	s := serve(t)
	bus := s.openBus()
	out := s.openLine("GPIO5", drivers.LineConfig{Output: true})
	if err := out.Set(true); err != nil {
		t.Fatal(err)
	}
	s.stop()
	for range 2 {
		if err := bus.Tx(0x44, []byte{1}, nil); !errors.Is(err, drivers.ErrNoDevice) {
			t.Errorf("bus without a server: got %v, want ErrNoDevice", err)
		}
		if high, err := out.State(); high || !errors.Is(err, drivers.ErrNoDevice) {
			t.Errorf("line without a server: got %v, %v, want ErrNoDevice", high, err)
		}
	}
	s.lines["GPIO5"] = &simulated{changed: make(chan struct{}, 16)}
	s.start()
	if err := bus.Tx(0x44, []byte{1}, nil); err != nil {
		t.Errorf("bus after the restart: %v", err)
	}
	if high, err := out.State(); !high || err != nil {
		t.Errorf("output after the restart: got %v, %v, want High", high, err)
	}
	if flags := s.lines["GPIO5"].flags; flags != 3 {
		t.Errorf("opened again with flags %d, want 3: output, High first", flags)
	}
}

// What is not an answer to the question is an error and never a level or bytes.
func TestSimulatedNonsenseIsNoAnswer(t *testing.T) {
	for name, answer := range map[string][]byte{
		"level of 2":           {0, 2},
		"two levels":           {0, 1, 1},
		"no level":             {0},
		"unknown status":       {77},
		"gone":                 append([]byte{4}, "pulled out"...),
		"bus fault":            append([]byte{3}, "hangs"...),
		"more than a frame":    make([]byte, 9000),
		"three bytes of edges": {0, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			in, bus := s.openLine("GPIO17", drivers.LineConfig{}), s.openBus()
			s.say(answer)
			if high, err := in.Level(); high || !errors.Is(err, drivers.ErrNoDevice) {
				t.Errorf("Level: got %v, %v, want ErrNoDevice", high, err)
			}
			if edges, err := in.Wait(0); edges != 0 || !errors.Is(err, drivers.ErrNoDevice) {
				t.Errorf("Wait: got %v, %v, want ErrNoDevice", edges, err)
			}
			r := make([]byte, 6)
			if err := bus.Tx(0x44, nil, r); !errors.Is(err, drivers.ErrNoDevice) ||
				string(r) != string(make([]byte, 6)) {
				t.Errorf("Tx: got % x, %v, want ErrNoDevice", r, err)
			}
		})
	}
}

// A server that stays silent is a bus that hangs: the access ends after two seconds, and the late
// answer is never taken for that of the next question.
func TestSilentSimulatorIsABusThatHangs(t *testing.T) {
	s := serve(t)
	bus := s.openBus()
	silent := make(chan struct{})
	s.mu.Lock()
	s.silent = silent
	s.mu.Unlock()
	start := time.Now()
	if err := bus.Tx(0x44, []byte{0x11}, make([]byte, 1)); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("got %v, want ErrNoDevice", err)
	}
	if took := time.Since(start); took < time.Second || took > 30*time.Second {
		t.Errorf("took %v, want about 2s", took)
	}
	s.mu.Lock()
	s.silent = nil
	s.mu.Unlock()
	close(silent)
	r := make([]byte, 1)
	if err := bus.Tx(0x44, []byte{0x22}, r); err != nil || r[0] != 0xDD {
		t.Errorf("next: got % x, %v, want dd", r, err)
	}
}

// After Close nothing is sent any more, and the line is free for the next.
func TestCloseFreesTheLine(t *testing.T) {
	s := serve(t)
	l := s.openLine("GPIO17", drivers.LineConfig{})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if high, err := l.Level(); high || err == nil {
		t.Errorf("closed line: got %v, %v, want an error", high, err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for openLine(board.Sim(s.path), "GPIO17") != nil {
		if time.Now().After(deadline) {
			t.Fatal("the line is still held")
		}
	}
}
