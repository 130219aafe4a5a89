package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/point"
)

// longestOn is how long a person may switch an output on for a time, as somebody does who tries it.
const longestOn = time.Hour

// mayEnd tells whether an output may be switched on for so long. What closes never opens by itself.
func (o *driven) mayEnd(d time.Duration) bool {
	return d > 0 && d <= longestOn && !o.plan.Kind.Closes()
}

// left is how long a person still wants the output on; 0: until he lets it go.
func (o *driven) left(now point.Instant) time.Duration {
	if o.until == 0 {
		return 0
	}
	return max(o.until.Sub(now), 1)
}

// letGo ends what was switched on for a time that is over. It then does what the alarms say.
func (p *Panel) letGo(now point.Instant) {
	for i := range p.outputs {
		o := &p.outputs[i]
		if o.until == 0 || now < o.until {
			continue
		}
		if p.redrive {
			p.decideOutputs(now)
		}
		o.kept, o.keptBy, o.until = false, Origin{}, 0
		p.emit(now, Event{Kind: Operated, Output: o.plan.ID, Pattern: o.choice.play})
		p.redrive, p.dirty = true, true
	}
}

// anyTimed tells whether an output is on for a time.
func (p *Panel) anyTimed() bool {
	for i := range p.outputs {
		if p.outputs[i].until != 0 {
			return true
		}
	}
	return false
}
