package alarm

import (
	"regexp"
	"slices"
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
	for _, f := range catalogue {
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
	for _, f := range catalogue {
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

// Points see gas and water too: no text speaks of fire to who stands in front of one of them.
func TestCatalogueFitsEverySignal(t *testing.T) {
	for _, f := range catalogue {
		for _, text := range []Text{f.Says, f.Do} {
			if strings.Contains(text.En, "see a fire") || strings.Contains(text.Zh, "火情") {
				t.Errorf("%s: %q / %q tells of fire alone", f.Code, text.En, text.Zh)
			}
		}
	}
}

// commands are those of the program firepost.
var commands = []string{
	"run", "check", "status", "ack", "silence", "reset", "disable", "enable",
}

// A text sends nobody to a command that does not exist.
func TestCatalogueNamesCommandsThatExist(t *testing.T) {
	word := regexp.MustCompile(`firepost +([a-z-]+)`)
	n := 0
	for _, f := range append(slices.Clone(catalogue), Fault("unknown")) {
		for _, text := range []string{f.Says.En, f.Says.Zh, f.Do.En, f.Do.Zh} {
			for _, m := range word.FindAllStringSubmatch(text, -1) {
				n++
				if !slices.Contains(commands, m[1]) {
					t.Errorf("%s: there is no command %q", f.Code, m[0])
				}
			}
		}
	}
	if n == 0 {
		t.Error("no text names a command")
	}
}

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

// A fault that is shown and gains a cause is announced and sounds anew, whoever had silenced it.
// One that loses a cause, or says the same with another number, is not.
func TestAnotherCauseIsAnotherFault(t *testing.T) {
	tests := []struct {
		code          detect.FaultCode
		first, second string
		news          bool
	}{
		{OutputFailed, "lamp: write: input/output error",
			"lamp: write: input/output error; siren: no answer for 3 s", true},
		{OutputFailed, "lamp: not connected", "siren: no answer for 3 s; lamp: not connected", true},
		{OutputFailed, "lamp: not connected", "siren: no answer for 3 s", true},
		{OutputFailed, "lamp: not connected; siren: not connected", "siren: not connected", false},
		{OutputFailed, "lamp: 3 writes failed", "lamp: 4 writes failed", false},
		{BusHung, "i2c-1: no answer for 2 s", "i2c-1: no answer for 2 s; i2c-2: no answer for 2 s",
			true},
		{StorageFailed, "keeper: no space", "keeper: no space; outbox: read-only file system", true},
		{StorageFailed, "keeper: no space", "keeper: no space", false},
		{Restarted, "courier", "scribe", true},
		{StorageFull, "", "outbox: no space", true},
		{StorageFull, "outbox: no space", "", false},
	}
	for _, tt := range tests {
		t.Run(string(tt.code)+" "+tt.second, func(t *testing.T) {
			r := newRig(t, bench(), Saved{})
			r.pending.Notices = []Notice{{Fault: tt.code, On: true, Detail: tt.first}}
			r.step()
			r.order(Command{Action: Silence, By: onSite})
			r.run(time.Hour)
			r.plays("buzzer", Off)
			r.events = nil
			r.pending.Notices = []Notice{{Fault: tt.code, On: true, Detail: tt.second}}
			r.step()
			want, tone := 0, Off
			if tt.news {
				want, tone = 1, Chirp
			}
			r.plays("buzzer", tone)
			if got := r.count(FaultRaised, ""); got != want {
				t.Fatalf("announced %d times, want %d", got, want)
			}
			if tt.news {
				if e := r.newest(FaultRaised); e.Fault != tt.code || e.Reason != tt.second {
					t.Errorf("got %s %q, want %q", e.Fault, e.Reason, tt.second)
				}
			}
			if f := r.panel.Snapshot(r.now).Faults; len(f) != 1 || f[0].Detail != tt.second {
				t.Errorf("shown: %+v, want %q", f, tt.second)
			}
			if got := r.count(FaultEnded, ""); got != 0 {
				t.Errorf("it ended %d times", got)
			}
			r.run(time.Minute)
			if got := r.count(FaultRaised, ""); got != want {
				t.Errorf("announced %d times after a minute, want %d", got, want)
			}
		})
	}
}

// A cause that comes and goes all the time is announced once in ten seconds, and one that comes
// soon after another is announced at the end of them.
func TestCausesDoNotChatter(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	say := func(detail string) {
		r.pending.Notices = []Notice{{Fault: OutputFailed, On: true, Detail: detail}}
	}
	say("lamp: stuck")
	r.run(3 * time.Second)
	r.order(Command{Action: Silence, By: onSite})
	say("lamp: stuck; siren: no answer for 3 s")
	r.run(tellAgain - 3*time.Second - tick)
	if got := r.count(FaultRaised, ""); got != 1 {
		t.Fatalf("announced %d times within %v, want once", got, tellAgain)
	}
	r.plays("buzzer", Off)
	r.run(tick)
	e := r.newest(FaultRaised)
	if e.At != point.Instant(tellAgain) || !strings.Contains(e.Reason, "siren") {
		t.Fatalf("announced %q at %v, want the siren at %v", e.Reason, time.Duration(e.At), tellAgain)
	}
	r.plays("buzzer", Chirp)
	r.events = nil
	for range 300 { // a minute
		say("lamp: stuck")
		r.step()
		say("lamp: stuck; siren: no answer for 3 s")
		r.step()
	}
	if got := r.count(FaultRaised, ""); got < 5 || got > 6 {
		t.Errorf("announced %d times within a minute, want once in %v", got, tellAgain)
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
