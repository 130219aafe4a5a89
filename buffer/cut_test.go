package buffer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"
)

// Wherever the power fails within the writes of a commit, the file opens, or is rescued, and holds
// what was on the disk before. bbolt writes the pages in order, syncs, then writes a meta page and
// syncs: a cut leaves a first part of the pages, the last of them torn, or any of them where the
// card reorders, and the meta page only after all of them.
func TestT04PowerCutWithinACommit(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	dir, opt := folder(t), quick()
	path := filepath.Join(dir, fileName)
	var mu sync.Mutex // a commit may come by itself
	var before, after []byte
	opt.Commit = func(tx *bbolt.Tx) (err error) {
		mu.Lock()
		defer mu.Unlock()
		if before, err = os.ReadFile(path); err == nil {
			err = tx.Commit()
		}
		if err == nil {
			after, err = os.ReadFile(path)
		}
		return err
	}
	o := opened(t, dir, opt)
	epoch, released := o.Epoch(), uint64(0)
	for i := range rounds(60, 600) {
		safe := o.Flushed(Event)
		for range 1 + rng.IntN(20) {
			o.Put(Event, 1, fmt.Appendf(nil, "%d%*s", o.Tail(Event)+1, rng.IntN(600), ""))
		}
		flushed(t, o, Event)
		mu.Lock()
		image := cutWithin(rng, before, after)
		mu.Unlock()
		held := readCut(t, image)
		for n, body := range held {
			if body != fmt.Sprint(n) {
				t.Fatalf("round %d: number %d holds %.20q", i, n, body)
			}
		}
		for n := released + 1; n <= safe; n++ {
			if held[n] == "" {
				t.Fatalf("round %d: number %d was on the disk and is gone", i, n)
			}
		}
		if i%3 == 2 { // The next commit takes it along.
			released = safe
			o.Ack(epoch, Event, Range{1, safe})
		}
	}
}

// cutWithin makes the file that a power cut leaves between two states.
func cutWithin(rng *rand.Rand, before, after []byte) []byte {
	image := slices.Clone(before)
	var pages []int // that the commit wrote, without the meta pages
	for at := 2 * pageSize; at+pageSize <= len(after); at += pageSize {
		if at+pageSize > len(before) || !bytes.Equal(before[at:at+pageSize], after[at:at+pageSize]) {
			pages = append(pages, at)
		}
	}
	if len(after) > len(image) {
		image = append(image, make([]byte, len(after)-len(image))...)
	}
	if rng.IntN(2) == 0 {
		rng.Shuffle(len(pages), func(i, j int) { pages[i], pages[j] = pages[j], pages[i] })
	}
	n := rng.IntN(len(pages) + 2)
	for i, at := range pages[:min(n, len(pages))] {
		size := pageSize
		if i == n-1 && n <= len(pages) {
			size = rng.IntN(pageSize) // torn
		}
		copy(image[at:at+size], after[at:at+size])
	}
	if n > len(pages) { // all of them, and perhaps a part of the meta page
		copy(image[:rng.IntN(2*pageSize+1)], after)
	}
	return image
}

// readCut opens such a file as the next start does, and returns what it holds by number.
func readCut(t *testing.T, image []byte) map[uint64]string {
	t.Helper()
	dir := folder(t)
	if err := os.WriteFile(filepath.Join(dir, fileName), image, 0o600); err != nil {
		t.Fatal(err)
	}
	o := opened(t, dir, quick())
	defer o.abandon()
	m, held := model{o: o}, map[uint64]string{}
	for _, r := range m.readAll(Event) {
		n := r.First
		if r.Orig != nil {
			n = r.Orig.First
		}
		held[n] = string(bytes.TrimRight(r.Body, " "))
	}
	return held
}

// 72 hours without a line at 20 points every 10 s: the file keeps to its cap and the flash to 70 MB
// a day. Then everything comes, the oldest first, the alarms among it, and nothing is lost.
func TestT11ThreeDaysWithoutALine(t *testing.T) {
	hours := rounds(6, 72)
	synctest.Test(t, func(t *testing.T) {
		dir := folder(t)
		o := opened(t, dir, Options{Statfs: quick().Statfs})
		synctest.Wait()
		before, day := o.Stats().BytesWritten, uint64(0)
		for i := range hours * 360 {
			o.Put(Telemetry, 20, fmt.Appendf(nil, "%0850d", i)) // as long as a body of 20 readings
			if i%360 == 0 {
				o.Put(Alarm, 1, fmt.Append(nil, i/360))
			}
			time.Sleep(10 * time.Second)
			if i == min(hours, 24)*360-1 {
				day = (o.Stats().BytesWritten - before) * 24 / uint64(min(hours, 24))
			}
		}
		info, err := os.Stat(filepath.Join(dir, fileName))
		if err != nil {
			t.Fatal(err)
		}
		all := o.Stats().BytesWritten - before
		t.Logf("%d h: %d readings, file %.1f MB, written %.1f MB, of it %.1f MB on the first day",
			hours, hours*7200, float64(info.Size())/1e6, float64(all)/1e6, float64(day)/1e6)
		if info.Size() > 40<<20 || day > 70e6 {
			t.Errorf("file %d bytes, %d written on the first day", info.Size(), day)
		}
		if got := drain(t, o, Alarm); len(got) != hours || !slices.IsSortedFunc(got, byNumber) {
			t.Errorf("got %d alarms, want %d in order", len(got), hours)
		}
		if got := drain(t, o, Telemetry); len(got) != hours*360 || !slices.IsSorted(got) {
			t.Errorf("got %d bodies, want %d in order", len(got), hours*360)
		}
		if l := o.Losses(); len(l) > 0 {
			t.Errorf("lost: %v", l)
		}
	})
}

func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return bytes.Compare([]byte(a), []byte(b))
}
