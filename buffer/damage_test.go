package buffer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"go.etcd.io/bbolt"
)

// filled leaves a file with records of all lanes, as a crash would, and returns the bodies.
func filled(t testing.TB, dir string, n int) (bodies map[string]bool) {
	t.Helper()
	bodies = map[string]bool{}
	o := opened(t, dir, quick())
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range n {
		l := Lane(i % laneCount)
		body := fmt.Sprintf("%s %d %*s", l, i, rng.IntN(900), ".")
		bodies[body] = true
		o.Put(l, 1, []byte(body))
		if i%200 == 0 {
			flushed(t, o, l)
		}
	}
	for l := range Lane(laneCount) {
		flushed(t, o, l)
	}
	o.abandon()
	return bodies
}

// contents reads everything an outbox has.
func contents(t testing.TB, o *Outbox) (got []Record) {
	t.Helper()
	m := model{o: o}
	for l := range Lane(laneCount) {
		got = append(got, m.readAll(l)...)
	}
	return got
}

// Whatever page or bit of the file is damaged: the process lives, no record comes back with a
// value it never had, and what is missing has been declared lost.
func TestT05DamagedFileNeverLies(t *testing.T) {
	t.Parallel()
	whole := folder(t)
	bodies := filled(t, whole, 1500)
	file, err := os.ReadFile(filepath.Join(whole, fileName))
	if err != nil {
		t.Fatal(err)
	}
	rescued := 0
	for trial := range rounds(60, 600) {
		rng := rand.New(rand.NewPCG(uint64(trial), 3))
		bad := bytes.Clone(file)
		pages := len(bad) / pageSize
		page := bad[rng.IntN(pages)*pageSize:][:pageSize]
		switch trial % 4 {
		case 0:
			clear(page)
		case 1:
			for i := range page {
				page[i] = byte(rng.Uint32())
			}
		case 2: // one bit in the header or the elements, where it hurts most
			page[rng.IntN(64)] ^= 1 << rng.IntN(8)
		case 3:
			page[rng.IntN(pageSize)] ^= 1 << rng.IntN(8)
		}
		dir := folder(t)
		if err := os.WriteFile(filepath.Join(dir, fileName), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		o := opened(t, dir, quick())
		got := contents(t, o)
		reset := slices.ContainsFunc(o.Losses(), func(l Loss) bool { return l.Cause == CauseStoreReset })
		for _, r := range got {
			if !bodies[string(r.Body)] {
				t.Fatalf("trial %d: got %q, which was never put", trial, r.Body)
			}
			if reset != (r.Orig != nil) {
				t.Fatalf("trial %d: rescued %t, orig %v", trial, reset, r.Orig)
			}
		}
		if len(got) < len(bodies) && !reset {
			t.Fatalf("trial %d: got %d records of %d, and no loss", trial, len(got), len(bodies))
		}
		if len(got) < len(bodies)*9/10 {
			t.Errorf("trial %d: got %d records of %d; one page should not cost so much",
				trial, len(got), len(bodies))
		}
		if reset {
			rescued++
			if q, err := os.ReadDir(filepath.Join(dir, "quarantine")); err != nil || len(q) != 1 {
				t.Errorf("trial %d: quarantine: got %v, %v", trial, q, err)
			}
		}
		o.abandon()
	}
	if rescued == 0 {
		t.Error("no trial needed a rescue; is anything damaged?")
	}
}

// reopenDamaged opens a file with these bytes.
func reopenDamaged(t *testing.T, file []byte) *Outbox {
	t.Helper()
	dir := folder(t)
	if err := os.WriteFile(filepath.Join(dir, fileName), file, 0o600); err != nil {
		t.Fatal(err)
	}
	return opened(t, dir, quick())
}

// resetLosses are the store_resets among the losses.
func resetLosses(o *Outbox) (resets []Loss) {
	for _, l := range o.Losses() {
		if l.Cause == CauseStoreReset {
			resets = append(resets, l)
		}
	}
	return resets
}

// A lost branch costs nothing but itself: the leaves below it are found by looking at each page.
// Copies that an older commit left do not come back beside the newer ones.
func TestLostBranchCostsNoLeaf(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	o := opened(t, dir, quick())
	bodies := map[string]bool{}
	for i := range 600 {
		body := fmt.Sprintf("%d %*s", i, 400, ".")
		n := o.Put(Event, 1, []byte(body))
		if i%20 == 19 {
			flushed(t, o, Event)
		}
		if i%20 == 5 {
			o.Ack(o.Epoch(), Event, Range{n, n})
		} else {
			bodies[body] = true
		}
	}
	flushed(t, o, Event)
	o.abandon()
	file, err := os.ReadFile(o.path())
	if err != nil {
		t.Fatal(err)
	}
	branches := 0
	for id := 2; id < len(file)/pageSize; id++ {
		if page := file[id*pageSize:]; page[8] != flagBranch ||
			binary.NativeEndian.Uint64(page) != uint64(id) {
			continue
		}
		bad := bytes.Clone(file)
		clear(bad[id*pageSize:][:pageSize])
		o := reopenDamaged(t, bad)
		count := map[string]int{}
		for _, r := range contents(t, o) {
			count[string(r.Body)]++
			if count[string(r.Body)] > 1 {
				t.Fatalf("page %d: %.10q came back twice", id, r.Body)
			}
		}
		for b := range bodies {
			if count[b] != 1 {
				t.Fatalf("page %d: %.10q is gone", id, b)
			}
		}
		if len(resetLosses(o)) > 0 {
			branches++
		}
	}
	if branches == 0 {
		t.Error("no branch was in use; the file is too small for this test")
	}
}

// A file that another took the place of is left, and the one that is there is taken up.
func TestReplacedFileIsTakenUp(t *testing.T) {
	dir := folder(t)
	o := opened(t, dir, quick())
	o.Put(Alarm, 1, []byte("before"))
	flushed(t, o, Alarm)
	file, err := os.ReadFile(o.path())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.path()+".copy", file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(o.path()+".copy", o.path()); err != nil {
		t.Fatal(err)
	}
	o.Put(Alarm, 1, []byte("after"))
	flushed(t, o, Alarm)
	o.abandon()
	got := contents(t, opened(t, dir, quick()))
	if len(got) != 2 || string(got[1].Body) != "after" {
		t.Errorf("got %v", got)
	}
}

// A damaged meta page ends the epoch: the other page holds an older lease, and going on from it
// would give numbers out again.
func TestDamagedMetaEndsTheEpoch(t *testing.T) {
	dir := folder(t)
	filled(t, dir, 300)
	file, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	for page := range 2 {
		bad := bytes.Clone(file)
		bad[page*pageSize+pageHead+48] ^= 1
		o := reopenDamaged(t, bad)
		if got := resetLosses(o); len(got) != 1 || got[0].Epoch == o.Epoch() || got[0].Salvaged < 290 {
			t.Errorf("meta page %d: epoch %s, losses %+v", page, o.Epoch(), got)
		}
	}
}

// A block that is missing from a sound tree is noticed. An old copy of it may be found.
func TestMissingBlockIsDeclared(t *testing.T) {
	dir := folder(t)
	filled(t, dir, 300)
	path := filepath.Join(dir, fileName)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketName)).Delete(blockKey(Alarm, 3))
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	o := opened(t, dir, quick())
	if got := resetLosses(o); len(got) != 1 || got[0].Salvaged < 299 ||
		got[0].Salvaged+got[0].LostEstimate != 300 {
		t.Errorf("got %+v, want 300 numbers in all", got)
	}
}

