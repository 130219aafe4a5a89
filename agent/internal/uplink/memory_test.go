package uplink

import (
	"slices"
	"sync"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// memory is an outbox without a disk. It behaves like the real one as far as the courier sees.
type memory struct {
	mu    sync.Mutex
	epoch string
	began time.Time
	next  [lanes]uint64
	held  [lanes][]buffer.Record
	acks  []ackCall
	more  chan struct{}
	hide  uint64 // alarms up to here are not at hand, as when the disk is slow
}

type ackCall struct {
	epoch string
	lane  buffer.Lane
	r     buffer.Range
}

func newMemory() *memory {
	return &memory{epoch: "0000aaaa", began: time.Now(), more: make(chan struct{}, 1)}
}

func (m *memory) stamp() buffer.Stamp {
	now := time.Now()
	return buffer.Stamp{Boot: 41, Mono: now.Sub(m.began).Milliseconds(), Wall: now.UnixMilli(),
		Quality: uint8(wire.ClockNTP), Error: 10}
}

func (m *memory) wake() {
	select {
	case m.more <- struct{}{}:
	default:
	}
}

func (m *memory) Put(l buffer.Lane, n uint32, body []byte) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	first := m.next[l] + 1
	m.next[l] += uint64(n)
	m.held[l] = append(m.held[l], buffer.Record{
		Lane: l, Epoch: m.epoch, First: first, N: n, At: m.stamp(), Body: body})
	m.wake()
	return first
}

func (m *memory) Next(l buffer.Lane, after uint64, most int) (rs []buffer.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.held[l] {
		if r.First > after && len(rs) < most && (l != buffer.Alarm || r.First > m.hide) {
			rs = append(rs, r)
		}
	}
	return rs
}

func (m *memory) Ack(epoch string, l buffer.Lane, r buffer.Range) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.acks = append(m.acks, ackCall{epoch, l, r})
	if epoch != m.epoch {
		return
	}
	var rest []buffer.Record
	for _, x := range m.held[l] {
		if x.First < r.From || last(x) > r.To {
			rest = append(rest, x)
		}
	}
	m.held[l] = rest
}

func (m *memory) Tail(l buffer.Lane) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.next[l]
}

func (m *memory) Epoch() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.epoch
}

func (m *memory) More() <-chan struct{} { return m.more }

// renew is what a store does that was damaged: numbers begin again.
func (m *memory) renew(epoch string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch, m.next = epoch, [lanes]uint64{}
	m.held = [lanes][]buffer.Record{}
	m.wake()
}

// setHide keeps alarms up to number n back.
func (m *memory) setHide(n uint64) {
	m.mu.Lock()
	m.hide = n
	m.mu.Unlock()
	m.wake()
}

func (m *memory) left(l buffer.Lane) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.held[l])
}

// released lists the acknowledgements that the outbox got.
func (m *memory) released() []ackCall {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.acks)
}
