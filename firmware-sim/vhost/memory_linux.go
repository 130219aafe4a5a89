package vhost

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// maxRegions bounds the pieces of a guest's memory, as QEMU does.
const maxRegions = 8

// region is one piece of the guest's memory.
type region struct {
	guest, user uint64 // its address as the guest and as QEMU see it
	data        []byte
}

// memory is the guest's memory. The zero value is a guest without any.
type memory []region

// mapMemory maps what a SET_MEM_TABLE tells: a count, four bytes of nothing, and for each region
// its address in the guest, size, address in QEMU, and where it begins in its file.
func mapMemory(body []byte, files []*os.File) (memory, error) {
	if len(body) < 8 {
		return nil, errors.New("memory table: it is too short")
	}
	n := int(binary.LittleEndian.Uint32(body))
	if n > maxRegions || n != len(files) || len(body) < 8+32*n {
		return nil, fmt.Errorf("memory table: %d regions, %d files, %d bytes", n, len(files), len(body))
	}
	var m memory
	for i, f := range files {
		field := func(k int) uint64 { return binary.LittleEndian.Uint64(body[8+32*i+8*k:]) }
		size, from := field(1), field(3)
		data, err := unix.Mmap(int(f.Fd()), int64(from), int(size), unix.PROT_READ|unix.PROT_WRITE,
			unix.MAP_SHARED)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("memory table: map %d bytes: %w", size, err), m.unmap())
		}
		m = append(m, region{guest: field(0), user: field(2), data: data})
	}
	return m, nil
}

func (m memory) unmap() error {
	var errs []error
	for _, r := range m {
		errs = append(errs, unix.Munmap(r.data))
	}
	return errors.Join(errs...)
}

// errOutside is an address that the guest does not have.
var errOutside = errors.New("outside of the guest's memory")

// atGuest is the memory behind an address of the guest.
func (m memory) atGuest(addr, size uint64) ([]byte, error) {
	for _, r := range m {
		if b, ok := cut(r.data, addr, r.guest, size); ok {
			return b, nil
		}
	}
	return nil, fmt.Errorf("%d bytes at %#x: %w", size, addr, errOutside)
}

// atUser is the memory behind an address of QEMU.
func (m memory) atUser(addr, size uint64) ([]byte, error) {
	for _, r := range m {
		if b, ok := cut(r.data, addr, r.user, size); ok {
			return b, nil
		}
	}
	return nil, fmt.Errorf("%d bytes at %#x of QEMU: %w", size, addr, errOutside)
}

func cut(data []byte, addr, base, size uint64) ([]byte, bool) {
	at, all := addr-base, uint64(len(data))
	if addr < base || at > all || size > all-at {
		return nil, false
	}
	return data[at : at+size : at+size], true
}
