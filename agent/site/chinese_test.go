package site

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every warning and note that check can give is there in Chinese, and names the same in the same
// order.
func TestEveryWarningIsInChinese(t *testing.T) {
	verbs := regexp.MustCompile(`%[a-z]`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 3 {
				return true
			}
			to, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || to.Sel.Name != "odd" && to.Sel.Name != "note" {
				return true
			}
			text := constant(t, call.Args[2])
			used[text] = true
			want, got := verbs.FindAllString(text, -1), verbs.FindAllString(chinese[text], -1)
			if chinese[text] == "" || !slices.Equal(got, want) {
				t.Errorf("%s: %q is %q in Chinese", name, text, chinese[text])
			}
			return true
		})
	}
	for text := range chinese {
		if !used[text] {
			t.Errorf("nobody says %q", text)
		}
	}
}

// constant is the text that literals make.
func constant(t *testing.T, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return constant(t, e.X) + constant(t, e.Y)
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	t.Fatalf("%T is no literal", e)
	return ""
}
