package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/provisioning"
)

type resetCmd struct {
	paths
	tongue
	identity, readings, all, yes bool
}

func prepareFactoryReset(f *pflag.FlagSet) action {
	c := &resetCmd{}
	f.BoolVar(&c.identity, "identity", false, "remove the key, the certificate and the claim")
	f.BoolVar(&c.readings, "readings", false, "remove what waits for the district, and its orders")
	f.BoolVar(&c.all, "all", false, "remove everything but the site file in /etc/firepost")
	f.BoolVar(&c.yes, "yes", false, "do not ask")
	c.paths.flag(f)
	c.tongue.flag(f)
	return c.run
}

// run removes what was asked for. Never while an alarm stands, nor beside an agent that runs.
func (c *resetCmd) run(o outlet, _ []string) error {
	if err := c.check(); err != nil {
		return err
	}
	if !c.identity && !c.readings && !c.all {
		return &exitError{2, "factory-reset needs --identity, --readings or --all"}
	}
	if _, err := os.Stat(c.dir); err != nil {
		return err
	}
	if err := actAsOwner(c.dir); err != nil {
		return err
	}
	release, err := lock(c.dir)
	defer release()
	if errors.Is(err, errLocked) {
		return c.running(err)
	}
	if err != nil {
		return err
	}
	if err := c.quiet(); err != nil {
		return err
	}
	device := provisioning.Loader{}.Standing(filepath.Join(c.dir, "identity")).Device
	if err := c.confirm(o, cmp.Or(device, "reset")); err != nil {
		return err
	}
	if err := c.remove(); err != nil {
		return err
	}
	fmt.Fprintln(o.out, c.say(alarm.Text{En: "Done.", Zh: "已完成。"}))
	if device != "" && !c.readings {
		fmt.Fprintf(o.out, c.say(alarm.Text{
			En: "Tell the control room to revoke %s: this box cannot.\n",
			Zh: "请通知指挥中心吊销 %s：本设备无法代为办理。\n"}), device)
	}
	return nil
}

// running says why nothing is reset beside an agent.
func (c *resetCmd) running(locked error) error {
	s := show{paths: c.paths, what: "status", json: true}
	body, err := s.get(c.client(), "")
	var is struct {
		Panel struct{ Alarms []json.RawMessage }
	}
	if err == nil && json.Unmarshal(body, &is) == nil && len(is.Panel.Alarms) > 0 {
		return errors.New(c.say(alarm.Text{En: "an alarm stands; nothing was reset",
			Zh: "有报警未结束，未执行恢复出厂"}))
	}
	return fmt.Errorf("%w; %s", locked, c.say(alarm.Text{
		En: "when no alarm stands: sudo systemctl stop firepost",
		Zh: "无报警时请先运行：sudo systemctl stop firepost"}))
}

// quiet refuses while the panel remembers an alarm, or nobody knows whether it does.
func (c *resetCmd) quiet() error {
	points, err := agent.Remembered(c.dir)
	if err != nil {
		return fmt.Errorf("%s: %w", c.say(alarm.Text{
			En: "it cannot be told whether an alarm stands; nothing was reset",
			Zh: "无法判断是否有报警，未执行恢复出厂"}), err)
	}
	var names []string
	for _, p := range points {
		names = append(names, string(p))
	}
	if len(names) > 0 {
		return fmt.Errorf(c.say(alarm.Text{
			En: "an alarm stands (%s); start the agent, end the alarm, then reset",
			Zh: "有报警未结束（%s）；请先启动主程序并结束报警"}), strings.Join(names, ", "))
	}
	return nil
}

// confirm lets a person type a word that nobody types by mistake.
func (c *resetCmd) confirm(o outlet, word string) error {
	if c.yes {
		return nil
	}
	fmt.Fprintf(o.err, c.say(alarm.Text{En: "This cannot be undone. Type %s to go on: ",
		Zh: "此操作不可撤销。请输入 %s 以继续："}), word)
	line, err := bufio.NewReader(io.LimitReader(os.Stdin, 64)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != word {
		return errors.New(c.say(alarm.Text{En: "nothing was reset", Zh: "未执行恢复出厂"}))
	}
	return nil
}

// remove deletes the files. The identity goes first: what is left by a power cut is then no box
// that another one could be taken for.
func (c *resetCmd) remove() error {
	if c.identity || c.all {
		if err := provisioning.Reset(filepath.Join(c.dir, "identity")); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		isReading := strings.HasPrefix(name, "outbox") || strings.HasPrefix(name, "ledger")
		if name == "lock" || !c.all && !(c.readings && isReading) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(c.dir, name)); err != nil {
			return err
		}
	}
	return nil
}
