package board

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/drivers"
)

func openInput(t *testing.T, b *Board, name string, debounce time.Duration) drivers.Line {
	t.Helper()
	l, err := b.Line(name, drivers.LineConfig{Bias: drivers.BiasUp, Debounce: debounce})
	fail(t, err)
	return l
}

func openOutput(t *testing.T, b *Board, name string, high bool) drivers.Line {
	t.Helper()
	l, err := b.Line(name, drivers.LineConfig{Output: true, High: high})
	fail(t, err)
	return l
}

func wantLevel(t *testing.T, l drivers.Line, want bool) {
	t.Helper()
	if got, err := l.Level(); got != want || err != nil {
		t.Errorf("level: got %v, %v; want %v", got, err, want)
	}
}

// changes writes a history as "open 1 @0s, 0 @1s".
func changes(p *Pin) string {
	var out []string
	all, _ := p.History()
	for _, c := range all {
		text := fmt.Sprintf("%d @%v", number(c.High), c.At)
		if c.Opened {
			text = "open " + text
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// A contact closes to ground against the pull-up; an edge ends a wait at once.
func TestEdgeEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{})
		l := openInput(t, b, "call-point", 0)
		wantLevel(t, l, true)
		b.Pin("call-point").DriveAfter(30*time.Millisecond, false)
		start := time.Now()
		n, err := l.Wait(time.Second)
		if n != 1 || err != nil || time.Since(start) != 30*time.Millisecond {
			t.Errorf("got %d, %v after %v; want 1 after 30 ms", n, err, time.Since(start))
		}
		wantLevel(t, l, false)
		go func() {
			time.Sleep(5 * time.Millisecond)
			b.Pin("call-point").Float()
		}()
		start = time.Now()
		n, err = l.Wait(time.Second)
		if n != 1 || err != nil || time.Since(start) != 5*time.Millisecond {
			t.Errorf("got %d, %v after %v; want 1 after 5 ms", n, err, time.Since(start))
		}
		wantLevel(t, l, true)
		start = time.Now()
		if n, err := l.Wait(time.Second); n != 0 || err != nil || time.Since(start) != time.Second {
			t.Errorf("got %d, %v after %v; want nothing after 1 s", n, err, time.Since(start))
		}
	})
}

// A level that holds for less than the debounce is neither an edge nor a level.
func TestDebounceSwallowsAGlitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{})
		l := openInput(t, b, "button", 20*time.Millisecond)
		p := b.Pin("button")
		p.Drive(false)
		p.FloatAfter(19 * time.Millisecond)
		time.Sleep(10 * time.Millisecond)
		wantLevel(t, l, true)
		if n, _ := l.Wait(200 * time.Millisecond); n != 0 {
			t.Errorf("a glitch of 19 ms gave %d edges", n)
		}
		fail(t, p.Fail(Fault{Kind: Bounce, Times: 5, Period: 4 * time.Millisecond}))
		p.Drive(false)
		start := time.Now()
		n, _ := l.Wait(time.Second)
		if n != 1 || time.Since(start) != 40*time.Millisecond {
			t.Errorf("five bounces: got %d edges after %v; want 1 after 40 ms", n, time.Since(start))
		}
		wantLevel(t, l, false)
	})
}

// Without a debounce every bounce is an edge.
func TestBounceWithoutDebounceIsManyEdges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{})
		l := openInput(t, b, "button", 0)
		fail(t, b.Pin("button").Fail(Fault{Kind: Bounce, Times: 5, Period: 4 * time.Millisecond}))
		b.Pin("button").Drive(false)
		time.Sleep(time.Second)
		if n, _ := l.Wait(0); n != 11 {
			t.Errorf("got %d edges, want 11", n)
		}
	})
}

// A storm is many edges, at the same count whether it is watched or not; a debounce swallows it.
func TestStormIsCountedAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{})
		watched, alone := openInput(t, b, "watched", 0), openInput(t, b, "alone", 0)
		quiet := openInput(t, b, "quiet", 5*time.Millisecond)
		for _, p := range b.Pins() {
			fail(t, p.Fail(Fault{Kind: Storm, Period: time.Millisecond}))
		}
		var sum uint32
		for range 5000 {
			time.Sleep(time.Millisecond)
			n, err := watched.Wait(0)
			fail(t, err)
			sum += n
		}
		n, _ := alone.Wait(0)
		if sum != 5000 || n != 5000 {
			t.Errorf("got %d and %d edges, want 5000", sum, n)
		}
		one, _ := watched.Level()
		wantLevel(t, alone, one)
		if n, _ := quiet.Wait(0); n != 0 {
			t.Errorf("%d edges passed a debounce of 5 periods", n)
		}
		b.Heal()
		wantLevel(t, alone, true)
		time.Sleep(time.Second)
		alone.Wait(0)
		if n, _ := alone.Wait(time.Second); n != 0 {
			t.Errorf("%d edges after the storm", n)
		}
	})
}

