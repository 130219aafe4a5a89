package site_test

import (
	"fmt"
	"strings"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
)

// describeMore writes what few conditions have.
func describeMore(b *strings.Builder, c detect.Condition) {
	if c.Fault != "" {
		fmt.Fprintf(b, " fault %s", c.Fault)
	}
	if c.Per != 0 {
		fmt.Fprintf(b, " per %v", c.Per)
	}
	if c.FastRise != 0 {
		fmt.Fprintf(b, " or %s at %s/min", c.Quantity.Text(c.FastLimit),
			c.Quantity.Text(c.FastRise))
	}
	if c.Of != 0 {
		fmt.Fprintf(b, " by %d of %d", c.Need, c.Of)
	}
	b.WriteString("\n")
}

// describeHealth writes how the readings of a point are prepared and when it is in fault.
func describeHealth(b *strings.Builder, p alarm.PointPlan) {
	for _, c := range p.Spec.Channels {
		q := c.Quantity
		fmt.Fprintf(b, "  channel %v %s to %s gain %d ppm offset %s jump %s stuck %v warm-up %v %v\n",
			q, q.Text(c.Min), q.Text(c.Max), c.Gain, q.Text(c.Offset), q.Text(c.Jump), c.Stuck,
			c.WarmUp, c.BurnIn)
	}
	if d := p.Spec.Drift; d.Alarm != 0 {
		fmt.Fprintf(b, "  drift of %v, alarm %s above %s\n", d.Quantity, d.Quantity.Text(d.Alarm),
			d.Quantity.Text(d.Zero))
	}
	if p.Button.Acts() {
		fmt.Fprintf(b, "  button %v level %d key %v\n", p.Button.Action, p.Button.Level, p.Button.Key)
	}
	if len(p.Spec.Fire) > 0 {
		fmt.Fprintf(b, "  weighs %v\n", p.Spec.Fire)
	}
	if p.Spec.OnFault != 0 || p.Spec.WarmUp != 0 || p.Pair != "" || p.Life != (alarm.Life{}) {
		fmt.Fprintf(b, "  on fault %v, warming up %v, pair %q, life %v\n", p.Spec.OnFault,
			p.Spec.WarmUp, p.Pair, p.Life)
	}
}
