// Package world is the physics behind the inputs of a simulated board: rooms with air in them,
// fires that grow, steam, water that rises, and people who press buttons. It knows no chip and no
// line; whoever plays it carries its values over.
//
// It is deterministic to the bit on every processor: all state is integers, all noise comes from a
// seed, and how often it is looked at changes nothing.
package world

import (
	"slices"
	"time"
)

// Step is the time in which the world moves on.
const Step = 100 * time.Millisecond

// World is a set of rooms and what people will do in them. One goroutine uses it.
type World struct {
	seed  uint64
	now   time.Duration
	rooms []*Room
	acts  []act // in the order of time
}

type act struct {
	at time.Duration
	do func()
}

// New returns a world without rooms, at time 0.
func New(seed uint64) *World { return &World{seed: seed} }

// Now is how far the world has moved on.
func (w *World) Now() time.Duration { return w.now }

// Room returns the room of this name. The first call makes it, with 50 m³ of clean air.
func (w *World) Room(name string) *Room {
	for _, r := range w.rooms {
		if r.name == name {
			return r
		}
	}
	r := newRoom(name, w.seed)
	w.rooms = append(w.rooms, r)
	return r
}

// At has do called when the world reaches a moment; at once on the next Advance if that is past.
func (w *World) At(at time.Duration, do func()) {
	i := len(w.acts)
	for i > 0 && w.acts[i-1].at > at {
		i--
	}
	w.acts = slices.Insert(w.acts, i, act{at, do})
}

// Press has somebody press a button at a moment and let go after hold; hold 0: never.
func (w *World) Press(at, hold time.Duration, button func(pressed bool)) {
	w.At(at, func() { button(true) })
	if hold > 0 {
		w.At(at+hold, func() { button(false) })
	}
}

// Advance moves the world on to a moment, in whole steps: what is left stays for the next call.
func (w *World) Advance(to time.Duration) {
	for {
		for len(w.acts) > 0 && w.acts[0].at <= w.now {
			do := w.acts[0].do
			w.acts = w.acts[1:]
			do()
		}
		if w.now+Step > to {
			return
		}
		w.now += Step
		for _, r := range w.rooms {
			r.step()
		}
	}
}
