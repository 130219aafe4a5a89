package diag

import (
	"testing"

	"github.com/firepost/firepost/agent/alarm"
)

// A person reads of each output what it does, whether it has said so itself, and what to do with
// one that no alarm drives any more.
func TestOutputsAreShownAsTheyAre(t *testing.T) {
	by := alarm.Origin{Kind: alarm.District}
	for _, tt := range []struct {
		name  string
		o     alarm.OutputState
		err   string
		class string
		state alarm.Text
		note  alarm.Text
	}{
		{"at rest", alarm.OutputState{Kind: alarm.Fan}, "", "state", outputOff, alarm.Text{}},
		{"a valve at rest", alarm.OutputState{Kind: alarm.Valve}, "", "state", outputOpen, alarm.Text{}},
		{"a siren", alarm.OutputState{Pattern: alarm.Temporal3}, "", "state on", outputOn, alarm.Text{}},
		{"one that hangs", alarm.OutputState{Pattern: alarm.Temporal3}, "hangs", "state fault", outputOn,
			alarm.Text{}},
		{"a valve that is told", alarm.OutputState{Kind: alarm.Valve, Pattern: alarm.Steady, Kept: true,
			Alarm: "a"}, "", "state on", outputShuts, alarm.Text{}},
		{"a valve that is closed", alarm.OutputState{Kind: alarm.Valve, Pattern: alarm.Steady, Kept: true,
			Confirmed: true}, "", "state on", outputShut, noteOpens},
		{"a valve that is not", alarm.OutputState{Kind: alarm.Valve, Pattern: alarm.Steady, Kept: true,
			Alarm: "a", Failed: true}, "", "state fault", outputFailed, alarm.Text{}},
		{"a fan by the district", alarm.OutputState{Kind: alarm.Fan, Pattern: alarm.Steady, Kept: true,
			By: by, Confirmed: true}, "", "state on", outputWorks, noteFar},
		{"a lamp by hand", alarm.OutputState{Kind: alarm.Lamp, Pattern: alarm.Steady, Kept: true,
			By: alarm.Origin{Kind: alarm.CLI}}, "", "state on", outputOn, noteKept},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := newOutputView(&tt.o, tt.err)
			if v.Class != tt.class || v.State != tt.state || v.Note != tt.note {
				t.Errorf("got %+v, want %q %v %v", v, tt.class, tt.state, tt.note)
			}
		})
	}
}
