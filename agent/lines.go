package agent

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// mostLines is how many log lines wait while the log hangs; what comes then is dropped and counted.
const mostLines = 256

// lines stand between the rooms and the log of the embedder. A pipe that nobody reads hangs whoever
// writes to it: without them it would hang the courier, and the outbox with its lock.
type lines struct {
	queue chan logged
	lost  atomic.Uint64
}

// logged is one line with the handler that it is for.
type logged struct {
	to     slog.Handler
	record slog.Record
}

// lineHandler is a slog.Handler that never waits.
type lineHandler struct {
	slog.Handler
	*lines
}

func newLines(to slog.Handler) (*lines, *slog.Logger) {
	l := &lines{queue: make(chan logged, mostLines)}
	return l, slog.New(lineHandler{to, l})
}

// Handle puts a line into the queue.
func (h lineHandler) Handle(_ context.Context, r slog.Record) error {
	select {
	case h.queue <- logged{h.Handler, r.Clone()}:
	default:
		h.lost.Add(1)
	}
	return nil
}

// WithAttrs returns a handler of the same queue whose lines have these attributes.
func (h lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return lineHandler{h.Handler.WithAttrs(attrs), h.lines}
}

// WithGroup returns a handler of the same queue whose attributes belong to the group.
func (h lineHandler) WithGroup(name string) slog.Handler {
	return lineHandler{h.Handler.WithGroup(name), h.lines}
}

// run writes the lines until ctx ends, and then those that wait.
func (l *lines) run(ctx context.Context) error {
	for {
		select {
		case x := <-l.queue:
			_ = x.to.Handle(context.Background(), x.record) // where could its failure be told?
			continue
		default:
		}
		select {
		case x := <-l.queue:
			_ = x.to.Handle(context.Background(), x.record)
		case <-ctx.Done():
			return nil
		}
	}
}
