// Package district stands in for the platform: a broker, and a receiver that is the reference for
// how records are stored once, receipted and asked for again. It must not share code with the
// sender where it checks it.
package district

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/firepost/firepost/agent/wire"
)

// Message is one message of a device, as the story of a demonstration wants to tell it.
type Message struct {
	Topic, Device string
	Leaf          string // without the levels that say how it was compressed
	Payload       []byte // decompressed
	Size          int    // of the payload as it came
	Retained      bool
	New           bool // it brought a record that was not known
	At            time.Time
}

// Options say how a Receiver behaves. The zero value gives no receipts.
type Options struct {
	Hello     wire.Hello    // sent at each birth, with the time of then
	Coalesce  time.Duration // how long receipts wait for others; 0: 50 ms
	Source    string        // of commands; empty: "/district"
	File      *File         // keeps the records, and says what is receipted; nil: memory alone
	OnMessage func(Message) // called one after the other, never under a lock; nil: none
}

const (
	defaultCoalesce = 50 * time.Millisecond
	stallAfter      = 10 * time.Minute // of a watermark, before its numbers are asked for again
	stallLook       = 30 * time.Second
	queueMax        = 256 // messages to devices that wait
	ordersMax       = 64  // commands to a device that are sent again
)

// Receiver is the platform's end of the contract. It is safe for concurrent use; messages of one
// device are handed to it in the order in which they came.
type Receiver struct {
	o Options

	mu      sync.Mutex
	store   store
	devices map[string]*device
	report  Report
	queue   []outgoing
	wake    chan struct{}
}

// device is what the receiver remembers of one device beside its records.
type device struct {
	tenant  string
	session string
	acks    map[string]bool              // epochs whose receipt is due
	stored  map[string]map[string]uint64 // what the file has, by epoch and lane
	newest  map[string]uint64            // newest number of each stream in this session
	stalls  map[key]stall
	dicts   map[string][]byte // by name
	order   []string          // of their names, oldest first
	orders  []wire.Command    // that have not come to their end
}

// stall is a watermark under watch.
type stall struct {
	hw    uint64
	since time.Time
}

// outgoing is one message to a device.
type outgoing struct {
	topic   string
	payload []byte
	retain  bool
}

// NewReceiver returns a receiver that knows nothing yet.
func NewReceiver(o Options) *Receiver {
	if o.Coalesce <= 0 {
		o.Coalesce = defaultCoalesce
	}
	if o.Source == "" {
		o.Source = "/district"
	}
	return &Receiver{
		o: o, store: store{map[key]*track{}}, devices: map[string]*device{}, report: newReport(),
		wake: make(chan struct{}, 1),
	}
}

// Handle takes one message. It never publishes, so that a broker may call it while it delivers.
func (r *Receiver) Handle(topic string, payload []byte, retained bool) {
	tenant, name, leaf, ok := parseTopic(topic)
	if !ok {
		return
	}
	m := Message{
		Topic: topic, Device: name, Leaf: leaf, Payload: slices.Clone(payload), Size: len(payload),
		Retained: retained, At: time.Now(),
	}
	r.mu.Lock()
	d := r.device(name, tenant)
	var err error
	if m.Leaf, m.Payload, err = d.expand(leaf, m.Payload); err != nil {
		r.report.Messages++
		r.malformed(err)
	} else {
		m.New = r.take(d, m)
	}
	r.report.Bytes += uint64(m.Size)
	r.mu.Unlock()
	if r.o.OnMessage != nil {
		r.o.OnMessage(m)
	}
}

func (r *Receiver) device(name, tenant string) *device {
	d := r.devices[name]
	if d == nil {
		d = &device{
			tenant: tenant, acks: map[string]bool{}, newest: map[string]uint64{},
			stalls: map[key]stall{}, dicts: map[string][]byte{}, stored: map[string]map[string]uint64{},
		}
		r.devices[name] = d
	}
	return d
}

// take sorts a message by its leaf; it tells whether it brought something new.
func (r *Receiver) take(d *device, m Message) bool {
	r.report.Messages++
	switch m.Leaf {
	case "up/state":
		return r.state(d, m)
	case "up/active":
		r.report.Active[m.Device] = m.Payload
		return true
	case "up/desc":
		r.report.Desc[m.Device] = m.Payload
		if d.learn(m.Payload, r.o.Hello.Dz) {
			r.greet(d, m)
		}
		return true
	}
	if leaves[m.Leaf] == "" {
		return false
	}
	e, err := parseEnvelope(d.tenant, m.Device, m.Leaf, m.Payload)
	if err != nil {
		r.malformed(err)
		return false
	}
	if r.o.File != nil {
		receipt, _, err := r.o.File.Take(d.topic(m.Device, m.Leaf), m.Payload)
		if err != nil { // Without a receipt it comes again.
			r.malformed(err)
			return false
		}
		d.stored[e.Epoch] = receipt.UpTo
	}
	fresh := r.records(d, m, e)
	r.meaning(m, e, fresh)
	return fresh
}

func (r *Receiver) malformed(err error) {
	r.report.Malformed++
	if len(r.report.Faults) < faultsKept {
		r.report.Faults = append(r.report.Faults, err.Error())
	}
}

// state follows births and deaths. A death of another session than the current one is stale.
func (r *Receiver) state(d *device, m Message) bool {
	var s struct {
		Online  bool   `json:"online"`
		Base    string `json:"base"`
		Session string `json:"session"`
	}
	if err := json.Unmarshal(m.Payload, &s); err != nil || s.Session == "" {
		r.report.Malformed++
		return false
	}
	if !s.Online {
		if s.Session != d.session {
			r.report.StaleWills++
			return false
		}
		r.report.Online[m.Device] = false
		return true
	}
	r.report.Online[m.Device] = true
	r.report.Base[m.Device] = s.Base
	if s.Session != d.session {
		r.report.Births++
		d.session = s.Session
		clear(d.newest)
		defer r.orderAgain(m.Device, d, m.At)
	}
	r.greet(d, m)
	return true
}

