package provisioning

import (
	"fmt"
	"html"
	"strings"

	"rsc.io/qr"
)

// Label is what is stuck on a box, or printed on the work order of its installer: a QR code with
// some lines beside it.
type Label struct {
	Title string
	Lines []string
	Code  string // what the QR code holds
}

// quiet is the light margin of a QR code on a screen, in modules; paper has the four of ISO 18004.
const (
	quietScreen = 2
	quietPaper  = 4
)

// Terminal draws the label for a console with a dark background, two modules above each other in a
// character. A claim takes 49 columns and 25 lines, which a serial console of 80 by 25 can show.
func (l *Label) Terminal() (string, error) {
	code, err := qr.Encode(l.Code, qr.L)
	if err != nil {
		return "", fmt.Errorf("label: %w", err)
	}
	var b strings.Builder
	size := code.Size
	isLight := func(x, y int) bool {
		return x < 0 || y < 0 || x >= size || y >= size || !code.Black(x, y)
	}
	for y := -quietScreen; y < size+quietScreen; y += 2 {
		for x := -quietScreen; x < size+quietScreen; x++ {
			switch top, bottom := isLight(x, y), isLight(x, y+1); {
			case top && bottom:
				b.WriteString("█")
			case top:
				b.WriteString("▀")
			case bottom:
				b.WriteString("▄")
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	for _, line := range append([]string{l.Title}, l.Lines...) {
		b.WriteString(line + "\n")
	}
	return b.String(), nil
}

// SVG draws the label for paper, 90 by 40 mm.
func (l *Label) SVG() (string, error) {
	code, err := qr.Encode(l.Code, qr.M)
	if err != nil {
		return "", fmt.Errorf("label: %w", err)
	}
	size := code.Size
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" width="90mm" height="40mm" ` +
		`viewBox="0 0 90 40">` + "\n" + `<rect width="90" height="40" fill="#fff"/>` + "\n")
	fmt.Fprintf(&b, `<path transform="scale(%.5f)" d="`, 40/float64(size+2*quietPaper))
	for y := range size {
		for x := range size {
			if code.Black(x, y) {
				fmt.Fprintf(&b, "M%d,%dh1v1h-1z", x+quietPaper, y+quietPaper)
			}
		}
	}
	b.WriteString("\"/>\n")
	fmt.Fprintf(&b, `<g font-family="sans-serif" font-size="3"><text x="41" y="8" font-size="4" `+
		`font-weight="bold">%s</text>`+"\n", html.EscapeString(l.Title))
	for i, line := range l.Lines {
		fmt.Fprintf(&b, `<text x="41" y="%d">%s</text>`+"\n", 14+5*i, html.EscapeString(line))
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String(), nil
}

// HTML is a page to print with the label on it.
func (l *Label) HTML() (string, error) {
	svg, err := l.SVG()
	if err != nil {
		return "", err
	}
	return "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>" + html.EscapeString(l.Title) +
		"</title>\n<style>@page{margin:10mm}body{margin:0}svg{border:.2mm dashed #999}</style>\n" +
		svg, nil
}
