package uplink

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/firepost/firepost/buffer"
)

// mosquitto is the real broker as a process of the test.
type mosquitto struct {
	t    *testing.T
	path string
	conf string
	port string
	cmd  *exec.Cmd
}

// startMosquitto runs the broker with some more lines of configuration.
func startMosquitto(t *testing.T, lines ...string) *mosquitto {
	t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/mosquitto")
	}
	if err != nil {
		if os.Getenv("CI") == "true" || os.Getenv("FIREPOST_CI") != "" {
			t.Fatal("install mosquitto")
		}
		t.Skip("install mosquitto")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	m := &mosquitto{t: t, path: path, port: port, conf: filepath.Join(t.TempDir(), "conf")}
	all := append([]string{"listener " + port + " 127.0.0.1", "max_queued_messages 0"}, lines...)
	if os.Getuid() == 0 {
		all = append(all, "user root")
	}
	write(t, m.conf, []byte(strings.Join(all, "\n")+"\n"))
	m.start()
	t.Cleanup(m.stop)
	return m
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// start returns when the broker says that it runs.
func (m *mosquitto) start() {
	m.t.Helper()
	m.cmd = exec.Command(m.path, "-v", "-c", m.conf)
	stderr, err := m.cmd.StderrPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if strings.HasSuffix(lines.Text(), " running") {
			go func() {
				for lines.Scan() { // so that it never waits for us
				}
			}()
			return
		}
	}
	m.t.Fatalf("mosquitto does not run:\n%s", strings.Join(said, "\n"))
}

// stop ends the broker as an update does: it saves what it holds.
func (m *mosquitto) stop() {
	m.cmd.Process.Signal(syscall.SIGTERM)
	m.cmd.Wait()
}

func (m *mosquitto) dial(t *testing.T, scheme, host string, b Broker) (Link, error) {
	t.Helper()
	b.URL, b.ClientID = scheme+"://"+net.JoinHostPort(host, m.port), "fp-7k2m4qx6tb"
	return PahoDial(b)(t.Context(), Opening{
		Will:   Message{"will", []byte("gone"), true},
		Topics: []string{"down/#"},
	})
}

// platform is a consumer behind the broker that stores, receipts and says hello.
type platform struct {
	*flaky
	client  mqtt.Client
	arrived chan struct{}
}

func startPlatform(t *testing.T, m *mosquitto) *platform {
	t.Helper()
	p := &platform{flaky: newFlaky(1), arrived: make(chan struct{}, 1)}
	p.receipt = true
	o := mqtt.NewClientOptions().AddBroker("tcp://127.0.0.1:" + m.port).SetClientID("platform").
		SetCleanSession(false).SetAutoReconnect(true).SetMaxReconnectInterval(200 * time.Millisecond).
		SetOrderMatters(false).SetDefaultPublishHandler(p.take)
	p.client = mqtt.NewClient(o)
	for _, step := range []func() mqtt.Token{p.client.Connect, func() mqtt.Token {
		return p.client.Subscribe("firepost/v1/+/+/up/#", 1, nil)
	}} {
		token := step()
		if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
			t.Fatalf("platform: %v", token.Error())
		}
	}
	t.Cleanup(func() { p.client.Disconnect(0) })
	return p
}

func (p *platform) take(_ mqtt.Client, m mqtt.Message) {
	pub := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	pub.TopicName, pub.Payload = m.Topic(), m.Payload()
	for _, a := range p.accept(pub) {
		down := a.(*packets.PublishPacket)
		p.client.Publish(down.TopicName, 1, false, down.Payload)
	}
	select {
	case p.arrived <- struct{}{}:
	default:
	}
}

// Against the broker that districts run: everything arrives, although the broker is restarted in
// the middle, and the outbox is empty afterwards.
func TestMosquittoRestartLosesNothing(t *testing.T) {
	broker := startMosquitto(t, "allow_anonymous true", "persistence true",
		"persistence_location "+t.TempDir()+"/")
	p := startPlatform(t, broker)
	m := newMemory()
	c := config(m, newDistrict(t))
	c.Dial = PahoDial(Broker{URL: "mqtt://127.0.0.1:" + broker.port, ClientID: "fp-7k2m4qx6tb"})
	c.Rate = 1000
	k := start(t, c)
	fill := func(from int) {
		for i := range 100 {
			m.Put(buffer.Alarm, 1, alarmBody(from+i))
			m.Put(buffer.Event, 1, eventBody(from+i))
			if i%30 == 0 { // The backlog has a slow start.
				m.Put(buffer.Telemetry, 10, teleBatch(from+i, 10))
			}
		}
	}
	fill(0)
	p.wait(t, func() bool { return p.count() > 50 })
	fill(100)
	broker.stop()
	fill(200)
	broker.start()
	p.wait(t, func() bool { return len(p.missing(m)) == 0 })
	p.wait(t, func() bool { return m.left(buffer.Alarm)+m.left(buffer.Event) == 0 })
	if len(p.wrong) > 0 {
		t.Errorf("came again with another body: %v", p.wrong)
	}
	s := k.Status()
	t.Logf("%d tries, %d repeats, sent %v, round trip %v", s.Tries, p.repeats, s.Sent, s.RoundTrip)
}

