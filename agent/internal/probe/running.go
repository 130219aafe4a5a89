package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
)

// Running is what an agent that runs says of itself.
type Running struct {
	Alive bool
	Sim   bool
	Site  struct{ ID, Name, Hash, Rejected string }
	Panel *struct {
		Points []struct{ ID, Name string }
		Faults []struct{ Code, Point, Detail string }
	}
	Buses []struct {
		Name   string
		Polled bool
	}
	Link struct {
		Broker    string
		Connected bool
		Since     *time.Time
	}
	Clock struct {
		Now     *time.Time
		Quality string
		Error   float64 `json:"error_seconds"`
	}
	Identity struct{ State, Device, Tenant string }
	Build    struct{ Version string }
}

// mostStatus bounds what is read of an agent.
const mostStatus = 4 << 20

// Ask asks the agent behind client, which speaks over its control socket.
func Ask(ctx context.Context, client *http.Client) (*Running, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://firepost/status.json", nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New(answer.Status)
	}
	var is Running
	err = json.NewDecoder(io.LimitReader(answer.Body, mostStatus)).Decode(&is)
	if err != nil {
		return nil, fmt.Errorf("status: %w", err)
	}
	return &is, nil
}

// Steps puts what the agent said into findings: that it is at work, its clock, its line, and each
// fault that stands.
func (r *Running) Steps() []Step {
	step := func(name, en, zh string, run func() []Finding) Step {
		return Step{
			Name: name, Title: alarm.Text{En: en, Zh: zh}, Limit: time.Second,
			Run: func(context.Context) []Finding { return run() },
		}
	}
	return []Step{
		step("agent", "agent", "主程序", r.agent), step("clock", "clock", "时钟", r.clock),
		step("district", "district", "区域平台", r.district),
		step("fault", "fault", "故障", r.faults),
	}
}

func (r *Running) agent() []Finding {
	if !r.Alive || r.Panel == nil {
		return one(Finding{Level: Failure,
			Says: both("the agent runs and its panel does not", "主程序在运行，但报警控制未工作"),
			Do: both("sudo systemctl restart firepost; then journalctl -u firepost",
				"sudo systemctl restart firepost；再查看 journalctl -u firepost")})
	}
	found := good(both("version %s watches %s (%s): %d points", "版本 %s 正在监视 %s（%s）：%d 个点位",
		r.Build.Version, r.Site.Name, r.Site.Hash, len(r.Panel.Points)))
	for _, n := range r.Polled() {
		found = append(found, Finding{Level: Note, Says: n})
	}
	return found
}

// Polled tells which lines have no interrupts.
func (r *Running) Polled() (all []alarm.Text) {
	for _, b := range r.Buses {
		if b.Polled {
			all = append(all, both("%s: it has no interrupts, so it is asked every 20 ms; what hangs "+
				"on it is seen that much later", "%s：无中断，每 20 毫秒查询一次；其上的变化会晚这么久被发现",
				strings.TrimPrefix(b.Name, "line:")))
		}
	}
	return all
}

func (r *Running) clock() []Finding {
	if r.Clock.Quality == "none" || r.Clock.Now == nil {
		return nil // the fault says so
	}
	return good(both("%s, quality %s", "%s，质量 %s",
		r.Clock.Now.Format("2006-01-02 15:04:05 -07:00"), r.Clock.Quality))
}

func (r *Running) district() []Finding {
	switch {
	case r.Link.Broker == "":
		return nil // the fault says so
	case r.Link.Connected && r.Link.Since != nil:
		return good(both("%s connected to %s since %s", "%s 已连接 %s，自 %s 起", r.Identity.Device,
			r.Link.Broker, r.Link.Since.Local().Format("2006-01-02 15:04:05")))
	}
	return one(Finding{Level: Warning,
		Says: both("not connected to %s", "未连接到 %s", r.Link.Broker),
		Do: both("firepost status says why; the steps of the way are tried by firepost check while "+
			"no agent runs", "原因见 firepost status；主程序停止时 firepost check 会逐步检查")})
}

// faults are those of the panel, in the words of its catalogue.
func (r *Running) faults() (found []Finding) {
	if r.Panel == nil {
		return nil
	}
	for _, f := range r.Panel.Faults {
		k := alarm.Fault(detect.FaultCode(f.Code))
		says := k.Says
		if f.Point != "" {
			says = both("%s: %v", "%s：%v", f.Point, says)
		}
		if f.Detail != "" {
			says = both("%v (%s)", "%v（%s）", says, f.Detail)
		}
		level := Warning
		if blind(detect.FaultCode(f.Code)) {
			level = Failure
		}
		found = append(found, Finding{Level: level, Says: says, Do: k.Do})
	}
	return found
}

// blind tells whether with a fault a danger would not be seen, or nobody would hear of it.
func blind(code detect.FaultCode) bool {
	switch code {
	case detect.SensorFailed, detect.SensorSilent, detect.SensorRange, detect.RuleBroken,
		detect.LineOpen, detect.LineShort, alarm.BusHung, alarm.BusMissing, alarm.OutputFailed:
		return true
	}
	return false
}