// An input that is stuck follows nothing, one that cannot be read says so, and neither is a level.
func TestInputFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{})
		l, p := openInput(t, b, "float-switch", 0), b.Pin("float-switch")
		fail(t, p.Fail(Fault{Kind: Stuck, High: true}))
		p.Drive(false)
		wantLevel(t, l, true)
		p.Heal()
		wantLevel(t, l, false)

		for _, c := range []struct {
			kind Kind
			want error
		}{{ReadError, syscall.EIO}, {Gone, syscall.ENODEV}} {
			fail(t, p.Fail(Fault{Kind: c.kind}))
			_, err := l.Level()
			if !errors.Is(err, c.want) || !errors.Is(err, drivers.ErrNoDevice) {
				t.Errorf("%s: got %v", c.kind, err)
			}
		}
		start := time.Now()
		_, err := l.Wait(250 * time.Millisecond)
		if !errors.Is(err, syscall.ENODEV) || time.Since(start) != 250*time.Millisecond {
			t.Errorf("a wait at a line that is gone: got %v after %v", err, time.Since(start))
		}

		fail(t, p.Fail(Fault{Kind: NoEdges}))
		p.Drive(true)
		start = time.Now()
		n, err := l.Wait(250 * time.Millisecond)
		if n != 0 || err != nil || time.Since(start) != 20*time.Millisecond {
			t.Errorf("without interrupts: got %d, %v after %v", n, err, time.Since(start))
		}
		wantLevel(t, l, true)

		fail(t, p.Fail(Fault{Kind: Hang}))
		done := make(chan error, 1)
		go func() { _, err := l.Level(); done <- err }()
		time.Sleep(time.Hour)
		if len(done) != 0 {
			t.Fatal("a hung line answered")
		}
		l.Close()
		if err := <-done; !errors.Is(err, os.ErrClosed) {
			t.Errorf("closed while it hung: got %v", err)
		}
		if n, err := l.Wait(time.Minute); n != 0 || !errors.Is(err, os.ErrClosed) {
			t.Errorf("a wait on a closed line: got %d, %v", n, err)
		}
	})
}

// An output has its first level from the moment it is opened, and keeps its last when the program
// is gone: a restart within an alarm is no edge.
func TestOutputDoesNotClick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{})
		p := b.Pin("siren")
		l := openOutput(t, b, "siren", false)
		time.Sleep(time.Second)
		fail(t, l.Set(true))
		fail(t, l.Set(true))
		fail(t, l.Close())
		if high, since := p.Driven(); !high || since != time.Second {
			t.Errorf("got %v since %v; want the level to stay", high, since)
		}
		time.Sleep(time.Second)
		l = openOutput(t, b, "siren", true)
		fail(t, l.Set(true))
		if got, want := changes(p), "open 0 @0s, 1 @1s, open 1 @2s"; got != want {
			t.Errorf("got %s; want %s", got, want)
		}
		fail(t, l.Close())
		time.Sleep(time.Second)
		l = openOutput(t, b, "siren", false)
		fail(t, l.Set(true))
		want := "open 0 @0s, 1 @1s, open 1 @2s, open 0 @3s, 1 @3s"
		if got := changes(p); got != want {
			t.Errorf("a click does not show: got %s; want %s", got, want)
		}
	})
}

// A welded relay carries what it carries; the read-back tells, and so does the history.
func TestWeldedOutputReadsBackWhatItCarries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{})
		p := b.Pin("relay")
		var seen []Change
		p.OnChange(func(c Change) { seen = append(seen, c) })
		l := openOutput(t, b, "relay", false)
		fail(t, p.Fail(Fault{Kind: Welded, High: true}))
		fail(t, l.Set(false))
		if on, err := l.State(); !on || err != nil {
			t.Errorf("got %v, %v; want the weld to show", on, err)
		}
		p.Heal()
		if on, err := l.State(); on || err != nil {
			t.Errorf("healed: got %v, %v", on, err)
		}
		if len(seen) != 3 || !seen[0].Opened || !seen[1].High || seen[2].High {
			t.Errorf("saw %+v", seen)
		}
	})
}

