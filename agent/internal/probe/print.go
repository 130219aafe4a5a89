package probe

import (
	"fmt"
	"io"
	"strings"

	"github.com/firepost/firepost/agent/internal/diag"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

// words picks the language of what is printed.
type words bool

// w picks from "English|中文" and puts args in the places of its verbs.
func (chinese words) w(text string, args ...any) string {
	en, zh, _ := strings.Cut(text, "|")
	if chinese {
		return fmt.Sprintf(zh, args...)
	}
	return fmt.Sprintf(en, args...)
}

// Print writes what a scan found, for people.
func (h Hardware) Print(out io.Writer, chinese bool) {
	w, lines := words(chinese), ""
	for _, b := range h.Buses {
		head := b.Name
		for _, more := range []string{b.Adapter, b.Tree} {
			if more != "" {
				head += "  " + more
			}
		}
		fmt.Fprint(out, diag.Hung("", head))
		for _, p := range b.Parts {
			fmt.Fprint(out, diag.Hung("  "+p.Address+"  ", p.words(w)))
			if p.Site != "" && p.Use == "" {
				lines += "\n" + p.Site
			}
		}
		if b.Err != "" {
			fmt.Fprint(out, diag.Hung("  ", b.Err))
		} else if len(b.Parts) == 0 {
			fmt.Fprintln(out, w.w("  nobody answers|  无器件应答"))
		}
	}
	if len(h.Buses) == 0 && h.Err == "" {
		fmt.Fprint(out, diag.Hung("", w.w("There is no I²C bus: switch one on (Raspberry Pi: sudo "+
			"raspi-config nonint do_i2c 0; Armbian: armbian-config), then restart the board.|"+
			"没有 I²C 总线：请启用（树莓派：sudo raspi-config nonint do_i2c 0；Armbian："+
			"armbian-config），然后重启。")))
	}
	printLines(out, h.Lines, w)
	if h.Err != "" {
		fmt.Fprint(out, diag.Hung("", h.Err))
	}
	if lines != "" {
		fmt.Fprintf(out, "\n%s\n%s", w.w("# For the site file:|# 可粘贴到站点配置文件："), lines)
	}
}

// words says who is at an address.
func (p Part) words(w words) string {
	var all []string
	if p.Use != "" {
		all = append(all, p.Use)
	}
	switch {
	case p.Kernel != "":
		all = append(all, w.w("a driver of the kernel has it: %s|内核驱动占用：%s", p.Kernel))
	case len(p.Guesses) == 0 && p.Use == "":
		all = append(all, w.w("answers; no part of the catalog|有应答；不是目录中的器件"))
	case len(p.Guesses) == 0:
		all = append(all, w.w("in use, not asked|使用中，未询问"))
	}
	models := catalog.Sensors()
	for i, g := range p.Guesses {
		says, sure := g.Says, g.Certainty
		if w {
			says, sure = g.Zh, map[string]string{
				"sure": "确定", "likely": "很可能", "possible": "可能"}[sure]
		}
		text := fmt.Sprintf("%s, %s: %s", g.Model, sure, says)
		if name := models[g.Model].Descriptor.Name; name != "" {
			text = fmt.Sprintf("%s (%s), %s: %s", g.Model, name, sure, says)
		}
		if i > 0 {
			text = w.w("or %s|或 %s", text)
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// printLines writes each line that has a name or a user; the others of a chip in one line.
func printLines(out io.Writer, all []drivers.LineInfo, w words) {
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Chip == all[0].Chip {
			n++
		}
		chip := all[:n]
		all = all[n:]
		fmt.Fprintln(out, strings.TrimSpace(chip[0].Chip+"  "+chip[0].Label))
		plain := 0
		for _, l := range chip {
			if l.Name == "" && l.User == "" {
				plain++
				continue
			}
			use := w.w("free|空闲")
			if l.User != "" {
				use = w.w("held by %s|由 %s 占用", l.User)
			}
			way := w.w("input|输入")
			if l.Output {
				way = w.w("output|输出")
			}
			fmt.Fprintf(out, "  %4d  %s %s, %s\n", l.Offset, diag.Fit(l.Place(), 22), way, use)
		}
		if plain > 0 {
			last := drivers.LineInfo{Chip: chip[0].Chip, Label: chip[0].Label, Offset: n - 1}
			fmt.Fprintln(out, w.w("  %d lines without a name; write them like %s|"+
				"  %d 条线路没有名称，写作 %s", plain, last.Place()))
		}
	}
}
