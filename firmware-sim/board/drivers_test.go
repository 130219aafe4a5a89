package board

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
	"github.com/firepost/firepost/firmware-sim/chip"
)

var _ catalog.Board = (*Board)(nil)

var update = flag.Bool("update", false, "rewrite the golden files and the tables of the README")

// golden compares text with a file, or rewrites that.
func golden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != text {
		t.Errorf("%s is not as it should be (%v); run go test -update and read what changed", path, err)
	}
}

// Every sensor of the catalog meets every fault that its chip, its bus or its line can have. It
// shows as the table says and in no other way: no value that was not measured, no error without a
// class, no panic, and no hang but where the bus hangs. When the fault is healed the value is
// right again. The table is complete by construction: a new part, a new fault and a row that serves
// nothing each fail this test.
func TestEverySensorMeetsEveryFault(t *testing.T) {
	used, n := map[int]bool{}, 0
	var matrix strings.Builder
	for _, model := range slices.Sorted(maps.Keys(catalog.Sensors())) {
		if rigs[model] == nil {
			t.Errorf("%s: there is no rig for it; write one", model)
			continue
		}
		for _, f := range faultsOf(model) {
			want, ok := wanted(f.kind, model, used)
			if !ok {
				t.Errorf("%s on %s: the table does not say how it shows", f.kind, model)
				continue
			}
			n++
			t.Run(model+"/"+f.kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					fmt.Fprintf(&matrix, "%-12s %-12s %s\n", model, f.kind, meet(t, model, f, want))
				})
			})
		}
	}
	golden(t, "testdata/matrix.golden", matrix.String())
	for i, r := range verdicts {
		if !used[i] {
			t.Errorf("row %d, %s on %q, serves nothing", i, r.kind, r.models)
		}
	}
	t.Logf("%d pairs of sensor and fault", n)
}

// met is a fault of the matrix: either of a chip or of a bus or line.
type met struct {
	kind  string
	chip  chip.Kind
	board Kind
}

func faultsOf(model string) (all []met) {
	r := rigs[model](New(Options{}))
	place := OnInput
	if r.part != nil {
		place = OnBus
		for _, k := range chip.Kinds() {
			if k.Kind.Applies(r.part.Model()) {
				all = append(all, met{kind: string(k.Kind), chip: k.Kind})
			}
		}
	}
	for _, k := range Kinds() {
		if k.On&place != 0 {
			all = append(all, met{kind: string(k.Kind), board: k.Kind})
		}
	}
	return all
}

// meet lets a fault strike and heals it. It returns the line of the matrix: how it shows, within
// what time it is told, and within what time after it was healed there are true values only.
func meet(t *testing.T, model string, f met, want []verdict) string {
	r := newRig(t, model)
	defer r.sensor.(io.Closer).Close()
	if got := r.watch(20*time.Second, before); !slices.Contains(got, right) {
		t.Fatalf("healthy, it reads %v", got)
	}
	if err := r.begin(f); err != nil {
		t.Fatal(err)
	}
	struck := time.Now()
	r.log = nil
	if got := r.suffer(f); !slices.Equal(got, want) {
		t.Errorf("it shows as %q, want %q", got, want)
	}
	told := r.told(struck)
	r.board.Heal()
	r.show(after)
	healed := time.Now()
	r.log = nil
	r.watch(50*time.Second, during, after)
	if got := r.watch(10*time.Second, after); !slices.Equal(got, []verdict{right}) {
		t.Errorf("healed, it reads %q", got)
	}
	back := healed
	for i, a := range r.log {
		if a.verdict == right && (i == 0 || r.log[i-1].verdict != right) {
			back = a.at
		}
	}
	return fmt.Sprintf("%-32s %-20s right again within %s", words(want), told,
		bound(back.Sub(healed)))
}

