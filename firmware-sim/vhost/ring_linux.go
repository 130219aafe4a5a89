package vhost

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"
)

// Limits of what a guest may ask for at once.
const (
	maxRing   = 1024 // entries of a queue
	maxChain  = 64   // pieces of one request
	maxBuffer = 1 << 16
)

// Flags of a descriptor.
const (
	descNext     = 1
	descWrite    = 2
	descIndirect = 4
)

// ring is a split virtqueue. It belongs to one goroutine.
type ring struct {
	memory memory
	size   uint16
	desc   []byte // 16 bytes an entry
	avail  []byte // flags, index, entries, used_event: 16 bits each
	used   []byte // flags, index: 16 bits each; entries of 8 bytes; avail_event: 16 bits
	next   uint16 // number of the request to be taken
	done   uint16 // number of the request to be answered
}

// request is one chain of descriptors.
type request struct {
	head uint16
	out  []byte   // what the driver says, in one piece
	in   [][]byte // where the answer goes
}

// openRing finds the parts of a ring in the memory; the addresses are those of QEMU.
func openRing(m memory, size uint16, next uint16, desc, avail, used uint64) (*ring, error) {
	if size == 0 || size > maxRing || size&(size-1) != 0 {
		return nil, fmt.Errorf("ring of %d entries", size)
	}
	r := &ring{memory: m, size: size, next: next, done: next}
	n := uint64(size)
	var errs [3]error
	r.desc, errs[0] = m.atUser(desc, 16*n)
	r.avail, errs[1] = m.atUser(avail, 6+2*n)
	r.used, errs[2] = m.atUser(used, 6+8*n)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("ring: %w", err)
	}
	if !aligned(r.avail) || !aligned(r.used) {
		return nil, errors.New("ring: it is not aligned")
	}
	return r, nil
}

// word is the first four bytes of a part of a ring: flags and index, which the other side changes
// while this one looks.
func word(b []byte) *uint32 { return (*uint32)(unsafe.Pointer(&b[0])) }

func aligned(b []byte) bool { return uintptr(unsafe.Pointer(&b[0]))%4 == 0 }

// take returns the next request; ok is false when there is none, and the driver will tell of the
// next.
func (r *ring) take() (q request, ok bool, err error) {
	index := r.offered()
	if index == r.next {
		r.publish()
		index = r.offered() // It may have come before the driver saw that it is to tell.
	}
	if index == r.next {
		return q, false, nil
	}
	if index-r.next > r.size {
		return q, false, fmt.Errorf("ring: %d requests at once in %d entries", index-r.next, r.size)
	}
	head := binary.LittleEndian.Uint16(r.avail[4+2*(r.next%r.size):])
	r.next++
	q, err = r.chain(head)
	return q, err == nil, err
}

// chain follows the descriptors of a request. A chain may stand in a table of its own.
func (r *ring) chain(head uint16) (request, error) {
	q := request{head: head}
	table, at := r.desc, head
	for range maxChain {
		if int(at) >= len(table)/16 {
			return q, fmt.Errorf("ring: descriptor %d of %d", at, len(table)/16)
		}
		d := table[16*int(at):]
		addr := binary.LittleEndian.Uint64(d)
		size := binary.LittleEndian.Uint32(d[8:])
		flags, next := binary.LittleEndian.Uint16(d[12:]), binary.LittleEndian.Uint16(d[14:])
		if size > maxBuffer {
			return q, fmt.Errorf("ring: a buffer of %d bytes", size)
		}
		b, err := r.memory.atGuest(addr, uint64(size))
		switch {
		case err != nil:
			return q, fmt.Errorf("ring: %w", err)
		case flags&descIndirect != 0:
			table, at = b, 0
			continue
		case flags&descWrite != 0:
			q.in = append(q.in, b)
		default:
			q.out = append(q.out, b...)
		}
		if flags&descNext == 0 {
			return q, nil
		}
		at = next
	}
	return q, fmt.Errorf("ring: a chain of more than %d pieces", maxChain)
}

// offered is the number behind the last request that the driver made available.
func (r *ring) offered() uint16 { return uint16(atomic.LoadUint32(word(r.avail)) >> 16) }

// answer hands a request back with n bytes of answer written.
func (r *ring) answer(q request, n int) {
	e := r.used[4+8*int(r.done%r.size):]
	binary.LittleEndian.PutUint32(e, uint32(q.head))
	binary.LittleEndian.PutUint32(e[4:], uint32(n))
	r.done++
	r.publish()
}

// publish shows the driver what was answered, and asks for a notice of the next request: some QEMU
// agree on that feature with the driver whether or not a back end offers it.
func (r *ring) publish() {
	binary.LittleEndian.PutUint16(r.used[4+8*int(r.size):], r.next)
	atomic.StoreUint32(word(r.used), uint32(r.done)<<16)
}

// put writes an answer over the pieces of a request and returns how much of it there was room for.
func (q request) put(answer []byte) (n int) {
	for _, b := range q.in {
		n += copy(b, answer[n:])
	}
	return n
}

// room is how many bytes of answer the driver waits for.
func (q request) room() (n int) {
	for _, b := range q.in {
		n += len(b)
	}
	return n
}
