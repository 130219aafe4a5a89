package site_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/site"
)

// part is a [[sensor]].
func part(name, model, keys string) string {
	return fmt.Sprintf("[[sensor]]\nname = %q\nmodel = %q\n%s\n", name, model, keys)
}

// Two parts that hear the same address are a mistake that names both and says what to write. Parts
// that a switch keeps apart are none.
func TestPartsThatHearEachOtherAreRefused(t *testing.T) {
	const head = "[site]\nid = \"s\"\n"
	sht := func(name, keys string) string { return part(name, "sht4x", keys) }
	for _, c := range []struct{ name, parts, want string }{
		{"another address is free", sht("a", "") + sht("b", ""),
			`sensor "b": it is the same part as sensor "a" on line 3; remove one, for a sensor may ` +
				`feed many points; if there are two parts, give sensor "b" another address, such as ` +
				`address = "0x45"`},
		{"two models", part("dust", "sps30", "") + part("eye", "amg8833", ""),
			`sensor "eye": i2c-1/0x69 is already sensor "dust" of model "sps30" on line 3; give ` +
				`sensor "eye" another address, such as address = "0x68"`},
		{"two models, the other gives way", part("eye", "amg8833", "") + part("dust", "sps30", ""),
			`give sensor "eye" another address, such as address = "0x68"`},
		{"no address is free", part("dust", "sps30", "") + part("air", "sen55", ""),
			`neither has a free address: put one of them on another bus, or behind a PCA9548 and ` +
				`write bus = "i2c-1/mux-0x70/0" there`},
		{"before and behind a switch", sht("a", "") + sht("b", `bus = "i2c-1/mux-0x70/0"`),
			`sensor "b": i2c-1/mux-0x70/0/0x44 answers together with i2c-1/0x44, sensor "a" on ` +
				`line 3, when a switch between them is open; give sensor "b" another address, such ` +
				`as address = "0x45"`},
		{"behind two switches", sht("a", `bus = "i2c-1/mux-0x70/0"`) +
			sht("b", `bus = "i2c-1/mux-0x71/1"`), `answers together with i2c-1/mux-0x70/0/0x44`},
		{"on two channels", sht("a", `bus = "i2c-1/mux-0x70/0"`) +
			sht("b", `bus = "i2c-1/mux-0x70/1"`), ""},
		{"on two buses", sht("a", `bus = "i2c-0"`) + sht("b", ""), ""},
		{"the address of its own switch", part("air", "bme280", "") +
			sht("b", `bus = "i2c-1/mux-0x76/1"`),
			`sensor "b": the switch that it is behind has the address of sensor "air" on line 3; ` +
				`give sensor "air" another address, such as address = "0x77"`},
		{"the address of a switch", sht("b", `bus = "i2c-1/mux-0x76/1"`) + part("air", "bme280", ""),
			`sensor "air": it has the address of the switch that sensor "b" on line 3 is behind; ` +
				`give sensor "air" another address, such as address = "0x77"`},
		{"another type of the part", part("pins", "pcf8574", `address = "0x38"`) +
			part("air", "aht20", ""), `give sensor "pins" another address, such as address = "0x39"`},
		{"the other one is a switch's", part("x", "bme280", "") +
			sht("b", `bus = "i2c-1/mux-0x77/1"`) + part("y", "bme280", ""),
			`neither has a free address: put one of them on another bus`},
		{"no channel", sht("b", `bus = "i2c-1/mux-0x70/8"`),
			`write it like bus = "i2c-1/mux-0x70/3", with an address from 0x70 to 0x77 and a ` +
				`channel from 0 to 7`},
		{"an output behind a switch", "[[output]]\nid = \"lamp\"\nkind = \"beacon\"\n" +
			"model = \"mcp23017\"\nchannel = \"1\"\nbus = \"i2c-1/mux-0x70/1\"\n",
			`put it on the bus itself: write bus = "i2c-1"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := site.Parse("site.toml", []byte(head+c.parts))
			switch {
			case c.want == "" && err != nil && strings.Contains(err.Error(), "address"):
				t.Errorf("got:\n%v\nwant none about addresses", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got:\n%v\nwant in it:\n%s", err, c.want)
			}
		})
	}
}

// A pin of an expander is a contact or an output. One that both want is refused wherever they stand
// in the file, with what to write: an output that is not told of a contact pulls it Low for ever.
func TestAPinIsAContactOrAnOutput(t *testing.T) {
	output := func(model, keys string) string {
		return fmt.Sprintf("[[output]]\nid = \"lamp\"\nkind = \"lamp\"\nmodel = %q\n%s\n", model, keys)
	}
	for _, c := range []struct{ name, model, sensor, output, want string }{
		{"outputs left out", "pcf8574", `inputs = "0-2"`, `channel = "3"`,
			`output "lamp": outputs: pins 0-2 are inputs of sensor "x" on line LINE; ` +
				`write outputs = "3-7"`},
		{"one pin too many", "pcf8574", `inputs = "0, 2-4, 6"`, "channel = 1\noutputs = \"1, 6-7\"",
			`outputs: pin 6 is an input of sensor "x" on line LINE; write outputs = "1, 7"`},
		{"a proposal has the pin itself", "pcf8574", `inputs = "0-2"`,
			"channel = 3\noutputs = \"0\"", `write outputs = "3"`},
		{"the pin of the output", "pcf8574", `inputs = "0-3"`, "channel = 3\noutputs = \"3-7\"",
			`output "lamp": channel: pin 3 is an input of sensor "x" on line LINE; take another ` +
				`pin, or write inputs = "0-2" there`},
		{"no pin would be left", "pcf8574", "inputs = 3", `channel = "3"`, "; take another pin\n"},
		{"all by default", "pcf8574", "", `channel = "3"`, `write inputs = "0-2, 4-7" there`},
		{"mcp23017", "mcp23017", `inputs = "0-6"`, `channel = "3"`,
			`output "lamp": channel: pin 3 is an input of sensor "x" on line LINE; take another ` +
				`pin, or write inputs = "0-2, 4-6" there`},
		{"mcp23017 by default", "mcp23017", "", "channel = 14", `write inputs = "0-6, 8-13" there`},
		{"apart", "mcp23017", `inputs = "0-6"`, "channel = 7", ""},
		{"apart by words", "pcf8574", `inputs = "0-2"`, "channel = 3\noutputs = \"3-7\"", ""},
		{"two chips", "pcf8574", `inputs = "0-2"`, "channel = 3\naddress = \"0x21\"", ""},
		{"inputs have a mistake of their own", "mcp23017", `inputs = "x"`, "channel = 3", ""},
		{"outputs have a mistake of their own", "pcf8574", "inputs = 0",
			"channel = 3\noutputs = \"x\"", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			contacts, lamp := part("x", c.model, c.sensor), output(c.model, c.output)
			for _, file := range []string{contacts + lamp, lamp + contacts} {
				line := 1 + strings.Count(file[:strings.Index(file, "[[sensor]]")], "\n")
				want := strings.ReplaceAll(c.want, "LINE", fmt.Sprint(line))
				_, err := site.Parse("site.toml", []byte(file))
				got := fmt.Sprintln(err)
				if want == "" && strings.Contains(got, "input") && strings.Contains(got, "of sensor") {
					t.Errorf("got:\n%swant nothing about pins of both", got)
				}
				if !strings.Contains(got, want) {
					t.Errorf("got:\n%swant in it:\n%s", got, want)
				}
			}
		})
	}
}

// Outputs share an expander as long as each has a pin of its own and all of them say the same of
// the chip. What would fail when it is opened, or switch a neighbour off, is refused before.
func TestOutputsOfOneChipAgree(t *testing.T) {
	for _, c := range []struct{ name, first, second, want string }{
		{"apart", "mcp23017 channel=1", "mcp23017 channel=2", ""},
		{"one pin", "mcp23017 channel=1", "mcp23017 channel=1",
			`output "b": pin 1 of i2c-1/0x20 is already output "a" on line 3; give each its own`},
		{"two models at one address", "mcp23017 channel=1", "pcf8574 channel=2",
			`output "b": i2c-1/0x20 is already output "a" of model "mcp23017" on line 3; give ` +
				`output "b" another address, such as address = "0x21"`},
		{"apart on a pcf8574", "pcf8574 channel=1", "pcf8574 channel=2", ""},
		{"the same pins, written in two ways", "pcf8574 channel=1 outputs=0-3",
			"pcf8574 channel=2 outputs=0,1,2,3", ""},
		{"other pins", "pcf8574 channel=1 outputs=0-1", "pcf8574 channel=2 outputs=2-3",
			`output "b": outputs: output "a" on line 3 is of the same part and has "0-1"; write ` +
				`outputs = "0-3" in both`},
		{"not among its outputs", "pcf8574 channel=5 outputs=0-3", "mcp23017 channel=2 address=0x21",
			`site.toml:7: output "a": channel: pin 5 is not among outputs "0-3"; write outputs = ` +
				`"0-3, 5", or take another pin`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := site.Parse("site.toml", []byte("[site]\nid = \"s\"\n"+
				outputOf("a", c.first)+outputOf("b", c.second)))
			got := fmt.Sprintln(err)
			if c.want == "" && strings.Contains(got, "0x20") || !strings.Contains(got, c.want) {
				t.Errorf("got:\n%swant in it:\n%s", got, c.want)
			}
		})
	}
}

// outputOf is an [[output]] with a model and its options, as in "pcf8574 channel=1".
func outputOf(id, words string) string {
	model, options, _ := strings.Cut(words, " ")
	text := fmt.Sprintf("[[output]]\nid = %q\nkind = \"lamp\"\nmodel = %q\n", id, model)
	for _, word := range strings.Fields(options) {
		key, value, _ := strings.Cut(word, "=")
		text += fmt.Sprintf("%s = %q\n", key, value)
	}
	return text
}

// Buses that are named in two ways are worth a word: two parts on one of them could clash unseen.
func TestBusesNamedInTwoWaysAreOdd(t *testing.T) {
	for _, c := range []struct {
		a, b string
		odd  bool
	}{
		{"i2c-1", "/soc/i2c@7e804000", true}, {"bcm2835 (i2c@7e804000)", "i2c-0", true},
		{"/soc/i2c@7e804000", "/soc/i2c@7e205000/mux-0x70/1", false}, {"i2c-1", "/dev/i2c-0", false},
	} {
		s, err := site.Parse("site.toml", []byte("[site]\nid = \"s\"\n"+
			"[[point]]\nid = \"heat\"\nclass = \"heat\"\nfrom = \"a.temperature\"\n"+
			part("a", "sht4x", fmt.Sprintf("bus = %q", c.a))+
			part("b", "sht4x", fmt.Sprintf("bus = %q\naddress = \"0x45\"", c.b))))
		if err != nil {
			t.Fatal(err)
		}
		if odd := strings.Contains(s.Warnings.Error(), "name all buses in the same way"); odd != c.odd {
			t.Errorf("%s and %s: got\n%v", c.a, c.b, s.Warnings)
		}
	}
}