// told says how soon a fault is an error that has a class.
func (r *rig) told(struck time.Time) string {
	is := func(some ...verdict) func(attempted) bool {
		return func(a attempted) bool { return slices.Contains(some, a.verdict) }
	}
	if i := slices.IndexFunc(r.log, is(noDevice, checksum, outOfRange)); i >= 0 {
		return "told within " + bound(r.log[i].at.Sub(struck))
	}
	switch {
	case slices.ContainsFunc(r.log, is(hangs)):
		return "its reader waits"
	case slices.ContainsFunc(r.log, is(notReady)):
		return "nothing new comes"
	}
	return "not told"
}

func words(all []verdict) string {
	var text []string
	for _, v := range all {
		text = append(text, string(v))
	}
	return strings.Join(text, ", ")
}

// bound is a round time that d is within.
func bound(d time.Duration) string {
	for _, b := range []time.Duration{1, 2, 5, 10, 20, 30, 60} {
		if d <= b*time.Second {
			return (b * time.Second).String()
		}
	}
	return d.String()
}

// suffer watches through a fault, in which the scene changes, and tells how it shows when the scene
// has changed. A brown-out and a hang show at the first access or not at all.
func (r *rig) suffer(f met) []verdict {
	first := r.watch(2*time.Second, before)
	if slices.Contains(first, hangs) {
		return first
	}
	r.show(during)
	// What was measured before the change may still arrive.
	change := r.watch(2500*time.Millisecond+r.lag, before, during)
	later := r.watch(time.Minute, during)
	if f.chip != chip.BrownOut {
		return later
	}
	all := slices.Concat(first, change, later)
	slices.Sort(all)
	return slices.Compact(all)
}

// watch reads again and again, as a poller does, and tells in order of their names how it ended;
// the true values are those of any of the scenes. When a reading hangs, everything is healed.
func (r *rig) watch(span time.Duration, scenes ...scene) (seen []verdict) {
	for end := time.Now().Add(span); time.Now().Before(end); {
		result := make(chan verdict, 1)
		go func() { result <- r.attempt(scenes) }()
		select {
		case v := <-result:
			r.log = append(r.log, attempted{time.Now(), v})
			if !slices.Contains(seen, v) {
				seen = append(seen, v)
			}
		case <-time.After(time.Minute):
			r.log = append(r.log, attempted{time.Now(), hangs})
			r.board.Heal() // or the rest of the test would hang with it
			<-result
			return []verdict{hangs}
		}
		time.Sleep(r.model.Descriptor.Period)
	}
	slices.Sort(seen)
	return seen
}

// An agent that is restarted finds its parts as the last one left them, and reads them.
func TestSensorsAreReadAfterARestart(t *testing.T) {
	for _, model := range slices.Sorted(maps.Keys(rigs)) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, model)
			r.watch(20*time.Second, before)
			for range 3 {
				_, err := r.sensor.Start() // it is stopped within a reading
				fail(t, err)
				fail(t, r.sensor.(io.Closer).Close())
				r.sensor, err = r.model.Open(r.board, r.opts)
				fail(t, err)
				if got := r.watch(20*time.Second, before); !slices.Contains(got, right) {
					t.Errorf("%s: restarted, it reads %q", model, got)
				}
			}
			fail(t, r.sensor.(io.Closer).Close())
		})
	}
}

// A brown-out may come at any moment of a reading: whichever header it strikes, no value is read
// that was not measured.
func TestBrownOutAtAnyMomentOfAReading(t *testing.T) {
	for _, model := range slices.Sorted(maps.Keys(rigs)) {
		if rigs[model](New(Options{})).part == nil {
			continue
		}
		for n := 1; n <= 40; n++ {
			t.Run(fmt.Sprintf("%s/%d", model, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, model)
					defer r.sensor.(io.Closer).Close()
					r.watch(10*time.Second, before)
					fail(t, r.part.Inject(chip.Fault{Kind: chip.BrownOut, Nth: n}))
					fine := []verdict{right, noDevice, notReady}
					for _, v := range r.watch(10*time.Second, before) {
						if !slices.Contains(fine, v) {
							t.Errorf("it reads %q", v)
						}
					}
				})
			})
		}
	}
}

