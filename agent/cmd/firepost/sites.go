package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/alarm"
)

// siteCmd is a command about the site files of the running agent.
type siteCmd struct {
	paths
	tongue
	json, text bool
}

func newSiteCmd(f *pflag.FlagSet) *siteCmd {
	c := &siteCmd{}
	c.paths.flag(f)
	c.tongue.flag(f)
	f.BoolVar(&c.json, "json", false, "print the answer as JSON")
	return c
}

func prepareSiteShow(f *pflag.FlagSet) action {
	c := newSiteCmd(f)
	f.BoolVar(&c.text, "text", false, "print the text of the pushed file, to write it by hand")
	return func(o outlet, _ []string) error { return c.ask(o, c.show) }
}

func prepareSiteDiff(f *pflag.FlagSet) action {
	c := newSiteCmd(f)
	return func(o outlet, _ []string) error { return c.ask(o, c.diff) }
}

// ask gets what the agent knows of its site files, and prints it.
func (c *siteCmd) ask(o outlet, print func(io.Writer, *agent.SiteFiles)) error {
	if err := c.check(); err != nil {
		return err
	}
	var got agent.SiteFiles
	text, err := c.get("/site", &got)
	if err != nil {
		return err
	}
	if c.json {
		fmt.Fprint(o.out, text)
		return nil
	}
	print(o.out, &got)
	return nil
}

// fromTexts say where the file in use is from.
var fromTexts = map[string]alarm.Text{
	"local":  {En: "the local file", Zh: "本地文件"},
	"pushed": {En: "a file of the district, based on the local one", Zh: "区域平台下发的文件（基于本地文件）"},
	"trial":  {En: "a file of the district, on trial", Zh: "区域平台下发的文件（试运行）"},
	"good": {
		En: "the copy of the last good one, because the local file is bad",
		Zh: "上一次有效配置的副本（本地文件有误）",
	},
}

// stageTexts say what has become of a pushed file.
var stageTexts = map[string]alarm.Text{
	"waiting": {En: "waits for a person of level 3", Zh: "等待三级人员确认"},
	"trial":   {En: "is on trial for 10 min", Zh: "试运行10分钟"},
	"kept":    {En: "was kept", Zh: "已采用"},
	"undone":  {En: "was undone", Zh: "已撤销"},
	"refused": {En: "was refused", Zh: "已拒绝"},
}

// whyTexts say why a pushed file does not count.
var whyTexts = map[string]alarm.Text{
	"new_fault":  {En: "a new fault", Zh: "出现新故障"},
	"no_uplink":  {En: "the district could not be reached", Zh: "无法连接区域平台"},
	"restarts":   {En: "the program started again and again", Zh: "程序反复重启"},
	"local_edit": {En: "the local file was edited", Zh: "本地文件已修改"},
	"person":     {En: "a person on site", Zh: "现场人员决定"},
	"unanswered": {En: "nobody came in time", Zh: "超时无人确认"},
}

// show says which site file counts, and why.
func (c *siteCmd) show(w io.Writer, f *agent.SiteFiles) {
	if c.text {
		if f.Offer != nil {
			fmt.Fprint(w, f.Offer.Text)
		}
		return
	}
	row := func(name alarm.Text, format string, args ...any) {
		fmt.Fprintf(w, "%s  %s\n", c.say(name), fmt.Sprintf(format, args...))
	}
	row(alarm.Text{En: "in use ", Zh: "使用中"}, "%s  %s", f.Hash, c.say(fromTexts[f.From]))
	row(alarm.Text{En: "local  ", Zh: "本地  "}, "%s  %s", pad(f.Base), f.Local)
	o := f.Offer
	if o == nil {
		return
	}
	said := c.say(stageTexts[o.Stage])
	if o.Reason != "" {
		said += ": " + c.say(whyTexts[o.Reason])
	}
	if o.By != 0 {
		said += fmt.Sprintf(c.say(alarm.Text{En: ", operator %d", Zh: "，人员 %d"}), o.By)
	}
	row(alarm.Text{En: "pushed ", Zh: "下发  "}, "%s  %s", o.Hash, said)
	row(alarm.Text{En: "command", Zh: "命令  "}, "%s", o.ID)
	row(alarm.Text{En: "base   ", Zh: "基于  "}, "%s", o.Base)
}

// pad stands in for the hash of a file that cannot be read.
func pad(hash string) string {
	if hash == "" {
		return "----------------"
	}
	return hash
}

// diff says what the pushed file changes.
func (c *siteCmd) diff(w io.Writer, f *agent.SiteFiles) {
	if f.Offer == nil {
		fmt.Fprintln(w, c.say(alarm.Text{
			En: "the district has pushed no site file", Zh: "区域平台没有下发现场配置",
		}))
		return
	}
	fmt.Fprintf(w, c.say(alarm.Text{En: "site file %.6s:\n", Zh: "现场配置 %.6s：\n"}), f.Offer.Hash)
	c.list(w, f.Offer.Changes)
	if len(f.Offer.Changes) == 0 {
		fmt.Fprintln(w, c.say(alarm.Text{En: "nothing changes", Zh: "没有变化"}))
	}
}

