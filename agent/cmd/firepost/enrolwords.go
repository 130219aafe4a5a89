package main

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/provisioning"
)

// What the ways of a stick say.
var (
	carriedOut = alarm.Text{
		En: "%s is written. On any computer with a network: firepost enrol --courier submit %s",
		Zh: "已写入 %s。请在任意联网电脑上运行：firepost enrol --courier submit %s",
	}
	carriedOn = alarm.Text{
		En: "%s is written. Back at the box: firepost enrol --courier in with the same folder.",
		Zh: "已写入 %s。回到设备上，用同一文件夹运行：firepost enrol --courier in。",
	}
	carriedIn = alarm.Text{
		En: "The certificate is on this box. It connects by itself once there is a network.",
		Zh: "证书已存入本设备。网络可用后会自动接入平台。",
	}
)

// titles are the names of the steps.
var titles = [provisioning.Steps]alarm.Text{
	{En: "clock", Zh: "时钟"}, {En: "key", Zh: "密钥"}, {En: "server", Zh: "服务器"},
	{En: "certificate", Zh: "证书"}, {En: "broker", Zh: "消息服务器"}, {En: "saved", Zh: "保存"},
}

// Columns of a step: the text begins at one and OK stands at the other, on a console of 80.
const (
	stepColumn = 20
	okColumn   = 76
)

// step is the line of one step.
func (c *enrolCmd) step(s provisioning.Step) string {
	title := titles[s.Number-1]
	head := fmt.Sprintf("  [%d/%d] %s", s.Number, provisioning.Steps, c.say(title))
	line := padded(head, stepColumn) + c.say(detailOf(s.Number, &s.Detail))
	return padded(line, okColumn) + "OK"
}

// padded fills a text up to a column; a Chinese character takes two.
func padded(text string, column int) string {
	wide := 0
	for _, r := range text {
		if wide++; r >= 0x2e80 {
			wide++
		}
	}
	return text + strings.Repeat(" ", max(column-wide, 1))
}

func detailOf(number int, d *provisioning.Detail) alarm.Text {
	both := func(en, zh string, values ...any) alarm.Text {
		return alarm.Text{En: fmt.Sprintf(en, values...), Zh: fmt.Sprintf(zh, values...)}
	}
	switch number {
	case 1:
		now := d.Now.Local().Format("2006-01-02 15:04")
		if d.IsSet {
			return both("%s", "%s", now)
		}
		return both("%s (estimated; no time server yet)", "%s（估计值，尚未校时）", now)
	case 2:
		if d.Made {
			return both("P-256 created on this device, never leaves it", "P-256，在本机生成，不会离开本机")
		}
		return both("P-256 of this device, as before", "P-256，沿用本机原有密钥")
	case 3:
		name := d.Server
		if u, err := url.Parse(d.Server); err == nil {
			name = u.Host
		}
		return both("%s, CA pin matches", "%s，CA 指纹一致", name)
	case 4:
		return both("%s, valid to %s", "%s，有效期至 %s", d.Device, d.Until.Format(time.DateOnly))
	case 5:
		return both("%s connected in %.1f s", "%s 已连接，用时 %.1f 秒", d.Broker, d.Took.Seconds())
	}
	return both("%s (owner only)", "%s（仅所有者可读）", d.Folder)
}

// words are a failure with its code.
func (t *tongue) words(f *provisioning.Failure) string {
	return f.Code + " " + t.say(alarm.Text{En: f.En, Zh: f.Zh})
}

// joined says that the box is enrolled.
func (c *enrolCmd) joined(s *provisioning.Standing) string {
	w := alarm.Text{En: "This box is now " + s.Device, Zh: "本设备现为 " + s.Device}
	if c.site != "" {
		w.En += " at site " + c.site
		w.Zh += "，站点 " + c.site
	}
	w.En += ". Next: firepost check"
	w.Zh += "。下一步：firepost check"
	return "  " + c.say(w)
}

// stands are the states in words.
var stands = map[provisioning.State]alarm.Text{
	provisioning.New:     {En: "not enrolled: no claim", Zh: "未注册：没有注册码"},
	provisioning.Claimed: {En: "has a claim, no certificate yet", Zh: "已有注册码，尚无证书"},
	provisioning.Pending: {En: "waits for approval", Zh: "等待批准"},
	provisioning.Issued: {En: "has a certificate that no broker has taken yet",
		Zh: "证书已签发，尚未接入平台"},
	provisioning.Active:  {En: "enrolled", Zh: "已注册"},
	provisioning.Expired: {En: "the certificate has ended", Zh: "证书已到期"},
	provisioning.Moved:   {En: "the card is of another box", Zh: "存储卡属于其他设备"},
	provisioning.Broken:  {En: "the identity is damaged", Zh: "身份文件有误"},
}

// standing is where enrolment stands, in a line or two.
func (c *enrolCmd) standing(s *provisioning.Standing) string {
	text := strings.TrimSpace(s.Device + " " + c.say(stands[s.State]))
	if !s.Asked.IsZero() {
		text += fmt.Sprintf(c.say(alarm.Text{En: " (asked %s)", Zh: "（%s 提交）"}),
			s.Asked.Local().Format("2006-01-02 15:04"))
	}
	if s.Failure != nil {
		text += "\n" + c.words(s.Failure)
	}
	return text
}
