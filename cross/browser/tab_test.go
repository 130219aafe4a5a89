package browser

import (
	"context"
	_ "embed" // what judges the page is part of the tests
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// axe judges whether everybody can use a page; testdata/axe.LICENSE is its licence.
//
//go:embed testdata/axe.min.js
var axe string

// screens is where the pictures are left.
const screens = "../../bin/screens"

// newBrowser starts a browser without a window, which ends with the test.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is missing: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path),
		chromedp.Flag("lang", "en"), chromedp.Flag("disable-dev-shm-usage", true))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it refuses to have one as root
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return ctx
}

// face is a language and a screen.
type face struct {
	lang          string
	width, height int64
}

func (f face) String() string { return fmt.Sprintf("%s-%d", f.lang, f.width) }

// tab is one page of the browser.
type tab struct {
	t *testing.T
	face
	ctx   context.Context
	shots int
}

// newTab opens a page of its own: other cookies, another screen.
func newTab(t *testing.T, browser context.Context, f face) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // the page lives as long as the context of its first call
		t.Fatalf("%v: %v", f, err)
	}
	b := &tab{t: t, face: f, ctx: ctx}
	b.do("a screen", chromedp.EmulateViewport(f.width, f.height))
	b.sayYes()
	if f.width < 1000 { // a phone is looked at in the dark, a screen in the light of a room
		b.dark()
	}
	return b
}

// sayYes answers what the page asks before it does something that matters.
func (b *tab) sayYes() {
	b.t.Helper()
	err := chromedp.Listen(b.ctx, func(event any) {
		if _, ok := event.(*page.EventJavascriptDialogOpening); !ok {
			return
		}
		go func() { // a listener must not wait
			yes := page.HandleJavaScriptDialogParams{Accept: true}
			_, err := chromedp.Call(b.ctx, page.HandleJavaScriptDialog, yes)
			if err != nil && b.ctx.Err() == nil {
				b.t.Errorf("%v: say yes: %v", b.face, err)
			}
		}()
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// do does something that must not take long.
func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.picture("failed")
		b.t.Fatalf("%v: %s: %v", b.face, what, err)
	}
}

func (b *tab) open(url string) { b.t.Helper(); b.do("open "+url, chromedp.Navigate(url)) }

// click presses the mouse where the first element of that selector is, once it stands still: what
// a click changes in the head moves all that is below.
func (b *tab) click(css string) {
	b.t.Helper()
	b.shows(css)
	b.holds(css+" stands still", fmt.Sprintf(`(() => {
		const box = document.querySelector(%q)?.getBoundingClientRect();
		const at = box && [box.x, box.y, box.width].join();
		const was = window.wasAt;
		if (!was || was.at !== at) window.wasAt = {at, since: Date.now()};
		return Boolean(at) && was?.at === at && Date.now() - was.since > 250;
	})()`, css))
	b.do("click "+css, chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible))
}

// fill types a text into a field that is empty.
func (b *tab) fill(css, text string) {
	b.t.Helper()
	b.do("fill "+css, chromedp.SendKeys(chromedp.CSS(css), text))
}

// shows waits until an element is to be seen.
func (b *tab) shows(css string) {
	b.t.Helper()
	b.do("wait for "+css, chromedp.WaitVisible(chromedp.CSS(css)))
}

// holds waits until a script says true.
func (b *tab) holds(what, script string) {
	b.t.Helper()
	for end := time.Now().Add(patience); ; <-time.After(50 * time.Millisecond) {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script))
		if err == nil && ok {
			return
		}
		if time.Now().After(end) {
			b.picture("failed")
			b.t.Fatalf("%v: not within %v: %s (%v)", b.face, patience, what, err)
		}
	}
}

// text is what is to be read in an element.
func (b *tab) text(css string) string {
	b.t.Helper()
	script := fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", css)
	s, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		b.t.Fatalf("%v: read %s: %v", b.face, css, err)
	}
	return s
}

// look takes a picture and has everything judged that is to be seen; nothing may be wider than the
// screen.
func (b *tab) look(name string) {
	b.t.Helper()
	b.picture(name)
	wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(() => {
	  const most = document.documentElement.clientWidth;
	  if (document.documentElement.scrollWidth <= most) return '';
	  return [...document.querySelectorAll('body *')].filter(
	    e => e.getBoundingClientRect().right > most + 1).slice(0, 3).map(
	    e => e.outerHTML.slice(0, 120)).join('\n') || 'something';
	})()`))
	if err != nil {
		b.t.Fatalf("%v: %s: %v", b.face, name, err)
	}
	if wide != "" {
		b.t.Errorf("%v: %s: wider than the screen:\n%s", b.face, name, wide)
	}
	b.judge(name)
}

func (b *tab) dark() {
	b.t.Helper()
	dark := emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, dark); err != nil {
		b.t.Fatal(err)
	}
}

// judge lets axe look at the page; what it calls serious or critical fails the test.
func (b *tab) judge(name string) {
	b.t.Helper()
	script := "if (!window.axe) {" + axe + "}\n0"
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](script)); err != nil {
		b.t.Fatalf("axe: %v", err)
	}
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
		`axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("axe: %s: %v", name, err)
	}
	var violations []struct {
		ID, Impact, Help string
		Nodes            []struct{ HTML, FailureSummary string }
	}
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range violations {
		if v.Impact != "serious" && v.Impact != "critical" {
			b.t.Logf("%v: %s: %s: %s", b.face, name, v.Impact, v.Help)
			continue
		}
		var nodes strings.Builder
		for _, n := range v.Nodes[:min(3, len(v.Nodes))] {
			fmt.Fprintf(&nodes, "\n  %s\n    %s", n.HTML, n.FailureSummary)
		}
		b.t.Errorf("%v: %s: %s: %s (%s), %d times%s", b.face, name, v.Impact, v.Help, v.ID,
			len(v.Nodes), nodes.String())
	}
}

// picture leaves a picture of the whole page.
func (b *tab) picture(name string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Logf("%v: picture %s: %v", b.face, name, err)
		return
	}
	b.shots++
	path := filepath.Join(screens, fmt.Sprintf("%v-%02d-%s.png", b.face, b.shots, name))
	if err := os.WriteFile(path, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
