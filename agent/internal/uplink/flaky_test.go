package uplink

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// flaky is a broker, and the platform behind it, that does everything a bad day brings. While it
// is well it is an ordinary small broker for one station.
type flaky struct {
	mu      sync.Mutex
	rand    *rand.Rand
	sick    bool
	receipt bool
	dz      []int // dictionaries that it offers
	device  wire.Device
	stored  map[string]string // by epoch-lane-number: the body
	high    map[string]uint64 // by lane: all up to here are stored
	repeats int               // records that came again
	wrong   []string          // records that came again with another body
	packed  int               // bytes of messages
	plain   int               // the same decompressed
	conns   int
	seen    map[string]int // what went wrong, by name
}

func newFlaky(seed uint64) *flaky {
	return &flaky{
		rand:   rand.New(rand.NewPCG(seed, 9)),
		device: wire.Device{Tenant: "510107", ID: "fp-7k2m4qx6tb"},
		stored: make(map[string]string), high: make(map[string]uint64), seen: make(map[string]int),
	}
}

// network is the line to the broker, without a kernel.
func (b *flaky) network(context.Context, string, string) (net.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sick && b.rand.IntN(10) == 0 {
		b.seen["no name"]++
		return nil, &net.DNSError{Err: "server misbehaving", Name: "broker", IsTemporary: true}
	}
	near, far := net.Pipe()
	b.conns++
	go b.serve(far)
	if b.sick && b.rand.IntN(4) == 0 {
		b.seen["cut within a packet"]++
		return &shortLine{near, 1000 + b.rand.IntN(50_000)}, nil
	}
	return near, nil
}

// shortLine breaks within a packet, after so many bytes.
type shortLine struct {
	net.Conn
	left int
}

func (l *shortLine) Write(p []byte) (int, error) {
	if len(p) <= l.left {
		l.left -= len(p)
		return l.Conn.Write(p)
	}
	n, _ := l.Conn.Write(p[:l.left])
	l.Conn.Close()
	return n, io.ErrClosedPipe
}

// serve is one connection of one client.
func (b *flaky) serve(c net.Conn) {
	out := make(chan packets.ControlPacket, 256)
	over := make(chan struct{})
	defer c.Close()
	defer close(over)
	go func() {
		for {
			select {
			case <-over:
				return
			case p := <-out:
				if p.Write(c) != nil {
					return
				}
			}
		}
	}()
	for {
		p, err := packets.ReadPacket(c)
		if err != nil {
			return
		}
		switch p := p.(type) {
		case *packets.ConnectPacket:
			out <- packets.NewControlPacket(packets.Connack)
		case *packets.SubscribePacket:
			ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			ack.MessageID, ack.ReturnCodes = p.MessageID, []byte{1}
			out <- ack
		case *packets.PingreqPacket:
			out <- packets.NewControlPacket(packets.Pingresp)
		case *packets.PublishPacket:
			if !b.publish(p, out, over) {
				return
			}
		}
	}
}

// publish takes a message, or does to it what a bad day does. It is false when the connection is
// over.
func (b *flaky) publish(p *packets.PublishPacket, out chan packets.ControlPacket,
	over chan struct{},
) bool {
	ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
	ack.MessageID = p.MessageID
	delay, twice := time.Duration(0), false
	switch b.mood() {
	case "drop before":
		return false
	case "drop after":
		b.accept(p)
		return false
	case "half-open":
		<-time.After(2 * time.Minute) // reads nothing, answers nothing
		return false
	case "mute": // takes everything, confirms nothing
		b.accept(p)
		return true
	case "late":
		delay = time.Duration(b.draw(20_000)) * time.Millisecond
	case "twice":
		twice = true
	}
	down := b.accept(p)
	if twice {
		out <- ack
	}
	send := func() {
		for _, p := range append([]packets.ControlPacket{ack}, down...) {
			select {
			case out <- p:
			case <-over:
			}
		}
	}
	if delay == 0 {
		send()
		return true
	}
	go func() {
		time.Sleep(delay)
		send()
	}()
	return true
}

func (b *flaky) draw(n int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rand.IntN(n)
}

// mood draws what happens to a message.
func (b *flaky) mood() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	mood, n := "", b.rand.IntN(1000)
	if !b.sick {
		return mood
	}
	switch {
	case n < 20:
		mood = "drop before"
	case n < 40:
		mood = "drop after"
	case n < 43:
		mood = "half-open"
	case n < 46:
		mood = "mute"
	case n < 66:
		mood = "late"
	case n < 86:
		mood = "twice"
	}
	b.seen[mood]++
	return mood
}

