package site

import "github.com/firepost/firepost/agent/alarm"

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
