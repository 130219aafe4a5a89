package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/district"
)

// What is typed becomes a command that the station can read and that the help names, or is not
// understood.
func TestParseOrder(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"warn red 暴雨 红色预警", `warning {"colour":"red","text":"暴雨 红色预警"}`},
		{"duty", `duty_check {"within":0}`},
		{"duty 30", `duty_check {"within":30}`},
		{"drill start", `drill_start {}`},
		{"drill stop", `drill_end {}`},
		{"test start kitchen", `test_start {"zone":"kitchen"}`},
		{"close gas-valve", `operate {"on":true,"output":"gas-valve"}`},
		{"on siren", `operate {"on":true,"output":"siren"}`},
		{"open gas-valve", `operate {"on":false,"output":"gas-valve"}`},
		{"ack", `acknowledge {"point":""}`},
		{"silence", `silence {}`}, {"reset", `reset {}`}, {"snapshot", `snapshot {}`},
		{"disable heat-1 30 works on the roof",
			`disable {"for":1800,"point":"heat-1","reason":"works on the roof"}`},
		{"read heat-1 smoke-1", `read {"points":["heat-1","smoke-1"]}`},
		{`send self_test`, `self_test {}`},
		{`send operate {"output": "fan", "on": true}`, `operate {"output":"fan","on":true}`},
		{"drill", ""}, {"disable heat-1 soon x", ""}, {"duty soon", ""}, {"send x {", ""},
		{"explode", ""}, {"send", ""},
	} {
		name, args, err := parseOrder(c.line)
		text, _ := json.Marshal(args) // of texts, numbers and what is valid already
		got := strings.TrimSpace(name + " " + string(text))
		if err != nil {
			got = ""
		}
		if got != c.want {
			t.Errorf("%s: got %q %v, want %q", c.line, got, err, c.want)
			continue
		}
		if c.want == "" {
			continue
		}
		if word, _, _ := strings.Cut(c.line, " "); !strings.Contains(orderHelp, word) {
			t.Errorf("the help has no %q", word)
		}
		command := wire.Command{ID: "c", Name: name, Args: text}
		read, err := wire.DecodeCommand(command.JSON("/district"))
		if err == nil {
			_, err = read.Order()
		}
		if err != nil {
			t.Errorf("%s: %v", c.line, err)
		}
	}
}

// Orders go to the one station that is online; the prompt says what it did not send.
func TestPromptSendsToTheOneStation(t *testing.T) {
	var said strings.Builder
	p := prompt{
		recv: district.NewReceiver(district.Options{}),
		say:  func(format string, args ...any) { fmt.Fprintf(&said, format, args...) },
	}
	typed := func(line string) string {
		said.Reset()
		p.run(t.Context(), strings.NewReader(line+"\n"))
		return said.String()
	}
	online := func(id string) {
		d := wire.Device{Tenant: "test", ID: id}
		p.recv.Handle(d.Topic(wire.UpState), wire.State{Online: true, Session: "1-1"}.JSON(), true)
	}
	if got := typed("duty"); !strings.Contains(got, "no station is online") {
		t.Errorf("without a station: %q", got)
	}
	online("fp-1")
	if got := typed("duty 30"); !strings.Contains(got, "> fp-1 down/cmd") {
		t.Errorf("with one: %q", got)
	}
	if got := typed("help"); got != orderHelp {
		t.Errorf("help: %q", got)
	}
	if got := typed("dity"); !strings.Contains(got, "not understood") {
		t.Errorf("a slip: %q", got)
	}
	online("fp-2")
	if got := typed("duty"); !strings.Contains(got, "--device") {
		t.Errorf("with two: %q", got)
	}
	p.device = "fp-2"
	if got := typed("duty"); !strings.Contains(got, "> fp-2") {
		t.Errorf("with a chosen one: %q", got)
	}
}
