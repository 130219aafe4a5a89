package tidy_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the race detector is not asked about has nothing that it could find: no goroutine, and no
// lock or atomic for those of others. The parts below drivers are such rooms too.
func TestWhatIsNotRacedIsAlone(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?s)\nALONE +:= [^\n]*?/,(.*?)\)\n`).FindSubmatch(makefile)
	if list == nil {
		t.Fatal("the Makefile has no list ALONE")
	}
	alone := strings.Fields(strings.ReplaceAll(string(list[1]), "\\\n", " "))
	if len(alone) < 5 {
		t.Fatalf("ALONE is %q; the list is not read right", alone)
	}
	raced := []string{"drivers/board", "drivers/catalog"}
	for _, f := range goFiles(t) {
		part := strings.HasPrefix(f.room, "drivers/") && !slices.Contains(raced, f.room)
		if f.test || !part && !slices.Contains(alone, f.room) {
			continue
		}
		for _, path := range imports(f) {
			if path == "sync" || path == "sync/atomic" {
				t.Errorf("%s: %s imports %s and is not in RACED of the Makefile", f.path, f.room, path)
			}
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s: %s starts a goroutine and is not in RACED of the Makefile", f.path, f.room)
			}
			return true
		})
	}
}
