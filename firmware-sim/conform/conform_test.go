package conform

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/district"
)

var device = wire.Device{Tenant: "conform", ID: "fp-conform2345"}

// openBroker is the simulated district's broker, and its address.
func openBroker(t *testing.T) string {
	t.Helper()
	b, err := district.OpenBroker("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b.URL()
}

// receiver is the reference receiver as a client of a broker, with somebody between the two.
type receiver struct {
	in  func(topic string, payload []byte) []byte // nil payload: it never came
	out func(topic string, payload []byte) []byte // nil payload: it is not sent
}

func (v receiver) follow(t *testing.T, url string) {
	t.Helper()
	r := district.NewReceiver(district.Options{
		Hello: wire.Hello{Receipt: true, Gz: true, Dz: []int{1}, Max: wire.MaxMessage},
	})
	hear := func(_ mqtt.Client, m mqtt.Message) {
		payload := m.Payload()
		if v.in != nil {
			if payload = v.in(m.Topic(), payload); payload == nil {
				return
			}
		}
		r.Handle(m.Topic(), payload, m.Retained())
	}
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID("receiver"))
	for _, step := range []func() mqtt.Token{
		c.Connect, func() mqtt.Token { return c.Subscribe(allDevices, 1, hear) },
	} {
		if token := step(); !token.WaitTimeout(usualWait) || token.Error() != nil {
			t.Fatal(token.Error())
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var ran sync.WaitGroup
	ran.Go(func() {
		r.Run(ctx, func(topic string, payload []byte, retain bool) error {
			if v.out != nil {
				if payload = v.out(topic, payload); payload == nil {
					return nil
				}
			}
			c.Publish(topic, 1, retain, payload)
			return nil
		})
	})
	t.Cleanup(func() {
		cancel()
		ran.Wait()
		c.Disconnect(0)
	})
}

// The broker and the receiver of the simulated district keep every clause that they are asked for,
// and an open broker is not asked for rights.
func TestReferenceConforms(t *testing.T) {
	t.Parallel()
	url := openBroker(t)
	receiver{}.follow(t, url)
	passed, skipped := 0, 0
	o := Options{URL: url, Device: device, Open: true, Receiver: true}
	err := Run(t.Context(), o, func(r Result) {
		switch r.Outcome {
		case Passed:
			passed++
		case Skipped:
			skipped++
		default:
			t.Errorf("%s %s: %s", r.ID, r.Title, r.Detail)
		}
	})
	all := len(brokerChecks()) + len(receiverChecks())
	if err != nil || passed != all-3 || skipped != 3 {
		t.Errorf("%d passed and %d skipped of %d, %v", passed, skipped, all, err)
	}
}

// one makes a single check.
func one(t *testing.T, id string, o Options) error {
	t.Helper()
	for _, c := range append(brokerChecks(), receiverChecks()...) {
		if c.id == id {
			b := newBench(o)
			defer b.close()
			return c.run(t.Context(), b)
		}
	}
	t.Fatalf("there is no check %s", id)
	return nil
}

// wrong fails the test unless the check fails and tells why.
func wrong(t *testing.T, id string, o Options) {
	t.Helper()
	var why skip
	if err := one(t, id, o); err == nil || errors.As(err, &why) {
		t.Errorf("%s: %v, want a failure", id, err)
	}
}

// short is how long the checks wait for what does not come.
const short = time.Second

// Each way in which a broker can break the contract is found by the check that is about it.
func TestBrokenBrokersAreFound(t *testing.T) {
	t.Parallel()
	held := 0
	for name, c := range map[string]struct {
		checks []string
		up     func(packet) packet
		down   func(packet) packet
	}{
		"confirms nothing": {checks: []string{"B02"}, down: func(p packet) packet {
			if _, is := p.(*packets.PubackPacket); is {
				return nil
			}
			return p
		}},
		"drops what is long": {checks: []string{"B03"}, up: publishing(func(p *published) bool {
			return len(p.Payload) < 20_000
		})},
		"knows text alone": {checks: []string{"B04"}, up: publishing(func(p *published) bool {
			p.Payload = bytes.ToValidUTF8(p.Payload, nil)
			return true
		})},
		"loses one of 500": {checks: []string{"B05"}, up: publishing(func(*published) bool {
			held++
			return held != 100
		})},
		"retains nothing": {checks: []string{"B06", "B07"}, up: publishing(func(p *published) bool {
			p.Retain = false
			return true
		})},
		"retains no will": {checks: []string{"B08"}, up: connecting(func(p *connected) {
			p.WillRetain = false
		})},
		"has no wills": {checks: []string{"B08", "B10"}, up: connecting(func(p *connected) {
			p.WillFlag = false
		})},
		"hears no farewell": {checks: []string{"B09"}, up: func(p packet) packet {
			if _, is := p.(*packets.DisconnectPacket); is {
				return nil
			}
			return p
		}},
		"waits for ever": {checks: []string{"B10"}, up: connecting(func(p *connected) {
			p.Keepalive = 0
		})},
		"knows nobody again": {checks: []string{"B11"}, up: connecting(func(p *connected) {
			p.ClientIdentifier += nonce()
		})},
		"keeps no session": {checks: []string{"B12", "B13"}, up: connecting(func(p *connected) {
			p.CleanSession = true
		})},
		"has no rights": {checks: []string{"B14", "B15", "B16"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := Options{URL: meddle(t, openBroker(t), c.up, c.down), Device: device, Wait: short}
			for _, id := range c.checks {
				wrong(t, id, o)
			}
		})
	}
}

// publishing changes messages, or drops those of which change says false.
func publishing(
	change func(*packets.PublishPacket) bool,
) func(packet) packet {
	return func(p packet) packet {
		if m, is := p.(*packets.PublishPacket); is && !change(m) {
			return nil
		}
		return p
	}
}

func connecting(change func(*packets.ConnectPacket)) func(packet) packet {
	return func(p packet) packet {
		if c, is := p.(*packets.ConnectPacket); is {
			change(c)
		}
		return p
	}
}

// without drops messages on topics that end so.
func without(leaf string) func(string, []byte) []byte {
	return func(topic string, payload []byte) []byte {
		if strings.HasSuffix(topic, leaf) {
			return nil
		}
		return payload
	}
}

// dropping drops messages that hold a text.
func dropping(text string) func(string, []byte) []byte {
	return func(_ string, payload []byte) []byte {
		if bytes.Contains(payload, []byte(text)) {
			return nil
		}
		return payload
	}
}

// Each way in which a receiver can break the contract is found by the check that is about it.
func TestBrokenReceiversAreFound(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen, spoilt, known := map[string]bool{}, false, ""
	for id, v := range map[string]receiver{
		"R01": {out: without("/down/hello")},
		"R02": {out: without("/down/ack")},
		"R03": {out: func(topic string, payload []byte) []byte { // the hole counts as filled
			return bytes.ReplaceAll(payload, []byte(`"a":1`), []byte(`"a":3`))
		}},
		"R04": {in: func(_ string, payload []byte) []byte { // a repeat is thrown away
			mu.Lock()
			defer mu.Unlock()
			id, _, _ := strings.Cut(string(payload), `"source"`)
			if seen[id] {
				return nil
			}
			seen[id] = true
			return payload
		}},
		"R05": {in: dropping(wire.TypeGap)},
		"R06": {in: dropping("fromlater")},
		"R07": {in: func(_ string, payload []byte) []byte { // each message counts as one record
			payload = bytes.ReplaceAll(payload, []byte(`"seqn":10`), []byte(`"seqn":1`))
			return bytes.ReplaceAll(payload, []byte(`-t-1-10"`), []byte(`-t-1-1"`))
		}},
		"R08": {in: func(topic string, payload []byte) []byte { // it stops at what it cannot read
			mu.Lock()
			defer mu.Unlock()
			spoilt = spoilt || strings.HasSuffix(topic, "/alarm") && len(payload) < 100
			if spoilt {
				return nil
			}
			return payload
		}},
		"R09": {in: func(topic string, payload []byte) []byte { // it knows the first epoch alone
			mu.Lock()
			defer mu.Unlock()
			if !strings.HasSuffix(topic, "/alarm") {
				return payload
			}
			_, after, _ := strings.Cut(string(payload), `"epoch":"`)
			if known == "" {
				known = after[:8]
			}
			if after[:8] != known {
				return nil
			}
			return payload
		}},
		"R10": {in: func(topic string, payload []byte) []byte { // it cannot expand what it offered
			if strings.Contains(topic, "/dz/") {
				return nil
			}
			return payload
		}},
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			url := openBroker(t)
			v.follow(t, url)
			wrong(t, id, Options{URL: url, Device: device, Open: true, Wait: short})
		})
	}
}

// Where nothing listens there is one failure and no further check.
func TestNoBrokerIsSaidOnce(t *testing.T) {
	var results []Result
	err := Run(t.Context(), Options{URL: "tcp://127.0.0.1:1", Device: device, Receiver: true},
		func(r Result) { results = append(results, r) })
	if err == nil || len(results) != 1 || results[0].Outcome != Failed {
		t.Errorf("%v, %v", results, err)
	}
}
