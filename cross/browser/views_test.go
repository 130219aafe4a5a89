package browser

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"

	"github.com/chromedp/chromedp"
)

// story is one person at one page.
type story struct {
	*tab
	station *station
}

// view goes to one of the parts of the page.
func (s *story) view(id string) {
	s.t.Helper()
	s.click(`#views a[href="#` + id + `"]`)
	s.shows("#" + id)
}

func (s *story) attribute(css, name string) string {
	s.t.Helper()
	script := fmt.Sprintf("document.querySelector(%q)?.getAttribute(%q) ?? ''", css, name)
	text, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		s.t.Fatalf("%v: read %s of %s: %v", s.face, name, css, err)
	}
	return text
}

// language goes to the other language and back.
func (s *story) language() {
	own := s.attribute("html", "lang")
	s.click("a.lang")
	s.holds("the other language", fmt.Sprintf(`document.documentElement.lang != %q`, own))
	s.click("a.lang")
	s.holds("the own language", fmt.Sprintf(`document.documentElement.lang == %q`, own))
}

// calm is the page of an ordinary day.
func (s *story) calm() {
	s.view("duty")
	s.look("duty")
	s.view("effects")
	s.look("effects")
	s.view("line")
	s.look("line")
}

// points shows what is watched, and the past of one as a chart.
func (s *story) points() {
	s.view("points")
	s.look("points")
	s.click(`button.chart[data-point="smoke-1"]`)
	s.shows("dialog#chart canvas")
	s.look("chart")
	s.click("dialog#chart button.close")
	s.do("wait for the chart to close", chromedp.WaitNotVisible(chromedp.CSS("dialog#chart")))
}

// events filters and takes the list home.
func (s *story) events() {
	s.view("events")
	s.look("events")
	rows := s.export()
	if len(rows) < 5 {
		s.t.Errorf("%v: the export has %d rows", s.face, len(rows))
	}
}

// export reads the file behind the link.
func (s *story) export() [][]string {
	href := s.attribute(`#events a[href*="events.csv"]`, "href")
	resp, err := http.Get(s.station.url + href)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	// The mark at the begin is for a spreadsheet that would take Chinese for something else.
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		s.t.Fatalf("%v: export: %v", s.face, err)
	}
	return rows
}
