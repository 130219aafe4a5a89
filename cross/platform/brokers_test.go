//go:build platform

package platform

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pki is the district's authority, and what it has signed, in one folder.
type pki struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newPKI(t *testing.T) *pki {
	p := &pki{t: t, dir: t.TempDir(), pool: x509.NewCertPool()}
	p.key = p.newKey()
	own := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "district"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	p.cert = own
	p.cert = p.sign("ca", own, &p.key.PublicKey)
	p.write("ca.key", "PRIVATE KEY", p.pkcs8(p.key))
	p.pool.AddCert(p.cert)
	p.issue("broker")
	return p
}

func (p *pki) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	return key
}

func (p *pki) pkcs8(key *ecdsa.PrivateKey) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	return der
}

func (p *pki) write(name, kind string, der []byte) {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(filepath.Join(p.dir, name), text, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pki) sign(name string, c *x509.Certificate, key *ecdsa.PublicKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, c, p.cert, key, p.key)
	if err != nil {
		p.t.Fatal(err)
	}
	p.write(name+".pem", "CERTIFICATE", der)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		p.t.Fatal(err)
	}
	return cert
}

// issue gives a certificate to name, in both roles.
func (p *pki) issue(name string) *tls.Config {
	key := p.newKey()
	p.write(name+".key", "PRIVATE KEY", p.pkcs8(key))
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		p.t.Fatal(err)
	}
	cert := p.sign(name, &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, &key.PublicKey)
	return &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: p.pool,
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}},
	}
}

// place copies a folder of configuration beside the certificates and lets it speak of them and of
// free ports: old and new texts, one after the other.
func (p *pki) place(folder string, change ...string) {
	p.t.Helper()
	change = append(change, "/etc/firepost-broker", p.dir, "/var/lib/firepost-broker", p.dir+"/data")
	if err := os.MkdirAll(p.dir+"/data", 0o700); err != nil {
		p.t.Fatal(err)
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			p.t.Fatal(err)
		}
		out := strings.NewReplacer(change...).Replace(string(text))
		if err := os.WriteFile(filepath.Join(p.dir, f.Name()), []byte(out), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
}

// freePorts are n that nobody has at this moment.
func freePorts(t *testing.T, n int) (ports []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, port)
	}
	return ports
}

// program finds one, or says which package has it.
func program(t *testing.T, debian string, places ...string) string {
	t.Helper()
	for _, place := range places {
		if path, err := exec.LookPath(place); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("install %s", debian)
	}
	t.Skipf("install %s", debian)
	return ""
}

// node is a broker's process.
type node struct {
	t    *testing.T
	make func() *exec.Cmd
	cmd  *exec.Cmd
	log  string
}

// run starts a broker until the test ends.
func run(t *testing.T, log string, cmd func() *exec.Cmd) *node {
	t.Helper()
	n := &node{t: t, make: cmd, log: log}
	n.start()
	t.Cleanup(func() {
		n.kill()
		if text, err := os.ReadFile(log); err == nil && t.Failed() {
			t.Logf("%s:\n%s", log, text[max(0, len(text)-4000):])
		}
	})
	return n
}

func (n *node) start() {
	n.t.Helper()
	f, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		n.t.Fatal(err)
	}
	defer f.Close()
	n.cmd = n.make()
	n.cmd.Stdout, n.cmd.Stderr = f, f
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
}

// kill ends the broker as a power cut does.
func (n *node) kill() {
	_ = syscall.Kill(-n.cmd.Process.Pid, syscall.SIGKILL)
	_ = n.cmd.Wait()
}

// ready waits until a client is let in.
func ready(t *testing.T, port string, as *tls.Config) {
	t.Helper()
	var err error
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); {
		if err = hail(port, as); err == nil {
			return
		}
		<-time.After(200 * time.Millisecond)
	}
	t.Fatalf("the broker lets nobody in: %v", err)
}

func url(port string) string { return fmt.Sprintf("ssl://127.0.0.1:%s", port) }
