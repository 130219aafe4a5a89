package diag

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serveEventsCSV gives the newest events as a table for a spreadsheet.
func (p *Pages) serveEventsCSV(w http.ResponseWriter, r *http.Request) {
	n, ok := howMany(r.PathValue("n"))
	if !ok {
		http.Error(w, "write 1 to "+strconv.Itoa(mostEvents)+" events", http.StatusNotFound)
		return
	}
	s := p.src.Status()
	if s == nil {
		s = &Status{}
	}
	var b bytes.Buffer
	b.WriteString("\ufeff") // without it a spreadsheet takes Chinese for Latin
	row(&b, "seq", "at", "kind", "point", "zone", "output", "signal", "level", "fault", "alarm", "by",
		"operator", "reason", "text")
	for _, e := range newEventsJSON(s, p.src.Events(n)) {
		at, operator := "", ""
		if e.At != nil {
			at = e.At.Format(time.RFC3339)
		}
		if e.Operator > 0 {
			operator = strconv.Itoa(int(e.Operator))
		}
		row(&b, strconv.FormatUint(e.Seq, 10), at, e.Kind, string(e.Point), string(e.Zone),
			string(e.Output), e.Signal, e.Level, e.Fault, string(e.Alarm), e.By, operator, e.Reason,
			e.Text)
	}
	w.Header().Set("Content-Disposition", `attachment; filename="events.csv"`)
	send(w, "text/csv; charset=utf-8", b.Bytes())
}

// row writes one line. A text that a spreadsheet would take for a formula is made plain.
func row(b *bytes.Buffer, cells ...string) {
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		if strings.HasPrefix(c, "=") || strings.HasPrefix(c, "+") || strings.HasPrefix(c, "-") ||
			strings.HasPrefix(c, "@") {
			c = "'" + c
		}
		b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
	}
	b.WriteString("\r\n")
}
