package site_test

import (
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/site"
)

// A file with which a fire, gas or a person at a call point could not raise an alarm in time is
// refused, and each reason is told.
func TestBlindSiteIsRefused(t *testing.T) {
	s, err := site.Load("testdata/blind.toml")
	if s != nil || err == nil {
		t.Fatalf("got %v, %v, want mistakes only", s, err)
	}
	golden(t, "blind", err.Error()+"\n")
}

// What weakens an alarm and may be meant is told.
func TestFaintSiteIsTold(t *testing.T) {
	golden(t, "faint", load(t, "faint.toml").Warnings.Error()+"\n")
}

// A hysteresis that the file gives to a measured smoke detector is the one that holds.
func TestSmokeKeepsItsHysteresis(t *testing.T) {
	for keys, want := range map[string]int64{"": 20_000, `hysteresis = "0.1 V"`: 100_000} {
		b := onBench(t, strings.TrimSpace(smokePoint+"\n"+keys))
		for _, p := range b.site.Plan().Points {
			for _, c := range p.Spec.Conditions {
				if p.ID == "smoke" && c.Hysteresis != want {
					t.Errorf("%q: got hysteresis %d µV, want %d", keys, c.Hysteresis, want)
				}
			}
		}
	}
}
