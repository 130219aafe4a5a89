package alarm

import (
	"testing"
	"time"
)

// edges plays a pattern from its beginning, a millisecond at a time, and returns how long each
// pulse and each gap lasted.
func edges(p Pattern, length time.Duration) []time.Duration {
	var all []time.Duration
	on, begin := p.On(0), time.Duration(0)
	for t := time.Duration(0); t <= length; t += time.Millisecond {
		if p.On(t) != on {
			all = append(all, t-begin)
			on, begin = !on, t
		}
	}
	return all
}

// The siren's waveform over a minute is that of ISO 8201: three pulses of 0.5 s, 0.5 s apart, then
// a pause of 1.5 s; and every other pattern keeps its own times as exactly.
func TestAT06Waveforms(t *testing.T) {
	tests := []struct {
		p      Pattern
		period time.Duration
		want   []time.Duration // of one period: pulse, gap, pulse …
	}{
		{Temporal3, 4 * time.Second, []time.Duration{500, 500, 500, 500, 500, 1500}},
		{Temporal4, 5700 * time.Millisecond,
			[]time.Duration{100, 100, 100, 100, 100, 100, 100, 5000}},
		{GasTone, 500 * time.Millisecond, []time.Duration{250, 250}},
		{FloodTone, 2 * time.Second, []time.Duration{1500, 500}},
		{Alert, 3 * time.Second, []time.Duration{500, 2500}},
		{Flash, time.Second, []time.Duration{500, 500}},
		{Chirp, time.Minute, []time.Duration{200, 59_800}},
		{Chirp30, 30 * time.Second, []time.Duration{200, 29_800}},
		{DutyTone, 2 * time.Second, []time.Duration{1000, 1000}},
		{CallTone, 3 * time.Second, []time.Duration{2000, 1000}},
		{DrillTone, 2200 * time.Millisecond, []time.Duration{200, 200, 200, 1600}},
	}
	for _, tt := range tests {
		t.Run(tt.p.String(), func(t *testing.T) {
			if got := tt.p.Period(); got != tt.period {
				t.Errorf("period: got %v, want %v", got, tt.period)
			}
			if !tt.p.On(0) {
				t.Error("it does not begin with a pulse")
			}
			got := edges(tt.p, 2*time.Minute) // temporal-4 slows down after 4 min
			if len(got) < 2*len(tt.want)-1 {
				t.Fatalf("got %d edges, want more", len(got))
			}
			for i, d := range got {
				if want := tt.want[i%len(tt.want)] * time.Millisecond; d != want {
					t.Fatalf("edge %d: got %v, want %v", i, d, want)
				}
			}
		})
	}
}

// After 4 minutes temporal-4 comes once a minute, and nothing is cut in two at the change.
func TestTemporal4SlowsDown(t *testing.T) {
	var begins []time.Duration // of a run of pulses
	for at := time.Duration(0); at < 10*time.Minute; at += 100 * time.Millisecond {
		run := Temporal4.On(at) && (at == 0 || !Temporal4.On(at-100*time.Millisecond)) &&
			(len(begins) == 0 || at-begins[len(begins)-1] > time.Second)
		if run {
			begins = append(begins, at)
		}
	}
	for i, at := range begins {
		want := time.Duration(i) * 5700 * time.Millisecond
		if i > 43 {
			want = 43*5700*time.Millisecond + time.Duration(i-43)*time.Minute
		}
		if at != want {
			t.Fatalf("run %d: got it at %v, want at %v", i, at, want)
		}
	}
	if late := begins[43]; late < 4*time.Minute || late > 4*time.Minute+6*time.Second {
		t.Errorf("slow from %v on, want the first period after 4 min", late)
	}
	slow := edges(Temporal4, 6*time.Minute)
	want := []time.Duration{100, 100, 100, 100, 100, 100, 100}
	for i, d := range slow[43*8 : 43*8+7] {
		if d != want[i]*time.Millisecond {
			t.Errorf("late edge %d: got %v, want %v", i, d, want[i]*time.Millisecond)
		}
	}
}

// No two patterns sound the same for a minute: each can be told by its rhythm alone.
func TestPatternsDiffer(t *testing.T) {
	for p := Off; p < patterns; p++ {
		for q := Off; q < p; q++ {
			same := true
			for at := time.Duration(0); at < time.Minute; at += 50 * time.Millisecond {
				same = same && p.On(at) == q.On(at)
			}
			if same {
				t.Errorf("%v sounds like %v", p, q)
			}
		}
	}
}

// Off is never on, Steady always, and what is no pattern is off. A time before the beginning is the
// beginning.
func TestPatternsWithoutAWaveform(t *testing.T) {
	for _, at := range []time.Duration{-time.Hour, 0, 1, time.Second, time.Hour} {
		if Off.On(at) || !Steady.On(at) || patterns.On(at) || Pattern(200).On(at) {
			t.Errorf("at %v: wrong", at)
		}
	}
	if !Temporal3.On(-time.Second) {
		t.Error("temporal3 before its beginning: got off, want its first pulse")
	}
	if got := Pattern(99).String(); got != "unknown" {
		t.Errorf("got %q, want unknown", got)
	}
}

// No two patterns have one name, and none is nameless.
func TestPatternNamesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for p := Off; p < patterns; p++ {
		if name := p.String(); name == "" || seen[name] {
			t.Errorf("pattern %d is called %q", p, name)
		} else {
			seen[name] = true
		}
	}
}

// No two patterns sound alike, and each has a name in both languages of its own.
func TestPatternsAreTold(t *testing.T) {
	waves, en, zh := map[waveform]Pattern{}, map[string]Pattern{}, map[string]Pattern{}
	for p := Off; p < patterns; p++ {
		text := p.Text()
		if other, taken := en[text.En]; taken || text.En == "" {
			t.Errorf("%v and %v are both called %q", p, other, text.En)
		}
		if other, taken := zh[text.Zh]; taken || text.Zh == "" {
			t.Errorf("%v and %v are both called %q", p, other, text.Zh)
		}
		other, taken := waves[waveforms[p]]
		if taken && p != Steady { // which has none, as Off
			t.Errorf("%v and %v sound alike", p, other)
		}
		en[text.En], zh[text.Zh], waves[waveforms[p]] = p, p, p
	}
	if got := Pattern(99).Text().En; got != "unknown" {
		t.Errorf("got %q", got)
	}
}
