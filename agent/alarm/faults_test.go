package alarm

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// Every fault says in both languages what is so and what to do, under a code of its own, and only
// faults that exist hide it.
func TestCatalogueIsComplete(t *testing.T) {
	seen := map[detect.FaultCode]bool{}
	for _, f := range Faults() {
		if f.Code == "" || seen[f.Code] {
			t.Errorf("code %q is empty or there twice", f.Code)
		}
		seen[f.Code] = true
		for _, text := range []Text{f.Says, f.Do} {
			if !strings.HasSuffix(text.En, ".") || !strings.HasSuffix(text.Zh, "。") {
				t.Errorf("%s: %q / %q is no sentence", f.Code, text.En, text.Zh)
			}
			if !strings.ContainsFunc(text.Zh, isHan) {
				t.Errorf("%s: %q is not Chinese", f.Code, text.Zh)
			}
		}
	}
	for _, f := range Faults() {
		for _, code := range f.Unless {
			if !seen[code] || code == f.Code {
				t.Errorf("%s is hidden by %q, which is no other fault", f.Code, code)
			}
		}
	}
	if len(seen) > mostNotices/2 {
		t.Errorf("%d faults, %d slots: too few for unknown ones", len(seen), mostNotices)
	}
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

// A code that nobody wrote words for is shown all the same.
func TestUnknownFaultIsShown(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.pending.Notices = []Notice{{Fault: "moths", On: true, Detail: "in relay 70"}}
	r.step()
	if e := r.newest(FaultRaised); e.Fault != "moths" || e.Reason != "in relay 70" {
		t.Errorf("got %+v", e)
	}
	r.plays("buzzer", Chirp)
	if k := Fault("moths"); !strings.Contains(k.Says.En, "moths") || k.Do.Zh == "" {
		t.Errorf("got %+v", k)
	}
}

// A fault is shown when it has lasted as long as its kind says, is hidden while what explains it
// stands, and ends when it is gone.
func TestNoticesAreDelayedAndHidden(t *testing.T) {
	type say struct {
		at   time.Duration
		code detect.FaultCode
		on   bool
	}
	tests := []struct {
		name string
		says []say
		want []string // "1m0s +uplink_down"
	}{
		{"at once",
			[]say{{1 * time.Second, StorageFull, true}, {3 * time.Second, StorageFull, false}},
			[]string{"1s +storage_full", "3s -storage_full"}},
		{"after a minute", []say{{1 * time.Second, UplinkDown, true}}, []string{"1m1s +uplink_down"}},
		{"said again does not count anew",
			[]say{{0, UplinkDown, true}, {50 * time.Second, UplinkDown, true}},
			[]string{"1m0s +uplink_down"}},
		{"too short", []say{{0, UplinkDown, true}, {50 * time.Second, UplinkDown, false},
			{70 * time.Second, UplinkDown, true}}, []string{"2m10s +uplink_down"}},
		{"explained", []say{{0, MainsLost, true}, {1 * time.Second, UplinkDown, true}},
			[]string{"10s +mains_lost"}},
		{"explained no more", []say{{0, MainsLost, true}, {1 * time.Second, UplinkDown, true},
			{100 * time.Second, MainsLost, false}},
			[]string{"10s +mains_lost", "1m40s -mains_lost", "1m40s +uplink_down"}},
		{"explained later", []say{{0, UplinkDown, true}, {80 * time.Second, UplinkRefused, true}},
			[]string{"1m0s +uplink_down", "1m20s -uplink_down", "1m20s +uplink_refused"}},
		{"an end without a beginning", []say{{0, StorageFull, false}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, bench(), Saved{})
			for next := 0; r.now < point.Instant(3*time.Minute); {
				if next < len(tt.says) && point.Instant(tt.says[next].at) <= r.now {
					s := tt.says[next]
					r.pending.Notices = append(r.pending.Notices, Notice{Fault: s.code, On: s.on})
					next++
				}
				r.step()
			}
			var got []string
			for _, e := range r.events {
				switch e.Kind {
				case FaultRaised:
					got = append(got, time.Duration(e.At).String()+" +"+string(e.Fault))
				case FaultEnded:
					got = append(got, time.Duration(e.At).String()+" -"+string(e.Fault))
				}
			}
			if strings.Join(got, ",") != strings.Join(tt.want, ",") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// However many codes are told, the panel keeps a fixed number and shows the newest.
func TestNoticesAreBounded(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	for i := range 300 {
		code := detect.FaultCode("odd" + time.Duration(i).String())
		r.pending.Notices = []Notice{{Fault: code, On: true}}
		r.step()
		if e := r.newest(FaultRaised); e.Fault != code {
			t.Fatalf("newest fault is %q, want %q", e.Fault, code)
		}
	}
	if got := len(r.panel.notices); got != mostNotices {
		t.Errorf("got %d notices, want %d", got, mostNotices)
	}
	raised, ended := r.count(FaultRaised, ""), r.count(FaultEnded, "")
	if raised-ended != mostNotices {
		t.Errorf("%d raised and %d ended: want %d shown", raised, ended, mostNotices)
	}
}

// The fault tone is silenced until another fault comes, and never keeps an alarm from sounding.
func TestFaultToneIsSilencedUntilAnotherFault(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.pending.Notices = []Notice{{Fault: StorageFull, On: true}}
	r.step()
	r.plays("buzzer", Chirp)
	r.plays("siren", Off)
	r.order(Command{Action: Silence, By: onSite})
	r.plays("buzzer", Off)
	r.bad["gas"] = true
	r.run(time.Second)
	r.plays("buzzer", Chirp)
	r.order(Command{Action: Silence, By: onSite})
	r.contacts["smoke1"] = 1
	r.run(1500 * time.Millisecond)
	r.plays("buzzer", Temporal3)
}
