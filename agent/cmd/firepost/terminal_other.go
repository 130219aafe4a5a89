//go:build !linux

package main

// hideInput knows no terminal here: a PIN is read as a line.
func hideInput(int) (restore func(), isTerminal bool) { return func() {}, false }

// screen does not know here how large a terminal is.
func screen(int) (rows, columns int) { return 0, 0 }