// Set fails, hangs and comes back as it is told to.
func TestOutputFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{})
		p := b.Pin("siren")
		l := openOutput(t, b, "siren", false)
		fail(t, p.Fail(Fault{Kind: SetError}))
		if err := l.Set(true); !errors.Is(err, drivers.ErrNoDevice) {
			t.Errorf("got %v", err)
		}
		if on, err := l.State(); on || err != nil {
			t.Errorf("got %v, %v", on, err)
		}
		fail(t, p.Fail(Fault{Kind: Hang}))
		done := make(chan error, 1)
		go func() { done <- l.Set(true) }()
		time.Sleep(time.Hour)
		if high, _ := p.Driven(); high || len(done) != 0 {
			t.Fatal("a hung line was set")
		}
		p.Heal()
		fail(t, <-done)
		if high, since := p.Driven(); !high || since != time.Hour {
			t.Errorf("healed: got %v since %v", high, since)
		}
	})
}

// A line has one user at a time and one direction.
func TestLineHasOneUser(t *testing.T) {
	b := New(Options{})
	in, out := openInput(t, b, "in", 0), openOutput(t, b, "out", false)
	if l, err := b.Line("in", drivers.LineConfig{}); !errors.Is(err, syscall.EBUSY) || l != nil {
		t.Errorf("opened twice: got %v, %v", l, err)
	}
	fail(t, in.Close())
	fail(t, in.Close())
	in = openInput(t, b, "in", 0)
	_, readErr := out.Level()
	_, stateErr := in.State()
	_, waitErr := out.Wait(time.Millisecond)
	for _, err := range []error{readErr, stateErr, waitErr, in.Set(true)} {
		if !errors.Is(err, syscall.EPERM) {
			t.Errorf("the wrong direction: got %v", err)
		}
	}
	fail(t, out.Close())
	if err := out.Set(true); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: got %v", err)
	}
	fail(t, b.Pin("out").Fail(Fault{Kind: Held}))
	if _, err := b.Line("out", drivers.LineConfig{}); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("held elsewhere: got %v", err)
	}
}

// What a pin remembers is bounded, and what it forgot is counted.
func TestHistoryIsBounded(t *testing.T) {
	b := New(Options{})
	l := openOutput(t, b, "lamp", false)
	for i := range maxHistory + 10 {
		fail(t, l.Set(i%2 == 0))
	}
	all, lost := b.Pin("lamp").History()
	if len(all) != maxHistory || lost != 11 {
		t.Errorf("got %d changes and %d lost", len(all), lost)
	}
}

// Pulses are edges at their pace, at the same count whether they are watched or not; a debounce
// longer than half a period swallows them, and they end where they are told to.
func TestPulsesAreCountedAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Options{})
		watched, alone := openInput(t, b, "watched", 0), openInput(t, b, "alone", 0)
		quiet := openInput(t, b, "quiet", 6*time.Millisecond)
		for _, p := range b.Pins() {
			p.Pulse(10 * time.Millisecond)
		}
		var sum uint32
		for range 4000 {
			time.Sleep(3 * time.Millisecond)
			n, err := watched.Wait(0)
			fail(t, err)
			sum += n
		}
		n, _ := alone.Wait(0)
		if sum != 2400 || n != 2400 {
			t.Errorf("got %d and %d edges in 12 s, want 2400", sum, n)
		}
		if n, _ := quiet.Wait(0); n != 0 {
			t.Errorf("%d edges passed a debounce of 6 ms", n)
		}
		start := time.Now()
		if n, err := watched.Wait(time.Second); n != 1 || err != nil ||
			time.Since(start) != 5*time.Millisecond {
			t.Errorf("got %d, %v after %v; want 1 after 5 ms", n, err, time.Since(start))
		}
		for _, p := range b.Pins() {
			p.Pulse(0)
		}
		if n, _ := watched.Wait(time.Second); n != 0 {
			t.Errorf("%d edges after the end", n)
		}
	})
}
