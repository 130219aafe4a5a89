package tidy_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	module       = "github.com/firepost/firepost"
	root         = "../.."
	maxColumns   = 100
	maxFuncLines = 70
	maxFileLines = 400
)

// file is one Go file of the tree.
type file struct {
	path string // from the root
	room string // its package's path within the module; "." for the root
	test bool
	text []byte
	tree *ast.File
	set  *token.FileSet
}

// goFiles parses every Go file of the root module.
func goFiles(t *testing.T) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(path, d)
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, rel, text, parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, file{
			path: rel, room: filepath.ToSlash(filepath.Dir(rel)),
			test: strings.HasSuffix(rel, "_test.go"), text: text, tree: tree, set: set,
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("read %d files; the walk does not see the tree", len(files))
	}
	return files
}

// enter skips what is not part of the root module.
func enter(path string, d fs.DirEntry) error {
	if path == root {
		return nil
	}
	if strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules" {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

// Data flows one way: a package imports only what the table of the house lets it.
func TestImportsFollowTheTable(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		allowed, listed := rooms[f.room]
		if !listed {
			t.Errorf("%s: package %s is not in the import table", f.path, f.room)
			continue
		}
		for _, path := range imports(f) {
			own, ours := strings.CutPrefix(path, module+"/")
			if ours && own != f.room && !slices.Contains(allowed, own) {
				t.Errorf("%s: %s may not import %s", f.path, f.room, own)
			}
			for _, k := range keepers {
				if within(path, k.library) && !slices.Contains(k.rooms, f.room) {
					t.Errorf("%s: %s is imported by %v alone: %s", f.path, k.library, k.rooms, k.why)
				}
			}
		}
	}
}

// The table allows nothing that nobody uses: a door that is open for no one is no rule.
func TestTheTableAllowsNoMoreThanIsUsed(t *testing.T) {
	used := map[string]map[string]bool{}
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		if used[f.room] == nil {
			used[f.room] = map[string]bool{}
		}
		for _, path := range imports(f) {
			used[f.room][path] = true
		}
	}
	for room, allowed := range rooms {
		for _, a := range allowed {
			if !used[room][module+"/"+a] {
				t.Errorf("%s may import %s, and does not", room, a)
			}
		}
	}
	for _, k := range keepers {
		for _, room := range k.rooms {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(used[room])), func(path string) bool {
				return within(path, k.library)
			}) {
				t.Errorf("%s may import %s, and does not", room, k.library)
			}
		}
	}
}

func imports(f file) []string {
	var paths []string
	for _, spec := range f.tree.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err == nil {
			paths = append(paths, path)
		}
	}
	return paths
}

// within reports whether path is library or lies below it.
func within(path, library string) bool {
	return path == library || strings.HasPrefix(path, library+"/")
}

// The device's binary carries nothing of the simulator's and nothing that only tests need.
func TestTheDeviceLinksNoBroker(t *testing.T) {
	args := append([]string{"list", "-deps", "-f", "{{.ImportPath}}"}, deviceRooms...)
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, module+"/agent/alarm") {
		t.Fatal("go list does not name agent/alarm; the list is not what this test thinks")
	}
	for _, dep := range deps {
		for _, bad := range deviceFree {
			if within(dep, bad) {
				t.Errorf("the device would link %s", dep)
			}
		}
		if within(dep, module+"/firmware-sim") {
			t.Errorf("the device would link %s", dep)
		}
	}
}

var leftOver = regexp.MustCompile(`\b(TO[D]O|FIX[M]E|X{3}|HA[C]K)\b`) // which does not match itself

// Lines, functions and files stay short enough to read, and nothing is left for later.
func TestShape(t *testing.T) {
	for _, f := range goFiles(t) {
		for i, line := range bytes.Split(f.text, []byte("\n")) {
			if n := utf8.RuneCount(line); n > maxColumns {
				t.Errorf("%s:%d: %d columns, at most %d", f.path, i+1, n, maxColumns)
			}
			if leftOver.Match(line) {
				t.Errorf("%s:%d: left for later: %s", f.path, i+1, bytes.TrimSpace(line))
			}
		}
		if n := bytes.Count(f.text, []byte("\n")); n > maxFileLines && !f.test {
			t.Errorf("%s: %d lines, at most %d", f.path, n, maxFileLines)
		}
		for _, d := range f.tree.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := f.set.Position(fn.End()).Line - f.set.Position(fn.Pos()).Line + 1
			if n > maxFuncLines {
				t.Errorf("%s: func %s has %d lines, at most %d", f.path, fn.Name.Name, n, maxFuncLines)
			}
			if fn.Name.Name == "init" && fn.Recv == nil {
				t.Errorf("%s: func init: nothing happens by being imported", f.path)
			}
		}
	}
}

var junkNames = []string{"util", "utils", "common", "types", "helpers", "base", "misc"}

// Every package says what it is for, under a name that means something, and every exported name
// has a comment.
func TestNamesAreDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		documented[f.room] = documented[f.room] || f.tree.Doc != nil
		if slices.Contains(junkNames, f.tree.Name.Name) {
			t.Errorf("%s: package %s: name it after what it is for", f.path, f.tree.Name.Name)
		}
		if f.tree.Name.Name != "main" {
			undocumented(t, f)
		}
	}
	for room, ok := range documented {
		if !ok {
			t.Errorf("%s: no package comment", room)
		}
	}
}

func undocumented(t *testing.T, f file) {
	t.Helper()
	for _, d := range f.tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && exportedReceiver(d) && d.Doc == nil {
				t.Errorf("%s: func %s has no comment", f.path, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if name, ok := bare(d, s); ok {
					t.Errorf("%s: %s has no comment", f.path, name)
				}
			}
		}
	}
}

// exportedReceiver reports whether the function is not a method of an unexported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

// bare reports whether the specification exports a name without a comment on it or its group.
func bare(d *ast.GenDecl, s ast.Spec) (string, bool) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		return s.Name.Name, s.Name.IsExported() && s.Doc == nil && d.Doc == nil
	case *ast.ValueSpec:
		for _, n := range s.Names {
			if n.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
				return n.Name, true
			}
		}
	}
	return "", false
}
