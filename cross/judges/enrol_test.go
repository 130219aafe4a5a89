package judges

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/globalsign/est"
)

// box is firepost with a state directory of its own.
type box struct{ program, dir string }

func (b *box) run(args ...string) (int, string) {
	cmd := exec.Command(b.program, append(args, "--dir", b.dir, "--lang", "en")...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), string(out)
	}
	return 0, string(out)
}

func (b *box) file(name string) string { return filepath.Join(b.dir, "identity", name) }

// Three codes with right check letters.
const (
	code        = "1SRE-DZC2-X853-VEP2"
	otherCode   = "KHXM-YSHX-XNM4-Y161"
	unknownCode = "JRHV-GCZ9-T0FS-N3ZF" // the server is never told of it
)

// Against the EST server of GlobalSign and mosquitto a box enrols; a second box with the same claim
// and a wrong code are refused each with its own words; openssl agrees with what was made; the
// broker lets the box write its own topics alone, and lets it in no more once it is revoked.
func TestAcceptance04And06And07EnrolWithProgramsOfOthers(t *testing.T) {
	o := openOffice(t)
	mq := openBroker(t, o, "")
	program := build(t, "../..", "./agent/cmd/firepost")
	o.open(code)
	claim := o.claim(code, mq.url)
	b := &box{program, t.TempDir()}
	if rc, said := b.run("enrol", claim); rc != 0 || !strings.Contains(said, "[6/6] saved") {
		t.Fatalf("enrol: %d\n%s", rc, said)
	}
	stranger := &box{program, t.TempDir()}
	if rc, said := stranger.run("enrol", claim); rc != 1 || !strings.Contains(said, "E103 ") {
		t.Errorf("a second box: %d %s, want E103", rc, said)
	}
	unknown := &box{program, t.TempDir()}
	if rc, said := unknown.run("enrol", o.claim(unknownCode, mq.url)); rc != 1 ||
		!strings.Contains(said, "E102 ") {
		t.Errorf("a wrong code: %d %s, want E102", rc, said)
	}
	askOpenssl(t, b)
	_, said := b.run("identity", "show", "--json")
	device := regexp.MustCompile(`fp-[a-z2-7]{10}`).FindString(said)
	publish(t, b, mq, device, "firepost/v1/demo/"+device+"/up/x")
	mq.await(t, "Received PUBLISH from "+device)
	publish(t, b, mq, device, "firepost/v1/demo/fp-2222222222/up/x")
	mq.await(t, "Denied PUBLISH from "+device)

	crl := revoke(t, o, b)
	closed := openBroker(t, o, "crlfile "+crl+"\n")
	again := o.claim(code, closed.url)
	text, _ := os.ReadFile(b.file("district.toml"))
	os.WriteFile(b.file("district.toml"),
		[]byte(strings.ReplaceAll(string(text), mq.url, closed.url)), 0o600)
	connect(t, b, closed, device, false)
	if rc, said := b.run("enrol", "--again", again); rc != 0 {
		t.Errorf("with a new certificate: %d %s", rc, said)
	}
	connect(t, b, closed, device, true)
}

func askOpenssl(t *testing.T, b *box) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is missing: apt-get install openssl")
	}
	for want, args := range map[string][]string{
		": OK":       {"verify", "-purpose", "sslclient", "-CAfile", b.file("ca.pem"), b.file("cert.pem")},
		"prime256v1": {"x509", "-in", b.file("cert.pem"), "-noout", "-text"},
		"valid":      {"pkey", "-in", b.file("key.pem"), "-noout", "-check"},
	} {
		out, err := exec.Command("openssl", args...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("openssl %v: %v\n%s", args, err, out)
		}
	}
}

func dial(t *testing.T, b *box, mq *broker) (*tls.Conn, error) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(b.file("cert.pem"), b.file("key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	text, _ := os.ReadFile(b.file("ca.pem"))
	pool.AppendCertsFromPEM(text)
	return tls.Dial("tcp", strings.TrimPrefix(mq.url, "mqtts://"),
		&tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}})
}

// connect says CONNECT and looks whether the broker says yes.
func connect(t *testing.T, b *box, mq *broker, device string, want bool) *tls.Conn {
	t.Helper()
	c, err := dial(t, b, mq)
	if err != nil {
		if want {
			t.Fatal(err)
		}
		return nil
	}
	t.Cleanup(func() { c.Close() })
	body := append([]byte{0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, byte(len(device))}, device...)
	c.Write(append([]byte{0x10, byte(len(body))}, body...))
	var ack [4]byte
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, err = c.Read(ack[:])
	if got := err == nil && ack == [4]byte{0x20, 2, 0, 0}; got != want {
		t.Errorf("the broker let it in: %v (% x, %v), want %v", got, ack, err, want)
	}
	return c
}

func publish(t *testing.T, b *box, mq *broker, device, topic string) {
	t.Helper()
	c := connect(t, b, mq, device, true)
	body := append([]byte{0, byte(len(topic))}, topic...)
	c.Write(append([]byte{0x30, byte(len(body) + 1)}, append(body, 'x')...))
}

// revoke makes a list that holds the certificate of a box.
func revoke(t *testing.T, o *office, b *box) string {
	t.Helper()
	text, _ := os.ReadFile(b.file("cert.pem"))
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour),
		NextUpdate: time.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{
			{SerialNumber: cert.SerialNumber, RevocationTime: time.Now()}},
	}, o.ca, o.caKey)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "crl.pem")
	list := pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
	if err := os.WriteFile(path, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The EST client of GlobalSign gets what a box gets from the simulated district: so what firepost
// speaks is EST and not a dialect of the two.
func TestAcceptance04TheClientOfOthers(t *testing.T) {
	o := openOffice(t)
	o.open(otherCode)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "fp-7k2m4qx6tb"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(o.ca)
	client := est.Client{
		Host: o.addr, ExplicitAnchor: pool, Username: "fp-7k2m4qx6tb", Password: otherCode,
	}
	first, err := client.Enroll(context.Background(), csr)
	for end := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(end); {
		<-time.After(50 * time.Millisecond) // the server may not have read the code yet
		first, err = client.Enroll(context.Background(), csr)
	}
	if err != nil {
		t.Fatal(err)
	}
	renewing := est.Client{
		Host: o.addr, ExplicitAnchor: pool, Certificates: []*x509.Certificate{first}, PrivateKey: key,
	}
	second, err := renewing.Reenroll(context.Background(), csr)
	if err != nil || second.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Errorf("renewal: %v", err)
	}
}
