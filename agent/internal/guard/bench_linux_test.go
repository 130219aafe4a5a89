package guard

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// BenchmarkEdgeToWrite measures from the moment at which a contact closes, as the kernel has it, to
// the moment at which the siren's output is written: over the contact's reader, the panel and the
// siren's writer. The own- figures begin when the contact's reader saw the level: what is before
// belongs to the kernel and to the scheduler of Go. procs is GOMAXPROCS; inside and outside are how
// many goroutines of this process and how many other processes compute without a pause.
func BenchmarkEdgeToWrite(b *testing.B) {
	cpus := runtime.NumCPU()
	for _, c := range []struct{ procs, inside, outside int }{
		{cpus, 0, 0},
		{1, 0, 0},
		{cpus, 0, 2 * cpus},
		{cpus, cpus, 0},
		{cpus + 4, cpus, 0},
		{cpus + 4, cpus, 2 * cpus},
		{1, 1, 0},
		{1, 4, 0},
		{5, 1, 0},
		{5, 1, 2 * cpus},
	} {
		name := fmt.Sprintf("procs=%d/inside=%d/outside=%d", c.procs, c.inside, c.outside)
		b.Run(name, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(c.procs))
			defer busyInside(c.inside)()
			defer busyOutside(b, c.outside)()
			measure(b)
		})
	}
}

func measure(b *testing.B) {
	line := newEdgeLine(b)
	siren := &stampedOutput{set: make(chan time.Time, 1)}
	g := New(Config{
		Panel: &relayPanel{},
		Beat:  TimerFD,
		Sensors: []Sensor{{
			Name: "button", Open: func() (drivers.Sensor, error) { return line, nil },
			Feeds: []Feed{{Point: "button"}}, Urgent: true,
		}},
		Outputs: []Output{{
			ID: "siren", Alarm: true,
			Open: func(bool) (drivers.Output, error) { return siren, nil },
		}},
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- g.Run(ctx) }()
	defer func() {
		cancel()
		<-done
	}()
	var all, own []time.Duration
	for b.Loop() {
		at := time.Now().Add(30*time.Millisecond + rand.N(30*time.Millisecond))
		line.change(at, true)
		set := <-siren.set
		all, own = append(all, set.Sub(at)), append(own, set.Sub(line.looked()))
		line.change(time.Now().Add(time.Millisecond), false)
		<-siren.set
	}
	report(b, "", all)
	report(b, "own-", own)
	b.ReportMetric(0, "ns/op")
}

func report(b *testing.B, name string, times []time.Duration) {
	slices.Sort(times)
	for _, q := range []struct {
		unit string
		at   float64
	}{{"p50-ms", .5}, {"p99-ms", .99}, {"p99.9-ms", .999}} {
		i := min(int(q.at*float64(len(times))), len(times)-1)
		b.ReportMetric(float64(times[i].Microseconds())/1000, name+q.unit)
	}
}

// edgeLine is a contact whose edges a timer of the kernel makes, so that their moment is known and
// does not depend on this process.
type edgeLine struct {
	fd   int
	mu   sync.Mutex
	at   time.Time
	next bool
	now  bool
	seen time.Time // when the reader first saw the level
}

// looked is when the reader first saw the newest level.
func (l *edgeLine) looked() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen
}

func newEdgeLine(b *testing.B) *edgeLine {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { unix.Close(fd) })
	return &edgeLine{fd: fd}
}

// change lets the level change at a moment.
func (l *edgeLine) change(at time.Time, abnormal bool) {
	l.mu.Lock()
	l.at, l.next = at, abnormal
	l.mu.Unlock()
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(max(time.Until(at).Nanoseconds(), 1))}
	if err := unix.TimerfdSettime(l.fd, 0, &spec, nil); err != nil {
		panic(err)
	}
}

func (l *edgeLine) Wait(limit time.Duration) (uint32, error) {
	fds := []unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(limit.Milliseconds()))
	if err != nil || n == 0 {
		return 0, nil // a signal or no edge: the reader looks all the same
	}
	var expired [8]byte
	_, _ = unix.Read(l.fd, expired[:])
	return 1, nil
}

func (l *edgeLine) Start() (time.Duration, error) { return 0, nil }

func (l *edgeLine) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); !l.at.IsZero() && !now.Before(l.at) && l.now != l.next {
		l.now, l.seen = l.next, now
	}
	s := drivers.Sample{Quantity: drivers.Contact}
	if l.now {
		s.Value = 1
	}
	return append(dst, s), nil
}

// stampedOutput tells when its level changes. The write costs one system call, as a real one does.
type stampedOutput struct {
	on  bool
	set chan time.Time
}

func (o *stampedOutput) Set(on bool) error {
	at := time.Now()
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	if on != o.on {
		o.on = on
		o.set <- at
	}
	return nil
}

// relayPanel sounds the siren while its one contact is abnormal.
type relayPanel struct {
	on  bool
	out [1]alarm.Wish
}

func (p *relayPanel) Step(_ point.Instant, in alarm.Input) alarm.Decision {
	for _, r := range in.Readings {
		p.on = r.Sample.Value != 0
	}
	p.out[0] = alarm.Wish{Output: "siren"}
	if p.on {
		p.out[0].Pattern = alarm.Steady
	}
	return alarm.Decision{Wishes: p.out[:]}
}

func (p *relayPanel) Replan(point.Instant, alarm.Plan) alarm.Decision { return alarm.Decision{} }

func (p *relayPanel) Snapshot(point.Instant) *alarm.Snapshot { return &alarm.Snapshot{} }

// busyInside keeps n goroutines at work that encode and decode, as a backlog does.
func busyInside(n int) (stop func()) {
	var ended atomic.Bool
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			doc := make(map[string][]int)
			for i := range 50 {
				doc[fmt.Sprint(i)] = []int{i, i, i, i, i, i, i, i}
			}
			for !ended.Load() {
				text, err := json.Marshal(doc)
				if err != nil {
					panic(err)
				}
				_ = json.Unmarshal(text, &doc)
			}
		})
	}
	return func() {
		ended.Store(true)
		all.Wait()
	}
}

// busyOutside keeps n other processes at work.
func busyOutside(b *testing.B, n int) (stop func()) {
	var all []*exec.Cmd
	for range n {
		c := exec.Command("sh", "-c", "while :; do :; done")
		// A session of its own, and so a scheduling group of its own, as another service has.
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := c.Start(); err != nil {
			b.Fatal(err)
		}
		all = append(all, c)
	}
	return func() {
		for _, c := range all {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}
}
