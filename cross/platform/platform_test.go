//go:build platform

package platform

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/conform"
	"github.com/firepost/firepost/firmware-sim/district"
	"github.com/firepost/firepost/firmware-sim/fleet"
	"github.com/firepost/firepost/provisioning"
)

// station is the one that the configurations know.
var station = wire.Device{Tenant: "conform", ID: "fp-conform2345"}

// hail opens one session as the platform.
func hail(port string, as *tls.Config) error {
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url(port)).SetClientID("firepost-hail").
		SetTLSConfig(as).SetConnectTimeout(5 * time.Second).SetConnectRetry(false))
	defer c.Disconnect(0)
	for _, step := range []func() mqtt.Token{c.Connect, func() mqtt.Token {
		return c.Publish(station.Topic(wire.DownHello), 1, false, "")
	}} {
		t := step()
		if !t.WaitTimeout(5 * time.Second) {
			return errors.New("no answer in 5 s")
		}
		if t.Error() != nil {
			return t.Error()
		}
	}
	return nil
}

// holds makes every check of the contract at a broker.
func holds(t *testing.T, p *pki, port string, excused map[string]string) {
	t.Helper()
	as := p.issue("platform")
	ready(t, port, as)
	ctx, cancel := context.WithCancel(t.Context())
	r := district.NewReceiver(district.Options{Hello: wire.Hello{
		Receipt: true, Gz: true, Dz: []int{1}, Max: wire.MaxMessage}})
	var following sync.WaitGroup
	following.Go(func() {
		if err := district.FollowTLS(ctx, url(port), "firepost-district", as, r); err != nil {
			t.Errorf("receiver: %v", err)
		}
	})
	defer following.Wait()
	defer cancel()
	o := conform.Options{
		URL: url(port), Device: station, Receiver: true,
		Station: conform.Login{TLS: p.issue(station.ID)}, Platform: conform.Login{TLS: as},
	}
	err := conform.Run(ctx, o, func(r conform.Result) {
		t.Logf("%s %-7s %6.2f s  %s %s", r.ID, r.Outcome, r.Took.Seconds(), r.Title, r.Detail)
		why, is := excused[r.ID]
		switch {
		case is && r.Outcome == conform.Passed:
			t.Errorf("%s passed, and its excuse is: %s", r.ID, why)
		case !is && r.Outcome != conform.Passed:
			t.Errorf("%s %s: %s: %s", r.ID, r.Outcome, r.Title, r.Detail)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// mosquitto with our configuration holds what the contract asks.
func TestMosquitto(t *testing.T) {
	t.Parallel()
	path := program(t, "mosquitto", "mosquitto", "/usr/sbin/mosquitto")
	p, port := newPKI(t), freePorts(t, 1)[0]
	change := []string{"listener 8883", "listener " + port + " 127.0.0.1"}
	if os.Getuid() == 0 {
		change = append(change, "per_listener_settings", "user root\nper_listener_settings")
	}
	p.place("mosquitto", change...)
	run(t, p.dir+"/log", func() *exec.Cmd {
		return exec.Command(path, "-c", p.dir+"/mosquitto.conf")
	})
	holds(t, p, port, nil)
}

// RabbitMQ with our configuration holds what the contract asks, but for what its version lacks.
func TestRabbitMQ(t *testing.T) {
	t.Parallel()
	path := program(t, "rabbitmq-server", "/usr/lib/rabbitmq/bin/rabbitmq-server")
	p, port := newPKI(t), freePorts(t, 1)[0]
	p.place("rabbitmq", "ssl.default = 8883", "ssl.default = 127.0.0.1:"+port)
	ports := freePorts(t, 2)
	run(t, p.dir+"/epmd.log", func() *exec.Cmd { return exec.Command("epmd", "-port", ports[0]) })
	run(t, p.dir+"/log", func() *exec.Cmd {
		cmd := exec.Command(path)
		cmd.Env = append(os.Environ(), "HOME="+p.dir, "ERL_EPMD_PORT="+ports[0],
			"RABBITMQ_NODENAME=fp@localhost", "RABBITMQ_DIST_PORT="+ports[1],
			"RABBITMQ_CONFIG_FILE="+p.dir+"/rabbitmq",
			"RABBITMQ_ENABLED_PLUGINS_FILE="+p.dir+"/enabled_plugins",
			"RABBITMQ_MNESIA_BASE="+p.dir+"/data", "RABBITMQ_LOG_BASE="+p.dir+"/data",
			"RABBITMQ_PID_FILE="+p.dir+"/pid")
		return cmd
	})
	holds(t, p, port, rabbitLacks)
}

// rabbitLacks is what RabbitMQ 3.10 does otherwise, and README.md explains.
var rabbitLacks = map[string]string{
	"B06": "retained messages are not given to subscriptions with wildcards",
	"B07": "retained messages are not given to subscriptions with wildcards",
	"B08": "retained messages are not given to subscriptions with wildcards",
}

// cluster is three NATS servers.
type cluster struct {
	path  string
	p     *pki
	nodes []*node
	ports []string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	path := program(t, "nats-server", "nats-server", "/usr/sbin/nats-server")
	c := &cluster{path: path, p: newPKI(t)}
	var change []string
	usual := strings.Fields("4221 4222 4223 6221 6222 6223 8881 8882 8883")
	ports := freePorts(t, len(usual))
	for i, old := range usual {
		change = append(change, ":"+old, ":"+ports[i])
	}
	c.ports = ports[6:]
	c.p.place("nats", change...)
	return c
}

func (c *cluster) run() {
	c.p.t.Helper()
	for _, name := range []string{"n1", "n2", "n3"} {
		c.nodes = append(c.nodes, run(c.p.t, c.p.dir+"/"+name+".log", func() *exec.Cmd {
			return exec.Command(c.path, "-c", c.p.dir+"/"+name+".conf")
		}))
	}
}

// Three NATS servers with our configuration hold what the contract asks.
func TestNATS(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.run()
	holds(t, c.p, c.ports[0], nil)
}

// stations are as many as press their call points one after the other.
const stations = 30

// One server of three is killed while 30 stations send, and comes back later: every alarm arrives,
// and there is no number that nobody has heard of.
func TestNATSLosesNothingWithANode(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	as := c.p.issue("platform")
	f := c.fleet()
	c.run()
	for _, port := range c.ports {
		ready(t, port, as)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	raised := map[string]bool{} // by station
	r := district.NewReceiver(district.Options{
		Hello: wire.Hello{Receipt: true, Spread: 1},
		OnMessage: func(m district.Message) {
			if m.New && strings.Contains(string(m.Payload), `"state":"raised"`) {
				mu.Lock()
				defer mu.Unlock()
				raised[m.Device] = true
			}
		},
	})
	var work sync.WaitGroup
	work.Go(func() {
		if err := district.FollowTLS(ctx, url(c.ports[1]), "firepost-district", as, r); err != nil {
			t.Errorf("receiver: %v", err)
		}
	})
	work.Go(func() {
		if err := f.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	defer work.Wait()
	defer cancel()
	await(t, r, "all are online", func(rep district.Report) bool {
		return len(rep.Online) == stations
	})
	for i := range stations {
		switch i {
		case stations / 3:
			c.nodes[0].kill()
		case 2 * stations / 3:
			c.nodes[0].start()
		}
		f.Press(i, true)
		<-time.After(300 * time.Millisecond)
	}
	await(t, r, "every alarm has come", func(rep district.Report) bool {
		mu.Lock()
		defer mu.Unlock()
		return len(raised) == stations && len(rep.Missing) == 0
	})
	if rep := r.Report(); rep.BodyMismatch+rep.Malformed+rep.Absent > 0 {
		t.Errorf("%d with other data, %d malformed, %d declared lost: %v",
			rep.BodyMismatch, rep.Malformed, rep.Absent, rep.Faults)
	}
}

// fleet makes the stations, and lets the servers' configuration know them.
func (c *cluster) fleet() *fleet.Fleet {
	t := c.p.t
	t.Helper()
	ca, err := fleet.LoadAuthority(c.p.dir+"/ca.pem", c.p.dir+"/ca.key")
	if err != nil {
		t.Fatal(err)
	}
	var brokers []string
	for _, port := range c.ports {
		brokers = append(brokers, url(port))
	}
	f, err := fleet.New(fleet.Options{N: stations, Dir: t.TempDir(), CA: ca,
		District: provisioning.District{Tenant: "conform", Brokers: brokers}})
	if err != nil {
		t.Fatal(err)
	}
	path := c.p.dir + "/users.conf"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows := string(text)
	begin := strings.Index(rows, `    {user: "CN=`+station.ID)
	row := rows[begin : strings.Index(rows[begin:], "}}")+begin+3]
	for _, id := range f.IDs() {
		rows = rows[:begin] + strings.ReplaceAll(row, station.ID, id) + rows[begin:]
	}
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// await looks ten times a second until ok.
func await(t *testing.T, r *district.Receiver, what string, ok func(district.Report) bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		if ok(r.Report()) {
			return
		}
		<-time.After(100 * time.Millisecond)
	}
	rep := r.Report()
	t.Fatalf("2 min, and not that %s: %d stations were online, missing %v", what,
		len(rep.Online), rep.Missing)
}
