// Package probe looks at the machine that the agent runs on, or is to run on: buses, lines, disk,
// clock, identity and the way to the district. It says what is so and what to do. It must never
// disturb an agent that runs, and nothing in it may take longer than the limit of its step.
package probe

import (
	"context"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// Level says how bad a finding is.
type Level uint8

// The levels. A Warning leaves the alarms on the spot as they are; after a Failure the agent would
// not start, or would not see what it is to watch.
const (
	Good Level = iota
	Note
	Warning
	Failure
)

// String is the level as JSON has it.
func (l Level) String() string {
	return [...]string{"good", "note", "warning", "failure"}[min(l, Failure)]
}

// Finding is what one step found.
type Finding struct {
	Step  string // of the step, a stable word for scripts
	Code  string // such as "E201"; empty: none
	Level Level
	Name  alarm.Text // what was looked at, in a word or two
	Says  alarm.Text // what is so
	Do    alarm.Text // what to do; empty: nothing
	Took  time.Duration
}

// Step looks at one thing.
type Step struct {
	Name  string
	Title alarm.Text
	Limit time.Duration
	// Blind says that the agent would see nothing where this step gets no answer.
	Blind bool
	// Run finds what there is to say; nil: nothing, because another step said it. It ends soon
	// after ctx did, or is left behind.
	Run func(ctx context.Context) []Finding
}

// grace is what a step has to come back after its time is up.
const grace = 100 * time.Millisecond

// Run carries the steps out one after the other and tells each finding as it comes. It returns the
// worst level.
func Run(ctx context.Context, steps []Step, tell func(Finding)) (worst Level) {
	for i := range steps {
		s := &steps[i]
		for _, f := range s.look(ctx) {
			f.Step = s.Name
			if f.Name == (alarm.Text{}) {
				f.Name = s.Title
			}
			worst = max(worst, f.Level)
			tell(f)
		}
	}
	return worst
}

// look runs the step within its limit.
func (s *Step) look(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, s.Limit)
	defer cancel()
	done := make(chan []Finding, 1)
	began := time.Now()
	go func() { done <- s.Run(ctx) }()
	select {
	case found := <-done:
		return stamped(found, time.Since(began))
	case <-ctx.Done():
	}
	select {
	case found := <-done:
		return stamped(found, time.Since(began))
	case <-time.After(grace):
	}
	level := Warning
	if s.Blind {
		level = Failure
	}
	return []Finding{{Level: level, Took: s.Limit,
		Says: both("no answer within %v", "%v 内无响应", s.Limit)}}
}

func stamped(found []Finding, took time.Duration) []Finding {
	for i := range found {
		found[i].Took = took
	}
	return found
}

// Known is a step that has found already what it has to say.
func Known(name string, title alarm.Text, f Finding) Step {
	return Step{Name: name, Title: title, Limit: time.Second,
		Run: func(context.Context) []Finding { return one(f) }}
}
