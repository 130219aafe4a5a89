package uplink

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// userTimeout is how long sent data may stay unconfirmed by the other side's TCP before the kernel
// gives the connection up. Without it a half-open connection lives for a quarter of an hour.
const userTimeout = 30 * time.Second

func setUserTimeout(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT,
			int(userTimeout.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
