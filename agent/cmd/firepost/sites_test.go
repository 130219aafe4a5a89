package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"

	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/district"
	"github.com/firepost/firepost/provisioning"
)

// pusher is a district at a real broker, and what it signs site files with.
type pusher struct {
	*station
	recv   *district.Receiver
	device string
	key    minisign.PrivateKey
}

// withPusher gives the station a district, an identity and an engineer.
func (s *station) withPusher() *pusher {
	s.t.Helper()
	broker, err := district.OpenBroker("127.0.0.1:0", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { broker.Close() })
	p := &pusher{station: s, recv: district.NewReceiver(district.Options{})}
	if err := broker.Attach(p.recv); err != nil {
		s.t.Fatal(err)
	}
	go broker.Serve(s.t.Context(), p.recv) //nolint:errcheck // it ends with the test
	public, key, err := minisign.GenerateKey(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	id, err := provisioning.Create(filepath.Join(s.dir, "identity"), provisioning.District{
		Tenant: "bench", Brokers: []string{broker.URL()}, Insecure: true, Sim: true,
		SiteKeys: []string{public.String()},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	p.device, p.key = id.ID, key
	if out, ok := s.as("2468", "operator", "add", "--number", "3", "--name", "工程师",
		"--level", "3", "--site", s.config); !ok {
		s.t.Fatalf("operator add: %s", out)
	}
	return p
}

// base is the hash of the local file that the district was told.
func (p *pusher) base() string { return p.recv.Report().Base[p.device] }

// push sends a site file, signed.
func (p *pusher) push(text string) {
	p.t.Helper()
	about := p.device + " " + p.base()
	args, err := json.Marshal(map[string]string{
		"base": p.base(), "file": text,
		"sig": string(minisign.SignWithComments(p.key, []byte(text), about, "")),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	now := time.Now()
	if !p.recv.Order(p.device, wire.Command{
		ID: "c-1", Name: wire.CmdSite, Args: args, Issued: now, Expires: now.Add(time.Hour),
	}) {
		p.t.Fatal("the order is not sent")
	}
}

// decide decides as the engineer.
func (p *pusher) decide(what ...string) {
	p.t.Helper()
	args := append(append([]string{"site"}, what...), "--operator", "3", "--dir", p.dir)
	if out, ok := p.as("2468", args...); !ok {
		p.t.Fatalf("%s: %s", what, out)
	}
}

// A site file that the district pushes over a real broker, and that moves a detector to another
// line, waits until the engineer accepts it. The program then starts itself anew with it, and anew
// with the old one when he takes it back.
func asksThePeopleOnSite(t *testing.T, station *station) {
	s := station.withPusher()
	local, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	s.start().ready()
	s.wants("the local file", "site", "show")
	s.wants("has pushed no site file", "site", "diff")
	await(t, "the station at the district", func() bool { return s.base() != "" })
	if s.base() != site.HashOf(local) {
		t.Errorf("the district is told base %s, want %s", s.base(), site.HashOf(local))
	}
	pushed := strings.Replace(string(local), `line = "`+smoke+`"`, `line = "GPIO26"`, 1)
	hash := site.HashOf([]byte(pushed))[:6]
	s.push(pushed)
	s.shows("waits for a person of level 3", "site", "show")
	s.shows("等待确认", "status", "--lang", "zh")
	s.wants("! 点位 smoke-1 (烟感 Smoke)：所接传感器有变化", "site", "diff", "--lang", "zh")

	s.wants("site file "+hash, "site", "diff")
	s.wants("firepost site accept "+hash, "status")
	if out, ok := s.as("2468", "site", "accept", "000000", "--operator", "3", "--dir", s.dir); ok ||
		!strings.Contains(out, "the file that waits is "+hash) {
		t.Errorf("another file is accepted: %s", out)
	}
	s.decide("accept", hash)
	s.shows("a file of the district, on trial", "site", "show")
	s.shows(`"from": "trial"`, "status", "--json")
	await(t, "smoke at its new line", func() bool {
		s.press("GPIO26")
		return s.isOn(siren)
	})
	if out, ok := s.as("2468", "site", "rollback", "--operator", "3", "--dir", s.dir); ok ||
		!strings.Contains(out, "an alarm stands") {
		t.Errorf("within an alarm: %s", out)
	}
	s.release("GPIO26")
	await(t, "a reset", func() bool {
		s.as("2468", "reset", "--operator", "3", "--dir", s.dir)
		return !s.isOn(siren)
	})
	s.decide("rollback")
	s.shows("the local file", "site", "show")
	await(t, "smoke at its old line", func() bool {
		s.press(smoke)
		return s.isOn(siren)
	})
	await(t, "the answer", func() bool { return s.recv.Report().Commands["c-1"] == wire.RspFailed })
}
