//go:build mutants

package alarm

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mutant is a small break of the judgement that would hurt somebody. The tests beside the broken
// code must notice every one.
type mutant struct{ name, file, old, new string }

var mutants = []mutant{
	{"a bad reading is a value",
		"../detect/condition.go", "if rd.Quality == point.Bad {", "if false {"},
	{"an uncertain value clears",
		"../detect/condition.go", "rd.Quality != point.Good || !c.back", "!c.back"},
	{"no confirm time",
		"../detect/condition.go", "now.Sub(c.since) >= c.Confirm", "true"},
	{"no release time",
		"../detect/condition.go", "now.Sub(c.since) >= c.Release", "true"},
	{"no hysteresis",
		"../detect/condition.go", "value < c.met-c.Hysteresis", "value < c.met"},
	{"the limit itself is not beyond",
		"../detect/condition.go", "return value >= c.met\n", "return value > c.met\n"},
	{"an alarm ends in a fault",
		"../detect/condition.go", "c.leaving && !faulty &&", "c.leaving &&"},
	{"a dead sensor still tells of steam",
		"../detect/fire_evidence.go",
		`!c.sure || c.fault != "" || at.Sub(c.at) >= gasTime`, "false"},
	{"an old value tells of steam",
		"../detect/fire_evidence.go", "at.Sub(c.at) >= gasTime", "false"},
	{"mist is harmless at every density",
		"../detect/fire_evidence.go", "{13_000_000, 250}, {16_000_000, 1000}}", "}"},
	{"a warm-up begins anew with each life",
		"../detect/channel.go", "at.Add(-n.ahead)", "at"},
	{"a power cut leaves a sensor warm",
		"../detect/channel.go", "case warm >= 2*n.WarmUp:", "case false:"},
	{"warming up for ever is well",
		"../detect/channel.go", "case n.cold(rd.At) && n.overdue(rd.At):", "case false:"},
	{"a reload forgets the rain",
		"keep.go", "d != nil && was != nil {", "d != nil && was != nil && false {"},
	{"a window that nobody saw is full",
		"../detect/derive_trend.go", "at.Sub(s.heard) >= s.window()", "false"},
	{"a number that is not known stays good",
		"derived.go", "case w.heard(): //", "case false: //"},
	{"silence is well",
		"../detect/health.go", "silent := now.Sub(h.alive) >= h.stale", "silent := false"},
	{"failures are well",
		"../detect/health.go", "case h.failed >= failures && now.Sub(h.failing) >= failedFor(h.reason):",
		"case false:"},
	{"a fault ends at the first good reading",
		"../detect/health.go", "now.Sub(h.goodSince) >= faultRelease", "true"},
	{"commands come last: a silence hushes the alarm of its own step",
		"panel.go",
		"	for i := range in.Commands {\n		p.obey(now, &in.Commands[i])\n	}\n",
		"	defer func() {\n		for i := range in.Commands {\n" +
			"			p.obey(now, &in.Commands[i])\n		}\n	}()\n"},
	{"a new alarm stays silenced",
		"standing.go", "if p.alarming(a) {", "if false {"},
	{"no latch",
		"standing.go", "if !a.latched {", "if true {"},
	{"a rising level is not told",
		"standing.go", "case level > a.level, w.held > a.held:", "case level > a.level && !a.active:"},
	{"a condition that comes back is not told",
		"standing.go", "case level > a.level, w.held > a.held:", "case level > a.level && a.active:"},
	{"a fire that was down to a pre-alarm is not told",
		"standing.go", "case level > a.level, w.held > a.held:",
		"case level > a.level && (!a.active || level > a.finding.Level):"},
	{"a disabled point alarms",
		"watch.go", "case w.disabled != nil, w.plan.Button.Acts():", "case w.plan.Button.Acts():"},
	{"a disablement never ends",
		"watch.go", "d != nil && now >= d.until", "d != nil && false"},
	{"a broken rule ends the panel",
		"watch.go", "if r := recover(); r != nil {\n			f =",
		"if r := any(nil); r != nil {\n			f ="},
	{"a broken rule clears",
		"watch.go", "f = w.finding\n", "f = detect.Finding{}\n"},
	{"the district may reset",
		"permit.go", "Reset:       {button: 2, person: 2}",
		"Reset: {button: 2, person: 2, district: true}"},
	{"level 1 may silence",
		"permit.go", "Silence:     {button: 2, person: 2},", "Silence:     {button: 1, person: 1},"},
	{"the district hushes by disabling",
		"commands.go", "w.alarm != nil || w.finding.Level > detect.Normal || w.raw.Met",
		"w.finding.Level > detect.AlarmHigh"},
	{"the district enables what a person disabled",
		"commands.go", "case c.By.Kind == District && !p.districtsOwn(w):", "case false:"},
	{"a disablement without end",
		"commands.go", "c.For <= 0 || c.For > mostDisabled", "c.For < 0"},
	{"a deadline is no deadline",
		"commands.go", "c.Deadline != 0 && now > c.Deadline", "false"},
	{"a repeated command acts again",
		"commands.go", `c.ID != "" && slices.Contains(p.obeyed[:], c.ID)`, "false"},
	{"gas wins over fire",
		"effect.go", "int(a.signal)<<8", "int(signals-a.signal)<<8"},
	{"the siren is not silenced",
		"effect.go", "a.silenced && o.plan.Kind.Sounds()", "false"},
	{"the strobe is silenced",
		"effect.go", "a.silenced && o.plan.Kind.Sounds()", "a.silenced"},
	{"one smoke closes the valve",
		"usual.go", "Triggers: 2}", "Triggers: 1}"},
	{"one smoke moves what cannot be undone",
		"usual.go", "case fire && r.sure() != o.careful() && o.Kind != Fan:",
		"case fire && false:"},
	{"two detectors of two zones are two triggers",
		"effect.go", "b.zone != a.zone || b.drill", "b.drill"},
	{"one part is two triggers",
		"effect.go", "!slices.ContainsFunc(found[:n], b.shares)", "true"},
	{"what a drill plays is a trigger",
		"effect.go", "b.drill != a.drill || !counts(b)", "!counts(b)"},
	{"a row stops the siren",
		"effect.go", "(a.Play != Off || o.MayStop())", "true"},
	{"a row of the site counts no more than a usual one",
		"effect.go", "if r.Own {", "if false {"},
	{"the district opens a valve",
		"output.go", "!(c.On && o.plan.Kind.IsSafer())", "!(c.On || o.plan.Kind.IsSafer())"},
	{"the district lets the barrier down",
		"plan.go", "k == Valve || k == Sounder || k == Fan", "true"},
	{"a valve opens by itself after the reset",
		"output.go", "if o.plan.Kind == Valve && alarmed && !o.kept {", "if false {"},
	{"a valve is opened while there is gas",
		"output.go", "case !c.On && driven:", "case !c.On && driven && false:"},
	{"a fan is started in gas by hand",
		"output.go", "p.frozen(&o.plan) || c.On && held", "c.On && held && false"},
	{"a spark where the gas is",
		"output.go", "	case p.frozen(&o.plan):\n", "	case false:\n"},
	{"a question to people hides an alarm",
		"output.go", "	case alarmed:\n", "	case false:\n"},
	{"what was switched on dies with the power",
		"succeed.go", "old.pattern = s.Kept,", "old.pattern = false,"},
	{"a valve that does not report is well",
		"echo.go", "	case !e.failed:\n", "	case false:\n"},
	{"a valve that no longer reports is well",
		"echo.go", "e.confirmed, e.failed, p.dirty, p.unblamed = false, true, true, true",
		"e.failed, p.dirty, p.unblamed = true, true, true"},
	{"a contact that trembles is a fault",
		"echo.go", "	case reports:\n		e.since = now\n", "	case reports:\n"},
	{"a valve is not told again",
		"echo.go", "e.restUntil = now.Add(echoRest)", "e.restUntil = now"},
	{"a contact that nobody can read confirms",
		"echo.go", "c.Seen && c.Quality == point.Good", "c.Seen"},
	{"a new alarm of CO sounds once a minute",
		"output.go", "anew := p.rang && want", "anew := false && want"},
	{"sounders never ring again",
		"panel.go", "if !p.silenced || p.resoundAt == 0 || now < p.resoundAt {", "if true {"},
	{"hushing a leak lengthens the silence of a fire",
		"commands.go", "(!p.silenced || p.resoundAt == 0)", "true"},
	{"restarts without end keep a silence up",
		"keep.go", "s.Resound - saveAgain", "s.Resound"},
	{"restarts without end keep a disablement up",
		"keep.go", "mostDisabled) - saveAgain", "mostDisabled)"},
	{"another cause of a silenced fault is not told",
		"notices.go", "return n.shown && len(n.told) < len(n.causes)", "return false"},
	{"a latch dies with the power",
		"keep.go", "for i := range s.Alarms {\n		a := s", "for i := range s.Alarms[:0] {\n		a := s"},
	{"a disablement dies with the power",
		"keep.go", "for _, d := range s.Disabled {", "for _, d := range s.Disabled[:0] {"},
	{"event numbers start again",
		"panel.go", "(saved.LastEvent/seqStride + 1) * seqStride", "0"},
	{"a change is not saved",
		"standing.go",
		"		p.emit(now, a.event(IncidentOpened))\n	}\n	p.redrive, p.dirty = true, true",
		"		p.emit(now, a.event(IncidentOpened))\n	}\n	p.redrive = true"},
	{"a fault is hidden by nothing",
		"notices.go", "&& !p.explained(n.kind.Unless)", ""},
	{"the pause of temporal-3 is short",
		"pattern.go", "500 * ms, 1500 * ms}", "500 * ms, 1000 * ms}"},
	{"a call point waits for its zone",
		"verify.go", "!w.plan.Manual && !w.proven &&", "!w.proven &&"},
	{"a first signal is dropped while it stands",
		"verify.go", "(v.ended || age >= verifyStands)", "v.ended"},
	{"a first signal that comes back is a first one again",
		"verify.go", "(v.ended || age >= verifyStands)", "age >= verifyStands"},
	{"a first signal waits for ever",
		"verify.go", "case age >= verifyWindow:", "case false:"},
	{"another point is no second signal",
		"verify.go", "return others > 0", "return false"},
	{"a sequence waits for ever for an acknowledgement",
		"sequence.go", "case now >= z.until && z.phase == WaitAck:",
		"case z.phase == WaitAck:\n		case now >= z.until && z.phase == WaitAck:"},
	{"an alarm that has ended needs no reset in a sequence",
		"standing.go", "max(a.finding.Level, w.keeps())", "a.finding.Level"},
	{"the district looks from afar",
		"sequence.go", "by.Kind != District && ", ""},
	{"a silence outlives a sequence",
		"sequence.go", "	p.unsilence()\n", ""},
	{"a sequence dies with the power",
		"sequence.go", "z.phase, z.until = saved.Phase, point.Instant(left)", "_ = left"},
	{"life safety gets a longer delay",
		"chatter.go", "if w.plan.Signal.IsLifeSafety() {", "if false {"},
	{"the off-delay grows without end",
		"chatter.go", "min(w.offDelay()<<c.times, chatterLongest)-w.offDelay()",
		"w.offDelay()<<c.times-w.offDelay()"},
	{"a standing gas alarm is told once",
		"remind.go", "every > 0 && now.Sub(a.toldAt) >= every", "every < 0"},
	{"a reminder stays silenced",
		"remind.go", "a.toldAt, a.acked, a.by, a.silenced = now, false, Origin{}, false",
		"a.toldAt, a.acked, a.by = now, false, Origin{}"},
	{"a reset in the off-delay alarms anew",
		"standing.go", "		w.forget()\n", ""},
	{"faults are told before fires",
		"panel.go", "		p.heed(now, &p.points[i])\n	}\n	for i := range p.points {\n" +
			"		p.showFault(now, &p.points[i])\n",
		"		p.showFault(now, &p.points[i])\n	}\n	for i := range p.points {\n" +
			"		p.heed(now, &p.points[i])\n"},
	{"fires are told last",
		"sequence.go", "for s := int(signals) - 1; s >= 0; s-- {", "for s := 0; s < int(signals); s++ {"},
	{"a real alarm does not end a drill",
		"drill.go", "			why = EndedAlarm\n", ""},
	{"a call point of the scenario is a drill",
		"drill.go", "(w.plan.Manual || !smoky) && w.finding.Level >= detect.Alarm", "false"},
	{"a drill's alarm looks real",
		"standing.go", "drill: w.part != noPart,", "drill: false && w.part != noPart,"},
	{"a drill leaves its alarms behind",
		"drill.go", "		if a.drill {\n			p.reset(now, a, Origin{})\n		}\n", "		_ = a\n"},
	{"a drill goes on for ever",
		"drill.go", "(why != \"\" || now >= p.drill.until)", "why != \"\""},
	{"a drill moves what nobody listed",
		"drill.go", "	if !a.drill {\n		return false\n	}\n	switch o.Kind {",
		"	if a != nil {\n		return false\n	}\n	switch o.Kind {"},
	{"people in danger drill",
		"walktest.go", "a.finding.Level >= detect.PreAlarm\n", "false\n"},
	{"a drill's alarm outlives the run",
		"keep.go", "		if a.drill {\n			continue ", "		if false {\n			continue "},
	{"a drill goes on after a restart",
		"panel.go", "	p.endDrill(now, EndedRestarted)\n", ""},
	{"a point under test alarms",
		"watch.go", "	case w.testing:\n", "	case false:\n"},
	{"a walk test goes on for ever",
		"drill.go", "(why != \"\" || now >= p.test.until)", "why != \"\""},
	{"a skipped point stays under test",
		"walktest.go", "tp.Skipped, w.testing = reason, false", "tp.Skipped = reason"},
	{"a call point is tested from afar",
		"walktest.go", "c.By.Kind == District && (w.plan.Manual || w.plan.Signal != Fire)", "false"},
	{"the district ends a walk test",
		"permit.go", "EndTest:     {person: 2},", "EndTest:     {person: 2, district: true},"},
	{"a lamp goes out with its alarm",
		"lit.go", "want == Off && now < o.litUntil", "false"},
	{"a valve waits for a second detector that is not there",
		"effect.go", "c.Of == Alone && p.alone(a)", "c.Of == Alone && false"},
	{"what a slow disk gives late is silent",
		"recall.go", "	p.alarms = append(p.alarms, a)\n", ""},
	{"a change of plan silences the siren",
		"succeed.go", "case !c.by.silenced || !o", "case false && !o"},
	{"a valve opens under another name",
		"succeed.go", "if gone.kept && !o.kept {", "if false {"},
	{"what stands under test is for ever a test",
		"walktest.go", "over = over || now.Sub(w.metAt) >= w.testStands()", ""},
	{"a tried point stays out of service",
		"walktest.go", "if now.Sub(w.calmAt) >= testClear {", "if false {"},
	{"a real fire at a point of the scenario is the drill's",
		"drill.go", "(w.plan.Manual || !smoky)", "w.plan.Manual"},
	{"a reset is doubted anew",
		"standing.go", "w.proven = a.finding.Level >= detect.Alarm && !a.drill", "w.proven = false"},
	{"low gas waits",
		"verify.go", "return w.plan.Signal == Fire && f.Level", "return f.Level"},
	{"the district disables the whole site",
		"commands.go", "out < max(len(p.points)/4, 1)", "out < len(p.points)"},
	{"a red warning finds no room",
		"call.go", "if open[least].Colour >= colour {", "if true {"},
}

