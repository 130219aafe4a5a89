package board

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
	"github.com/firepost/firepost/firmware-sim/chip"
)

var _ catalog.Board = (*Board)(nil)

// Every sensor of the catalog meets every fault that its chip, its bus or its line can have. It
// shows as the table says and in no other way: no value that was not measured, no error without a
// class, no panic, and no hang but where the bus hangs. When the fault is healed the value is
// right again. The table is complete by construction: a new part, a new fault and a row that serves
// nothing each fail this test.
func TestEverySensorMeetsEveryFault(t *testing.T) {
	used, n := map[int]bool{}, 0
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
				synctest.Test(t, func(t *testing.T) { meet(t, model, f, want) })
			})
		}
	}
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

func meet(t *testing.T, model string, f met, want []verdict) {
	r := newRig(t, model)
	defer r.sensor.(io.Closer).Close()
	if got := r.watch(20*time.Second, before); !slices.Contains(got, right) {
		t.Fatalf("healthy, it reads %v", got)
	}
	if err := r.begin(f); err != nil {
		t.Fatal(err)
	}
	if got := r.suffer(f); !slices.Equal(got, want) {
		t.Errorf("it shows as %q, want %q", got, want)
	}
	r.board.Heal()
	r.show(after)
	r.watch(30*time.Second, during, after)
	if got := r.watch(10*time.Second, after); !slices.Equal(got, []verdict{right}) {
		t.Errorf("healed, it reads %q", got)
	}
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
			if !slices.Contains(seen, v) {
				seen = append(seen, v)
			}
		case <-time.After(time.Minute):
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
	want := map[Kind]string{
		Hang:      "set hangs, state hangs",
		Gone:      "set no device, state no device",
		Held:      "set right, state right",
		ReadError: "set right, state no device",
		SetError:  "set no device, state wrong",
		Welded:    "set right, state wrong",
	}
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
				if got := fmt.Sprintf("set %s, state %s", set, state); got != want[k.Kind] {
					t.Errorf("%s with %s: got %q, want %q", model, k.Kind, got, want[k.Kind])
				}
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
