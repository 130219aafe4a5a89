package agent

import (
	"context"
	"log/slog"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/guard"
)

// readAhead is how many events a follower of the ring takes at once.
const readAhead = 64

// follower is one reader of the ring. After a panic of fn it goes on behind the event that caused
// it: an event that cannot be told must not stop the ones after it, nor bring back those before.
type follower struct {
	ring   *guard.Ring
	fn     func(alarm.Event)
	missed func(uint64) // told how many were overwritten while fn was busy; nil: no one is
	at     uint64       // position of the last event that fn was given
}

// run calls fn with each event of the ring until ctx ends.
func (f *follower) run(ctx context.Context) error {
	buf := make([]alarm.Event, 0, readAhead)
	for {
		more := f.ring.More()
		events, lost := f.ring.Next(f.at, buf)
		f.at += lost
		if lost > 0 && f.missed != nil {
			f.missed(lost)
		}
		for _, e := range events {
			f.at++
			f.fn(e)
		}
		if len(events) > 0 {
			continue
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}

// logEvent writes one event to the log: a change, once.
func logEvent(log *slog.Logger, e alarm.Event) {
	level := slog.LevelInfo
	switch e.Kind {
	case alarm.Raised, alarm.FaultRaised, alarm.Refused, alarm.DutyMissed,
		alarm.WarningUnanswered, alarm.IncidentOverdue, alarm.ItemOverdue, alarm.HazardOverdue,
		alarm.ShiftShort:
		level = slog.LevelWarn
	}
	args := []any{"event", e.Seq}
	add := func(key, value string) {
		if value != "" {
			args = append(args, key, value)
		}
	}
	add("point", string(e.Point))
	add("zone", string(e.Zone))
	add("alarm", string(e.Alarm))
	add("fault", string(e.Fault))
	add("output", string(e.Output))
	add("incident", string(e.Incident))
	add("duty", e.Matter.ID)
	switch e.Kind {
	case alarm.Raised:
		add("signal", e.Signal.String())
		add("level", e.To.Level.String())
	case alarm.OutputChanged:
		add("pattern", e.Pattern.String())
	}
	add("reason", e.Reason)
	if e.By.Kind != alarm.Auto {
		add("by", e.By.Kind.String())
	}
	if e.Restored {
		args = append(args, "restored", true)
	}
	log.Log(context.Background(), level, e.Kind.String(), args...)
}
