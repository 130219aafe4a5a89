package probe

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/firepost/firepost/agent/internal/diag"
	"github.com/firepost/firepost/agent/site"
)

// header is the one of 40 pins that a Raspberry Pi has had since the B+: for each pin the number of
// its line, or what else it is. It is that of the boards that copy it as well, where their lines
// have these names.
var header = [40]struct {
	gpio int // 0: none that a site file should use
	is   string
}{
	{0, "3.3 V"}, {0, "5 V"}, {2, "SDA"}, {0, "5 V"}, {3, "SCL"}, {0, "GND"}, {4, ""}, {14, "TXD"},
	{0, "GND"}, {15, "RXD"}, {17, ""}, {18, ""}, {27, ""}, {0, "GND"}, {22, ""}, {23, ""},
	{0, "3.3 V"}, {24, ""}, {10, "MOSI"}, {0, "GND"}, {9, "MISO"}, {25, ""}, {11, "SCLK"},
	{8, "CE0"}, {0, "GND"}, {7, "CE1"}, {0, "SDA 0"}, {0, "SCL 0"}, {5, ""}, {0, "GND"}, {6, ""},
	{12, ""}, {13, ""}, {0, "GND"}, {19, ""}, {16, ""}, {26, ""}, {20, ""}, {0, "GND"}, {21, ""},
}

// piChips are the labels of the chips whose lines are on that header, by their numbers.
var piChips = []string{"pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"}

// piBuses are the pins of a bus, by each of its names.
var piBuses = map[string][2]int{
	"i2c-1": {3, 5}, "/soc/i2c@7e804000": {3, 5}, "/axi/pcie@120000/rp1/i2c@74000": {3, 5},
	"i2c-0": {27, 28},
}

// fiveVolts are the parts that a supply of 3.3 V does not run, by their datasheets.
var fiveVolts = []string{"sps30", "sen50", "sen54", "sen55", "mq"}

// pinOf is the pin of a line on the header; 0: it is not on it, or nobody can tell.
func pinOf(line string) int {
	number := -1
	if text, ok := strings.CutPrefix(line, "P1_"); ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > len(header) {
			return 0
		}
		return n
	}
	chip, offset, placed := strings.Cut(line, ":")
	text, named := strings.CutPrefix(line, "GPIO")
	switch {
	case placed && slices.Contains(piChips, chip):
		number, _ = strconv.Atoi(offset)
	case named:
		number, _ = strconv.Atoi(text)
	}
	for i := range header {
		if number > 0 && header[i].gpio == number {
			return i + 1
		}
	}
	return 0
}

// sheet is the wiring of a site, as it is put together.
type sheet struct {
	strings.Builder
	words
	site *site.Site
	pins map[int]string // what hangs on a pin of the header
}

// Wiring is a plan for whoever connects the parts of a site: the header of the board pin by pin,
// then each line and each part with its address.
func Wiring(s *site.Site, chinese bool) string {
	t := &sheet{words: words(chinese), site: s, pins: map[int]string{}}
	wired := WiredOf(s)
	for _, w := range wired {
		if w.Line != "" {
			t.pins[pinOf(w.Line)] = w.Name
			continue
		}
		for _, pin := range piBuses[w.Spot.Root()] {
			t.pins[pin] = w.Spot.Root()
		}
	}
	delete(t.pins, 0)
	if len(t.pins) > 0 {
		t.drawHeader()
	}
	t.lines(wired)
	t.buses(wired)
	return t.String()
}

// drawHeader draws the header as it is seen from above, with what hangs on each pin.
func (t *sheet) drawHeader() {
	fmt.Fprintln(t, t.w("Header of 40 pins (Raspberry Pi), pin 1 above left:|"+
		"40 针排针（树莓派），左上为 1 号："))
	const room = 30
	for i := 0; i < len(header); i += 2 {
		left, right := t.pin(i+1), t.pin(i+2)
		fmt.Fprintf(t, "%s %2d | %-2d %s\n", rightOf(left, room), i+1, i+2, strings.TrimSpace(right))
	}
	fmt.Fprintln(t)
}

// rightOf puts s at the right end of so many columns.
func rightOf(s string, room int) string {
	fitted := diag.Fit(s, room)
	text := strings.TrimRight(fitted, " ")
	return fitted[len(text):] + text
}

// padded is s and a blank, and more of them to be so wide.
func padded(s string, columns int) string {
	if fitted := diag.Fit(s, columns); strings.TrimRight(fitted, " ") == s {
		return fitted + " "
	}
	return s + " "
}

