package main

import "golang.org/x/sys/unix"

// hideInput lets a terminal show nothing of what is typed, until restore; isTerminal is false when
// it is none.
func hideInput(fd int) (restore func(), isTerminal bool) {
	old, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return func() {}, false
	}
	hidden := *old
	hidden.Lflag &^= unix.ECHO
	if unix.IoctlSetTermios(fd, unix.TCSETS, &hidden) != nil {
		return func() {}, true
	}
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, old) }, true
}
