package guard

import (
	"testing"
	"time"
)

// A timer of the kernel ticks once for each Arm and not before its time, and can be stopped while
// it waits.
func TestTimerFDTicks(t *testing.T) {
	b := TimerFD()
	if _, ok := b.(*fdBeat); !ok {
		t.Fatal("the kernel gave no timer")
	}
	for _, d := range []time.Duration{0, time.Millisecond, -time.Second, 20 * time.Millisecond} {
		began := time.Now()
		b.Arm(d)
		<-b.C()
		if took := time.Since(began); took < d {
			t.Errorf("got a tick after %v, want %v", took, d)
		}
	}
	b.Arm(time.Hour)
	b.Stop()
	select {
	case <-b.C(): // the tick that let the read return
	default:
	}
}
