package browser

import (
	"context"
	"os"
	"testing"
)

// cast is what all tests share: a browser, and the programs.
type cast struct {
	browser context.Context
	programs
}

// The page does in a real browser what it promises.
func TestPage(t *testing.T) {
	if err := os.MkdirAll(screens, 0o755); err != nil {
		t.Fatal(err)
	}
	c := &cast{newBrowser(t), build(t)}
	for _, f := range []face{
		{"zh", 1280, 800}, {"en", 1280, 800}, {"zh", 360, 740}, {"en", 360, 740},
	} {
		run(t, "EveryTaskByClicking/"+f.String(), func(t *testing.T) { c.everyTask(t, f) })
	}
	run(t, "OutlivesTheProgram", c.outlivesTheProgram)
	run(t, "LoadsSoon", c.loadsSoon)
}

// run runs a test beside the others: most of their time they wait.
func run(t *testing.T, name string, fn func(*testing.T)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		fn(t)
	})
}
