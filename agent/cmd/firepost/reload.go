package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/alarm"
)

// reload is a command that lets the running agent read its site file again.
type reload struct {
	paths
	tongue
	json bool
}

func prepareReload(f *pflag.FlagSet) action {
	c := &reload{}
	c.paths.flag(f)
	c.tongue.flag(f)
	f.BoolVar(&c.json, "json", false, "print the answer as JSON")
	return c.run
}

func (c *reload) run(o outlet, _ []string) error {
	if err := c.check(); err != nil {
		return err
	}
	var got agent.Reloaded
	text, err := c.post("/reload", nil, &got)
	if err != nil {
		return err
	}
	if c.json {
		fmt.Fprint(o.out, text)
	} else {
		c.print(o.out, &got)
	}
	if !got.Done {
		return &exitError{1, ""}
	}
	return nil
}

// post asks the agent and reads its answer in JSON; text is the answer as it came.
func (p paths) post(path string, body io.Reader, into any) (text string, err error) {
	r, err := p.client().Post("http://firepost"+path, "application/json", body)
	return p.read(r, err, into)
}

func (p paths) get(path string, into any) (text string, err error) {
	r, err := p.client().Get("http://firepost" + path)
	return p.read(r, err, into)
}

func (p paths) read(r *http.Response, err error, into any) (text string, _ error) {
	if err != nil {
		return "", p.unreachable(err)
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(r.Body, mostAnswer))
	if err != nil {
		return "", err
	}
	if json.Unmarshal(answer, into) != nil {
		return "", errors.New(strings.TrimSpace(string(answer)))
	}
	return string(answer), nil
}

// reloadTexts say what came of a reload that was refused.
var reloadTexts = map[string]alarm.Text{
	agent.ReloadMistakes: {
		En: "the site file has mistakes; the one in use stays, and the panel says so",
		Zh: "现场配置文件有误，继续使用原配置，面板已提示故障",
	},
	agent.ReloadAlarm: {
		En: "parts or lines have changed, which needs a restart, and an alarm stands; reset it first",
		Zh: "部件或线路有变化，需要重启，但现有报警未复位，请先复位",
	},
	agent.ReloadRestart: {
		En: "parts or lines have changed; start the agent anew", Zh: "部件或线路有变化，请重启程序",
	},
	agent.ReloadNoFile: {
		En: "the agent was not told which file its site is from", Zh: "程序未指定现场配置文件",
	},
}

// print says what came of a reload.
func (c *reload) print(w io.Writer, got *agent.Reloaded) {
	for _, mistake := range got.Mistakes {
		fmt.Fprintln(w, mistake)
	}
	c.list(w, got.Changes)
	switch {
	case !got.Done:
		fmt.Fprintln(w, c.say(reloadTexts[got.Reason]))
	case got.Restart:
		fmt.Fprintln(w, c.say(alarm.Text{
			En: "parts or lines have changed: the agent starts anew with the site file",
			Zh: "部件或线路有变化：程序正按新的现场配置重启",
		}))
	case len(got.Changes) == 0:
		fmt.Fprintln(w, c.say(alarm.Text{En: "nothing has changed", Zh: "没有变化"}))
	default:
		fmt.Fprintln(w, c.say(alarm.Text{
			En: "in use, without a restart", Zh: "已生效，无需重启",
		}))
	}
}

// list prints changes, a line each; those that weaken begin with a mark.
func (t *tongue) list(w io.Writer, changes []agent.Change) {
	for _, x := range changes {
		mark := "  "
		if x.Weakens {
			mark = "! "
		}
		fmt.Fprintln(w, mark+t.say(alarm.Text{En: x.En, Zh: x.Zh}))
	}
}

// followHUP reads the site file again at each SIGHUP. What came of it is in the log and, of a file
// with mistakes, at the panel.
func followHUP(ctx context.Context, a *agent.Agent, log *slog.Logger) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
		}
		switch got, err := a.Reload(ctx); {
		case err != nil:
			log.Error("reload", "err", err)
		case !got.Done:
			log.Error("reload", "err", got.Reason)
		default:
			log.Info("reload", "hash", got.Hash, "restart", got.Restart)
		}
	}
}

// renewal is how the program starts itself anew.
type renewal struct {
	stop   context.CancelFunc
	wanted atomic.Bool
}

// ask ends the run, after which the program begins anew.
func (r *renewal) ask() {
	r.wanted.Store(true)
	r.stop()
}

// begin puts a new process in the place of this one, with the same number, so that whoever watches
// it sees no end. It returns only when it cannot, or was not asked to; err is what the run said.
func (r *renewal) begin(err error, log *slog.Logger) error {
	if !r.wanted.Load() {
		return err
	}
	if err != nil {
		log.Error("run", "err", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return fmt.Errorf("start anew: %w", syscall.Exec(self, os.Args, os.Environ()))
}
