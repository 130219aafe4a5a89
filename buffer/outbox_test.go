package buffer

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// large reports whether the long counts are wanted.
func large() bool { return os.Getenv("FIREPOST_LARGE") != "" }

// rounds is small in a plain test, and big where time is no matter.
func rounds(plain, long int) int {
	if large() {
		return long
	}
	return plain
}

// quick are options for tests: plenty of room on the disk, and everything is written at once.
func quick() Options {
	return Options{
		Statfs: func(string) (int64, int64, error) { return 1 << 40, 1 << 40, nil },
		Delay:  [laneCount]time.Duration{time.Millisecond, time.Millisecond, time.Millisecond},
	}
}

// folder is an empty folder in memory, where there is one: how fast the disk of the machine is
// must not decide a test. Tests that fail the disk do it themselves.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "firepost-buffer-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// opened returns an outbox whose file is open.
func opened(t testing.TB, dir string, o Options) *Outbox {
	t.Helper()
	b := Open(dir, o)
	t.Cleanup(func() { _ = b.Close() })
	await(t, "the file", func() bool { return !b.Stats().RAM })
	return b
}

// await polls until what is true. It is for real disks; a bubble has no use for it.
func await(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(200 * time.Microsecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !is(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("no sign of %s", what)
		}
	}
}

// crash ends an outbox as a power cut would: nothing more is written.
func (o *Outbox) abandon() {
	o.crash.Store(true)
	_ = o.Close()
}

// drain takes and acknowledges everything in a lane, and returns the bodies.
func drain(t testing.TB, o *Outbox, l Lane) (bodies []string) {
	t.Helper()
	for o.Stats().Lane[l].Held > 0 {
		var recs []Record
		await(t, "records", func() bool {
			recs = o.Next(l, 0, 100)
			return len(recs) > 0 || o.Stats().Lane[l].Held == 0
		})
		for _, r := range recs {
			bodies = append(bodies, string(r.Body))
			o.Ack(r.Epoch, l, r.span())
		}
	}
	return bodies
}

func flushed(t testing.TB, o *Outbox, l Lane) {
	t.Helper()
	await(t, "the commit", func() bool { return o.Flushed(l) == o.Tail(l) })
}

// notices collects what an outbox says.
type notices struct {
	mu  sync.Mutex
	all []string
}

func (n *notices) say(code string, on bool, detail string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, fmt.Sprintf("%s %t %s", code, on, detail))
}

func (n *notices) has(prefix string) func() bool {
	return func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		return slices.ContainsFunc(n.all, func(s string) bool { return strings.HasPrefix(s, prefix) })
	}
}

// Numbers of a lane follow each other, whatever the sizes of the Puts, and go on after a Close.
func TestNumbersAreConsecutiveAcrossAClose(t *testing.T) {
	dir := folder(t)
	o := opened(t, dir, quick())
	for i, want := range []uint64{1, 2, 5} {
		if got := o.Put(Telemetry, uint32(i*2+1)-uint32(i/2), []byte("x")); got != want {
			t.Errorf("Put %d: got %d, want %d", i, got, want)
		}
	}
	epoch, tail := o.Epoch(), o.Tail(Telemetry)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o = opened(t, dir, quick())
	if got := o.Put(Telemetry, 1, nil); got != tail+1 || o.Epoch() != epoch {
		t.Errorf("got %d of %s, want %d of %s", got, o.Epoch(), tail+1, epoch)
	}
	if got := o.Losses(); got != nil {
		t.Errorf("losses after a clean end: got %v", got)
	}
}

// What is acknowledged before its time never reaches the disk, and costs no commit.
func TestWhatIsAcknowledgedInTimeIsNeverWritten(t *testing.T) {
	opt := quick()
	opt.Delay[Telemetry] = time.Hour
	o := opened(t, folder(t), opt)
	before := o.Stats().Commits
	for range 100 {
		n := o.Put(Telemetry, 20, make([]byte, 100))
		o.Ack(o.Epoch(), Telemetry, Range{n, n + 19})
	}
	if s := o.Stats(); s.Commits != before || s.Lane[Telemetry].Held != 0 {
		t.Errorf("got %d commits and %d held, want none", s.Commits-before, s.Lane[Telemetry].Held)
	}
}

