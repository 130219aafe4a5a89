//go:build !linux

package board

import "syscall"

// nackError stands for EREMOTEIO, which is a number of Linux alone.
const nackError = syscall.EIO
