// Package uplink carries what the outbox holds to the district and brings its words back. It must
// never make the guard or the outbox wait, never call a record delivered that nobody confirmed,
// and never let anything stand before an alarm.
package uplink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// Outbox is what the courier needs of the store; *buffer.Outbox is one.
type Outbox interface {
	Put(l buffer.Lane, n uint32, body []byte) uint64
	Next(l buffer.Lane, after uint64, most int) []buffer.Record
	Ack(epoch string, l buffer.Lane, r buffer.Range)
	Tail(l buffer.Lane) uint64
	Epoch() string
	More() <-chan struct{}
}

// Config is what a Courier works with. No function in it may wait: all are called from the one
// goroutine of Run. Those not marked as optional are required.
type Config struct {
	Outbox Outbox
	Dial   Dial
	Device wire.Device
	Broker string   // for Status, without password
	Groups []string // whose commands are obeyed too

	// Stamp is now, with boot number and clock quality: the function the outbox stamps with.
	Stamp func() buffer.Stamp
	// Birth is the state of the station; Online and Session are filled in here.
	Birth func() wire.State
	// Desc is the description of the station for up/desc. Optional.
	Desc func() []byte
	// Revision changes when what Birth and Desc say of the site does; both are then told anew.
	// Optional.
	Revision func() uint64
	// Active is the version of the snapshot of active alarms, and how to write it in so many bytes.
	// It is asked at each change of the outbox and once a second. Optional.
	Active func() (version uint64, body func(most int) []byte)

	// Platform is told the district's clock when a fresh message brings it. Optional.
	Platform func(now time.Time)
	// Command is given each command that names itself; one that is malformed has no Name. Who takes
	// it answers it, and calls done once it need not be delivered again. It returns false when it
	// cannot take one more, and is then given the same one again. Without it every command is
	// unsupported. Optional.
	Command func(c wire.Command, done func()) (taken bool)
	// Notice is told when one of the faults uplink_down, uplink_refused and identity_shared
	// begins or ends. Optional.
	Notice func(code string, on bool, detail string)

	// Compress is wire.Compressor's, or one that several couriers share; nil: the courier's own.
	Compress func(wire.Coding, []byte) []byte

	Rate int          // backlog messages a second, unless the platform names a rate; 0: 5
	Rand *rand.Rand   // nil: seeded by chance
	Log  *slog.Logger // nil: discard
}

const (
	defaultRate   = 5
	epochPatience = 3 * time.Second // the outbox knows its epoch within 2 s
)

// Courier is the one sender. New makes it.
type Courier struct {
	Config
	pause   pause
	spread  time.Duration
	seen    uint64 // the last alarm number given out when the last try began
	conns   uint32 // connections tried in this run; the second half of a session's name
	descSum uint64 // hash of the last up/desc that was confirmed; 0: none
	foreign []time.Time
	passed  bool // a record was confirmed since the last hang-up that counted
	longest int  // bytes of a message, as the platform said last
	demands bool // the last hello of this run promised receipts

	wanted chan wanted

	suspects [lanes]suspect
	faults   map[string]bool
	tally    tally
	status   atomic.Pointer[Status]
}

// New returns a courier. It touches nothing but memory.
func New(c Config) *Courier {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Rand == nil {
		c.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if c.Rate <= 0 {
		c.Rate = defaultRate
	}
	if c.Notice == nil {
		c.Notice = func(string, bool, string) {}
	}
	if c.Compress == nil {
		c.Compress = new(wire.Compressor).Compress
	}
	k := &Courier{
		Config: c,
		pause:  pause{rand: c.Rand},
		spread: wire.DefaultSpread * time.Second, longest: wire.MaxMessage,
		faults: make(map[string]bool), wanted: make(chan wanted, maxWanted),
	}
	k.status.Store(&Status{Broker: c.Broker})
	return k
}

// Run connects and sends until ctx ends, and returns nil then. The first try is made at once.
func (c *Courier) Run(ctx context.Context) error {
	c.fault("uplink_down", "no connection yet")
	c.awaitEpoch(ctx)
	var lastHurry time.Time
	for ctx.Err() == nil {
		t, err := c.connect(ctx)
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, ErrClock) && c.clockIsSet() {
			err = fmt.Errorf("%w: %w", err, ErrRefused) // It is not our clock that is wrong.
		}
		wasUp := t != nil && t.born
		wait := c.pause.after(err, wasUp, wasUp && t.worked(), c.spread)
		c.failed(err, wasUp, wait)
		if c.idle(ctx, wait, lastHurry) {
			lastHurry = time.Now()
			c.pause.restart()
		}
	}
	c.report(nil)
	return nil
}

// connect makes one connection and stays until it is lost. The trip is nil when none came about.
func (c *Courier) connect(ctx context.Context) (*trip, error) {
	c.conns++
	c.seen = c.Outbox.Tail(buffer.Alarm)
	c.tally.next = time.Time{}
	b := c.Birth()
	b.Session = fmt.Sprintf("%d-%d", b.Boot, c.conns)
	link, err := c.Dial(ctx, Opening{
		Will:   Message{c.Device.Topic(wire.UpState), b.Will(), true},
		Topics: c.topics(),
	})
	if err != nil {
		return nil, err
	}
	t := newTrip(c, link, b.Session)
	err = t.run(ctx)
	if why := link.Close(); why != nil && !errors.Is(err, ErrShared) {
		err = why
	}
	if ctx.Err() == nil {
		t.drain()
		t.blame(err)
	}
	return t, err
}

// topics lists what is subscribed. A platform that gives leaves other names has each of them
// subscribed by name.
func (c *Courier) topics() []string {
	list := []string{c.Device.Topic("down/#"), c.Device.Topic(wire.UpState)}
	for _, leaf := range []string{wire.DownHello, wire.DownAck, wire.DownCmd, wire.DownCfg} {
		if topic, ok := c.Device.Names[leaf]; ok {
			list = append(list, topic)
		}
	}
	for _, g := range c.Groups {
		list = append(list, c.groupTopic(g))
	}
	return list
}

func (c *Courier) groupTopic(group string) string {
	return "firepost/" + wire.Version + "/" + c.Device.Tenant + "/group/" + group + "/" + wire.DownCmd
}

// awaitEpoch gives the outbox time to open its file: a birth without an epoch says nothing.
func (c *Courier) awaitEpoch(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, epochPatience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for c.Outbox.Epoch() == "" {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (c *Courier) clockIsSet() bool {
	return wire.ClockQuality(c.Stamp().Quality) > wire.ClockFix
}

// idle waits for d. An alarm that the last try did not carry away ends the wait at once, but not
// within two seconds of the last try that an alarm asked for; idle tells whether one did.
func (c *Courier) idle(ctx context.Context, d time.Duration, lastHurry time.Time) bool {
	end, seen, hurry := time.Now().Add(d), c.seen, false
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		if !hurry && c.newAlarm(&seen) {
			hurry = true
			timer.Reset(min(time.Until(lastHurry.Add(alarmSpacing)), time.Until(end)))
		}
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return hurry
		case <-c.Outbox.More():
		}
	}
}

// newAlarm tells whether an alarm stands above number seen in the outbox, and moves seen on.
func (c *Courier) newAlarm(seen *uint64) bool {
	if c.Outbox.Tail(buffer.Alarm) < *seen {
		*seen = 0 // The store began anew.
	}
	for {
		rs := c.Outbox.Next(buffer.Alarm, *seen, batch)
		for _, r := range rs {
			*seen = last(r)
			if urgent(r.Body) {
				return true
			}
		}
		if len(rs) == 0 {
			return false
		}
	}
}
