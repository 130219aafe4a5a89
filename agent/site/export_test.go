package site

import (
	"slices"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// Words lists the words that only this package knows: the classes and the keys of limits.
func Words() []string {
	words := classNames()
	for _, k := range limitKeys {
		words = append(words, k.key)
	}
	for _, v := range venues {
		words = append(words, v.name)
	}
	words = append(words, causeWords()...)
	for _, tone := range tones {
		words = append(words, tone.word)
	}
	for _, cl := range classes {
		for _, p := range cl.profiles {
			words = append(words, p.name)
		}
	}
	words = append(words, pushRight)
	for _, a := range append(buttonActions(), alarm.Lendable()...) {
		words = append(words, a.String())
	}
	return append(append(words, healthKeys...), delayKeys...)
}

// healthKeys say how far the readings of a point can be believed.
var healthKeys = []string{
	"gain", "offset", "jump", "stuck", "warm_up", "on_fault", "installed", "life", "pair",
	"profile", "normal", "drift", "zero", "may_alarm",
}

// Without is a copy of the site without one point or one output.
func (s *Site) Without(p point.ID, o alarm.OutputID) *Site {
	less := *s
	less.plan = s.Plan()
	less.plan.Points = slices.DeleteFunc(less.plan.Points, func(x alarm.PointPlan) bool {
		return x.ID == p
	})
	less.plan.Outputs = slices.DeleteFunc(less.plan.Outputs, func(x alarm.OutputPlan) bool {
		return x.ID == o
	})
	return &less
}
