package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/district"
)

type districtCmd struct {
	Listen string `help:"Where the broker listens." default:"127.0.0.1:1883" placeholder:"ADDR"`
	Broker string `help:"Follow this broker instead of opening one." placeholder:"URL"`
	Full   bool   `help:"Print whole messages."`
	DB     string `help:"Keep the records in this file, over restarts." placeholder:"FILE"`
	Device string `help:"Whom typed orders are for, if several stations are online."`
	Enrol  string `help:"Give out claims and certificates; they are kept in DIR." placeholder:"DIR"`
	EST    string `help:"Where the enrolment server listens." default:"127.0.0.1:8443" name:"est"`
	Secure string `help:"Where boxes with certificates connect." default:"127.0.0.1:8883"`
}

// Run opens the stand-in and prints what comes until a signal ends it, then what it has checked.
func (c *districtCmd) Run(ctx context.Context, o outlet) error {
	var mu sync.Mutex
	var file *district.File
	if c.DB != "" {
		var err error
		if file, err = district.OpenFile(c.DB); err != nil {
			return err
		}
		defer file.Close()
	}
	recv := district.NewReceiver(district.Options{
		File:  file,
		Hello: wire.Hello{Receipt: true, Gz: true, Dz: []int{1}, Max: wire.MaxMessage},
		OnMessage: func(m district.Message) {
			mu.Lock()
			defer mu.Unlock()
			c.print(o.out, m)
		},
	})
	orders := prompt{recv: recv, device: c.Device, say: func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(o.out, format, args...)
	}}
	if c.Enrol != "" {
		fmt.Fprintln(o.out, "the enrolment server is being built …")
		var err error
		if orders.registry, err = openRegistry(ctx, c.Enrol, c.EST, orders.say); err != nil {
			return err
		}
	}
	err := c.follow(ctx, o, recv, &orders)
	mu.Lock()
	defer mu.Unlock()
	printReport(o.out, recv.Report())
	return err
}

func (c *districtCmd) follow(
	ctx context.Context, o outlet, recv *district.Receiver, orders *prompt,
) error {
	w := o.out
	if c.Broker != "" {
		go orders.run(ctx, o.in)
		fmt.Fprintf(w, "following %s; help lists the orders, Ctrl-C ends\n", c.Broker)
		return district.Follow(ctx, c.Broker, "firepost-district", recv)
	}
	b, err := district.OpenBroker(c.Listen, nil)
	if err != nil {
		return err
	}
	defer b.Close()
	if err := b.Attach(recv); err != nil {
		return err
	}
	if r := orders.registry; r != nil {
		if err := r.secure(b, c.Secure); err != nil {
			return err
		}
		orders.say("certificates at %s, for boxes at %s; write claim\n", r.place.Enrol,
			r.place.Brokers[0])
	}
	orders.say("district at %s; help lists the orders, Ctrl-C ends\n", b.URL())
	go orders.run(ctx, o.in)
	return b.Serve(ctx, recv)
}

func (c *districtCmd) print(w io.Writer, m district.Message) {
	text := gist(m)
	if c.Full {
		text = string(m.Payload)
	}
	mark := " "
	if m.New {
		mark = "+"
	}
	fmt.Fprintf(w, "%s %s %s %-13s %s\n", m.At.Format(time.TimeOnly), mark, m.Device, m.Leaf, text)
}

// gist is what a message says, in a few words.
func gist(m district.Message) string {
	var e struct {
		ID     string            `json:"id"`
		SeqN   uint64            `json:"seqn"`
		Data   json.RawMessage   `json:"data"`
		Online *bool             `json:"online"`
		Alarms []json.RawMessage `json:"alarms"`
		Faults []json.RawMessage `json:"faults"`
	}
	if err := json.Unmarshal(m.Payload, &e); err != nil {
		return fmt.Sprintf("%d bytes", len(m.Payload))
	}
	switch m.Leaf {
	case wire.UpState:
		if e.Online != nil && *e.Online {
			return "online"
		}
		return "offline"
	case wire.UpActive:
		return fmt.Sprintf("%d alarms and %d faults stand", len(e.Alarms), len(e.Faults))
	case wire.UpTelemetry, wire.UpBackfill:
		return fmt.Sprintf("%s  %d values", e.ID, e.SeqN)
	}
	if m.Leaf == wire.UpRsp {
		return answerGist(e.Data)
	}
	var d struct{ State, Kind, Point, Fault, Output, Pattern string }
	if json.Unmarshal(e.Data, &d) != nil || d.State == "" {
		return fmt.Sprintf("%d bytes", len(m.Payload))
	}
	words := []string{e.ID, ""}
	for _, word := range []string{d.State, d.Kind, d.Point, d.Fault, d.Output, d.Pattern} {
		if word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// answerGist is what an answer to a command says.
func answerGist(data []byte) string {
	var d struct {
		ID, State, Reason, Detail, Ledger string
		Took                              int64
		By                                *struct {
			Kind     string
			Operator int
		}
		Values json.RawMessage
		List   []string
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return fmt.Sprintf("%d bytes", len(data))
	}
	text := d.ID + " " + d.State
	for _, word := range []string{d.Reason, d.Detail, d.Ledger, string(d.Values)} {
		if word != "" {
			text += " " + word
		}
	}
	if d.By != nil {
		text += " by " + d.By.Kind
		if d.By.Operator > 0 {
			text += fmt.Sprintf(", operator %d", d.By.Operator)
		}
	}
	if d.Took > 0 {
		text += fmt.Sprintf(" after %v", time.Duration(d.Took)*time.Millisecond)
	}
	for _, line := range d.List {
		text += "\n  " + line
	}
	return text
}

// holesPrinted bounds how many runs of numbers a report names.
const holesPrinted = 10

func printReport(w io.Writer, r district.Report) {
	fmt.Fprintf(w, "\n%d messages\n", r.Messages)
	for _, lane := range slices.Sorted(maps.Keys(r.Received)) {
		fmt.Fprintf(w, "  lane %s       %d records\n", lane, r.Received[lane])
	}
	fmt.Fprintf(w, "  repeated     %d, of these with other data %d\n", r.Duplicates, r.BodyMismatch)
	fmt.Fprintf(w, "  missing      %d runs of numbers undeclared, %d records declared\n",
		len(r.Missing), r.Absent)
	for _, h := range r.Missing[:min(len(r.Missing), holesPrinted)] {
		fmt.Fprintf(w, "    %s epoch %s lane %s: %d to %d\n", h.Device, h.Epoch, h.Lane, h.From, h.To)
	}
	fmt.Fprintf(w, "  out of order %d, malformed %d\n", r.OutOfOrder, r.Malformed)
	for _, f := range r.Faults {
		fmt.Fprintf(w, "    %s\n", f)
	}
}
