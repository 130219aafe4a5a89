package probe

import (
	"time"

	"golang.org/x/sys/unix"
)

// kernelTime asks the kernel for its clock and who leads it.
func kernelTime() timeState {
	t := timeState{now: time.Now()}
	var x unix.Timex
	state, err := unix.Adjtimex(&x)
	if err == nil && state != unix.TIME_ERROR && x.Status&unix.STA_UNSYNC == 0 {
		t.synced, t.within = true, time.Duration(x.Esterror)*time.Microsecond
	}
	return t
}
