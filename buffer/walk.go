package buffer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"time"
)

// The file format of bbolt, version 2: pages of a header and elements, in the byte order of the
// machine. It is read here without bbolt, and without mapping the file, because bbolt trusts
// what it reads: a flipped bit in a branch can send it in circles until the stack is full, which
// no recover survives.
const (
	pageHead   = 16 // id 8, flags 2, count 2, overflow 4
	elemHead   = 16
	bucketHead = 16 // root 8, sequence 8

	flagBranch = 0x01
	flagLeaf   = 0x02
	flagBucket = 0x01 // of a leaf's element

	metaMagic   = 0xED0CDAED
	metaVersion = 2
	metaSize    = 64
	maxDepth    = 16
)

var errWalkTime = errors.New("verifying takes too long")

// A walker goes through a file page by page.
type walker struct {
	file   io.ReaderAt
	size   int64
	until  time.Time
	strict bool // stop at the first fault; otherwise count it and go around it
	faults int
	pages  uint64 // the file has no page from here on
	seen   map[uint64]bool
	last   []byte // the key before, while strict
	visit  func(key, value []byte, off int64) error
}

// walk calls visit for each key, the head first, then in order. off is the place of the value.
func (w *walker) walk() error {
	w.seen = map[uint64]bool{}
	root, err := w.meta()
	if err != nil {
		return w.fault(err)
	}
	return w.tree(root, 0, nil, func(flags uint32, key, value []byte, off int64) error {
		if !isBucket(flags, key, value) {
			return w.fault(fmt.Errorf("root has key %x", key))
		}
		if root := binary.NativeEndian.Uint64(value); root != 0 {
			return w.tree(root, 0, nil, w.element)
		}
		return w.inline(value, off)
	})
}

// isBucket reports whether an element is one of the two buckets.
func isBucket(flags uint32, key, value []byte) bool {
	name := string(key)
	return flags == flagBucket && (name == headBucket || name == bucketName) &&
		len(value) >= bucketHead
}

// inline goes through a bucket that lies within its parent's page.
func (w *walker) inline(value []byte, off int64) error {
	leaf := value[bucketHead:]
	if len(leaf) < pageHead || binary.NativeEndian.Uint16(leaf[8:]) != flagLeaf {
		return w.fault(errors.New("inline bucket has no leaf"))
	}
	return w.elements(leaf, off+bucketHead, w.element)
}

func (w *walker) element(flags uint32, key, value []byte, off int64) error {
	if flags != 0 {
		return w.fault(fmt.Errorf("key %x has flags %x", key, flags))
	}
	if w.strict && w.last != nil && bytes.Compare(w.last, key) >= 0 {
		return w.fault(fmt.Errorf("key %x after %x", key, w.last))
	}
	w.last = bytes.Clone(key)
	return w.visit(key, value, off)
}

// fault is where a strict walk ends and another goes on.
func (w *walker) fault(err error) error {
	if w.strict {
		return damaged(err)
	}
	w.faults++
	return nil
}

// meta returns the root page of the newer valid meta page.
func (w *walker) meta() (root uint64, err error) {
	var newest uint64
	var buf [pageSize]byte
	err = errors.New("no valid meta page")
	for i := range int64(2) {
		if _, e := w.file.ReadAt(buf[:], i*pageSize); e != nil {
			return 0, fmt.Errorf("meta page %d: %w", i, e)
		}
		m := buf[pageHead : pageHead+metaSize]
		u32 := func(at int) uint32 { return binary.NativeEndian.Uint32(m[at:]) }
		u64 := func(at int) uint64 { return binary.NativeEndian.Uint64(m[at:]) }
		sum := fnv.New64a()
		_, _ = sum.Write(m[:metaSize-8])
		if u32(0) != metaMagic || u32(4) != metaVersion || u64(metaSize-8) != sum.Sum64() {
			if w.strict {
				// bbolt would fall back on the other page, and so on an old lease.
				return 0, fmt.Errorf("meta page %d is not valid", i)
			}
			w.faults++
			continue
		}
		if u32(8) != pageSize {
			return 0, fmt.Errorf("meta page %d: pages of %d bytes", i, u32(8))
		}
		if txid := u64(48); err != nil || txid > newest {
			newest, root, w.pages, err = txid, u64(16), u64(40), nil
		}
	}
	return root, err
}

// page reads a page with its overflow; nil after a fault.
func (w *walker) page(id uint64) (buf []byte, err error) {
	if time.Now().After(w.until) {
		return nil, errWalkTime
	}
	if id < 2 || id >= w.pages || id > math.MaxInt64/pageSize-1 {
		return nil, w.fault(fmt.Errorf("page %d of %d", id, w.pages))
	}
	off := int64(id) * pageSize
	var h [pageHead]byte
	if _, err := w.file.ReadAt(h[:], off); err != nil {
		return nil, w.fault(fmt.Errorf("page %d: %w", id, err))
	}
	more := uint64(binary.NativeEndian.Uint32(h[12:]))
	if binary.NativeEndian.Uint64(h[:]) != id || id+more >= w.pages ||
		int64(id+more+1)*pageSize > w.size {
		return nil, w.fault(fmt.Errorf("page %d: header % x", id, h))
	}
	for i := id; i <= id+more && (w.strict || i == id); i++ { // the overflow may be the lie
		if w.seen[i] {
			return nil, w.fault(fmt.Errorf("page %d is used twice", i))
		}
		w.seen[i] = true
	}
	buf = make([]byte, int64(more+1)*pageSize)
	if _, err := w.file.ReadAt(buf, off); err != nil {
		return nil, w.fault(fmt.Errorf("page %d: %w", id, err))
	}
	return buf, nil
}