// accept stores a message as contract 5.4 says, and returns what the platform answers.
func (b *flaky) accept(p *packets.PublishPacket) (down []packets.ControlPacket) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.TopicName == b.device.Topic(wire.UpState) {
		var s struct{ Epoch string }
		json.Unmarshal(p.Payload, &s)
		return append(b.watermarks(s.Epoch), b.down(wire.DownHello,
			wire.Hello{Receipt: b.receipt, Dz: b.dz}.JSON()))
	}
	_, plain, err := unpack(p.TopicName, p.Payload)
	if err != nil {
		b.wrong = append(b.wrong, fmt.Sprintf("%s: %v", p.TopicName, err))
	}
	b.packed += len(p.Payload)
	b.plain += len(plain)
	h := readTail(plain)
	if h.Lane == "" {
		return nil
	}
	for i, body := range h.records() {
		key := fmt.Sprintf("%s-%s-%d", h.Epoch, h.Lane, h.first+uint64(i))
		before, again := b.stored[key]
		if again {
			b.repeats++
		}
		if again && before != body {
			b.wrong = append(b.wrong, key)
		}
		b.stored[key] = body
		for b.stored[fmt.Sprintf("%s-%s-%d", h.Epoch, h.Lane, b.high[h.Lane]+1)] != "" {
			b.high[h.Lane]++
		}
	}
	if b.sick && b.rand.IntN(4) == 0 { // A receipt may get lost too.
		return nil
	}
	return b.watermarks(h.Epoch)
}

// records are the bodies of a message, one for each of its numbers: batches may be joined in
// another way when they are sent again. What has not so many is one body for all.
func (h tail) records() []string {
	var rs []json.RawMessage
	if h.Lane != "t" || json.Unmarshal([]byte(h.body), &rs) != nil || len(rs) != int(h.SeqN) {
		return slices.Repeat([]string{h.body}, int(h.SeqN))
	}
	list := make([]string, len(rs))
	for i := range rs {
		list[i] = string(rs[i])
	}
	return list
}

// watermarks is the receipt for all that is stored.
func (b *flaky) watermarks(epoch string) []packets.ControlPacket {
	if !b.receipt {
		return nil
	}
	ack := wire.Ack{Epoch: epoch, UpTo: map[string]uint64{"a": b.high["a"], "e": b.high["e"]}}
	return []packets.ControlPacket{b.down(wire.DownAck, ack.JSON())}
}

func (b *flaky) down(leaf string, payload []byte) packets.ControlPacket {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload, p.Qos, p.MessageID = b.device.Topic(leaf), payload, 1, 1
	return p
}

// missing lists what a store gave out and the platform does not have.
func (b *flaky) missing(m *memory) (list []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range []buffer.Lane{buffer.Alarm, buffer.Event, buffer.Telemetry} {
		for n := uint64(1); n <= m.Tail(l); n++ {
			key := fmt.Sprintf("%s-%s-%d", m.Epoch(), l, n)
			if _, ok := b.stored[key]; !ok {
				list = append(list, key)
			}
		}
	}
	return list
}

// Whatever the broker and the line do, and however often the courier is killed, every record
// arrives; what arrives twice has the same number and the same body.
//
// The way that loses is to believe a client that reconnects by itself: see
// TestReconnectingClientConfirmsWhatNobodyHas.
func TestT02NothingIsLostOnABadDay(t *testing.T) {
	seeds := uint64(2) // of some 20 kills each
	if os.Getenv("FIREPOST_LARGE") != "" {
		seeds = 15
	}
	for _, receipt := range []bool{false, true} {
		for seed := range seeds {
			t.Run(fmt.Sprintf("receipt=%t/seed=%d", receipt, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { badDay(t, seed, receipt) })
			})
		}
	}
}

func badDay(t *testing.T, seed uint64, receipt bool) {
	b, m := newFlaky(seed), newMemory()
	b.receipt, b.sick = receipt, true
	if seed%2 == 1 {
		b.dz = []int{1}
	}
	life := rand.New(rand.NewPCG(seed, 10))
	ctx, cancel := context.WithCancel(t.Context())
	defer func() { cancel() }()
	done := make(chan error, 1)
	run := func() {
		ctx, cancel = context.WithCancel(t.Context())
		c := packing(m, newDistrict(t))
		c.Dial = PahoDial(Broker{URL: "mqtt://broker", ClientID: "fp", network: b.network})
		c.Rate, c.Rand = 200, rand.New(rand.NewPCG(seed, life.Uint64()))
		go func() { done <- New(c).Run(ctx) }()
	}
	kill := func() {
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	run()
	kills := 0
	for i := range 2500 {
		lane := buffer.Lane(life.IntN(lanes))
		n := 1 + life.IntN(3)*int(lane/2)
		body := [lanes][]byte{alarmBody(i), eventBody(i), teleBatch(i, n)}[lane]
		m.Put(lane, uint32(n), body)
		time.Sleep(time.Duration(life.IntN(800)) * time.Millisecond)
		if life.IntN(120) == 0 {
			kills++
			kill()
			run()
		}
	}
	b.mu.Lock()
	b.sick = false
	b.mu.Unlock()
	time.Sleep(30 * time.Minute)
	kill()
	if list := b.missing(m); len(list) > 0 {
		t.Errorf("%d records are lost: %s", len(list), strings.Join(list[:min(5, len(list))], " "))
	}
	if len(b.wrong) > 0 {
		t.Errorf("records that came again with another body: %v", b.wrong)
	}
	for _, l := range []buffer.Lane{buffer.Alarm, buffer.Event, buffer.Telemetry} {
		if n := m.left(l); n != 0 {
			t.Errorf("lane %s: %d records are still in the outbox", l, n)
		}
	}
	if isPacked := b.packed < b.plain; isPacked != (b.dz != nil) {
		t.Errorf("%d bytes came for %d, and offered was %v", b.packed, b.plain, b.dz)
	}
	t.Logf("%d connections, %d kills, %d repeats, %v", b.conns, kills, b.repeats, b.seen)
}