// A file that is shorter than it was is not written to any more.
func TestShortenedFileIsNotTouched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := opened(t, folder(t), quick())
		synctest.Wait() // the store is the disk goroutine's, which sleeps now
		if err := o.store.intact(); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(o.path(), o.store.size-1); err != nil {
			t.Fatal(err)
		}
		if err := o.store.intact(); !errors.Is(err, errDamaged) {
			t.Errorf("got %v, want %v", err, errDamaged)
		}
	})
}

// A file cut to any length is rescued or made anew.
func TestTruncatedFileIsSurvived(t *testing.T) {
	t.Parallel()
	whole := folder(t)
	filled(t, whole, 300)
	file, err := os.ReadFile(filepath.Join(whole, fileName))
	if err != nil {
		t.Fatal(err)
	}
	n := len(file)
	for _, size := range []int{0, 1, 4095, 4096, 8192, 8193, n / 3, n / 2, n - 1} {
		dir := folder(t)
		if err := os.WriteFile(filepath.Join(dir, fileName), file[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		o := opened(t, dir, quick())
		if o.Stats().RAM {
			t.Errorf("%d bytes: in memory: %s", size, o.Stats().Err)
		}
		o.Put(Alarm, 1, []byte("after"))
		flushed(t, o, Alarm)
		o.abandon()
	}
}

// A file that is cut, overwritten or removed while the agent runs is replaced without a restart;
// what was in memory is written again and keeps its first number as Orig.
func TestDamageAtRunTimeIsHealed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		damage func(path string) error
	}{
		{"cut", func(path string) error { return os.Truncate(path, 4096) }},
		{"removed", os.Remove},
		{"overwritten", func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteAt(bytes.Repeat([]byte{0xA5}, 64<<10), 0)
				err = errors.Join(err, f.Close())
			}
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t)
			opt := quick()
			opt.Memory[Event] = Limit{Bytes: 1 << 20, Count: 10}
			o := opened(t, dir, opt)
			for i := range 200 {
				o.Put(Event, 1, fmt.Appendf(nil, "%d %*s", i, 300, "."))
				o.Put(Alarm, 1, fmt.Append(nil, i))
				flushed(t, o, Event)
				flushed(t, o, Alarm)
			}
			before := o.Epoch()
			if err := c.damage(o.path()); err != nil {
				t.Fatal(err)
			}
			o.Put(Alarm, 1, []byte("after"))
			await(t, "a new epoch", func() bool { return o.Epoch() != before && !o.Stats().RAM })
			flushed(t, o, Alarm)
			alarms := o.Next(Alarm, 0, 1000)
			if len(alarms) != 201 || *alarms[0].Orig != (Orig{before, 1}) {
				t.Errorf("got %d alarms of 201", len(alarms))
			}
			events := uint64(len(contents(t, o)) - 201)
			losses := o.Losses()
			if len(losses) != 1 || losses[0].Cause != CauseStoreReset || losses[0].Epoch != before ||
				events+losses[0].LostEstimate < 199 {
				t.Errorf("got %d events and losses %+v", events, losses)
			}
		})
	}
}

