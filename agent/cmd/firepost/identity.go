package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/provisioning"
)

type identityCmd struct {
	enrolCmd
}

func prepareIdentityShow(f *pflag.FlagSet) action {
	c := &identityCmd{}
	f.BoolVar(&c.json, "json", false, "print it as JSON")
	c.paths.flag(f)
	c.tongue.flag(f)
	return c.show
}

// show prints who the box is.
func (c *identityCmd) show(o outlet, _ []string) error {
	if err := c.check(); err != nil {
		return err
	}
	s := provisioning.Loader{Built: buildTime()}.Standing(filepath.Join(c.dir, "identity"))
	if c.json {
		e := json.NewEncoder(o.out)
		e.SetIndent("", "  ")
		return e.Encode(s)
	}
	row := func(en, zh, value string) {
		if value != "" {
			fmt.Fprintln(o.out, padded(c.say(alarm.Text{En: en, Zh: zh}), 14)+value)
		}
	}
	row("state", "状态", strings.ReplaceAll(c.standing(&s), "\n", "\n              "))
	row("site", "站点", s.Site)
	row("claim", "注册码", s.Claim)
	row("district", "区域", s.Tenant)
	row("enrolment", "注册服务器", s.Server)
	if !s.Expires.IsZero() {
		days := alarm.Text{En: "%s to %s", Zh: "%s 至 %s"}
		text := fmt.Sprintf(c.say(days), day(s.Starts), day(s.Expires))
		if !s.Renews.IsZero() {
			text += fmt.Sprintf(c.say(alarm.Text{En: ", renewed from %s", Zh: "，%s 起续期"}), day(s.Renews))
		}
		row("certificate", "证书", text)
	}
	row("board", "主板", s.Hardware)
	return nil
}

func day(t time.Time) string { return t.Local().Format(time.DateOnly) }
