package main

import (
	"context"
	"time"
)

// The plot of the demonstration, in the time of the recording.
const (
	lead       = 12 * time.Second // quiet before the fire
	cutAfter   = 15 * time.Second // of the district's receipt of the alarm, or of the siren
	pressAfter = 10 * time.Second // of the cut: somebody presses the call point
	away       = 30 * time.Second // the line
	lookEvery  = 10 * time.Second // a line about what the sensors see
)

// drainTime is above the longest pause between two tries of the agent to connect.
const drainTime = 90 * time.Second

// plot gives the line its adventure and sums up.
func (d *demo) plot(ctx context.Context) summary {
	if d.fireIsKnown(ctx) {
		d.pause(ctx, cutAfter)
		d.adventure(ctx)
		d.awaitForwarded(ctx)
	}
	return d.sum(ctx)
}

// fireIsKnown waits until the siren sounds and the district knows why, or the recording is over.
func (d *demo) fireIsKnown(ctx context.Context) bool {
	both := func() bool { return d.story.sirenAt.set && d.story.districtAt.set }
	for ctx.Err() == nil {
		if d.story.ask(both) {
			return true
		}
		if d.now()+d.room.fire > d.room.record.Ends() {
			return false
		}
		sleep(ctx, 20*time.Millisecond)
	}
	return false
}

// adventure cuts the line, lets something happen on site, and mends the line again.
func (d *demo) adventure(ctx context.Context) {
	d.story.mark(func(s *story) {
		s.cut = true
		s.say(yellow, "line lost", "the district cannot be reached; the site goes on alone")
	})
	d.broker.Cut()
	back := d.now() + away
	d.tellHeld(ctx, d.now()+pressAfter)
	if ctx.Err() == nil {
		d.story.tell(yellow, "by hand", "somebody presses the call point (not in the recording)")
		d.room.board.Pin(callPoint).Drive(false)
	}
	d.tellHeld(ctx, back)
	if ctx.Err() != nil {
		return
	}
	d.story.mark(func(s *story) { s.mended = true })
	if err := d.mend(); err != nil {
		d.story.tell(red, "broken", "%v", err)
	}
}

// tellHeld tells what waits for the line, each time it has become other, until a moment.
func (d *demo) tellHeld(ctx context.Context, until time.Duration) {
	for ctx.Err() == nil && d.now() < until {
		if held, ok := d.held(); ok {
			d.story.mark(func(s *story) {
				if held != s.held {
					s.held = held
					s.say(yellow, "buffered", "%s", held)
				}
			})
		}
		sleep(ctx, 100*time.Millisecond)
	}
}

// awaitForwarded waits until what waited has arrived.
func (d *demo) awaitForwarded(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, d.drain)
	defer cancel()
	done := func() bool { return d.story.tail != nil && d.story.forwarded >= d.story.waited }
	for limit.Err() == nil && !d.story.ask(done) {
		sleep(limit, 50*time.Millisecond)
	}
	lost := lost(d.recv.Report())
	d.story.mark(func(s *story) {
		if s.tail != nil {
			s.say(green, "forwarded", "%d of the %d records that waited", s.forwarded, s.waited)
			s.say(green, "lost", "%d", lost)
		}
	})
}

// watch tells when the fire begins and, now and then, what the sensors see.
func (d *demo) watch(ctx context.Context) {
	next, begun := d.now(), false
	for ctx.Err() == nil && d.now()+d.room.fire < d.room.record.Ends() {
		if !begun && d.now() >= 0 {
			begun = true
			d.story.tell(yellow, "fire", "it starts in the recorded room")
		}
		if d.now() >= next {
			s := d.status()
			at, words := d.sinceFire(s.Made), s.look()
			if at >= next && words != "" {
				d.story.mark(func(st *story) { st.sayAt(at, dim, "sensors", "%s", words) })
				next = max(next+lookEvery, at+lookEvery/2)
			}
		}
		sleep(ctx, 50*time.Millisecond)
	}
}

// now is the moment since the fire began.
func (d *demo) now() time.Duration { return d.sinceFire(time.Now()) }

// pause waits for span in the time of the recording.
func (d *demo) pause(ctx context.Context, span time.Duration) {
	sleep(ctx, span/time.Duration(d.cmd.Speed))
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
