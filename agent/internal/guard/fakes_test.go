package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// contactPart is a contact whose edges wake its reader.
type contactPart struct {
	mu    sync.Mutex
	level int64
	err   error
	panic bool
	reads int
	edges chan struct{}
	hang  chan struct{} // while not nil, Wait lasts until it is closed
}

func newContactPart() *contactPart { return &contactPart{edges: make(chan struct{}, 64)} }

// press changes the level and gives an edge.
func (c *contactPart) press(level int64) {
	c.mu.Lock()
	c.level = level
	c.mu.Unlock()
	c.edges <- struct{}{}
}

// fail lets the level be unreadable from now on; nil heals it.
func (c *contactPart) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

func (c *contactPart) Wait(limit time.Duration) (uint32, error) {
	if c.hang != nil {
		<-c.hang
	}
	select {
	case <-c.edges:
		return 1, nil
	case <-time.After(limit):
		return 0, nil
	}
}

func (c *contactPart) Start() (time.Duration, error) { return 0, nil }

func (c *contactPart) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads++
	if c.panic {
		panic("contact driver")
	}
	if c.err != nil {
		return dst, c.err
	}
	return append(dst, drivers.Sample{Quantity: drivers.Contact, Value: c.level}), nil
}

// spot is a polled part. Its functions may be nil; log gets a line for each call.
type spot struct {
	name  string
	wait  time.Duration
	start func() error
	read  func() error
	log   *diary
}

func (s *spot) Start() (time.Duration, error) {
	s.log.add(s.name + " start")
	if s.start == nil {
		return s.wait, nil
	}
	return s.wait, s.start()
}

func (s *spot) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	s.log.add(s.name + " read")
	if s.read != nil {
		if err := s.read(); err != nil {
			return dst, err
		}
	}
	return append(dst, drivers.Sample{Quantity: drivers.Temperature, Value: 21_000}), nil
}

// siren is an output that writes down when it is set.
type siren struct {
	log  *diary
	name string
	mu   sync.Mutex
	on   bool
	set  func(on bool) error // may be nil, fail, hang or panic
	lies bool                // the read-back says the contrary
}

func (s *siren) open(on bool) (drivers.Output, error) {
	s.log.add(fmt.Sprintf("%s open %v", s.name, on))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = on
	return s, nil
}

func (s *siren) Set(on bool) error {
	s.log.add(fmt.Sprintf("%s %v", s.name, on))
	s.mu.Lock()
	set := s.set
	s.mu.Unlock()
	if set != nil {
		if err := set(on); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = on
	return nil
}

func (s *siren) State() (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.on != s.lies, nil
}

// Close gives it back; its level stays.
func (s *siren) Close() error {
	s.log.add(s.name + " close")
	return nil
}

func (s *siren) behave(set func(bool) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set = set
}

// diary holds lines, each with the time since it began.
type diary struct {
	mu    sync.Mutex
	began time.Time
	lines []string
	at    []time.Duration
}

func newDiary() *diary { return &diary{began: time.Now()} }

func (d *diary) add(text string) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, text)
	d.at = append(d.at, time.Since(d.began))
}

// times are the moments of a line.
func (d *diary) times(text string) []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []time.Duration
	for i, l := range d.lines {
		if l == text {
			all = append(all, d.at[i])
		}
	}
	return all
}

// all are the lines without their times.
func (d *diary) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

// script is a panel that writes down what it gets and wishes what it is told to.
type script struct {
	mu       sync.Mutex
	inputs   []alarm.Input
	steps    []point.Instant
	pattern  alarm.Pattern // of each output
	again    uint8         // how often it began anew
	outputs  []alarm.OutputID
	decision alarm.Decision // of the next step
	panics   bool
}

func (s *script) Step(now point.Instant, in alarm.Input) alarm.Decision {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.panics {
		panic("the panel itself")
	}
	s.steps = append(s.steps, now)
	s.inputs = append(s.inputs, alarm.Input{
		Readings: slices.Clone(in.Readings), Commands: slices.Clone(in.Commands),
		Notices: slices.Clone(in.Notices),
	})
	d := s.decision
	s.decision = alarm.Decision{}
	for _, id := range s.outputs {
		d.Wishes = append(d.Wishes, alarm.Wish{Output: id, Pattern: s.pattern, Again: s.again})
	}
	return d
}

func (s *script) Replan(point.Instant, alarm.Plan) alarm.Decision { return alarm.Decision{} }

func (s *script) Snapshot(now point.Instant) *alarm.Snapshot { return &alarm.Snapshot{At: now} }

func (s *script) wish(p alarm.Pattern) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pattern = p
}

// restart lets the pattern begin anew.
func (s *script) restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.again++
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.steps)
}

// readings are all that it got of one point.
func (s *script) readings(id point.ID) []point.Reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []point.Reading
	for _, in := range s.inputs {
		for _, r := range in.Readings {
			if r.Point == id {
				all = append(all, r)
			}
		}
	}
	return all
}

// notices are all that it got of one fault, as "on" or "off" with the moment and the detail.
func (s *script) notices(code detect.FaultCode) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for i, in := range s.inputs {
		for _, n := range in.Notices {
			if n.Fault == code {
				at := time.Duration(s.steps[i]).Round(10 * time.Millisecond)
				all = append(all, fmt.Sprintf("%v %v %s", at, n.On, n.Detail))
			}
		}
	}
	return all
}

// house is a guard that runs in a bubble.
type house struct {
	*Guard
	stop func()
	end  chan error
}

// run starts a guard and ends it with the test. What hangs must be released before that.
func run(t *testing.T, c Config) *house {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h := &house{Guard: New(c), end: make(chan error, 1)}
	go func() { h.end <- h.Run(ctx) }()
	var once sync.Once
	h.stop = func() {
		once.Do(func() {
			cancel()
			<-h.end
		})
	}
	t.Cleanup(h.stop)
	synctest.Wait()
	return h
}

// settle waits until 50 ms after a step, so that the next input finds the guard at rest.
func (h *house) settle() {
	for n := h.Stats().Steps; h.Stats().Steps == n; {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
}

func openOnce(s drivers.Sensor) func() (drivers.Sensor, error) {
	return func() (drivers.Sensor, error) { return s, nil }
}

var errBus = fmt.Errorf("i2c: %w: %w", drivers.ErrNoDevice, errors.New("remote I/O error"))
