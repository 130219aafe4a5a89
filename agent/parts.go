package agent

import (
	"context"
	"time"

	"github.com/firepost/firepost/agent/internal/guard"
)

// endTime is how long the end waits for the parts of one group. Something that hangs must keep
// neither the outputs from their rest nor the process from its end.
const endTime = 700 * time.Millisecond

// parts are goroutines under the guard's care that end together.
type parts struct {
	g     *guard.Guard
	stops []context.CancelFunc
	all   []part
}

type part struct {
	name string
	done chan struct{}
}

// start runs fn until end is called: the end of ctx alone does not end it.
func (p *parts) start(ctx context.Context, name string, fn func(context.Context) error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	x := part{name, make(chan struct{})}
	p.stops = append(p.stops, stop)
	p.all = append(p.all, x)
	go func() {
		defer close(x.done)
		p.g.Keep(ctx, name, fn)
	}()
}

// end stops all parts and waits a little for them. It names those that hang and are left behind.
func (p *parts) end() (hung []string) {
	for _, stop := range p.stops {
		stop()
	}
	patience := time.NewTimer(endTime)
	defer patience.Stop()
	over := false
	for _, x := range p.all {
		if !over {
			select {
			case <-x.done:
				continue
			case <-patience.C:
				over = true
			}
		}
		select {
		case <-x.done:
		default:
			hung = append(hung, x.name)
		}
	}
	return hung
}
