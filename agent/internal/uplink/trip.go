package uplink

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

const (
	lanes        = 3
	helloWait    = 5 * time.Second
	stallAfter   = 30 * time.Second
	pollEvery    = time.Second
	steady       = 10 * time.Second // a connection that was shorter counts as a failed one
	firstResend  = 10 * time.Second // GB/T 26875.3 6.5: at most 10 s for an answer
	maxResend    = 5 * time.Minute
	livePerBack  = 3
	sharedWindow = 10 * time.Minute // two strangers within it: the identity is used elsewhere
	alarmWindow  = 4
	eventWindow  = 4
	teleWindow   = 16
	// teleBytes bounds what telemetry may have on the way, so that on a thin line a new alarm
	// does not stand behind half a megabyte.
	teleBytes = 64 << 10
)

// trip is one connection of the courier. Everything in it is thrown away on a loss: what the
// outbox still holds then is sent again, with the same numbers.
type trip struct {
	*Courier
	link    Link
	session string
	began   time.Time
	born    bool // the birth is confirmed
	carried bool // a record was confirmed

	epoch     string // of the outbox when the cursors were set
	meta      window // birth, description, active alarms
	windows   [lanes]window
	alarms    stream   // sent for the first time in this connection
	events    stream   // likewise
	again     [2]again // sent before, and no receipt has come; by buffer.Lane
	live      stream   // telemetry numbered after the connect
	back      stream   // and before
	liveRun   int      // live messages since the last one of the backlog
	bucket    bucket
	held      []buffer.Range // alarms confirmed before it is known whether receipts come
	activeOut bool
	active    uint64 // version that was sent last
	sent      bool   // an up/active was sent in this connection

	receipted [lanes]uint64
	hello     wire.Hello
	dict      string // of the description
	revision  uint64 // of what was told of the site
	coding    wire.Coding
	greeted   bool      // by the platform itself
	callAt    time.Time // when the birth is told again, should no hello have come
	callPause time.Duration
	decided   bool       // what the platform can do is known, or it did not say
	fresh     bool       // a hello came that the broker had not kept
	waiting   []Delivery // commands, in order
	passAt    time.Time  // when the next one is passed on
}

func newTrip(c *Courier, l Link, session string) *trip {
	t := &trip{Courier: c, link: l, session: session, began: time.Now()}
	t.meta.most, t.meta.bytes = 4, maxInbound
	for i, most := range []int{alarmWindow, eventWindow, teleWindow} {
		t.windows[i] = window{most: most, bytes: maxInbound}
	}
	t.windows[buffer.Telemetry].bytes = teleBytes
	t.hello = wire.Hello{Max: c.longest, Spread: wire.DefaultSpread}
	t.bucket = newBucket(c.Rate, t.began)
	return t
}

// run sends until the connection is lost or ctx ends.
func (t *trip) run(ctx context.Context) error {
	t.start()
	timer := time.NewTimer(pollEvery)
	defer timer.Stop()
	for {
		if err := t.pump(time.Now()); err != nil {
			return err
		}
		t.report(t)
		timer.Reset(time.Until(t.wake(time.Now())))
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.link.Lost():
			return fmt.Errorf("connection lost: %w", ErrBroken)
		case d := <-t.link.Inbox():
			err = t.receive(d, time.Now())
		case <-t.Outbox.More():
		case w := <-t.wanted:
			t.want(w)
		case <-timer.C:
		case err = <-t.meta.head():
			err = t.confirm(&t.meta, err)
		case err = <-t.windows[buffer.Alarm].head():
			err = t.confirm(&t.windows[buffer.Alarm], err)
		case err = <-t.windows[buffer.Event].head():
			err = t.confirm(&t.windows[buffer.Event], err)
		case err = <-t.windows[buffer.Telemetry].head():
			err = t.confirm(&t.windows[buffer.Telemetry], err)
		}
		if err != nil {
			return err
		}
	}
}

// start sets the cursors and announces the station. It runs again when the outbox begins a new
// epoch, because the numbers then begin again too.
func (t *trip) start() {
	t.epoch = t.Outbox.Epoch()
	tail := t.Outbox.Tail(buffer.Telemetry)
	t.alarms = stream{lane: buffer.Alarm}
	t.events = stream{lane: buffer.Event}
	for _, l := range receipted {
		t.again[l] = again{stream: stream{lane: l, limited: true}, pause: firstResend}
	}
	t.live = stream{lane: buffer.Telemetry, after: tail}
	t.back = stream{lane: buffer.Telemetry, to: tail, limited: true}
	t.held = nil
	t.receipted = [lanes]uint64{}

	t.introduce()
	t.tellActive()
}