// An Ack takes exactly its range: holes below it stay, on the disk as in memory.
func TestAckLeavesWhatIsBelow(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	o := opened(t, dir, quick())
	for i := range 10 {
		o.Put(Event, 1, fmt.Append(nil, i+1))
	}
	flushed(t, o, Event)
	o.Ack(o.Epoch(), Event, Range{4, 6})
	o.Ack("00000000", Event, Range{1, 10})
	want := []string{"1", "2", "3", "7", "8", "9", "10"}
	check := func(o *Outbox) {
		t.Helper()
		var got []string
		await(t, "records", func() bool { return len(o.Next(Event, 0, 100)) > 0 })
		for _, r := range o.Next(Event, 0, 100) {
			got = append(got, string(r.Body))
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	check(o)
	await(t, "the deletion", func() bool { return o.Stats().Lane[Event].Held == 7 })
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	check(opened(t, dir, quick()))
}

// A record that spans several numbers goes when all of them are acknowledged, in whatever parts.
func TestRecordGoesWhenAllItsNumbersAreAcknowledged(t *testing.T) {
	for _, written := range []bool{false, true} {
		opt := quick()
		if !written {
			opt.Delay[Telemetry] = time.Hour
		}
		o := opened(t, folder(t), opt)
		o.Put(Telemetry, 10, []byte("ten"))
		if written {
			flushed(t, o, Telemetry)
		}
		o.Ack(o.Epoch(), Telemetry, Range{6, 10})
		if got := len(o.Next(Telemetry, 0, 9)); got != 1 {
			t.Errorf("written %t: half acknowledged: got %d records, want 1", written, got)
		}
		o.Ack(o.Epoch(), Telemetry, Range{1, 5})
		if got := len(o.Next(Telemetry, 0, 9)); got != 0 {
			t.Errorf("written %t: acknowledged: got %d records, want 0", written, got)
		}
	}
}

// A written record leaves the disk soon after its acknowledgement, without another Put.
func TestAcknowledgedRecordsLeaveTheDisk(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	o := opened(t, dir, quick())
	o.Put(Alarm, 1, []byte("fire"))
	flushed(t, o, Alarm)
	before := o.Stats().Commits
	o.Ack(o.Epoch(), Alarm, Range{1, 1})
	start := time.Now()
	await(t, "the deletion", func() bool { return o.Stats().Commits > before })
	if took := time.Since(start); took > 1500*time.Millisecond {
		t.Errorf("took %v, want about 1 s", took)
	}
	o.abandon()
	if got := opened(t, dir, quick()).Stats().Lane[Alarm].Held; got != 0 {
		t.Errorf("got %d held after a crash, want 0", got)
	}
}

// A backlog larger than memory is read back from the disk, in order and whole.
func TestBacklogLargerThanMemoryIsReadBack(t *testing.T) {
	t.Parallel()
	opt := quick()
	opt.Memory[Telemetry] = Limit{Bytes: 64 << 10, Count: 100}
	o := opened(t, folder(t), opt)
	var want []string
	for i := range 2000 {
		body := fmt.Sprintf("reading %d", i)
		want = append(want, body)
		o.Put(Telemetry, 3, []byte(body))
		if i%40 == 39 {
			flushed(t, o, Telemetry)
		}
	}
	if got := len(o.lanes[Telemetry].win); got > 100 {
		t.Errorf("got %d in memory, want at most 100", got)
	}
	if got := drain(t, o, Telemetry); !slices.Equal(got, want) {
		t.Errorf("got %d bodies, want %d; or in another order", len(got), len(want))
	}
}

// Two cursors in one lane do not disturb each other: the live one reads memory alone.
func TestLiveRecordsDoNotWaitForTheBacklog(t *testing.T) {
	dir := folder(t)
	o := opened(t, dir, quick())
	for range 50 {
		o.Put(Telemetry, 1, []byte("old"))
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o = opened(t, dir, quick())
	noted := o.Tail(Telemetry)
	o.Put(Telemetry, 1, []byte("new"))
	live := o.Next(Telemetry, noted, 10)
	if len(live) != 1 || string(live[0].Body) != "new" {
		t.Fatalf("live: got %v", live)
	}
	o.Ack(o.Epoch(), Telemetry, live[0].span())
	if got := len(drain(t, o, Telemetry)); got != 50 {
		t.Errorf("backlog: got %d, want 50", got)
	}
}

// Put before the file is open loses nothing: the records get their numbers when the epoch is
// known.
func TestRecordsOfTheFirstMomentAreNumberedLater(t *testing.T) {
	dir := folder(t)
	o := opened(t, dir, quick())
	o.Put(Alarm, 1, []byte("of the last run"))
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{})
	opt := quick()
	opt.call = func(name string) error {
		if name == "verify" {
			<-gate
		}
		return nil
	}
	o = Open(dir, opt)
	defer func() { _ = o.Close() }()
	if got := o.Put(Alarm, 1, []byte("early")); got != 0 {
		t.Errorf("Put: got %d, want 0", got)
	}
	if got := o.Next(Alarm, 0, 1); got != nil {
		t.Errorf("Next before the epoch: got %v", got)
	}
	close(gate)
	await(t, "the file", func() bool { return !o.Stats().RAM })
	got := o.Next(Alarm, 1, 2)
	if len(got) != 1 || got[0].First != 2 || got[0].Orig != nil || o.Tail(Alarm) != 2 {
		t.Errorf("got %v, want number 2 and no Orig", got)
	}
}

// A body that no message could carry is a counted loss, not a stuck queue.
func TestOversizeBodyIsALoss(t *testing.T) {
	o := opened(t, folder(t), quick())
	n := o.Put(Event, 1, make([]byte, maxBody+1))
	want := []Loss{{Epoch: o.Epoch(), Lane: Event, Range: Range{n, n}, Cause: CauseDroppedRAM}}
	if got := o.Losses(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := o.Next(Event, 0, 1); len(got) != 0 {
		t.Errorf("got %v, want nothing", got)
	}
}
