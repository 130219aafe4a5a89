package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

// Machine is a board that can be looked at.
type Machine interface {
	catalog.Board
	catalog.Lister
	// Find is the line of a name, as Line opens it. It requests nothing.
	Find(line string) (drivers.LineInfo, error)
}

// hardware is a site file and the board that it is to run on.
type hardware struct {
	Machine
	wired []Wired
}

// Board looks at what a site file needs of a board: its buses and lines, and whether behind each
// address is the part that the file names. No agent may run.
func Board(m Machine, s *site.Site) []Step {
	h := &hardware{m, WiredOf(s)}
	return []Step{
		{Name: "buses", Title: alarm.Text{En: "buses", Zh: "总线"}, Limit: 5 * time.Second,
			Blind: true, Run: func(context.Context) []Finding { return h.buses() }},
		{Name: "lines", Title: alarm.Text{En: "lines", Zh: "线路"}, Limit: 5 * time.Second,
			Blind: true, Run: func(context.Context) []Finding { return h.lines() }},
		{Name: "parts", Title: alarm.Text{En: "parts", Zh: "器件"}, Limit: time.Minute,
			Blind: true, Run: func(context.Context) []Finding { return h.parts() }},
	}
}

// roots are the buses of the board that the site file needs.
func (h *hardware) roots() (all []string) {
	for _, w := range h.wired {
		if w.Line == "" && !slices.Contains(all, w.Spot.Root()) {
			all = append(all, w.Spot.Root())
		}
	}
	return all
}

// buses tells which of them are there and can be opened.
func (h *hardware) buses() (found []Finding) {
	all, err := h.Buses()
	if err != nil {
		return one(Finding{Level: Failure, Says: both("%v", "%v", err)})
	}
	for _, root := range h.roots() {
		i := slices.IndexFunc(all, func(b drivers.BusInfo) bool {
			return root == b.Name || root == b.Adapter || root == b.Tree
		})
		switch {
		case i < 0:
			found = append(found, noBus(root))
		case all[i].Err != "":
			found = append(found, Finding{Level: Failure, Says: both("%s", "%s", all[i].Err)})
		case all[i].Adapter != "":
			found = append(found, good(both("%s is there: %s", "%s 存在：%s", root, all[i].Adapter))...)
		default:
			found = append(found, good(both("%s is there", "%s 存在", root))...)
		}
	}
	return found
}

// noBus is what to do where a bus is missing.
func noBus(bus string) Finding {
	return Finding{Code: "E201", Level: Failure,
		Says: both("%s is missing: I2C is switched off on this board, or its name is another one",
			"缺少 %s：本板未启用 I2C，或名称不同", bus),
		Do: alarm.Text{
			En: "firepost scan lists what there is. Raspberry Pi: sudo raspi-config nonint do_i2c 0; " +
				"Armbian: armbian-config, System, Hardware; else: enable i2c in the device tree; " +
				"then restart the board.",
			Zh: "firepost scan 列出现有总线。树莓派：sudo raspi-config nonint do_i2c 0；Armbian：" +
				"armbian-config，System，Hardware；其他：在设备树中启用 i2c；然后重启。"}}
}

