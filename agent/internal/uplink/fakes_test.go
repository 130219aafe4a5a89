package uplink

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/wire"
)

// district is a broker and a platform without a network.
type district struct {
	mu     sync.Mutex
	device wire.Device
	dials  []time.Time
	got    []heard
	link   *fakeLink

	refuse      error                      // of Dial
	hello       *wire.Hello                // sent after each birth; nil: none
	delay       time.Duration              // of a PUBACK
	mute        bool                       // no PUBACK at all
	muteRecords bool                       // none for what has an envelope
	onRecord    func(l *fakeLink, h heard) // after the PUBACK of a record
	hangUp      func(m Message) bool       // the broker drops the connection on it
}

type heard struct {
	Message
	at time.Time
	tail
}

// tail is what a platform reads first in a message with an envelope.
type tail struct {
	ID    string `json:"id"`
	Lane  string `json:"lane"`
	Epoch string `json:"epoch"`
	SeqN  uint64 `json:"seqn"`
	Hist  bool   `json:"hist"`
	TQ    string `json:"tq"`
	first uint64
	body  string
}

func newDistrict(t *testing.T) *district {
	t.Helper()
	return &district{device: wire.Device{Tenant: "510107", ID: "fp-7k2m4qx6tb"}}
}

func readTail(payload []byte) tail {
	var x struct {
		tail
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(payload, &x) != nil {
		return tail{}
	}
	x.body = string(x.Data)
	parts := strings.Split(x.ID, "-")
	if len(parts) == 4 {
		fmt.Sscan(parts[2], &x.first)
	}
	return x.tail
}

// fakeLink is one connection to a district.
type fakeLink struct {
	d      *district
	inbox  chan Delivery
	lost   chan struct{}
	once   sync.Once
	reason error
	acked  int // deliveries that were confirmed
}

func (d *district) dial(_ context.Context, _ Opening) (Link, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dials = append(d.dials, time.Now())
	if d.refuse != nil {
		return nil, d.refuse
	}
	d.link = &fakeLink{d: d, inbox: make(chan Delivery, 64), lost: make(chan struct{})}
	return d.link, nil
}

func (l *fakeLink) Publish(m Message) <-chan error {
	done := make(chan error, 1)
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	if l.d.hangUp != nil && l.d.hangUp(m) {
		l.fail(fmt.Errorf("hung up: %w: %w", io.EOF, ErrBroken))
		return done
	}
	select {
	case <-l.lost: // Nobody hears it.
		return done
	default:
	}
	h := heard{m, time.Now(), readTail(m.Payload)}
	l.d.got = append(l.d.got, h)
	if l.d.mute || l.d.muteRecords && h.Lane != "" {
		return done
	}
	go l.confirm(h, done, l.d.delay)
	return done
}

func (l *fakeLink) confirm(h heard, done chan<- error, delay time.Duration) {
	select {
	case <-l.lost:
		return
	case <-time.After(delay):
	}
	done <- nil
	l.d.mu.Lock()
	hello, onRecord := l.d.hello, l.d.onRecord
	l.d.mu.Unlock()
	if h.Topic == l.d.device.Topic(wire.UpState) && hello != nil {
		l.down(wire.DownHello, hello.JSON(), false)
	}
	if h.Lane != "" && onRecord != nil {
		onRecord(l, h)
	}
}

// down delivers a message to the station.
func (l *fakeLink) down(leaf string, payload []byte, retain bool) {
	l.inbox <- Delivery{Message{l.d.device.Topic(leaf), payload, retain}, func() {
		l.d.mu.Lock()
		l.acked++
		l.d.mu.Unlock()
	}}
}

func (l *fakeLink) Inbox() <-chan Delivery { return l.inbox }
func (l *fakeLink) Lost() <-chan struct{}  { return l.lost }
func (l *fakeLink) Close() error {
	l.fail(nil)
	return l.reason
}

func (l *fakeLink) fail(err error) {
	l.once.Do(func() {
		l.reason = err
		close(l.lost)
	})
}

// records lists what came of one lane, each message once per arrival.
func (d *district) records(lane string) (list []heard) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, h := range d.got {
		if h.Lane == lane {
			list = append(list, h)
		}
	}
	return list
}

// numbers are those that came of one lane, and how often.
func (d *district) numbers(lane string) map[uint64]int {
	all := map[uint64]int{}
	for _, h := range d.records(lane) {
		for n := h.first; n < h.first+h.SeqN; n++ {
			all[n]++
		}
	}
	return all
}

func (d *district) count(leaf string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, h := range d.got {
		if h.Topic == d.device.Topic(leaf) {
			n++
		}
	}
	return n
}

// set changes a knob of the district.
func (d *district) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// tries lists when the station tried to connect.
func (d *district) tries() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.dials)
}

// all lists everything that came.
func (d *district) all() []heard {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.got)
}

// line is the present connection.
func (d *district) line() *fakeLink {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.link
}

// confirmed counts the deliveries that the station confirmed.
func (l *fakeLink) confirmed() int {
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	return l.acked
}

// drop ends the present connection, as a broken line does.
func (d *district) drop() {
	d.line().fail(fmt.Errorf("line broke: %w", ErrBroken))
}

// noticed remembers the faults that were raised and cleared.
type noticed struct {
	mu  sync.Mutex
	now map[string]bool
	log []string
}

func (n *noticed) notice(code string, on bool, _ string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.now == nil {
		n.now = make(map[string]bool)
	}
	n.now[code] = on
	n.log = append(n.log, fmt.Sprintf("%s %t", code, on))
}

func (n *noticed) stands(code string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now[code]
}

func (n *noticed) standing() map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.now)
}

func (n *noticed) said() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.log)
}

// config is that of an ordinary station.
func config(m *memory, d *district) Config {
	return Config{
		Outbox: m,
		Dial:   d.dial,
		Device: d.device,
		Stamp:  m.stamp,
		Birth: func() wire.State {
			return wire.State{HW: "5c0e", Boot: 41, Epoch: m.Epoch()}
		},
		Rand: rand.New(rand.NewPCG(1, 2)),
	}
}

// start runs a courier until the test ends.
func start(t *testing.T, c Config) *Courier {
	t.Helper()
	k := New(c)
	run(t, k)
	return k
}

func run(t *testing.T, k *Courier) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := k.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

func alarmBody(n int) []byte {
	return transition("fire", "raised", n)
}

func faultBody(n int) []byte {
	return transition("fault", "fault", n)
}

func transition(kind, state string, n int) []byte {
	return fmt.Appendf(nil, `{"type":%q,"subject":"smoke1","data":{"kind":%q,"state":%q,"n":%d}}`,
		wire.TypeAlarm, kind, state, n)
}

func eventBody(n int) []byte {
	return fmt.Appendf(nil, `{"type":%q,"data":{"n":%d}}`, wire.TypeEvent, n)
}

func teleBody(n int) []byte { return teleBatch(n, 1) }

// teleBatch is a body of so many records, each another one.
func teleBatch(n, records int) []byte {
	b := fmt.Appendf(nil, `{"type":%q,"data":[{"n":"t1","v":%d}`, wire.TypeTelemetry, n)
	for i := range records - 1 {
		b = fmt.Appendf(b, `,{"n":"t%d","v":%d}`, i+2, n)
	}
	return append(b, "]}"...)
}

// full is how many records a body has that goes in a message of its own.
const full = wire.MaxBatch