// Every mutant dies: the tests of detect and alarm fail on it. A mutant that does not compile or
// whose text is gone proves nothing, and fails too.
func TestMutantsDie(t *testing.T) {
	for _, m := range slices.Concat(mutants, mutantsOfMore) {
		t.Run(strings.ReplaceAll(m.name, " ", "_"), func(t *testing.T) {
			out, err := testWith(t, m.file, m.old, m.new)
			switch {
			case err == nil:
				t.Errorf("it lives: no test of detect or alarm fails")
			case !strings.Contains(out, "--- FAIL") && !strings.Contains(out, "panic:"):
				t.Errorf("it was not tested: %v\n%s", err, out)
			}
		})
	}
}

// testWith runs the tests of detect and alarm with one text of one file replaced by another.
func testWith(t *testing.T, file, old, new string) (string, error) {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(src), old); n != 1 {
		t.Fatalf("%s has %q %d times, want once", file, old, n)
	}
	dir := t.TempDir()
	mutant, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
	broken := strings.Replace(string(src), old, new, 1)
	table, err := json.Marshal(map[string]any{"Replace": map[string]string{path: mutant}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{mutant: []byte(broken), overlay: table} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The tests beside the broken code are asked first, and the long ones last.
	asked := [][]string{{"-skip", long, "."}, {"-run", long, "."}}
	if dir := filepath.Dir(file); dir != "." {
		asked = slices.Insert(asked, 0, []string{"./" + dir})
	}
	for _, args := range asked {
		args = append([]string{"test", "-count=1", "-vet=off", "-failfast", "-timeout=60s",
			"-overlay", overlay}, args...)
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			return string(out), err
		}
	}
	return "", nil
}

// long are the tests that take more than a second.
const long = "TestPanelIsTheTable|TestRestartsDoNotStretch|TestStandingAlarmIsToldAgain|" +
	"TestDisablementsTogether|TestAnotherCause|TestStandingForADay|TestPatrolCounts"
