package catalog_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

var update = flag.Bool("update", false, "rewrite the table in drivers/README.md")

const (
	readme     = "../README.md"
	tableBegin = "<!-- table of the parts: go test ./drivers/catalog -update -->\n"
	tableEnd   = "<!-- end of the table -->\n"
)

// The table of parts in the README says what the descriptors say.
func TestReadmeTableIsTheCatalog(t *testing.T) {
	data, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(data), tableBegin)
	got, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		t.Fatalf("%s has no table between its two marks", readme)
	}
	want := table()
	if *update {
		text := before + tableBegin + want + tableEnd + after
		if err := os.WriteFile(readme, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("the table in %s is not the catalog's; run go test ./drivers/catalog -update and "+
			"read what changed", readme)
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("| model | good for | part | measures | on | a change is seen within | " +
		"shortest period, warm-up | life | cost | options |\n|---|---|---|---|---|---|---|---|---|---|\n")
	sensors := catalog.Sensors()
	for _, model := range slices.Sorted(maps.Keys(sensors)) {
		row(&b, sensors[model].Descriptor, sensors[model].Options, "what the options say")
	}
	outputs := catalog.Outputs()
	for _, model := range slices.Sorted(maps.Keys(outputs)) {
		row(&b, outputs[model].Descriptor, outputs[model].Options, "(switches)")
	}
	return b.String()
}

func row(b *strings.Builder, d drivers.Descriptor, options []catalog.Option, none string) {
	var channels, addresses, names []string
	for _, c := range d.Channels {
		channels = append(channels, fmt.Sprintf("%s %s…%s", c.Name, c.Quantity.Text(c.Min),
			c.Quantity.Text(c.Max)))
	}
	if len(channels) == 0 {
		channels = []string{none}
	}
	for _, a := range d.Addresses {
		addresses = append(addresses, fmt.Sprintf("%#x", a))
	}
	for _, o := range options {
		switch {
		case o.Required:
			names = append(names, "**"+o.Name+"**")
		case o.Default != "":
			names = append(names, o.Name+" ("+o.Default+")")
		default:
			names = append(names, o.Name)
		}
	}
	takes := "at once"
	switch {
	case d.Takes > 0:
		takes = d.Takes.String()
	case slices.ContainsFunc(options, func(o catalog.Option) bool { return o.Name == "adc" }):
		takes = "as its converter"
	}
	on := "a line"
	if len(addresses) > 0 {
		on = "I²C " + strings.Join(addresses, " ")
	}
	times := "—"
	if d.Period > 0 {
		times = d.Period.String()
	}
	if d.WarmUp > 0 {
		times += ", " + d.WarmUp.String()
	}
	fmt.Fprintf(b, "| `%s` | %s | %s. *%s* | %s | %s | %s | %s | %s | %s | %s |\n", d.Model, d.Use,
		d.Name, d.Source, strings.Join(channels, "<br>"), on, takes, times, cmp.Or(d.Life, "—"),
		strings.Repeat("€", int(d.Cost)), strings.Join(names, ", "))
}
