package vhost

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// queue is one virtqueue of a device: what QEMU told of it, and the goroutine that serves it.
type queue struct {
	dev    device
	number int
	broken func() // ends the connection: the guest said what makes no sense

	size              uint16
	next              uint16 // number of the request to be taken, while nobody serves it
	desc, avail, used uint64
	kick              *os.File // the driver's notice of requests

	mu   sync.Mutex
	call *os.File // our notice of answers; QEMU changes it at any time

	ring   *ring // nil: nobody serves it
	work   sync.WaitGroup
	failed error // why serving ended; read behind work
}

// set takes what QEMU tells of the queue. With the kick it begins to be served.
func (q *queue) set(m *message, mem memory) error {
	value := binary.LittleEndian.Uint32(m.body[4:])
	switch m.request {
	case setVringNum:
		q.size = uint16(min(value, 0xFFFF))
	case setVringBase:
		q.next = uint16(value)
	case setVringAddr: // number, flags, descriptors, used, available, log
		if len(m.body) < 32 {
			return fmt.Errorf("%d bytes", len(m.body))
		}
		q.desc = binary.LittleEndian.Uint64(m.body[8:])
		q.used = binary.LittleEndian.Uint64(m.body[16:])
		q.avail = binary.LittleEndian.Uint64(m.body[24:])
	case setVringCall:
		q.mu.Lock()
		q.call = m.replace(q.call)
		q.mu.Unlock()
	case setVringKick:
		err := q.end()
		q.kick = m.replace(q.kick)
		return errors.Join(err, q.begin(mem))
	}
	return nil
}

// replace takes the file of a message in place of an old one.
func (m *message) replace(old *os.File) *os.File {
	if old != nil {
		old.Close()
	}
	if len(m.files) == 0 {
		return nil
	}
	f := m.files[0]
	m.files = m.files[1:]
	return f
}

// begin serves the queue, once QEMU has told all of it.
func (q *queue) begin(mem memory) error {
	if q.kick == nil {
		return nil
	}
	r, err := openRing(mem, q.size, q.next, q.desc, q.avail, q.used)
	if err == nil {
		err = errors.Join(q.dev.start(q.number), q.kick.SetReadDeadline(time.Time{}))
	}
	if err != nil {
		return err
	}
	q.ring = r
	q.work.Go(func() {
		if q.failed = q.serve(r, q.kick); q.failed != nil {
			q.broken()
		}
	})
	return nil
}

// serve answers requests until the queue is ended.
func (q *queue) serve(r *ring, kick *os.File) error {
	count := make([]byte, 8)
	for {
		if err := q.dev.serve(r, q.number); err != nil {
			return err
		}
		if err := q.notify(); err != nil {
			return err
		}
		if _, err := kick.Read(count); err != nil {
			return nil // the deadline of end
		}
	}
}

func (q *queue) notify() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.call == nil {
		return nil // the driver looks by itself
	}
	_, err := q.call.Write(binary.NativeEndian.AppendUint64(nil, 1))
	return err
}

// end waits until nobody serves the queue any more, and notes how far it came.
func (q *queue) end() error {
	if q.ring == nil {
		return nil
	}
	err := q.kick.SetReadDeadline(time.Unix(1, 0))
	q.dev.stop(q.number)
	q.work.Wait()
	q.next, q.ring = q.ring.done, nil
	return errors.Join(err, q.failed)
}

// close ends the queue and gives its files back.
func (q *queue) close() error {
	err := q.end()
	none := &message{}
	q.kick = none.replace(q.kick)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.call = none.replace(q.call)
	return err
}
