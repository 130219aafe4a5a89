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

// screen is how large a terminal is; 0, 0: it does not know, as a serial line, or it is none.
func screen(fd int) (rows, columns int) {
	size, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	return int(size.Row), int(size.Col)
}