// greet tells a device what is understood: at each birth, and when its dictionary has come.
func (r *Receiver) greet(d *device, m Message) {
	hello := d.offer(r.o.Hello)
	hello.Now = m.At
	r.send(outgoing{d.topic(m.Device, wire.DownHello), hello.JSON(), true})
}

func (d *device) topic(name, leaf string) string {
	return wire.Device{Tenant: d.tenant, ID: name}.Topic(leaf)
}

// records stores what a message brings, each number once; it tells whether one was new.
func (r *Receiver) records(d *device, m Message, e *envelope) (fresh bool) {
	k := key{m.Device, e.Epoch, e.Lane}
	t, sum, filled := r.store.track(k), e.sum(), false
	before := t.top
	for i := range uint64(e.SeqN) {
		n := e.first + i
		at := row{sum, uint32(i), e.SeqN}
		old, existed := t.insert(n, at)
		late := !existed && t.fill(n)
		if was, known := r.original(m.Device, e, i, at); known && !existed {
			old, existed = was, true
		}
		if existed {
			r.report.Duplicates++
			if old.index == at.index && old.of == at.of && old.sum != at.sum {
				r.report.BodyMismatch++
			}
			continue
		}
		fresh = true
		r.report.Received[e.Lane]++
		if late {
			filled = true
			r.report.Filled++
		}
	}
	t.merge(span{e.first, e.first + uint64(e.SeqN) - 1})
	if fresh && !filled {
		r.order(d, m, e, before)
	}
	d.acks[e.Epoch] = true
	r.poke()
	return fresh
}

// original looks a salvaged record up under the number that it had first, and stores it there.
func (r *Receiver) original(name string, e *envelope, i uint64, at row) (row, bool) {
	if e.OrigEpoch == "" {
		return row{}, false
	}
	t := r.store.track(key{name, e.OrigEpoch, e.Lane})
	old, existed := t.insert(e.orig+i, at)
	if !existed {
		t.fill(e.orig + i)
		t.merge(span{e.orig + i, e.orig + i})
	}
	return old, existed
}

// order checks the order of new records: lanes a and e are in order throughout, lane t within its
// live and within its backlog stream of one connection.
func (r *Receiver) order(d *device, m Message, e *envelope, top uint64) {
	stream := m.Leaf + " " + e.Epoch
	if e.Lane != "t" {
		stream = e.Lane + " " + e.Epoch
	} else {
		top = 0
	}
	if e.first < max(top, d.newest[stream]) {
		r.report.OutOfOrder++
	}
	d.newest[stream] = max(d.newest[stream], e.first)
}

// Order queues a command for a device that has been heard of. It tells whether it was queued. One
// that has a deadline is sent again at each birth until its end is told.
func (r *Receiver) Order(name string, c wire.Command) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.devices[name]
	if d == nil {
		return false
	}
	if !c.Expires.IsZero() && len(d.orders) < ordersMax {
		d.orders = append(d.orders, c)
	}
	return r.sendOrder(name, d, c)
}

func (r *Receiver) sendOrder(name string, d *device, c wire.Command) bool {
	return r.send(outgoing{d.topic(name, wire.DownCmd), c.JSON(r.o.Source), false})
}

// orderAgain sends what a device may not have had, or has forgotten.
func (r *Receiver) orderAgain(name string, d *device, now time.Time) {
	d.orders = slices.DeleteFunc(d.orders, func(c wire.Command) bool {
		return c.Expires.Before(now) || isEnd(r.report.Commands[c.ID])
	})
	for _, c := range d.orders {
		r.sendOrder(name, d, c)
	}
}

// isEnd tells whether a command in this state comes to no other.
func isEnd(state string) bool {
	switch state {
	case "", "accepted", "announced", "executing":
		return false
	}
	return true
}

func (r *Receiver) send(m outgoing) bool {
	if len(r.queue) >= queueMax {
		return false
	}
	r.queue = append(r.queue, m)
	r.poke()
	return true
}

// poke wakes Run.
func (r *Receiver) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Publish sends one message to a device.
type Publish func(topic string, payload []byte, retain bool) error

// Run publishes hellos, receipts and commands until ctx ends.
func (r *Receiver) Run(ctx context.Context, publish Publish) {
	stalls := time.NewTicker(stallLook)
	defer stalls.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-stalls.C:
			r.watchStalls()
		}
		for _, m := range r.pending() {
			// A message that is not published is made good by the next birth or receipt.
			_ = publish(m.topic, m.payload, m.retain)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(r.o.Coalesce):
		}
	}
}

// pending takes what waits for the devices, receipts last.
func (r *Receiver) pending() []outgoing {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.queue
	r.queue = nil
	for name, d := range r.devices {
		for epoch := range d.acks {
			delete(d.acks, epoch)
			if !r.o.Hello.Receipt {
				continue
			}
			a := wire.Ack{Epoch: epoch, UpTo: map[string]uint64{}, Now: time.Now()}
			if r.o.File != nil {
				a.UpTo = d.stored[epoch]
				out = append(out, outgoing{d.topic(name, wire.DownAck), a.JSON(), false})
				continue
			}
			for _, lane := range []string{"a", "e", "t"} {
				if t := r.store.tracks[key{name, epoch, lane}]; t != nil && t.hw > 0 {
					a.UpTo[lane] = t.hw
				}
			}
			out = append(out, outgoing{d.topic(name, wire.DownAck), a.JSON(), false})
		}
	}
	return out
}
