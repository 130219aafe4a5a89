package board

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/firepost/firepost/drivers"
)

// simLine is a line of a simulated board.
type simLine struct {
	*session
	config drivers.LineConfig // High follows what was set last
}

// opening makes the open request. After a lost connection an output is opened with the level that
// was set last, because its first level would be a step that nobody asked for.
func (l *simLine) opening(name string) func() []byte {
	return func() []byte {
		var flags byte
		if l.config.Output {
			flags |= flagOutput
		}
		if l.config.High {
			flags |= flagHigh
		}
		request := []byte{opOpenLine, simVersion, flags, byte(l.config.Bias)}
		micros := uint32(l.config.Debounce / time.Microsecond)
		return append(binary.BigEndian.AppendUint32(request, micros), name...)
	}
}

// Level reads an input.
func (l *simLine) Level() (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bit("level", opLevel)
}

// State reads back an output.
func (l *simLine) State() (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bit("state", opState)
}

// Set drives an output.
func (l *simLine) Set(high bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.config.High = high
	request := []byte{opSet, 0}
	if high {
		request[1] = 1
	}
	if _, err := l.call(request, simPatience); err != nil {
		return l.failed("set", err)
	}
	return nil
}

// Wait waits for an edge, at most max. A failed Wait takes max as well (up to a second), so that a
// loop around it does not spin while there is no server.
func (l *simLine) Wait(max time.Duration) (uint32, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	longest := simMaxWait
	if !l.Interrupts() {
		longest = pollEvery
	}
	limit := min(max, longest)
	if limit < 0 {
		limit = 0
	}
	millis := uint32((limit + time.Millisecond - 1) / time.Millisecond)
	start := time.Now()
	body, err := l.call(binary.BigEndian.AppendUint32([]byte{opWait}, millis), limit+simPatience)
	if err == nil && len(body) != 4 {
		l.drop()
		err = fmt.Errorf("%w: %d bytes for a count of edges", drivers.ErrNoDevice, len(body))
	}
	if err != nil {
		time.Sleep(min(limit, time.Second) - time.Since(start))
		return 0, l.failed("wait", err)
	}
	return binary.BigEndian.Uint32(body), nil
}

// Interrupts tells whether an edge ends a Wait. Without them Wait takes up to 20 ms and the level
// has to be read.
func (l *simLine) Interrupts() bool { return len(l.opened) == 1 && l.opened[0] == 1 }

// bit asks for one level. Anything but 0 and 1 is an error, because a guess is not a level.
func (l *simLine) bit(action string, op byte) (bool, error) {
	body, err := l.call([]byte{op}, simPatience)
	if err == nil && (len(body) != 1 || body[0] > 1) {
		l.drop()
		err = fmt.Errorf("%w: % x is not a level", drivers.ErrNoDevice, body)
	}
	if err != nil {
		return false, l.failed(action, err)
	}
	return body[0] == 1, nil
}
