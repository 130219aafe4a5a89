package site

import (
	"slices"
	"strings"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
)

// written is an act as the file has it. Its pattern may depend on the cause.
type written struct {
	output *alarm.OutputPlan
	play   alarm.Pattern
	plain  bool // the output alone: what is usual for the cause
}

// tones are the sounds that the file may name.
var tones = []struct {
	word string
	play alarm.Pattern
}{
	{"fire", alarm.Temporal3}, {"gas", alarm.GasTone}, {"co", alarm.Temporal4},
	{"flood", alarm.FloodTone}, {"evacuation", alarm.Steady}, {"alert", alarm.Alert},
	{"chirp", alarm.Chirp30},
}

// actsOf reads what a row does.
func (c *checker) actsOf(s *section) []written {
	var acts []written
	for _, word := range s.words("then", thenExample) {
		id, what, _ := strings.Cut(word, " ")
		i := slices.IndexFunc(c.outputs, func(o *output) bool { return string(o.plan.ID) == id })
		if i < 0 {
			s.wrong("then", "then %q: there is no output %q; %s", word, id,
				instead(id, c.outputNames()))
			continue
		}
		w := written{output: &c.outputs[i].plan}
		if slices.ContainsFunc(acts, func(a written) bool { return a.output == w.output }) {
			s.wrong("then", "then names output %q twice; write it once", id)
			continue
		}
		if text := w.read(what); text != "" {
			s.wrong("then", "then %q: %s", word, text)
			continue
		}
		acts = append(acts, w)
	}
	return acts
}

func (c *checker) outputNames() []string {
	var names []string
	for _, o := range c.outputs {
		names = append(names, string(o.plan.ID))
	}
	return names
}

// read takes the word behind an output and says what is wrong with it, or "".
func (w *written) read(what string) string {
	o := w.output
	switch {
	case what == "" || what == "on" || o.Kind.Closes() && what == "close":
		w.plain = true
		return ""
	case what == "off" && o.MayStop():
		w.play = alarm.Off
		return ""
	case what == "off" || what == "open" || what == "stop":
		return "a " + o.Kind.String() + " is never told to stop by an effect; " +
			"leave it out, and use replace = true if it is not to be driven"
	case !o.Kind.Sounds():
		return "a " + o.Kind.String() + " is on or off; write " + string(o.ID) + " alone"
	}
	var words []string
	for _, t := range tones {
		if t.word == what {
			w.play = t.play
			return ""
		}
		words = append(words, t.word)
	}
	return "the tone " + what + " is unknown; " + instead(what, words)
}

// of is the act for a cause.
func (w *written) of(when *alarm.Cause) alarm.Act {
	a := alarm.Act{Output: w.output.ID, Play: w.play}
	if !w.plain {
		return a
	}
	switch kind := w.output.Kind; {
	case kind.Sounds():
		a.Play = when.Tone()
	case kind == alarm.Strobe:
		a.Play = alarm.Flash
	default:
		a.Play = alarm.Steady
	}
	return a
}

// matrix puts the usual rows and those of the file together.
func (c *checker) matrix() []alarm.Effect {
	all := alarm.Usual(c.site.plan.Outputs)
	for _, e := range c.effects {
		if e.replace {
			for i := range e.rows {
				all = c.without(all, &e.rows[i])
			}
		}
	}
	for _, e := range c.effects {
		all = append(all, e.rows...)
	}
	return all
}

// without takes from the usual rows what a row of the file replaces: the acts of its outputs for
// its signals, in its zones. Elsewhere they go on.
func (c *checker) without(all []alarm.Effect, own *alarm.Effect) []alarm.Effect {
	var left []alarm.Effect
	for _, e := range all {
		if e.Own || !replaces(&own.When, &e.When) {
			left = append(left, e)
			continue
		}
		named := func(a alarm.Act) bool {
			return slices.ContainsFunc(own.Then, func(b alarm.Act) bool { return a.Output == b.Output })
		}
		rest, taken := e, e
		rest.Then, taken.Then = nil, nil
		for _, a := range e.Then {
			if named(a) {
				taken.Then = append(taken.Then, a)
			} else {
				rest.Then = append(rest.Then, a)
			}
		}
		for _, part := range append(c.outside(taken, &own.When), rest) {
			if len(part.Then) > 0 {
				left = append(left, part)
			}
		}
	}
	return left
}

// outside is what a usual row goes on to say: of other signals, and in other zones.
func (c *checker) outside(e alarm.Effect, own *alarm.Cause) []alarm.Effect {
	in := func(s alarm.Signal) bool { return slices.Contains(own.Signals, s) }
	others := e
	others.When.Signals = slices.DeleteFunc(slices.Clone(e.When.Signals), in)
	if len(others.When.Signals) == 0 {
		others.Then = nil
	}
	if e.When.Fault != "" || len(own.Zones) == 0 {
		return []alarm.Effect{others}
	}
	elsewhere := e
	elsewhere.When.Signals = own.Signals
	elsewhere.When.Zones = nil
	for _, z := range c.site.plan.Zones {
		if !slices.Contains(own.Zones, z.ID) &&
			(len(e.When.Zones) == 0 || slices.Contains(e.When.Zones, z.ID)) {
			elsewhere.When.Zones = append(elsewhere.When.Zones, z.ID)
		}
	}
	if len(elsewhere.When.Zones) == 0 {
		elsewhere.Then = nil
	}
	return []alarm.Effect{others, elsewhere}
}

// replaces tells whether a row of the file speaks of what a usual row does: of the same signals or
// fault, and both of an alarm or both of what comes before.
func replaces(own, usual *alarm.Cause) bool {
	early := func(l detect.Level) bool { return l != detect.Normal && l < detect.Alarm }
	shares := slices.ContainsFunc(usual.Signals, func(s alarm.Signal) bool {
		return slices.Contains(own.Signals, s)
	})
	lesser := len(own.Signals) > 0 && !own.Signals[0].IsLifeSafety()
	return own.Fault == usual.Fault && (own.Fault != "" || shares) &&
		(lesser || early(own.Level) == early(usual.Level)) &&
		(own.Of == alarm.Any || own.Of == usual.Of)
}
