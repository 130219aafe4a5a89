package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/provisioning"
)

// exitAgain is EX_TEMPFAIL of sysexits.h: it goes on by itself, or may be tried again.
const exitAgain = 75

// packageDistrict is where the package of a district says where its boxes belong.
const packageDistrict = "/etc/firepost/district.toml"

type enrolCmd struct {
	paths
	tongue
	claim, district, courier                        string
	replace, again, status, noWait, json, isVerbose bool

	box  provisioning.Enroller
	site string
	told int // the last step that was printed
}

func prepareEnrol(f *pflag.FlagSet) action {
	c := &enrolCmd{}
	f.StringVar(&c.claim, "claim", "", "claim: a `FILE`, a code or the text of a QR code")
	f.StringVar(&c.district, "district", "", "district.toml `FILE` for a claim that is a code alone")
	f.BoolVar(&c.replace, "replace", false, "join anew, with a new key: for a card of another board")
	f.BoolVar(&c.again, "again", false, "take a new claim though the certificate still holds")
	f.BoolVar(&c.status, "status", false, "only say where enrolment stands")
	f.StringVar(&c.courier, "courier", "", "`WAY` of a stick in the folder that follows, for a site "+
		"without a network: out, submit (on any computer) or in")
	f.BoolVar(&c.noWait, "no-wait", false, "do not wait for the approval of the control room")
	f.BoolVar(&c.isVerbose, "verbose", false, "print what is behind a failure")
	f.BoolVar(&c.json, "json", false, "print where it then stands as JSON")
	c.paths.flag(f)
	c.tongue.flag(f)
	return c.run
}

