package guard

import (
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// TimerFD returns a Beat whose owner is woken by a read that blocks in the kernel. It does not
// depend on the scheduler of Go to look at a timer, which a busy process does late. It falls back
// to package time when the kernel gives no timer.
func TimerFD() Beat {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC)
	if err != nil {
		return newTimerBeat()
	}
	b := &fdBeat{fd: fd, c: make(chan time.Time, 1), ended: make(chan struct{})}
	go b.read()
	return b
}

type fdBeat struct {
	fd      int
	c       chan time.Time
	stopped atomic.Bool
	ended   chan struct{} // closed when read has returned
}

func (b *fdBeat) C() <-chan time.Time { return b.c }

// Arm sets the timer. A time of zero would stop it, so that the shortest one is 1 ns.
func (b *fdBeat) Arm(d time.Duration) {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(max(d, 1).Nanoseconds())}
	if err := unix.TimerfdSettime(b.fd, 0, &spec, nil); err != nil {
		// Only a broken promise of ours gets here: the descriptor is open and the time is valid.
		panic(os.NewSyscallError("timerfd_settime", err))
	}
}

// Stop lets read return before it closes the timer: its number could be given to another file.
func (b *fdBeat) Stop() {
	b.stopped.Store(true)
	b.Arm(0)
	<-b.ended
	_ = unix.Close(b.fd)
}

func (b *fdBeat) read() {
	defer close(b.ended)
	var expired [8]byte
	for !b.stopped.Load() {
		if _, err := unix.Read(b.fd, expired[:]); err != nil {
			if errors.Is(err, unix.EINTR) {
				continue
			}
			panic(os.NewSyscallError("timerfd read", err)) // as in Arm
		}
		select {
		case b.c <- time.Now():
		default:
		}
		// The next read keeps the processor until the scheduler notices. Give it to the owner, who
		// runs now and on this very thread.
		runtime.Gosched()
	}
}
