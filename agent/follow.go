package agent

import (
	"context"
	"log/slog"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/guard"
)

// readAhead is how many events a follower of the ring takes at once.
const readAhead = 64

// follow calls fn with each event of the ring until ctx ends, and missed with how many were
// overwritten before fn was done with the ones before them.
func follow(ctx context.Context, r *guard.Ring, fn func(alarm.Event), missed func(uint64)) error {
	var at uint64
	buf := make([]alarm.Event, 0, readAhead)
	for {
		more := r.More()
		events, lost := r.Next(at, buf)
		at += lost + uint64(len(events))
		if lost > 0 {
			missed(lost)
		}
		for _, e := range events {
			fn(e)
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
	case alarm.Raised, alarm.FaultRaised, alarm.Refused:
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
