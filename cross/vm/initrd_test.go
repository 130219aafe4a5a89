//go:build vm

package vm

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Where kernel.sh and boards.sh leave what they have fetched.
const (
	cache  = "../../.cache/vm/arm64"
	boards = "../../.cache/vm/boards"
)

// archive is a file system for a kernel to begin with, in the format that its documentation calls
// "newc" (driver-api/early-userspace/buffer-format).
type archive struct {
	out  bytes.Buffer
	seen []string
}

func (a *archive) entry(name string, mode uint32, data []byte) {
	fmt.Fprintf(&a.out, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		len(a.seen)+1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name)+1, 0, name)
	a.pad()
	a.out.Write(data)
	a.pad()
	a.seen = append(a.seen, name)
}

func (a *archive) pad() { a.out.Write(make([]byte, -a.out.Len()&3)) }

// add puts a file into the archive, with the folders above it.
func (a *archive) add(name string, data []byte) {
	if dir := path.Dir(name); dir != "." && !slices.Contains(a.seen, dir) {
		a.folder(dir)
	}
	a.entry(name, 0o100755, data)
}

func (a *archive) folder(name string) {
	if dir := path.Dir(name); dir != "." && !slices.Contains(a.seen, dir) {
		a.folder(dir)
	}
	a.entry(name, 0o040755, nil)
}

// initrd makes the first file system of a machine: the drivers of the kernel in a folder of the
// cache, programs by the file that holds them, and files by their text.
func initrd(t *testing.T, cache string, programs, files map[string]string) string {
	t.Helper()
	var a archive
	a.folder("dev") // the kernel opens the console before the first process can mount
	list := read(t, filepath.Join(cache, "modules/list"))
	a.add("lib/modules/list", list)
	for _, name := range strings.Fields(string(list)) {
		a.add("lib/modules/"+name, read(t, filepath.Join(cache, "modules", name)))
	}
	for name, file := range programs {
		a.add(name, read(t, file))
	}
	for name, text := range files {
		a.add(name, []byte(text))
	}
	a.entry("TRAILER!!!", 0, nil)
	file := filepath.Join(t.TempDir(), "initrd")
	if err := os.WriteFile(file, a.out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
