package main

import (
	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/alarm"
)

// What tries the system: drills and walk tests.

func prepareDrillStart(f *pflag.FlagSet) action {
	o, act := order(f, agent.Order{Action: alarm.StartDrill.String()})
	f.Var((*span)(&o.For), "for", "for how long at most; default 1h, which is the longest")
	f.StringArrayVar(&o.Scenario, "scenario", nil, "POINT that alarms; repeat it for more. "+
		"default: the first fire detector")
	f.StringArrayVar(&o.Outputs, "output", nil, "valve, fan, relay or barrier that may act; "+
		"repeat it for more. default: none")
	f.BoolVar(&o.Smoke, "smoke", false, "real smoke is used: what its points find is the drill's")
	return act
}

func prepareDrillEnd(f *pflag.FlagSet) action {
	_, act := order(f, agent.Order{Action: alarm.EndDrill.String()})
	return act
}

func prepareTestStart(f *pflag.FlagSet) action {
	o, act := order(f, agent.Order{Action: alarm.StartTest.String()})
	f.Var((*span)(&o.For), "for", "for how long at most; default 1h, which is the longest")
	f.StringVar(&o.Zone, "zone", "", "zone to test; default: the whole site")
	return act
}

func prepareTestSkip(f *pflag.FlagSet) action {
	o, act := order(f, agent.Order{Action: alarm.SkipTest.String()})
	f.StringVar(&o.Reason, "reason", "", "why it is not tried; required")
	return func(out outlet, args []string) error {
		if o.Reason == "" {
			return &exitError{2, `walktest skip needs --reason, such as --reason "out of reach"`}
		}
		return act(out, args)
	}
}

func prepareTestEnd(f *pflag.FlagSet) action {
	_, act := order(f, agent.Order{Action: alarm.EndTest.String()})
	return act
}

func prepareDrillRecord(f *pflag.FlagSet) action { return showing(f, "drill", "panel", "drill") }

func prepareTestRecord(f *pflag.FlagSet) action { return showing(f, "walktest", "panel", "test") }
