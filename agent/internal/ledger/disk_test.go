package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/wire"
)

// While the disk hangs, from the start, from between, or with errors, an order that makes the site
// safer is obeyed after a second at most and says so, and every other one is refused. Nothing of
// it is done twice when the disk is back, and then orders are obeyed as before.
func TestADiskThatDoesNotAnswer(t *testing.T) {
	broken := errors.New("input/output error")
	for _, c := range []struct {
		name    string
		atStart bool
		hangs   bool
		err     error
	}{
		{"hangs from the start", true, true, nil}, {"hangs later", false, true, nil},
		{"fails from the start", true, false, broken}, {"fails later", false, false, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, t.TempDir(), alarm.Saved{}, func(r *rig) {
					if c.atStart {
						r.disk.set(c.hangs, c.err)
					}
				}).run()
				if !c.atStart {
					r.order("c-0", "enable", `{"point":"smoke-1"}`)
					wait(time.Second)
					r.answers = nil
					r.disk.set(c.hangs, c.err)
				}
				r.order("c-1", "operate", `{"output":"siren","on":true}`)
				r.order("c-2", "disable", `{"point":"smoke-1","for":60,"reason":"x"}`)
				r.order("c-3", "read", `{"points":["smoke-1"]}`)
				wait(patience + 200*time.Millisecond)
				want := []string{"c-1 done memory", "c-2 rejected storage memory", "c-3 done"}
				slices.Sort(r.answers)
				r.want(want...)
				r.order("c-4", "drill_start", ``)
				r.order("c-5", "restart", ``)
				r.order("c-1", "operate", `{"output":"siren","on":true}`)
				wait(10 * time.Millisecond) // nobody waits again
				want = append(want, "c-4 rejected storage memory",
					"c-5 rejected unsupported memory", "c-1 done memory")
				slices.Sort(want)
				slices.Sort(r.answers)
				r.want(want...)

				r.disk.set(false, nil)
				wait(time.Minute)
				r.answers = nil
				r.order("c-2", "disable", `{"point":"smoke-1","for":60,"reason":"x"}`)
				r.order("c-6", "disable", `{"point":"smoke-1","for":60,"reason":"x"}`)
				wait(time.Second)
				r.want("c-2 rejected storage memory", "c-6 done")
				if n := r.obeyed(); n != 2 {
					t.Errorf("obeyed %d times, want 2: %+v", n, r.acts)
				}
				if c.err != nil && !c.atStart &&
					!slices.Equal(r.noticed, []string{"+storage_failed", "storage_failed"}) {
					t.Errorf("noticed %q", r.noticed)
				}
				r.keepsContract()
				r.end()
				two := newRig(t, r.dir, r.saved).run()
				two.order("c-2", "disable", `{"point":"smoke-1","for":60,"reason":"x"}`)
				two.order("c-1", "operate", `{"output":"siren","on":true}`)
				wait(time.Second)
				two.want("c-2 rejected storage memory", "c-1 done memory")
				two.end()
			})
		})
	}
}

// A disk that hangs for days does not let memory grow.
func TestALongHangIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), alarm.Saved{}).run()
		r.disk.set(true, nil)
		for i := range 3 * mostKept {
			r.order(fmt.Sprint("c-", i), "drill_start", ``)
			if i%10 == 9 {
				wait(10 * time.Millisecond)
			}
			if i == 9 {
				wait(2 * time.Second)
			}
		}
		l := r.ledger
		if len(l.order) > mostKept || len(l.dirty) > 2*mostKept || len(l.later) > 2*mostKept {
			t.Errorf("kept %d, unwritten %d and %d", len(l.order), len(l.dirty), len(l.later))
		}
		r.disk.set(false, nil)
		wait(time.Minute)
		r.answers = nil
		r.order("c-x", "drill_start", ``)
		wait(time.Second)
		r.want("c-x done")
		r.end()
	})
}

// Many orders at once cost few syncs.
func TestOrdersShareTheirSyncs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), alarm.Saved{}).run()
		r.order("c-0", "enable", `{"point":"smoke-1"}`)
		wait(time.Second)
		r.disk.set(true, nil)
		before := r.disk.calls
		for i := range inbox - 1 {
			r.order(fmt.Sprint("d-", i), "enable", `{"point":"smoke-1"}`)
		}
		wait(500 * time.Millisecond)
		r.disk.set(false, nil)
		wait(time.Second)
		if n := r.disk.calls - before; n > 6 || len(r.answers) != inbox {
			t.Errorf("%d orders cost %d syncs, answers %q", inbox-1, n, r.answers)
		}
		r.end()
	})
}

