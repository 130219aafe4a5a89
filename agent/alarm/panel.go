// Package alarm is the panel.
package alarm

import "github.com/firepost/firepost/agent/point"

// Panel holds the state of the whole site.
type Panel struct{}

// New returns a panel for plan that goes on from saved.
func New(plan Plan, saved Saved) *Panel { return &Panel{} }

// Step makes one step.
func (p *Panel) Step(now point.Instant, in Input) Decision { return Decision{} }

// Snapshot copies the state of the panel.
func (p *Panel) Snapshot(now point.Instant) *Snapshot { return &Snapshot{} }
