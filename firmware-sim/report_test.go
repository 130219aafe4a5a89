package main

import (
	"strings"
	"testing"

	"github.com/firepost/firepost/firmware-sim/district"
)

// A report names what is missing, so that it can be asked for; ten runs of numbers at most.
func TestReportNamesItsHoles(t *testing.T) {
	var r district.Report
	for n := range uint64(12) {
		r.Missing = append(r.Missing, district.Hole{
			Device: "fp-1", Epoch: "0000cafe", Lane: "a", From: 10 * n, To: 10*n + 3,
		})
	}
	var out strings.Builder
	printReport(&out, r)
	if !strings.Contains(out.String(), "    fp-1 epoch 0000cafe lane a: 20 to 23\n") {
		t.Errorf("the hole from 20 to 23 is not named:\n%s", out.String())
	}
	if n := strings.Count(out.String(), "0000cafe"); n != holesPrinted {
		t.Errorf("%d holes are named, want %d", n, holesPrinted)
	}
}
