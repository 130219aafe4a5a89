package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/firepost/firepost/agent/internal/uplink"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/district"
	"github.com/firepost/firepost/provisioning"
)

// fakeDistrict is a broker without a network before the reference receiver.
type fakeDistrict struct {
	receiver *district.Receiver

	mu    sync.Mutex
	down  bool // nobody answers
	mute  bool // connections are accepted and nothing is answered
	links []*fakeLink
	got   []message

	passed []uplink.Message // both ways, wills too
}

// message is one message that came, with what a platform reads of it first.
type message struct {
	at    time.Time
	link  int    // which connection
	leaf  string // such as up/alarm, whatever the coding
	size  int    // as it came
	Lane  string `json:"lane"`
	Epoch string `json:"epoch"`
	Hist  bool   `json:"hist"`
	Mono  string `json:"mono"`
	Boot  uint32 `json:"boot"`
	Type  string `json:"type"`
	Data  json.RawMessage
}

// roundTrip is how long a PUBACK takes.
const roundTrip = 20 * time.Millisecond

func newFakeDistrict() *fakeDistrict {
	d := &fakeDistrict{}
	d.receiver = district.NewReceiver(district.Options{
		Hello:     wire.Hello{Receipt: true, Gz: true, Dz: []int{1}, Max: wire.MaxMessage},
		OnMessage: d.hear,
	})
	return d
}

// hear notes a message as the receiver has read it: decompressed.
func (d *fakeDistrict) hear(m district.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := message{at: m.At, link: len(d.links) - 1, leaf: m.Leaf, size: m.Size}
	if err := json.Unmarshal(m.Payload, &x); err != nil {
		x.Type = err.Error()
	}
	d.got = append(d.got, x)
	topic := strings.TrimSuffix(m.Topic, leafOf(m.Topic)) + m.Leaf
	d.passed = append(d.passed, uplink.Message{Topic: topic, Payload: m.Payload})
}

// set changes how the district behaves. A broker that goes down takes its connections along.
func (d *fakeDistrict) set(down, mute bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down, d.mute = down, mute
	if down {
		for _, l := range d.links {
			l.lose(uplink.ErrBroken)
		}
	}
}

// line is the Dial of the agent.
func (d *fakeDistrict) line(*provisioning.Identity, *slog.Logger) uplink.Dial {
	return func(ctx context.Context, o uplink.Opening) (uplink.Link, error) {
		d.mu.Lock()
		down, mute := d.down, d.mute
		d.mu.Unlock()
		switch {
		case mute:
			<-ctx.Done()
			return nil, ctx.Err()
		case down:
			return nil, fmt.Errorf("dial: %w", uplink.ErrBroken)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		l := &fakeLink{
			d: d, inbox: make(chan uplink.Delivery, 64), lost: make(chan struct{}),
		}
		d.links = append(d.links, l)
		d.passed = append(d.passed, o.Will)
		return l, nil
	}
}

// answer carries a message of the platform down.
func (d *fakeDistrict) answer(topic string, payload []byte, retain bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down || len(d.links) == 0 {
		return uplink.ErrBroken
	}
	m := uplink.Message{Topic: topic, Payload: payload}
	d.passed = append(d.passed, m)
	d.links[len(d.links)-1].inbox <- uplink.Delivery{Message: m, Done: func() {}}
	return nil
}

// messages lists what came.
func (d *fakeDistrict) messages(keep func(message) bool) (list []message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.got {
		if keep(m) {
			list = append(list, m)
		}
	}
	return list
}

// fakeLink is one connection.
type fakeLink struct {
	d     *fakeDistrict
	inbox chan uplink.Delivery
	lost  chan struct{}
	once  sync.Once
	why   error
}

func (l *fakeLink) Publish(m uplink.Message) <-chan error {
	done := make(chan error, 1)
	l.d.mu.Lock()
	select {
	case <-l.lost:
		l.d.mu.Unlock()
		return done
	default:
	}
	l.d.mu.Unlock()
	l.d.receiver.Handle(m.Topic, m.Payload, false)
	time.AfterFunc(roundTrip, func() { done <- nil })
	return done
}

// leafOf is what stands behind the device in a topic.
func leafOf(topic string) string { return strings.SplitN(topic, "/", 5)[4] }

func (l *fakeLink) Inbox() <-chan uplink.Delivery { return l.inbox }
func (l *fakeLink) Lost() <-chan struct{}         { return l.lost }
func (l *fakeLink) Close() error {
	l.lose(nil)
	return l.why
}

func (l *fakeLink) lose(why error) {
	l.once.Do(func() {
		l.why = why
		close(l.lost)
	})
}
