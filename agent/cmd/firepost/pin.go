package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// pinEnv may hold the PIN of an operator. It is never an argument: every user of the box can see
// those.
const pinEnv = "FIREPOST_PIN"

// readPIN takes a PIN from the environment, or asks for it at the terminal, or reads a line.
func readPIN(o outlet, prompt string) (string, error) {
	if pin := os.Getenv(pinEnv); pin != "" {
		return pin, nil
	}
	restore, isTerminal := hideInput(int(os.Stdin.Fd()))
	if isTerminal {
		fmt.Fprint(o.err, prompt)
		defer fmt.Fprintln(o.err)
		defer restore()
	}
	line, err := bufio.NewReader(io.LimitReader(os.Stdin, 64)).ReadString('\n')
	if line = strings.TrimSpace(line); line != "" {
		return line, nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("PIN: %w", err)
	}
	return "", errors.New("a PIN is needed: type it, or give it in " + pinEnv)
}

// newPIN takes a new PIN, twice where a person types it unseen.
func newPIN(o outlet) (string, error) {
	pin, err := readPIN(o, "new PIN, 4 to 12 digits: ")
	if err != nil || os.Getenv(pinEnv) != "" {
		return pin, err
	}
	restore, isTerminal := hideInput(int(os.Stdin.Fd()))
	restore()
	if !isTerminal {
		return pin, nil
	}
	again, err := readPIN(o, "again: ")
	if err == nil && again != pin {
		err = errors.New("the two PINs differ")
	}
	return pin, err
}
