//go:build !linux

package uplink

import "syscall"

// setUserTimeout does nothing where the kernel has no such option: the write deadline and the
// stall rule find a dead connection as well, only later.
func setUserTimeout(_, _ string, _ syscall.RawConn) error { return nil }