type elementFunc func(flags uint32, key, value []byte, off int64) error

// tree goes through a page and what is below it. first is the key its parent has for it.
func (w *walker) tree(id uint64, depth int, first []byte, leaf elementFunc) error {
	buf, err := w.page(id)
	if err != nil || buf == nil {
		return err
	}
	flags := binary.NativeEndian.Uint16(buf[8:])
	if depth > maxDepth || flags != flagBranch && flags != flagLeaf {
		return w.fault(fmt.Errorf("page %d: flags %x at depth %d", id, flags, depth))
	}
	if key := firstKey(buf); w.strict && first != nil && !bytes.Equal(key, first) {
		// bbolt finds a page in its parent by this key, and would put it there twice.
		return w.fault(fmt.Errorf("page %d begins with %x, its parent says %x", id, key, first))
	}
	if flags == flagLeaf {
		return w.elements(buf, int64(id)*pageSize, leaf)
	}
	count := int(binary.NativeEndian.Uint16(buf[10:]))
	if count == 0 || pageHead+count*elemHead > len(buf) {
		return w.fault(fmt.Errorf("page %d: %d elements", id, count))
	}
	for i := range count {
		e := buf[pageHead+i*elemHead:]
		key, ok := cut(e, binary.NativeEndian.Uint32(e), binary.NativeEndian.Uint32(e[4:]))
		if !ok {
			if err := w.fault(fmt.Errorf("page %d: element %d", id, i)); err != nil {
				return err
			}
			key = nil
		}
		if err := w.tree(binary.NativeEndian.Uint64(e[8:]), depth+1, key, leaf); err != nil {
			return err
		}
	}
	return nil
}

// elements goes through the elements of a leaf, which begins at off in the file.
func (w *walker) elements(buf []byte, off int64, leaf elementFunc) error {
	count := int(binary.NativeEndian.Uint16(buf[10:]))
	if pageHead+count*elemHead > len(buf) {
		return w.fault(fmt.Errorf("leaf at %d: %d elements", off, count))
	}
	for i := range count {
		at := pageHead + i*elemHead
		e := buf[at:]
		pos, ksize := binary.NativeEndian.Uint32(e[4:]), binary.NativeEndian.Uint32(e[8:])
		key, ok := cut(e, pos, ksize)
		value, ok2 := cut(e, pos+ksize, binary.NativeEndian.Uint32(e[12:]))
		if !ok || !ok2 || pos+ksize < pos || ksize == 0 {
			if err := w.fault(fmt.Errorf("leaf at %d: element %d", off, i)); err != nil {
				return err
			}
			continue
		}
		place := off + int64(at) + int64(pos) + int64(ksize)
		if err := leaf(binary.NativeEndian.Uint32(e), key, value, place); err != nil {
			return err
		}
	}
	return nil
}

// orphans goes through the leaves that no branch led to. They may be old: the caller looks at
// what is in them.
func (w *walker) orphans() error {
	w.pages = uint64(w.size / pageSize)
	for id := uint64(2); id < w.pages; id++ {
		var h [pageHead]byte
		if _, err := w.file.ReadAt(h[:], int64(id)*pageSize); err != nil ||
			w.seen[id] || binary.NativeEndian.Uint64(h[:]) != id ||
			binary.NativeEndian.Uint16(h[8:]) != flagLeaf {
			continue
		}
		if err := w.tree(id, 0, nil, w.orphan); err != nil {
			return err
		}
	}
	return nil
}

// orphan is element, and also looks for the head on a page of roots.
func (w *walker) orphan(flags uint32, key, value []byte, off int64) error {
	if isBucket(flags, key, value) && binary.NativeEndian.Uint64(value) == 0 {
		return w.inline(value, off)
	}
	return w.element(flags, key, value, off)
}

// firstKey returns the key of a page's first element, nil if there is none.
func firstKey(buf []byte) []byte {
	e := buf[pageHead:]
	pos, size := binary.NativeEndian.Uint32(e), binary.NativeEndian.Uint32(e[4:])
	if binary.NativeEndian.Uint16(buf[8:]) == flagLeaf {
		pos, size = size, binary.NativeEndian.Uint32(e[8:])
	}
	key, _ := cut(e, pos, size)
	return key
}

// cut returns size bytes of b from pos.
func cut(b []byte, pos, size uint32) ([]byte, bool) {
	if uint64(pos)+uint64(size) > uint64(len(b)) {
		return nil, false
	}
	return b[pos : pos+size : pos+size], true
}
