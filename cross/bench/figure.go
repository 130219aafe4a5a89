package main

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
)

// figure is one result. Its name is stable: results of different days are compared by it.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Aim   string  `json:"aim,omitempty"` // what the project promises, such as "<= 10"
}

// print writes a figure as one line of JSON, rounded to three decimals. An empty aim is none.
func (b *bench) print(name string, value float64, unit, aim string) {
	if !strings.HasPrefix(name, b.only) {
		return
	}
	e := json.NewEncoder(b.out)
	e.SetEscapeHTML(false) // "<= 10" stays readable.
	err := e.Encode(figure{name, math.Round(value*1000) / 1000, unit, aim})
	if err != nil {
		b.say("%s cannot be printed: %v", name, err)
	}
}

// quantile returns the value that the share q of sorted lies at or below: the nearest rank, never
// a value between two measured ones. Of nothing it is 0.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// spread prints what is usually asked of a set of times, in ms. aims is by suffix.
func (b *bench) spread(name string, times []time.Duration, aims map[string]string) {
	sorted := slices.Sorted(slices.Values(times))
	for _, q := range []struct {
		suffix string
		at     float64
	}{{"p50", .5}, {"p99", .99}, {"p99_9", .999}, {"max", 1}} {
		b.print(name+"."+q.suffix, millis(quantile(sorted, q.at)), "ms", aims[q.suffix])
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