// Every output on a line meets every fault of a line: Set and State tell it, or hang where the
// line hangs, and after the fault the output does again what it is told.
func TestEveryOutputMeetsEveryFault(t *testing.T) {
	var matrix strings.Builder
	for _, model := range slices.Sorted(maps.Keys(catalog.Outputs())) {
		if outputRigs[model] != nil {
			continue // it is on a bus
		}
		for _, k := range Kinds() {
			if k.On&OnOutput == 0 {
				continue
			}
			synctest.Test(t, func(t *testing.T) {
				b := New(Options{})
				out, err := catalog.Outputs()[model].Open(b, map[string]string{"line": "siren"}, false)
				fail(t, err)
				defer out.(io.Closer).Close()
				fail(t, b.Pin("siren").Fail(Fault{Kind: k.Kind, High: false}))
				set := within(b, func() verdict { return ended(out.Set(true), true) })
				if set == hangs {
					fail(t, b.Pin("siren").Fail(Fault{Kind: k.Kind}))
				}
				state := within(b, func() verdict {
					on, err := out.(drivers.Checker).State()
					return ended(err, on)
				})
				fmt.Fprintf(&matrix, "%-12s %-12s set %s, state %s\n", model, k.Kind, set, state)
				b.Heal()
				for _, on := range []bool{true, false, true} {
					fail(t, out.Set(on))
					if high, _ := b.Pin("siren").Driven(); high != on {
						t.Errorf("%s after %s: told %v, carries %v", model, k.Kind, on, high)
					}
				}
			})
		}
	}
	golden(t, "testdata/outputs-on-a-line.golden", matrix.String())
}

func ended(err error, asTold bool) verdict {
	switch {
	case err != nil:
		return class(err)
	case !asTold:
		return wrong
	}
	return right
}

// within runs do; when it hangs, everything is healed and it is waited for.
func within(b *Board, do func() verdict) verdict {
	result := make(chan verdict, 1)
	go func() { result <- do() }()
	select {
	case v := <-result:
		return v
	case <-time.After(time.Minute):
		b.Heal()
		<-result
		return hangs
	}
}

const (
	tableBegin = "<!-- table of the faults: go test ./firmware-sim/board -update -->\n"
	tableEnd   = "<!-- end of the table -->\n"
)

// The table of the README is that of the faults; one that does not apply to all parts says why.
func TestReadmeTableIsTheFaults(t *testing.T) {
	const readme = "README.md"
	data, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(data), tableBegin)
	_, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		t.Fatalf("%s has no table between its two marks", readme)
	}
	golden(t, readme, before+tableBegin+faultTable(t)+tableEnd+after)
}

func faultTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| fault | what strikes | what it strikes | not the others, because |\n" +
		"|---|---|---|---|\n")
	for _, k := range chip.Kinds() {
		on, other := "a part on a bus", k.Else
		if k.Parts != nil {
			on = strings.Join(k.Parts, ", ")
		}
		switch {
		case other == "":
			other = "a part on a line has no bytes"
		case k.Parts == nil:
			on += " that measures"
		}
		for _, model := range []string{"sht4x", "mcp23017", "ads1115", "bme280"} {
			if !k.Kind.Applies(model) && k.Else == "" {
				t.Errorf("%s does not apply to %s and does not say why", k.Kind, model)
			}
		}
		fmt.Fprintf(&b, "| `%s` | it %s | %s | %s |\n", k.Kind, k.Does, on, other)
	}
	for _, k := range Kinds() {
		var on []string
		for place, word := range map[Place]string{OnBus: "a bus", OnInput: "a line that is read",
			OnOutput: "a line that switches"} {
			if k.On&place != 0 {
				on = append(on, word)
			}
		}
		slices.Sort(on)
		other := "it is of a line"
		if k.On == OnBus {
			other = "it is of a bus"
		} else if k.On&OnBus != 0 {
			other = ""
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Kind, k.Does, strings.Join(on, ", "), other)
	}
	return b.String()
}
