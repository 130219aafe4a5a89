package diag

import (
	"bytes"
	"fmt"
	"html"
)

// lit is markup of our own. Only a constant becomes one without a conversion, so that what comes
// from outside cannot be taken for it by mistake.
type lit string

// markup is a page in the making. It is written by hand and not by html/template: a template calls
// methods by names that the linker cannot see, which keeps every exported method of every type in
// the program.
type markup struct{ bytes.Buffer }

// add writes form with a text in the place of each %s. Every text is escaped, wherever it comes
// from; form must quote its attributes, and have no place in a script, a style or an address.
func (m *markup) add(form lit, texts ...string) {
	escaped := make([]any, len(texts))
	for i, t := range texts {
		escaped[i] = html.EscapeString(t)
	}
	fmt.Fprintf(m, string(form), escaped...)
}

// addIf writes form if text is not empty.
func (m *markup) addIf(form lit, text string) {
	if text != "" {
		m.add(form, text)
	}
}

// small writes a text beneath another one.
func (m *markup) small(text string) { m.addIf(`<span class="small">%s</span>`, text) }

// raw writes what a machine said, for a technician.
func (m *markup) raw(text string) { m.addIf(`<span class="raw">%s</span>`, text) }
