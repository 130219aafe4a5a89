package alarm

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The judgement knows no clock, no goroutine, no lock, no file and no network: its packages import
// a handful of others, and take from package time nothing that looks at a clock.
func TestJudgementIsPure(t *testing.T) {
	allowed := map[string]bool{
		"cmp": true, "crypto/sha256": true, "encoding/hex": true, "errors": true, "fmt": true,
		"math/bits": true, "slices": true, "strconv": true, "strings": true, "time": true,
		"github.com/firepost/firepost/drivers":      true,
		"github.com/firepost/firepost/agent/point":  true,
		"github.com/firepost/firepost/agent/detect": true,
	}
	clock := map[string]bool{
		"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "Tick": true,
		"AfterFunc": true, "NewTimer": true, "NewTicker": true,
	}
	files, err := filepath.Glob("../[adp]*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, name := range files {
		dir := filepath.Base(filepath.Dir(name))
		judges := dir == "alarm" || dir == "detect" || dir == "point"
		if strings.HasSuffix(name, "_test.go") || !judges {
			continue
		}
		looked++
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if path, _ := strconv.Unquote(i.Path.Value); !allowed[path] {
				t.Errorf("%s imports %s", name, path)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt, *ast.ChanType, *ast.SelectStmt:
				t.Errorf("%s has a goroutine or a channel", name)
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && clock[n.Sel.Name] {
					t.Errorf("%s looks at a clock: time.%s", name, n.Sel.Name)
				}
			}
			return true
		})
	}
	if looked < 10 {
		t.Errorf("looked at %d files only", looked)
	}
}
