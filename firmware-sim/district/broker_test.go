package district

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/firepost/firepost/agent/wire"
)

// patience is how long a test on real sockets waits for what should come at once.
const patience = 5 * time.Second

// pipe is one MQTT connection of a device.
type pipe struct {
	mqtt.Client
	acks chan wire.Ack
}

func connect(t *testing.T, url, session string) (*pipe, error) {
	t.Helper()
	p := &pipe{acks: make(chan wire.Ack, 100)}
	o := mqtt.NewClientOptions().AddBroker(url).SetClientID(sender.ID).SetProtocolVersion(4).
		SetAutoReconnect(false).SetConnectTimeout(time.Second)
	o.SetBinaryWill(sender.Topic(wire.UpState), wire.State{Session: session}.Will(), 1, true)
	p.Client = mqtt.NewClient(o)
	if err := done(p.Connect()); err != nil {
		return nil, err
	}
	err := done(p.Subscribe(sender.Topic("down/#"), 1, func(_ mqtt.Client, m mqtt.Message) {
		if a, err := wire.DecodeAck(m.Payload()); err == nil && a.Epoch != "" {
			p.acks <- a
		}
	}))
	if err != nil {
		return nil, err
	}
	return p, p.send(wire.UpState, wire.State{Online: true, Session: session}.JSON())
}

func (p *pipe) send(leaf string, payload []byte) error {
	retain := leaf == wire.UpState
	return done(p.Publish(sender.Topic(leaf), 1, retain, payload))
}

func done(token mqtt.Token) error {
	if !token.WaitTimeout(patience) {
		return os.ErrDeadlineExceeded
	}
	return token.Error()
}

// alarm sends the alarm record n until the broker has it.
func (p *pipe) alarm(t *testing.T, n uint64) error {
	t.Helper()
	msg, err := wire.Envelope(sender, numbered(wire.LaneAlarm, "e1", n), body(n), time.Time{}, false)
	if err != nil {
		t.Fatal(err)
	}
	return p.send(wire.UpAlarm, msg)
}

// receipt waits for a receipt of number n.
func (p *pipe) receipt(t *testing.T, n uint64) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case a := <-p.acks:
			if a.UpTo["a"] >= n {
				return
			}
		case <-late:
			t.Fatalf("no receipt of %d", n)
		}
	}
}

// open starts a broker with a receiver on it, until the test ends.
func open(t *testing.T, o Options) (*Broker, *Receiver) {
	t.Helper()
	b, err := OpenBroker("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	r := NewReceiver(o)
	ctx, cancel := context.WithCancel(t.Context())
	if err := b.Attach(r); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx, r) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("attach: %v", err)
		}
		if err := b.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b, r
}

// eventually waits for a report that satisfies a condition.
func eventually(t *testing.T, r *Receiver, what string, ok func(Report) bool) {
	t.Helper()
	end := time.Now().Add(patience)
	for !ok(r.Report()) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v: %+v", what, patience, r.Report())
		}
		pause(10 * time.Millisecond)
	}
}

// pause waits for something outside of any bubble: real sockets have no virtual clock.
func pause(d time.Duration) { <-time.After(d) }

// Over a line that is cut in between, every record is there once and receipted, and the death of
// the first connection is seen.
func TestLineCutAndBack(t *testing.T) {
	b, r := open(t, Options{Hello: wire.Hello{Receipt: true}})
	addr := b.Addr()
	p, err := connect(t, b.URL(), "1-1")
	if err != nil {
		t.Fatal(err)
	}
	for n := uint64(1); n <= 5; n++ {
		if err := p.alarm(t, n); err != nil {
			t.Fatal(err)
		}
	}
	p.receipt(t, 5)

	b.Cut()
	eventually(t, r, "death", func(r Report) bool { return !r.Online[sender.ID] })
	if _, err := connect(t, b.URL(), "1-2"); err == nil {
		t.Fatal("connected over a cut line")
	}
	if err := b.Mend(); err != nil {
		t.Fatal(err)
	}
	if b.Addr() != addr {
		t.Errorf("address after the cut: got %s, want %s", b.Addr(), addr)
	}
	p, err = connect(t, b.URL(), "1-3")
	if err != nil {
		t.Fatal(err)
	}
	for n := uint64(4); n <= 8; n++ { // What was not receipted is sent again.
		if err := p.alarm(t, n); err != nil {
			t.Fatal(err)
		}
	}
	p.receipt(t, 8)
	want(t, r, 8, 2, 0, 0, 0)
	p.Disconnect(100)
}

// A mute line accepts a connection and never says a word.
func TestMuteLineNeverAnswers(t *testing.T) {
	b, _ := open(t, Options{})
	if err := b.Mute(); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04fp-1")); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := c.Read(make([]byte, 10)); n != 0 || !os.IsTimeout(err) {
		t.Errorf("got %d bytes, %v, want silence", n, err)
	}
	if err := b.Mend(); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(patience))
	if _, err := c.Read(make([]byte, 10)); err == nil || os.IsTimeout(err) {
		t.Errorf("got %v after the line was mended, want its end", err)
	}
	p, err := connect(t, b.URL(), "1-1")
	if err != nil {
		t.Fatal(err)
	}
	p.Disconnect(100)
}

// A receiver that is a client of a broker elsewhere stores and receipts like one on board.
func TestFollowElsewhere(t *testing.T) {
	b, err := OpenBroker("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	r := NewReceiver(Options{Hello: wire.Hello{Receipt: true}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Follow(ctx, b.URL(), "district", r) }()
	p, err := connect(t, b.URL(), "1-1")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, r, "birth", func(r Report) bool { return r.Online[sender.ID] })
	for n := uint64(1); n <= 20; n++ {
		if err := p.alarm(t, n); err != nil {
			t.Fatal(err)
		}
	}
	p.receipt(t, 20)
	want(t, r, 20, 0, 0, 0, 0)
	p.Disconnect(100)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A broker elsewhere that is not there is an error that names it, not a silent wait.
func TestFollowSaysWhoIsNotThere(t *testing.T) {
	b, err := OpenBroker("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	url := b.URL()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err = Follow(ctx, url, "district", NewReceiver(Options{}))
	if err == nil || !strings.Contains(err.Error(), url) {
		t.Errorf("got %v, want an error that names %s", err, url)
	}
}
