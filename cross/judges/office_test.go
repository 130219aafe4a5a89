package judges

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// build makes a program of a module of this tree.
func build(t *testing.T, module, pkg string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	out, err := exec.Command("go", "build", "-C", module, "-o", path, pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// office is the enrolment server as a process, with the folder of its authority.
type office struct {
	t     *testing.T
	dir   string
	addr  string
	ca    *x509.Certificate
	caKey *ecdsa.PrivateKey
	stdin io.Writer
}

func openOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, dir: filepath.Join(t.TempDir(), "authority")}
	cmd := exec.Command(build(t, "../../firmware-sim/est", "."), "-listen", "127.0.0.1:0", "-dir", o.dir)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	o.stdin = stdin
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); cmd.Wait() })
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "ready ") {
		t.Fatalf("the server said %q", lines.Text())
	}
	o.addr = strings.TrimPrefix(lines.Text(), "ready ")
	go io.Copy(io.Discard, stdout)
	pair, err := tls.LoadX509KeyPair(filepath.Join(o.dir, "ca.pem"), filepath.Join(o.dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	o.caKey = pair.PrivateKey.(*ecdsa.PrivateKey)
	if o.ca, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
		t.Fatal(err)
	}
	return o
}

// open makes the server know a claim code.
func (o *office) open(code string) { fmt.Fprintln(o.stdin, "claim", code) }

// claim writes a claim file by hand, as a platform would.
func (o *office) claim(code, broker string) string {
	sum := sha256.Sum256(o.ca.RawSubjectPublicKeyInfo)
	text := fmt.Sprintf("code = %q\nissued = %s\n[district]\ntenant = \"demo\"\nbrokers = [%q]\n"+
		"enrol = \"https://%s\"\npin = \"sha256:%s\"\n", code, time.Now().UTC().Format(time.RFC3339),
		broker, o.addr, hex.EncodeToString(sum[:]))
	path := filepath.Join(o.t.TempDir(), "box.claim")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
	return path
}

// broker is mosquitto, which takes certificates of the authority and shows what it decides.
type broker struct {
	url  string
	mu   sync.Mutex
	said string
}

func openBroker(t *testing.T, o *office, more string) *broker {
	t.Helper()
	path, err := exec.LookPath("/usr/sbin/mosquitto")
	if err != nil {
		t.Skip("mosquitto is missing: apt-get install mosquitto")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr) // the system gave it
	home := t.TempDir()
	acl := filepath.Join(home, "acl")
	text := fmt.Sprintf("listener %s 127.0.0.1\ncafile %[2]s/ca.pem\ncertfile %[2]s/server.pem\n"+
		"keyfile %[2]s/server.key\nrequire_certificate true\nuse_identity_as_username true\n"+
		"acl_file %[3]s\nlog_type all\n%[4]s", port, o.dir, acl, more)
	if os.Getuid() == 0 {
		text += "user root\n"
	}
	conf := filepath.Join(home, "conf")
	for name, text := range map[string]string{
		conf: text, acl: "pattern readwrite firepost/v1/demo/%u/#\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := &broker{url: "mqtts://" + addr}
	cmd := exec.Command(path, "-v", "-c", conf)
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Signal(syscall.SIGTERM); cmd.Wait() })
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			b.mu.Lock()
			b.said += lines.Text() + "\n"
			b.mu.Unlock()
		}
	}()
	b.await(t, " running")
	return b
}

// await waits until the broker has said something.
func (b *broker) await(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		b.mu.Lock()
		said := b.said
		b.mu.Unlock()
		if strings.Contains(said, text) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the broker did not say %q:\n%s", text, said)
		}
	}
}