// A ledger that cannot be read, or is gone, starts empty: what is older than this run and actuates
// is refused, anything else is obeyed. A last line without its end is no damage.
func TestDamagedLedger(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dir := t.TempDir()
		r := newRig(t, dir, alarm.Saved{}).run()
		r.order("c-1", "operate", `{"output":"siren","on":true}`)
		r.order("c-2", "disable", `{"point":"smoke-1","for":60,"reason":"x"}`)
		wait(time.Second)
		r.end()
		path := filepath.Join(dir, fileName)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(whole), "\n")
		flipped := slices.Clone(whole)
		flipped[len(lines[0])+40] ^= 1
		for _, c := range []damage{
			{"whole", whole, false},
			{"last line cut", append(slices.Clone(whole), []byte("5f00aa11 {\"ID\":\"c-3")...), false},
			{"zeros at the end", append(slices.Clone(whole), make([]byte, 4096)...), false},
			{"a bit flipped", flipped, true},
			{"a line lost half", []byte(lines[0] + lines[1][:30] + "\n" + lines[2]), true},
			{"garbage", []byte("\x00\xffgarbage\n"), true},
			{"another version", []byte("firepost-ledger 2\n"), true},
			{"empty", []byte{}, true},
			{"too long", make([]byte, maxFile+1), true},
			{"gone", nil, true},
		} {
			c.check(t)
		}
	})
}

// damage is what a box finds where its ledger was.
type damage struct {
	name string
	data []byte // nil: no file
	lost bool
}

func (c *damage) check(t *testing.T) {
	old := time.Now()
	wait(time.Minute)
	box := filepath.Join(t.TempDir(), "state")
	if err := os.MkdirAll(box, 0o700); err != nil {
		t.Fatal(err)
	}
	if c.data != nil {
		if err := os.WriteFile(filepath.Join(box, fileName), c.data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	two := newRig(t, box, alarm.Saved{Boot: 1}).run()
	send := func(id, name string, at time.Time) {
		two.send(wire.Command{
			ID: id, Name: name, Issued: at, Expires: old.Add(time.Hour),
			Args: []byte(`{"output":"siren","on":true}`),
		})
		wait(100 * time.Millisecond)
	}
	send("c-1", "operate", old)
	send("c-8", "drill_start", time.Time{})
	send("c-9", "acknowledge", old)
	send("d-1", "drill_start", time.Now())
	want := []string{
		"c-1 done", "c-8 done", "c-9 failed nothing_to_do", "d-1 rejected busy",
	}
	if c.lost {
		want = []string{
			"c-1 rejected ledger_lost", "c-8 rejected ledger_lost", "c-9 failed nothing_to_do",
			"d-1 done",
		}
	}
	if !slices.Equal(two.answers, want) {
		t.Errorf("%s: got %q, want %q", c.name, two.answers, want)
	}
	two.keepsContract()
	two.end()
	aside, err := os.ReadFile(filepath.Join(box, fileName+".damaged"))
	if kept := c.lost && c.data != nil; kept != (err == nil) || kept && len(aside) != len(c.data) {
		t.Errorf("%s: kept aside %d bytes, %v", c.name, len(aside), err)
	}
	three := newRig(t, box, alarm.Saved{Boot: 2}).run()
	three.send(wire.Command{ID: "d-1", Name: "drill_start", Expires: old.Add(time.Hour)})
	wait(time.Second)
	three.want(want[3])
	three.end()
}

// Any bytes are a ledger or no ledger, never a panic, and what is read is written the same again.
func FuzzParse(f *testing.F) {
	good := appendLine([]byte(header), &record{ID: "c-1", Name: "read", State: wire.RspDone})
	f.Add(good)
	f.Add(append(good, "00000000 {}\n"...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		records, _, err := parse(data)
		if err != nil {
			if !errors.Is(err, errDamaged) || records != nil {
				t.Fatalf("got %+v, %v", records, err)
			}
			return
		}
		again := []byte(header)
		for i := range records {
			again = appendLine(again, &records[i])
		}
		twice, cut, err := parse(again)
		if err != nil || cut || len(twice) != len(records) {
			t.Fatalf("got %+v, cut %v, %v", twice, cut, err)
		}
	})
}

// A run that was told nothing leaves its ledger all the same, so that the next one takes nothing
// for lost.
func TestRunWithoutOrdersLeavesALedger(t *testing.T) {
	bubble(t, func(t *testing.T) {
		box := t.TempDir()
		one := newRig(t, box, alarm.Saved{}).run()
		wait(time.Second)
		one.end()
		two := newRig(t, box, alarm.Saved{Boot: 1}).run()
		wait(time.Second)
		if two.ledger.lost {
			t.Error("it is lost")
		}
		two.end()
	})
}
