package wire

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// orders are names and args of every kind of command, with what each asks for; no want: malformed.
var orders = []struct {
	name, args string
	want       *Order
}{
	{"acknowledge", ``, act(alarm.Command{Action: alarm.Acknowledge})},
	{"acknowledge", `{"point":"heat1","later":[]}`,
		act(alarm.Command{Action: alarm.Acknowledge, Point: "heat1"})},
	{"silence", `{}`, act(alarm.Command{Action: alarm.Silence})},
	{"reset", `{}`, act(alarm.Command{Action: alarm.Reset})}, // the panel refuses it
	{"disable", `{"point":"heat1","for":3600,"reason":"works"}`, act(alarm.Command{
		Action: alarm.Disable, Point: "heat1", For: time.Hour, Reason: "works",
	})},
	{"enable", `{"point":"heat1"}`, act(alarm.Command{Action: alarm.Enable, Point: "heat1"})},
	{"operate", `{"output":"valve","on":true}`,
		act(alarm.Command{Action: alarm.Operate, Output: "valve", On: true})},
	{"operate", `{"output":"valve","on":false}`,
		act(alarm.Command{Action: alarm.Operate, Output: "valve"})},
	{"test_start", `{"zone":"kitchen","for":600}`, act(alarm.Command{
		Action: alarm.StartTest, Zone: "kitchen", For: 10 * time.Minute,
	})},
	{"drill_start", `{}`, act(alarm.Command{Action: alarm.StartDrill})},
	{"drill_start", `{"points":["heat1"]}`, act(alarm.Command{
		Action: alarm.StartDrill, Scenario: &alarm.Scenario{Points: []point.ID{"heat1"}},
	})},
	{"drill_end", ``, act(alarm.Command{Action: alarm.EndDrill})},
	{"duty_check", ``, act(alarm.Command{Action: alarm.AskDuty, Call: &alarm.Call{ID: "c-1"}})},
	{"warning", `{"id":"w-881","colour":"red","text":"暴雨","within":300}`, act(alarm.Command{
		Action: alarm.Warn, Call: &alarm.Call{
			ID: "w-881", Colour: alarm.Red, Text: "暴雨", Limit: 5 * time.Minute,
		},
	})},
	{"warning", `{"colour":"pink","text":"x"}`, act(alarm.Command{ // the panel refuses the colour
		Action: alarm.Warn, Call: &alarm.Call{ID: "c-1", Colour: alarm.Red + 1, Text: "x"},
	})},
	{"read", `{"points":["heat1","co1"]}`, &Order{
		Act: alarm.Command{ID: "c-1"}, Points: []point.ID{"heat1", "co1"},
	}},
	{"snapshot", ``, &Order{Act: alarm.Command{ID: "c-1"}}},
	{"resend", `{"epoch":"9f3c1a77","lane":"t","from":4,"to":90}`, &Order{
		Act: alarm.Command{ID: "c-1"}, Numbers: Numbers{"9f3c1a77", "t", 4, 90},
	}},

	{"operate", `{"output":"valve"}`, nil},
	{"operate", `{"on":true}`, nil},
	{"operate", `{"output":"valve","on":"true"}`, nil},
	{"disable", `{"point":"heat1","for":-1}`, nil},
	{"disable", `{"point":"heat1","for":9223372036854775807}`, nil},
	{"disable", `{"point":"heat1","for":1.5}`, nil},
	{"disable", `{"point":7}`, nil},
	{"enable", `{"point":"` + strings.Repeat("p", 129) + `"}`, nil},
	{"drill_start", `{"points":["` + strings.Repeat("p", 129) + `"]}`, nil},
	{"site", `{"base":"b","file":"[site]","sig":"s"}`, &Order{
		Act: alarm.Command{ID: "c-1"}, Site: &SiteFile{Base: "b", File: "[site]", Sig: "s"},
	}},
	{"site", `{"base":"b","file":"[site]"}`, nil},
	{"read", ``, nil},
	{"resend", ``, nil},
	{"resend", `{"epoch":"9f3c1a7","lane":"t","from":4,"to":90}`, nil},
	{"resend", `{"epoch":"9F3C1A77","lane":"t","from":4,"to":90}`, nil},
	{"resend", `{"epoch":"9f3c1a77","lane":"panel","from":4,"to":90}`, nil},
	{"resend", `{"epoch":"9f3c1a77","lane":"","from":4,"to":90}`, nil},
	{"resend", `{"epoch":"9f3c1a77","lane":"a","from":0,"to":90}`, nil},
	{"resend", `{"epoch":"9f3c1a77","lane":"a","from":91,"to":90}`, nil},
	{"resend", `{"epoch":"9f3c1a77","lane":"a","from":1,"to":10000000000000000}`, nil},
	{"resend", `{"epoch":"9f3c1a77","lane":"a","from":-1,"to":9}`, nil},
	{"read", `{"points":[]}`, nil},
	{"read", `{"points":["a"` + strings.Repeat(`,"a"`, 32) + `]}`, nil},
}

func act(c alarm.Command) *Order {
	c.ID = "c-1"
	return &Order{Act: c}
}

// Each name asks for what the contract says, and for nothing when its args are wrong.
func TestOrders(t *testing.T) {
	for _, c := range orders {
		got, err := Command{ID: "c-1", Name: c.name, Args: []byte(c.args)}.Order()
		switch {
		case c.want == nil:
			if !errors.Is(err, ErrMalformed) || !reflect.DeepEqual(got, Order{}) {
				t.Errorf("%s %.60s: got %+v, %v, want ErrMalformed", c.name, c.args, got, err)
			}
		case err != nil || !reflect.DeepEqual(got, *c.want):
			t.Errorf("%s %s: got %+v, %v, want %+v", c.name, c.args, got, err, *c.want)
		}
	}
	for _, name := range []string{"site-file", "unknown", "Reset", "readings"} {
		if _, err := (Command{ID: "c-1", Name: name}).Order(); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: got %v, want ErrUnsupported", name, err)
		}
	}
}