func (c *enrolCmd) run(o outlet, args []string) error {
	if err := c.check(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	arg := ""
	if len(args) > 0 {
		arg = args[0]
	}
	if c.courier != "" {
		return c.carry(ctx, o, arg)
	}
	if arg != "" && c.claim != "" {
		return &exitError{2, "enrol takes one claim; leave out --claim or the argument"}
	}
	if c.claim == "" {
		c.claim = arg
	}
	c.open(o)
	if !c.status {
		if err := c.take(); err != nil {
			return c.failed(o, err)
		}
		return c.advance(ctx, o)
	}
	s := c.box.Standing(c.box.Dir)
	if c.json {
		return c.print(o, s)
	}
	fmt.Fprintln(o.out, c.standing(&s))
	return nil
}

// open prepares the enroller.
func (c *enrolCmd) open(o outlet) {
	c.box = provisioning.Enroller{
		Loader: provisioning.Loader{Built: buildTime()}, Dir: filepath.Join(c.dir, "identity"),
		Districts: []string{packageDistrict},
		Tell: func(s provisioning.Step) {
			if !c.json && s.Number > c.told {
				c.told = s.Number
				fmt.Fprintln(o.out, c.step(s))
			}
		},
	}
	if c.district != "" {
		c.box.Districts = []string{c.district}
	}
	if c.isVerbose {
		c.box.Log = newLog(o, false)
	}
}

// take reads the claim and gives it to the box. Then the process is no longer root: what the
// identity folder holds is the owner's of the state directory.
func (c *enrolCmd) take() error {
	var claim *provisioning.Claim
	if c.claim != "" {
		text := []byte(c.claim)
		if data, err := os.ReadFile(c.claim); err == nil {
			text = data
		} else if strings.ContainsAny(c.claim, "./") && !strings.Contains(c.claim, ":") {
			return err
		}
		var err error
		if claim, err = provisioning.ParseClaim(text); err != nil {
			return err
		}
	}
	if err := actAsOwner(c.dir); err != nil {
		return err
	}
	s := c.box.Standing(c.box.Dir)
	c.box.Sim = s.Simulated
	if claim == nil {
		c.site = s.Site
		return nil
	}
	c.box.Sim = claim.District.Sim
	mode := provisioning.First
	switch {
	case c.replace:
		mode = provisioning.Replace
	case c.again:
		mode = provisioning.Again
	}
	c.site = claim.Site
	err := c.patiently(func() error { return c.box.Accept(claim, mode) })
	if errors.Is(err, provisioning.ErrEnrolled) {
		return nil
	}
	return err
}

// patiently waits for an agent that enrols the box in this moment.
func (c *enrolCmd) patiently(fn func() error) error {
	for end := time.Now().Add(busyTime); ; {
		err := fn()
		if !errors.Is(err, provisioning.ErrBusy) || time.Now().After(end) {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// busyTime is longer than any attempt of an agent.
const busyTime = 2 * time.Minute

// advance goes on until the box is enrolled or something else must happen first. It waits for the
// approval of the control room, unless it was told not to.
func (c *enrolCmd) advance(ctx context.Context, o outlet) error {
	told := false
	for {
		var s provisioning.Standing
		err := c.patiently(func() (err error) {
			s, err = c.box.Advance(ctx)
			return err
		})
		switch {
		case err != nil:
			return c.failed(o, err)
		case s.State == provisioning.New:
			return &exitError{2, c.say(alarm.Text{En: "no claim; write firepost enrol CLAIM",
				Zh: "没有注册码；请运行 firepost enrol 注册码"})}
		case s.State != provisioning.Pending || c.noWait || c.json:
			return c.end(o, s)
		}
		if !told {
			told = true
			fmt.Fprintln(o.out, c.words(s.Failure))
		}
		select {
		case <-ctx.Done():
			return &exitError{exitAgain, ""}
		case <-time.After(s.Wait):
		}
	}
}

// end says where the box stands.
func (c *enrolCmd) end(o outlet, s provisioning.Standing) error {
	if c.json {
		if err := c.print(o, s); err != nil {
			return err
		}
	}
	if s.Failure != nil {
		if c.json {
			return &exitError{exitOf(s.Failure), ""}
		}
		return c.failed(o, s.Failure)
	}
	if !c.json {
		fmt.Fprintln(o.out, c.joined(&s))
	}
	return nil
}

func (c *enrolCmd) print(o outlet, s provisioning.Standing) error {
	e := json.NewEncoder(o.out)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

// failed says why it does not go on.
func (c *enrolCmd) failed(o outlet, err error) error {
	var f *provisioning.Failure
	if !errors.As(err, &f) {
		return err
	}
	if c.isVerbose && f.Err != nil {
		fmt.Fprintln(o.err, f.Err)
	}
	return &exitError{exitOf(f), c.words(f)}
}

func exitOf(f *provisioning.Failure) int {
	if f.Passing {
		return exitAgain
	}
	return 1
}

// carry is one of the ways of a stick.
func (c *enrolCmd) carry(ctx context.Context, o outlet, folder string) error {
	if folder == "" {
		return &exitError{2, "enrol --courier needs the folder of the stick behind it"}
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	c.open(o)
	c.box.Tell = nil
	switch c.courier {
	case "out":
		if err := c.take(); err != nil {
			return c.failed(o, err)
		}
		path, err := c.box.CourierOut(folder)
		if err != nil {
			return c.failed(o, err)
		}
		fmt.Fprintf(o.out, c.say(carriedOut)+"\n", path, folder)
	case "submit":
		done, err := provisioning.CourierSubmit(ctx, folder, c.box.Log)
		for _, path := range done {
			fmt.Fprintf(o.out, c.say(carriedOn)+"\n", path)
		}
		if err != nil {
			return c.failed(o, err)
		}
	case "in":
		c.claim = ""
		if err := c.take(); err != nil {
			return c.failed(o, err)
		}
		if _, err := c.box.CourierIn(folder); err != nil {
			return c.failed(o, err)
		}
		fmt.Fprintln(o.out, c.say(carriedIn))
	default:
		return &exitError{2, fmt.Sprintf("--courier %s is unknown; write out, submit or in", c.courier)}
	}
	return nil
}

// actAsOwner gives up the rights of root for those of the owner of the state directory: a file that
// root leaves there could not be read by the agent, and a link there would lead root astray.
func actAsOwner(dir string) error {
	info, err := os.Stat(dir)
	if os.Geteuid() != 0 || err != nil {
		return nil
	}
	is, ok := info.Sys().(*syscall.Stat_t)
	if !ok || is.Uid == 0 {
		return nil
	}
	if err := syscall.Setgroups([]int{int(is.Gid)}); err != nil {
		return err
	}
	if err := syscall.Setgid(int(is.Gid)); err != nil {
		return err
	}
	return syscall.Setuid(int(is.Uid))
}
