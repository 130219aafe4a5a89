package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/provisioning"
)

type labelCmd struct {
	paths
	tongue
	form, out string
}

func prepareLabel(f *pflag.FlagSet) action {
	c := &labelCmd{}
	f.StringVar(&c.form, "form", "text", "text for a console, or svg or html for paper")
	f.StringVar(&c.out, "out", "", "write it to this `FILE`")
	c.paths.flag(f)
	c.tongue.flag(f)
	return c.run
}

// run draws the label of this box, or of the work order that a claim is for.
func (c *labelCmd) run(o outlet, args []string) error {
	if err := c.check(); err != nil {
		return err
	}
	label, err := c.ofBox()
	if len(args) > 0 {
		label, err = c.ofClaim(args[0])
	}
	if err != nil {
		return err
	}
	draw := map[string]func() (string, error){
		"text": label.Terminal, "svg": label.SVG, "html": label.HTML,
	}[c.form]
	if draw == nil {
		return &exitError{2, fmt.Sprintf("--form %s is unknown; write text, svg or html", c.form)}
	}
	text, err := draw()
	if err != nil {
		return err
	}
	if c.out != "" {
		return os.WriteFile(c.out, []byte(text), 0o600) // A claim is as good as a key.
	}
	_, err = fmt.Fprint(o.out, text)
	return err
}

// ofBox is what is stuck on the box: its name, as the district knows it.
func (c *labelCmd) ofBox() (*provisioning.Label, error) {
	s := provisioning.Loader{Built: buildTime()}.Standing(filepath.Join(c.dir, "identity"))
	if s.Device == "" {
		return nil, errors.New(c.say(alarm.Text{
			En: "this box has no name yet; enrol it, or give a claim for the label of a work order",
			Zh: "本设备尚无编号；请先注册，或给出注册码文件以打印工单标签"}))
	}
	l := &provisioning.Label{Title: s.Device, Code: s.Device}
	if s.Tenant != "" {
		l.Lines = append(l.Lines, c.say(alarm.Text{En: "District: ", Zh: "区域："})+s.Tenant)
	}
	l.Lines = append(l.Lines, c.say(alarm.Text{En: "Local fire alarm. Do not switch off.",
		Zh: "现场火灾报警设备，请勿断电。"}))
	return l, nil
}

// ofClaim is what an installer gets: the claim, to scan or to type.
func (c *labelCmd) ofClaim(path string) (*provisioning.Label, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	claim, err := provisioning.ParseClaim(data)
	var f *provisioning.Failure
	if errors.As(err, &f) {
		return nil, errors.New(c.words(f))
	}
	if err != nil {
		return nil, err
	}
	if claim.District.Enrol == "" {
		return nil, errors.New(c.say(alarm.Text{En: "a code alone does not tell where to enrol; give " +
			"the claim file", Zh: "仅有注册码无法得知注册服务器；请给出注册码文件"}))
	}
	l := &provisioning.Label{Title: claim.Code, Code: claim.URI()}
	if claim.Site != "" {
		l.Lines = append(l.Lines, c.say(alarm.Text{En: "Site: ", Zh: "站点："})+claim.Site)
	}
	l.Lines = append(l.Lines, claim.District.Enrol)
	if !claim.Expires.IsZero() {
		l.Lines = append(l.Lines, c.say(alarm.Text{En: "Valid to ", Zh: "有效期至 "})+day(claim.Expires))
	}
	l.Lines = append(l.Lines, c.say(alarm.Text{En: "For one box, once. Keep it like a key.",
		Zh: "仅限一台设备使用一次，请像钥匙一样保管。"}))
	return l, nil
}
