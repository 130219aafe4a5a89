//go:build !linux

package main

// hideInput knows no terminal here: a PIN is read as a line.
func hideInput(int) (restore func(), isTerminal bool) { return func() {}, false }
