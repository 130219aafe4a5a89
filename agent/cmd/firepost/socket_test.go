package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A link where the control socket should be is not followed and not removed: it may lead to a
// socket that somebody else listens at. And the socket lets in its owner and its group alone.
func TestAnythingElseAtTheSocket(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "control.sock"), filepath.Join(dir, "other.sock")
	theirs, err := listenControl(other)
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	if err := os.Symlink(other, path); err != nil {
		t.Fatal(err)
	}
	if l, err := listenControl(path); err == nil || !strings.Contains(err.Error(), "is not a socket") {
		t.Errorf("a link: got %v, %v", l, err)
	}
	if to, err := os.Readlink(path); err != nil || to != other {
		t.Errorf("the link: got %q, %v", to, err)
	}
	info, err := os.Lstat(other)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode(); mode != os.ModeSocket|0o660 {
		t.Errorf("the socket has mode %v, want %v", mode, os.ModeSocket|0o660)
	}
}