// pin says what a pin is and what hangs on it.
func (t *sheet) pin(n int) string {
	h := header[n-1]
	name := h.is
	if h.gpio > 0 && (name == "" || t.pins[n] != "" && !strings.HasPrefix(name, "S")) {
		name = fmt.Sprintf("GPIO%d", h.gpio)
	}
	switch use := t.pins[n]; {
	case use != "" && n%2 == 1:
		return use + "  " + name
	case use != "":
		return name + "  " + use
	}
	return name
}

// lines lists what hangs on lines of the board.
func (t *sheet) lines(wired []Wired) {
	title := false
	for _, w := range wired {
		if w.Line == "" {
			continue
		}
		if !title {
			fmt.Fprintln(t, t.w("Lines:|线路："))
			title = true
		}
		at := "-"
		if n := pinOf(w.Line); n > 0 {
			at = t.w("pin %d|%d 号针", n)
		}
		head := "  " + padded(at, 7) + padded(w.Line, 7) + padded(w.Name, 15)
		t.WriteString(diag.Hung(head, w.Model+t.howLine(w)))
	}
	if title {
		fmt.Fprintln(t)
	}
}

// howLine says how a line is wired.
func (t *sheet) howLine(w Wired) string {
	opts := t.options(w)
	how := ""
	switch {
	case w.Model == "contact" && opts["abnormal"] == "high":
		how = t.w("; High is abnormal: from 3.3 V to the pin|；高电平为异常：接在 3.3 V 与该针之间")
	case w.Model == "contact":
		how = t.w("; closed is abnormal: from the pin to GND|；闭合为异常：接在该针与 GND 之间")
	case w.Output && opts["active"] == "low":
		how = t.w("; Low is on|；低电平为开")
	case w.Output:
		how = t.w("; High is on|；高电平为开")
	}
	switch opts["pull"] {
	case "up":
		how += t.w(", pulled up by the board|，由板上拉")
	case "down":
		how += t.w(", pulled down by the board|，由板下拉")
	}
	return how
}

// options are those of a sensor or output.
func (t *sheet) options(w Wired) map[string]string {
	for _, s := range t.site.Sensors {
		if s.Name == w.Name && !w.Output {
			return s.Options
		}
	}
	for _, o := range t.site.Outputs {
		if string(o.ID) == w.Name && w.Output {
			return o.Options
		}
	}
	return nil
}

// buses lists the parts on each bus, by their addresses.
func (t *sheet) buses(wired []Wired) {
	parts := slices.DeleteFunc(slices.Clone(wired), func(w Wired) bool { return w.Line != "" })
	slices.SortStableFunc(parts, func(a, b Wired) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Spot.Addr(), b.Spot.Addr()))
	})
	last := ""
	for _, w := range parts {
		if at := place(w); at != last {
			last = at
			t.bus(w, at)
		}
		volts := "3.3 V"
		if slices.Contains(fiveVolts, w.Model) {
			volts = "5 V"
		}
		head := fmt.Sprintf("  %#02x  ", w.Spot.Addr()) + padded(w.Model, 9) + padded(w.Name, 15)
		t.WriteString(diag.Hung(head, t.w("supply %s|供电 %s", volts)+t.howPart(w)))
	}
}

// place is the bus of a part, perhaps behind a switch.
func place(w Wired) string {
	at := w.Spot.String()
	return at[:strings.LastIndexByte(at, '/')]
}

func (t *sheet) bus(w Wired, at string) {
	text := at
	if pins, ok := piBuses[w.Spot.Root()]; ok {
		text += t.w(": SDA on pin %d, SCL on pin %d, and GND|：SDA 接 %d 号针，SCL 接 %d 号针，并接 GND",
			pins[0], pins[1])
	}
	t.WriteString(diag.Hung("", text))
}

// howPart says which of its pins a part is used with.
func (t *sheet) howPart(w Wired) string {
	opts := t.options(w)
	how := ""
	if channel := opts["channel"]; channel != "" {
		how = t.w(", input %s|，输入 %s", channel)
		if w.Output {
			how = t.w(", pin %s|，引脚 %s", channel)
		}
	}
	if s := opts["supply"]; s != "" {
		how += t.w(", its supply on input %s|，其供电接输入 %s", s)
	}
	if inputs := opts["inputs"]; inputs != "" {
		how += t.w(", pins %s|，引脚 %s", inputs)
	}
	for _, s := range t.site.Sensors {
		if s.Name == w.Name && s.Model != w.Model && !w.Output {
			how += ": " + s.Model
		}
	}
	return how
}