func (b *flaky) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.stored)
}

// wait returns when ready is true, which it looks at after each arrival and ten times a second.
func (p *platform) wait(t *testing.T, ready func() bool) {
	t.Helper()
	limit := time.After(2 * time.Minute) // a lost receipt is asked for again after 10 s, then 20 s, …
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-p.arrived:
		case <-tick.C:
		case <-limit:
			t.Fatalf("not within 2 min; the platform has %d records", p.count())
		}
	}
}

// A certificate that is right connects; a wrong name, an unknown authority and a missing
// certificate of our own are refusals; one outside of its time is a matter of the clock.
func TestMosquittoTLS(t *testing.T) {
	dir, ca := t.TempDir(), newAuthority(t)
	now := time.Now()
	good := ca.issue(t, dir, "good", "localhost", now.Add(time.Hour))
	old := ca.issue(t, dir, "old", "localhost", now.Add(-time.Hour))
	station := ca.issue(t, dir, "station", "fp-7k2m4qx6tb", now.Add(time.Hour))
	pair, err := tls.LoadX509KeyPair(station+".crt", station+".key")
	if err != nil {
		t.Fatal(err)
	}
	roots := ca.pool()
	rows := []struct {
		name, server string
		config       *tls.Config
		want         error
	}{
		{"right", good, &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}, nil},
		{"wrong name", good, &tls.Config{RootCAs: roots, ServerName: "elsewhere",
			Certificates: []tls.Certificate{pair}}, ErrRefused},
		{"unknown authority", good, &tls.Config{RootCAs: newAuthority(t).pool()}, ErrRefused},
		{"no certificate of our own", good, &tls.Config{RootCAs: roots}, ErrRefused},
		{"outside of its time", old, &tls.Config{RootCAs: roots}, ErrClock},
	}
	brokers := make(map[string]*mosquitto)
	for _, server := range []string{good, old} {
		brokers[server] = startMosquitto(t, "allow_anonymous true", "require_certificate true",
			"cafile "+filepath.Join(dir, "ca.crt"), "certfile "+server+".crt",
			"keyfile "+server+".key")
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			b := Broker{TLS: func() (*tls.Config, error) { return row.config.Clone(), nil }}
			l, err := brokers[row.server].dial(t, "mqtts", "localhost", b)
			if !errors.Is(err, row.want) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if err != nil {
				return
			}
			if err := <-l.Publish(Message{Topic: "x", Payload: []byte("y")}); err != nil {
				t.Errorf("publish: %v", err)
			}
			if err := l.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
}

// A broker that wants a name and password and does not get the right ones refuses.
func TestMosquittoRefusesStrangers(t *testing.T) {
	broker := startMosquitto(t, "allow_anonymous false")
	_, err := broker.dial(t, "mqtt", "127.0.0.1", Broker{Username: "u", Password: "p"})
	if !errors.Is(err, ErrRefused) {
		t.Errorf("got %v, want ErrRefused", err)
	}
}

// Close says no farewell, so the broker publishes the will: a retained "online" of a station that
// is gone would look as if all were well.
func TestMosquittoPublishesTheWillAfterClose(t *testing.T) {
	broker := startMosquitto(t, "allow_anonymous true")
	l, err := broker.dial(t, "mqtt", "127.0.0.1", Broker{})
	if err != nil {
		t.Fatal(err)
	}
	watch, err := PahoDial(Broker{URL: "mqtt://127.0.0.1:" + broker.port, ClientID: "watch"})(
		t.Context(), Opening{Will: Message{Topic: "w"}, Topics: []string{"will"}})
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	l.Close()
	select {
	case d := <-watch.Inbox():
		if string(d.Payload) != "gone" {
			t.Errorf("got %q", d.Payload)
		}
		d.Done()
	case <-time.After(10 * time.Second):
		t.Error("no will within 10 s")
	}
}

// authority issues certificates for a test.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{key, cert}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// issue writes NAME.crt, NAME.key and ca.crt into dir, and returns the path without extension.
func (a *authority) issue(t *testing.T, dir, name, host string, until time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: until.Add(-24 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	base := filepath.Join(dir, name)
	encode := func(kind string, b []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b})
	}
	write(t, base+".crt", encode("CERTIFICATE", der))
	write(t, base+".key", encode("PRIVATE KEY", private))
	write(t, filepath.Join(dir, "ca.crt"), encode("CERTIFICATE", a.cert.Raw))
	return base
}