func prepareSiteAccept(f *pflag.FlagSet) action   { return decision(f, agent.SiteAccept) }
func prepareSiteRefuse(f *pflag.FlagSet) action   { return decision(f, agent.SiteRefuse) }
func prepareSiteRollback(f *pflag.FlagSet) action { return decision(f, agent.SiteRollback) }

// decisionTexts say what was done.
var decisionTexts = map[string]alarm.Text{
	agent.SiteAccept: {En: "accepted; on trial for 10 min", Zh: "已接受，试运行10分钟"},
	agent.SiteRefuse: {En: "refused", Zh: "已拒绝"},
}

// rolledBack says what a rollback has taken back.
func (c *siteCmd) rolledBack() alarm.Text {
	var f agent.SiteFiles
	if _, err := c.get("/site", &f); err == nil && f.Offer != nil && f.Offer.Stage == "waiting" {
		return alarm.Text{
			En: fmt.Sprintf("taken back: the local file counts again; another file of the district, "+
				"%.6s, still waits", f.Offer.Hash),
			Zh: fmt.Sprintf("已撤销：本地文件重新生效；区域平台的另一文件 %.6s 仍在等待确认", f.Offer.Hash),
		}
	}
	if f.From == "pushed" {
		return alarm.Text{
			En: "taken back: the trial is over; the file of the district before it counts again",
			Zh: "已撤销：试运行结束；此前区域平台下发的文件重新生效",
		}
	}
	return alarm.Text{
		En: "taken back: the local file counts again", Zh: "已撤销：本地文件重新生效",
	}
}

// otherFile says which file waits.
func (c *siteCmd) otherFile() alarm.Text {
	var f agent.SiteFiles
	if _, err := c.get("/site", &f); err != nil || f.Offer == nil {
		return siteHints[agent.SiteNothing]
	}
	return alarm.Text{
		En: fmt.Sprintf("the file that waits is %.6s; read firepost site diff first, then accept "+
			"that one", f.Offer.Hash),
		Zh: fmt.Sprintf("等待确认的是 %.6s；请先看 firepost site diff，再接受该文件", f.Offer.Hash),
	}
}

// siteHints say what to do when a decision has no effect.
var siteHints = map[string]alarm.Text{
	agent.SiteNothing: {
		En: "there is nothing to decide; firepost site show tells what is there",
		Zh: "没有待处理的配置，可用 firepost site show 查看",
	},
	agent.SiteAlarmed:  {En: "an alarm stands; reset it first", Zh: "有报警未复位，请先复位"},
	agent.SiteExercise: {En: "a drill or a walk test runs; end it first", Zh: "演练或巡检测试进行中，请先结束"},
	agent.SiteEdited: {
		En: "the local file was edited since; the district must push anew",
		Zh: "本地文件已修改，需区域平台重新下发",
	},
	agent.SiteOperator: {
		En: "the site file names no operator of level 3; add one, or write the file yourself: " +
			"firepost site show --text",
		Zh: "现场配置中没有三级人员；请先添加，或用 firepost site show --text 自行写入",
	},
}

// decision is a command of a person of level 3 about a pushed file.
func decision(f *pflag.FlagSet, what string) action {
	c := newSiteCmd(f)
	d := agent.SiteDecision{Action: what}
	f.Uint8Var(&d.Operator, "operator", 0, "number of the operator of level 3 who decides; the PIN "+
		"is asked for, or taken from "+pinEnv)
	return func(o outlet, args []string) error {
		if err := c.check(); err != nil {
			return err
		}
		if what == agent.SiteAccept {
			d.Hash = args[0]
		}
		if d.Operator == 0 {
			return &exitError{2, f.Name() + " needs --operator, the number of one of level 3"}
		}
		ans, text, err := c.decide(&d)
		if err == nil && ans.Reason == agent.ReasonPINNeeded {
			prompt := fmt.Sprintf(c.say(pinPrompt), d.Operator)
			if d.PIN, err = readPIN(o, prompt); err == nil {
				ans, text, err = c.decide(&d)
			}
		}
		switch {
		case err != nil:
			return err
		case c.json:
			fmt.Fprint(o.out, text)
			if !ans.Done {
				return &exitError{1, ""}
			}
			return nil
		case ans.Done && what == agent.SiteRollback:
			fmt.Fprintln(o.out, c.say(c.rolledBack()))
			return nil
		case ans.Done:
			fmt.Fprintln(o.out, c.say(decisionTexts[what]))
			return nil
		case ans.Reason == agent.SiteOther:
			return &exitError{1, c.say(c.otherFile())}
		}
		if hint, ok := siteHints[ans.Reason]; ok {
			return &exitError{1, c.say(hint)}
		}
		return &exitError{1, c.because(ans.Reason)}
	}
}

func (c *siteCmd) decide(d *agent.SiteDecision) (ans agent.Answer, text string, err error) {
	body, err := json.Marshal(d)
	if err == nil {
		text, err = c.post("/site", bytes.NewReader(body), &ans)
	}
	return ans, text, err
}