// lines tells which of them are not there, or held by somebody else, or one under two names.
func (h *hardware) lines() (found []Finding) {
	free, names := 0, map[string]string{}
	for _, w := range h.wired {
		if w.Line == "" {
			continue
		}
		l, err := h.Find(w.Line)
		place := fmt.Sprintf("%s:%d", l.Chip, l.Offset)
		isNumbered := strings.HasPrefix(l.Chip, "gpiochip")
		switch other := names[place]; {
		case err != nil:
			found = append(found, Finding{Level: Failure,
				Says: both("%s: line %s: %v", "%s：线路 %s：%v", w.Name, w.Line, err),
				Do:   both("firepost scan lists the lines.", "firepost scan 列出全部线路。")})
			continue
		case other != "" && other != w.Line:
			found = append(found, Finding{Level: Failure, Says: both("%s: lines %s and %s are one",
				"%s：%s 与 %s 是同一条线路", w.Name, other, w.Line)})
		case l.User != "":
			found = append(found, Finding{Level: Failure,
				Says: both("%s: line %s is held by %s", "%s：线路 %s 被 %s 占用", w.Name, w.Line, l.User),
				Do: both("End that program, take its overlay out of the device tree, or choose "+
					"another line.", "请结束该程序、从设备树移除其 overlay，或改用其他线路。")})
		case isNumbered && strings.HasPrefix(w.Line, l.Chip+":"):
			found = append(found, Finding{Level: Note, Says: both(
				"%s: %s has a number that changes with kernels; write line = \"%s\"",
				"%s：%s 的编号会随内核变化，请写 line = \"%s\"", w.Name, l.Chip, l.Place())})
			free++
		default:
			free++
		}
		if isNumbered {
			names[place] = w.Line
		}
	}
	if free > 0 && len(found) == 0 {
		return good(both("all %d are there and free", "全部 %d 条存在且空闲", free))
	}
	return found
}

// parts tells whether behind each address is what the site file says.
func (h *hardware) parts() (found []Finding) {
	var seen []string
	for _, w := range h.wired {
		if at := w.Spot.String(); w.Line == "" && !slices.Contains(seen, at) {
			seen = append(seen, at)
			found = append(found, h.part(w))
		}
	}
	return found
}

func (h *hardware) part(w Wired) Finding {
	bus, err := w.Spot.Bus(h)
	if err != nil {
		return Finding{Level: Failure, Says: both("%s: %v", "%s：%v", w.Use(), err)}
	}
	if c, ok := bus.(io.Closer); ok {
		defer c.Close()
	}
	answers, guesses, err := catalog.Identify(bus, w.Spot.Addr(), time.Sleep)
	at := w.Spot.String()
	i := slices.IndexFunc(guesses, func(g catalog.Guess) bool { return g.Model == w.Model })
	switch {
	case err != nil:
		return Finding{Level: Failure, Says: both("%s: %v", "%s：%v", w.Use(), err)}
	case !answers:
		return Finding{Level: Failure,
			Says: both("%s: nobody answers at %s", "%s：地址 %s 无应答", w.Use(), at),
			Do: both("Check its power, its two wires and its address; firepost scan shows who "+
				"answers.", "请检查供电、两根信号线和地址；firepost scan 显示有应答的器件。")}
	case i >= 0 && guesses[i].Certainty == catalog.Possible:
		return Finding{Says: both("%s answers at %s", "%s 在 %s 有应答", w.Use(), at)}
	case i >= 0:
		return Finding{Says: both("%s answers at %s: %v", "%s 在 %s 有应答：%v", w.Use(), at,
			alarm.Text{En: guesses[i].Says, Zh: guesses[i].Zh})}
	case len(guesses) == 0:
		return Finding{Level: Warning,
			Says: both("%s: somebody answers at %s and does not look like one",
				"%s：地址 %s 有应答，但不像该型号", w.Use(), at),
			Do: both("Is it another part? If it is the right one, take its power off for a moment.",
				"是否为其他器件？若型号无误，请断电片刻。")}
	}
	return Finding{Level: Failure,
		Says: both("%s: at %s there is %v", "%s：地址 %s 上是 %v", w.Use(), at, named(guesses)),
		Do: both("Correct model in the site file, or fit the part that it names.",
			"请改正配置中的 model，或换上所写的器件。")}
}

func named(guesses []catalog.Guess) alarm.Text {
	var all []string
	for _, g := range guesses {
		all = append(all, g.Model)
	}
	return alarm.Text{En: strings.Join(all, " or "), Zh: strings.Join(all, " 或 ")}
}

// errNoUser is returned where the package was not installed.
var errNoUser = errors.New("unknown user")
