package guard

import "time"

// Beat wakes its one owner. The guard, each writer and each bus have one of their own.
type Beat interface {
	// Arm asks for one tick after d, in place of the one asked for before. That one may still come.
	Arm(d time.Duration)
	// C gives the ticks. It holds one.
	C() <-chan time.Time
	// Stop ends the beat. Arm must not be called after it.
	Stop()
}

// timerBeat is a Beat from package time. A busy process may be told of a timer late; TimerFD is
// told by the kernel.
type timerBeat struct{ t *time.Timer }

func newTimerBeat() Beat {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return timerBeat{t}
}

func (b timerBeat) Arm(d time.Duration) { b.t.Reset(d) }
func (b timerBeat) C() <-chan time.Time { return b.t.C }
func (b timerBeat) Stop()               { b.t.Stop() }
