package diag

import (
	_ "embed" // what the page needs is part of the program
	"net/http"
)

var (
	//go:embed assets/page.css
	pageCSS []byte
	//go:embed assets/page.js
	pageJS []byte
	//go:embed assets/course.js
	courseJS []byte
	//go:embed assets/icon.svg
	icon []byte
	// uPlot 1.6.32, as it is published; its licence is beside it.
	//
	//go:embed assets/uplot.js
	plotJS []byte
	//go:embed assets/uplot.css
	plotCSS []byte
)

// asset is a file of the page.
type asset struct {
	path, kind string
	body       []byte
}

func assets() []asset {
	const css, js = "text/css; charset=utf-8", "text/javascript; charset=utf-8"
	return []asset{
		{"page.css", css, pageCSS}, {"page.js", js, pageJS}, {"icon.svg", "image/svg+xml", icon},
		{"course.js", js, courseJS}, {"uplot.css", css, plotCSS}, {"uplot.js", js, plotJS},
	}
}

func (a asset) serve(w http.ResponseWriter, _ *http.Request) { send(w, a.kind, a.body) }