// Reading a mapped page that is no longer there is an error, not the end of the process.
func TestFaultOnTheMappingIsAnError(t *testing.T) {
	dir := folder(t)
	filled(t, dir, 1500)
	o := opened(t, dir, quick())
	o.mu.Lock()
	blocks := slices.Clone(o.lanes[Event].disk)
	o.mu.Unlock()
	err := guarded(func() error {
		if err := os.Truncate(o.path(), 8192); err != nil {
			t.Fatal(err)
		}
		o.store.size = 0 // so that the size is not seen, but the fault
		_, err := o.store.read(blocks)
		return err
	})
	if !errors.Is(err, errDamaged) {
		t.Errorf("got %v, want %v", err, errDamaged)
	}
}

// A file in quarantine is kept until two newer ones are there.
func TestQuarantineKeepsTheNewestTwo(t *testing.T) {
	dir := folder(t)
	for range 4 {
		o := opened(t, dir, quick())
		o.Put(Alarm, 1, []byte("fire"))
		flushed(t, o, Alarm)
		o.abandon()
		file, err := os.ReadFile(o.path())
		if err != nil {
			t.Fatal(err)
		}
		file = bytes.ReplaceAll(file, []byte("fire"), []byte("fine"))
		if err := os.WriteFile(o.path(), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := opened(t, dir, quick())
	if got, err := os.ReadDir(filepath.Join(dir, "quarantine")); err != nil || len(got) != 2 {
		t.Errorf("got %v, %v, want two files", got, err)
	}
	if got := o.Losses(); len(got) == 0 || !strings.Contains(got[len(got)-1].Detail, "checksum") {
		t.Errorf("got %v", got)
	}
}