// introduce says who is there.
func (t *trip) introduce() {
	if t.Revision != nil {
		t.revision = t.Revision()
	}
	t.tellState()
	t.describe()
}

// tellState publishes the birth.
func (t *trip) tellState() {
	b := t.Birth()
	b.Online, b.Session = true, t.session
	t.announce(wire.UpState, b.JSON(), nil)
}

// callAgain tells the birth once more while a platform that promised receipts before sends no
// hello: the birth may have been lost behind the broker.
func (t *trip) callAgain(now time.Time) {
	if !t.demands || t.greeted || now.Before(t.callAt) {
		return
	}
	t.callPause = min(2*t.callPause, maxResend)
	t.callAt = now.Add(t.callPause)
	t.tellState()
}

// describe publishes the description when it changed. A platform that said it takes no such
// message is spared it, and gets telemetry that needs none.
func (t *trip) describe() {
	if t.Desc == nil {
		return
	}
	body := t.Desc()
	if t.longest < wire.MaxMessage && len(body) > t.longest {
		t.Log.Warn("the description is too long for the platform", "bytes", len(body),
			"max", t.longest)
		return
	}
	h := fnv.New64a()
	h.Write(body)
	if sum := h.Sum64(); sum != t.descSum {
		t.announce(wire.UpDesc, body, func() { t.descSum = sum })
	}
	t.dict = dictOf(body)
	t.coding = t.hello.Coding(t.dict)
}

// announce publishes a retained message. done is called after its PUBACK.
func (t *trip) announce(leaf string, body []byte, done func()) {
	m := Message{t.Device.Topic(leaf), body, true}
	t.meta.push(flight{done: t.link.Publish(m), at: time.Now(), size: len(body), then: done})
}

// tellActive publishes the active alarms when they changed. Only one is on its way at a time: the
// next one says everything that was missed.
func (t *trip) tellActive() {
	if t.Active == nil || t.activeOut {
		return
	}
	version, body := t.Active()
	if t.sent && version == t.active {
		return
	}
	t.sent, t.active, t.activeOut = true, version, true
	t.announce(wire.UpActive, body(t.hello.Max), func() { t.activeOut = false })
}

// confirm takes the oldest message out of its window after err came for it.
func (t *trip) confirm(w *window, err error) error {
	now := time.Now()
	f := w.pop(now)
	if err != nil {
		w.fifo = append([]flight{f}, w.fifo...) // for blame
		return err
	}
	t.tally.roundTrip = now.Sub(f.at)
	if f.then != nil {
		f.then()
	}
	if f.rec.N > 0 {
		t.delivered(f.rec, now)
	}
	if !t.born && len(t.meta.fifo) == 0 {
		t.up(now)
	}
	return nil
}

// up begins the sending of records, now that the district knows who speaks.
func (t *trip) up(now time.Time) {
	t.born = true
	t.began = now
	t.callAt, t.callPause = now.Add(firstResend), firstResend
	t.tally.since, t.tally.next = now, time.Time{}
	t.bucket = newBucket(t.Rate, now)
	t.pace()
	t.clear("uplink_down")
	t.clear("uplink_refused")
	t.Log.Info("uplink up", "session", t.session)
}

// worked tells whether the connection was of use: it lasted, and it carried a record.
func (t *trip) worked() bool {
	return t.born && t.carried && time.Since(t.began) >= steady
}

// wake is the next moment at which something is due without a cause from outside.
func (t *trip) wake(now time.Time) time.Time {
	at := now.Add(pollEvery)
	sooner := func(x time.Time) {
		if !x.IsZero() && x.Before(at) {
			at = x
		}
	}
	if t.born && !t.decided {
		sooner(t.began.Add(helloWait))
	}
	sooner(t.again[buffer.Alarm].at)
	if e := t.again[buffer.Event].at; e.After(now) { // When it is due it waits for alarms alone.
		sooner(e)
	}
	if len(t.waiting) > 0 {
		sooner(t.passAt)
	}
	if t.decided && !t.bucket.ready(now) {
		sooner(t.bucket.next)
	}
	return at
}

// stallsAt is when the broker's silence becomes a loss; zero: nothing is on the way.
func (t *trip) stallsAt() (at time.Time) {
	for _, w := range []*window{&t.meta, &t.windows[0], &t.windows[1], &t.windows[2]} {
		if s := w.stallsAt(); !s.IsZero() && (at.IsZero() || s.Before(at)) {
			at = s
		}
	}
	return at
}
