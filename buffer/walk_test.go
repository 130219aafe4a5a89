package buffer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// patch applies change to the first page of a kind that the bucket uses.
func patch(t *testing.T, file []byte, flag byte, change func(page []byte)) {
	t.Helper()
	w := walker{file: bytes.NewReader(file), size: int64(len(file)), strict: true,
		until: time.Now().Add(time.Minute)}
	w.visit = func([]byte, []byte, int64) error { return nil }
	if err := w.walk(); err != nil {
		t.Fatal(err)
	}
	for id := 2; id < len(file)/pageSize; id++ {
		page := file[id*pageSize:][:pageSize]
		if w.seen[uint64(id)] && page[8] == flag && binary.NativeEndian.Uint16(page[10:]) > 1 {
			change(page)
			return
		}
	}
	t.Fatal("no such page")
}

// A page that claims to go on over its neighbours costs itself, not them.
func TestFalseOverflowCostsNoNeighbours(t *testing.T) {
	dir := folder(t)
	filled(t, dir, 1500)
	file, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	patch(t, file, flagLeaf, func(page []byte) { page[12] ^= 64 })
	if got := resetLosses(reopenDamaged(t, file)); len(got) != 1 || got[0].Salvaged < 1400 {
		t.Errorf("got %+v, want most of 1500 salvaged", got)
	}
}

// A branch that names a child by another key than the child's first would have bbolt put the
// child there twice at the next commit.
func TestWrongKeyInABranchIsDamage(t *testing.T) {
	dir := folder(t)
	filled(t, dir, 1500)
	file, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	patch(t, file, flagBranch, func(page []byte) {
		e := page[pageHead+elemHead:]
		pos, size := binary.NativeEndian.Uint32(e), binary.NativeEndian.Uint32(e[4:])
		e[pos+size-1]-- // one lower is still in order
	})
	if got := resetLosses(reopenDamaged(t, file)); len(got) != 1 || got[0].Salvaged != 1500 {
		t.Errorf("got %+v, want 1500 salvaged", got)
	}
}

// FuzzDecode: any bytes give an error or records in ascending order that encode to a value that
// decodes to the same; never a panic.
func FuzzDecode(f *testing.F) {
	recs := []Record{
		{Lane: Event, First: 7, N: 2, At: Stamp{1, 2, 3, 4, 5}, Body: []byte("a")},
		{Lane: Event, First: 20, N: 1, Orig: &Orig{"0000abcd", 9}, Body: []byte{}},
	}
	key, value := encodeBlock("0000abcd", recs)
	f.Add(key, value[:len(value)-4])
	f.Add([]byte(headKey), encodeHead(head{Epoch: "0000abcd", Next: [3]uint64{1, 1, 1}})[:40])
	f.Fuzz(func(t *testing.T, key, value []byte) {
		value = seal(key, bytes.Clone(value)) // past the checksum, where it is dangerous
		_, _ = decodeHead(value)
		got, err := decodeBlock(key, value)
		if err != nil {
			return
		}
		for i, r := range got {
			if r.First == 0 || r.last() < r.First || i > 0 && r.First <= got[i-1].last() {
				t.Fatalf("got %+v after %+v", r, got[max(i-1, 0)])
			}
		}
		k, v := encodeBlock(got[0].Epoch, got)
		again, err := decodeBlock(k, v)
		if err != nil || fmt.Sprint(plain(again)) != fmt.Sprint(plain(got)) {
			t.Fatalf("again: got %v, %v, want %v", again, err, got)
		}
	})
}

func plain(recs []Record) (out []string) {
	for _, r := range recs {
		orig := Orig{}
		if r.Orig != nil {
			orig = *r.Orig
		}
		r.Orig = nil
		out = append(out, fmt.Sprintf("%+v %+v", r, orig))
	}
	return out
}

// FuzzWalk: whatever a file holds, a walk ends with an answer.
func FuzzWalk(f *testing.F) {
	dir := f.TempDir()
	filled(f, dir, 30)
	file, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(2*pageSize), []byte{1, 2, 3, 4})
	f.Add(uint32(3*pageSize+8), []byte{1, 0, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(_ *testing.T, at uint32, change []byte) {
		bad := bytes.Clone(file)
		copy(bad[int(at)%len(bad):], change)
		for _, strict := range []bool{true, false} {
			w := walker{file: bytes.NewReader(bad), size: int64(len(bad)), strict: strict,
				until: time.Now().Add(time.Minute)}
			w.visit = func([]byte, []byte, int64) error { return nil }
			if w.walk() == nil && !strict {
				_ = w.orphans()
			}
		}
	})
}

// Where both meta pages are gone, the head is found on the page where it lies, and with it what was
// lost before and is not declared.
func TestHeadIsFoundWithoutMeta(t *testing.T) {
	dir := folder(t)
	o := opened(t, dir, quick())
	o.Put(Alarm, 1, []byte("fire"))
	flushed(t, o, Alarm)
	n := o.Put(Event, 1, make([]byte, maxBody+1))
	o.Put(Event, 1, []byte("after it"))
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	want := Loss{Epoch: o.Epoch(), Lane: Event, Range: Range{n, n}, Cause: CauseDroppedRAM}
	file, err := os.OpenFile(o.path(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(make([]byte, 2*pageSize), 0); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	o = opened(t, dir, quick())
	if got := o.Losses(); !slices.Contains(got, want) {
		t.Errorf("got losses %v, want %v among them", got, want)
	}
	if got := drain(t, o, Alarm); !slices.Equal(got, []string{"fire"}) {
		t.Errorf("got %q", got)
	}
}
