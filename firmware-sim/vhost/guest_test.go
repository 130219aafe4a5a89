//go:build linux

package vhost

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Where things are in the memory of the guest, which has one region.
const (
	memSize   = 1 << 20
	guestBase = 0x4000_0000
	userBase  = 0x7000_0000
	descAt    = 0
	availAt   = 0x1000
	usedAt    = 0x2000
	buffersAt = 0x4000
	entries   = 8
)

// guest is QEMU and a driver at once: the other end of a device.
type guest struct {
	t          *testing.T
	conn       *net.UnixConn
	mem        []byte
	memFile    int
	kick, call *os.File
	desc       int // the next free descriptor
	buffer     int // the next free place for bytes
	asked      uint16
	seen       uint16
	ended      chan error
	cancel     context.CancelFunc
}

// newGuest starts a back end, and the first queue of it.
func newGuest(t *testing.T, run func(context.Context, *net.UnixListener) error) *guest {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	g := &guest{t: t, buffer: buffersAt, ended: make(chan error, 1), cancel: cancel}
	go func() { g.ended <- run(ctx, l) }()
	if g.conn, err = net.DialUnix("unix", nil, l.Addr().(*net.UnixAddr)); err != nil {
		t.Fatal(err)
	}
	if g.memFile, err = unix.MemfdCreate("guest", unix.MFD_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if err := unix.Ftruncate(g.memFile, memSize); err != nil {
		t.Fatal(err)
	}
	g.mem, err = unix.Mmap(g.memFile, 0, memSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	g.kick, g.call = eventFile(t), eventFile(t)
	t.Cleanup(func() {
		g.leave()
		unix.Munmap(g.mem)
		unix.Close(g.memFile)
	})
	g.setUp()
	return g
}

func eventFile(t *testing.T) *os.File {
	t.Helper()
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "event")
	t.Cleanup(func() { f.Close() })
	return f
}

// leave switches the machine off and returns how the back end ended.
func (g *guest) leave() {
	g.t.Helper()
	if g.cancel == nil {
		return
	}
	g.conn.Close()
	g.cancel()
	g.cancel = nil
	if err := <-g.ended; err != nil {
		g.t.Errorf("the back end ended: %v", err)
	}
}

func (g *guest) setUp() {
	g.t.Helper()
	if f := g.ask(getFeatures, nil); f&featVersion1 == 0 {
		g.t.Fatalf("features %#x without version 1", f)
	}
	g.send(setFeatures, word64(common))
	g.ask(getProtocolFeatures, nil)
	g.send(setOwner, nil)
	table := words(1, 0, guestBase, memSize, userBase, 0)
	g.send(setMemTable, append(word32(1, 0), table[16:]...), g.memFile)
	g.begin()
}

// begin tells of the first queue.
func (g *guest) begin() {
	g.send(setVringNum, word32(0, entries))
	g.send(setVringBase, word32(0, uint32(g.seen)))
	g.send(setVringAddr, append(word32(0, 0),
		words(userBase+descAt, userBase+usedAt, userBase+availAt, 0)...))
	g.send(setVringKick, word64(0), int(g.kick.Fd()))
	g.send(setVringCall, word64(0), int(g.call.Fd()))
	unix.SetNonblock(int(g.call.Fd()), true) // Fd has made it block
}

func word32(all ...uint32) (b []byte) {
	for _, v := range all {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func word64(v uint64) []byte { return words(v) }

func words(all ...uint64) (b []byte) {
	for _, v := range all {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

// send tells the back end something, and waits until it has been done.
func (g *guest) send(request uint32, body []byte, files ...int) {
	g.t.Helper()
	if v := g.exchange(request, flagVersion|flagNeedReply, body, files); v != 0 {
		g.t.Fatalf("request %d: got %d", request, v)
	}
}

func (g *guest) ask(request uint32, body []byte) uint64 {
	g.t.Helper()
	return g.exchange(request, flagVersion, body, nil)
}

func (g *guest) exchange(request, flags uint32, body []byte, files []int) uint64 {
	g.t.Helper()
	var oob []byte
	if len(files) > 0 {
		oob = unix.UnixRights(files...)
	}
	head := word32(request, flags, uint32(len(body)))
	if _, _, err := g.conn.WriteMsgUnix(append(head, body...), oob, nil); err != nil {
		g.t.Fatal(err)
	}
	g.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer := make([]byte, 512)
	n, err := g.conn.Read(answer)
	if err != nil || n < headerSize+8 {
		g.t.Fatalf("request %d: an answer of %d bytes: %v", request, n, err)
	}
	return binary.LittleEndian.Uint64(answer[headerSize:])
}

// part is one buffer of a request: what the driver says, or room for so many bytes of answer.
type part struct {
	out  []byte
	room int
}

// offer puts a request into the ring and returns its answers, which come later. An indirect one
// stands in a table of its own.
func (g *guest) offer(indirect bool, parts ...part) (answers [][]byte) {
	var table []byte
	first := g.desc
	for i, p := range parts {
		size, flags, next := len(p.out)+p.room, uint16(0), uint16(0)
		at := g.buffer
		g.buffer += size
		copy(g.mem[at:], p.out)
		if p.room > 0 {
			flags |= descWrite
			answers = append(answers, g.mem[at:at+size])
		}
		if i < len(parts)-1 {
			flags |= descNext
			next = uint16(i + 1)
			if !indirect {
				next += uint16(first)
			}
		}
		table = append(table, descriptor(guestBase+uint64(at), size, flags, next)...)
	}
	if indirect {
		copy(g.mem[g.buffer:], table)
		at := guestBase + uint64(g.buffer)
		g.buffer += len(table)
		table = descriptor(at, len(table), descIndirect, 0)
	}
	copy(g.mem[descAt+16*first:], table)
	g.desc = (first + len(table)/16) % entries
	binary.LittleEndian.PutUint16(g.mem[availAt+4+2*int(g.asked%entries):], uint16(first))
	g.asked++
	binary.LittleEndian.PutUint16(g.mem[availAt+2:], g.asked)
	return answers
}

func descriptor(addr uint64, size int, flags, next uint16) []byte {
	b := append(words(addr), word32(uint32(size))...)
	return binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(b, flags), next)
}

// done tells the back end of the requests and waits until all of them are answered.
func (g *guest) done() {
	g.t.Helper()
	g.notify()
	g.call.SetReadDeadline(time.Now().Add(10 * time.Second))
	for b := make([]byte, 8); g.seen != g.asked; {
		if _, err := g.call.Read(b); err != nil {
			g.t.Fatalf("%d of %d requests answered: %v", g.seen, g.asked, err)
		}
		g.seen = uint16(*word(g.mem[usedAt:]) >> 16)
	}
}

func (g *guest) notify() {
	g.t.Helper()
	if _, err := g.kick.Write(bytes.Clone([]byte{1, 0, 0, 0, 0, 0, 0, 0})); err != nil {
		g.t.Fatal(err)
	}
}
