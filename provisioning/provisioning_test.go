package provisioning_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base32"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/firepost/firepost/provisioning"
)

// The moments of these tests. The certificates hold for the whole of 2026.
var (
	starts = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	today  = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	ends   = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
)

var board = fstest.MapFS{"proc/device-tree/serial-number": {Data: []byte("10000000a3\x00")}}

func loader(now time.Time) provisioning.Loader {
	return provisioning.Loader{
		Board: board, Built: starts.AddDate(-1, 0, 0), Now: func() time.Time { return now },
	}
}

var district = provisioning.District{Tenant: "district-7", Brokers: []string{"mqtts://localhost"}}

// authority is a certificate authority of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{key: check(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "district"},
		NotBefore: starts, NotAfter: ends, IsCA: true, BasicConstraintsValid: true,
	}
	der := check(x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key))
	a.cert = check(x509.ParseCertificate(der))
	return a
}

// issue returns a certificate in PEM.
func (a *authority) issue(name string, key crypto.PublicKey, use x509.ExtKeyUsage) []byte {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: starts, NotAfter: ends, ExtKeyUsage: []x509.ExtKeyUsage{use},
	}
	return inPEM(check(x509.CreateCertificate(rand.Reader, template, a.cert, key, a.key)))
}

func inPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func check[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
}

func keyOf(t *testing.T, dir string) *ecdsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode(check(os.ReadFile(filepath.Join(dir, "key.pem"))))
	return check(x509.ParsePKCS8PrivateKey(block.Bytes)).(*ecdsa.PrivateKey)
}

// enrolled makes a whole identity folder and returns it with its authority.
func enrolled(t *testing.T) (string, *authority) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "identity")
	id, err := loader(today).Create(dir, district)
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthority(t)
	write(t, dir, "ca.pem", inPEM(a.cert.Raw))
	write(t, dir, "cert.pem", a.issue(id.ID, &keyOf(t, dir).PublicKey, x509.ExtKeyUsageClientAuth))
	return dir, a
}

// A box without an identity is unenrolled, which is no mistake to list.
func TestNoIdentityIsUnenrolled(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		_, err := provisioning.Load(dir)
		var problems provisioning.Problems
		if !errors.Is(err, provisioning.ErrNone) || errors.As(err, &problems) {
			t.Errorf("%s: got %v, want ErrNone", dir, err)
		}
	}
}

// What Create makes is for nobody else, is on the disk as it was returned, and follows the rule for
// names: the first ten characters of the base32 of the hash of the public key.
func TestCreateMakesAPrivateIdentity(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "identity")
	made, err := loader(today).Create(dir, district)
	if err != nil {
		t.Fatal(err)
	}
	if made.Enrolled() {
		t.Error("it says enrolled without a certificate")
	}
	der := check(x509.MarshalPKIXPublicKey(&keyOf(t, dir).PublicKey))
	sum := sha256.Sum256(der)
	want := "fp-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:10])
	if made.ID != want {
		t.Errorf("got the name %s, want %s", made.ID, want)
	}
	for name, mode := range map[string]os.FileMode{
		"": 0o700, "key.pem": 0o600, "district.toml": 0o600, "hardware": 0o600,
	} {
		info := check(os.Stat(filepath.Join(dir, name)))
		if got := info.Mode().Perm(); got != mode {
			t.Errorf("%q: got mode %04o, want %04o", name, got, mode)
		}
	}
	again, err := loader(today).Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again.ID != made.ID || again.Hardware != made.Hardware || again.Hardware == "" {
		t.Errorf("read %s on %s, made %s on %s", again.ID, again.Hardware, made.ID, made.Hardware)
	}
	if got := again.District.Brokers[0]; got != "mqtts://localhost:8883" {
		t.Errorf("got broker %s, want it with its usual port", got)
	}
}

// A box never gets a second key, whatever is asked for.
func TestCreateNeverReplacesAKey(t *testing.T) {
	dir, _ := enrolled(t)
	before := keyOf(t, dir)
	if _, err := loader(today).Create(dir, district); !errors.Is(err, provisioning.ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	}
	if !before.Equal(keyOf(t, dir)) {
		t.Error("the key has changed")
	}
}

// damage is one thing that can be wrong with an identity folder.
type damage struct {
	name string
	do   func(t *testing.T, dir string, a *authority)
	want string
}

func damagesOfKey() []damage {
	wrongCurve := check(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	return []damage{
		{"key readable by others", func(t *testing.T, dir string, _ *authority) {
			os.Chmod(filepath.Join(dir, "key.pem"), 0o644)
		}, "key.pem: mode 0644 lets others in; run chmod 600 "},
		{"folder open to others", func(t *testing.T, dir string, _ *authority) {
			os.Chmod(dir, 0o755)
		}, "identity: mode 0755 lets others in; run chmod 700 "},
		{"key gone", func(t *testing.T, dir string, _ *authority) {
			os.Remove(filepath.Join(dir, "key.pem"))
		}, "key.pem: it is missing, and cert.pem is of no use without it"},
		{"key damaged", func(t *testing.T, dir string, _ *authority) {
			write(t, dir, "key.pem",
				pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{0, 0, 0}}))
		}, "key.pem: the private key is damaged; restore it"},
		{"key is no PEM", func(t *testing.T, dir string, _ *authority) {
			write(t, dir, "key.pem", nil)
		}, "key.pem: it holds no private key in PEM; restore it"},
		{"key on another curve", func(t *testing.T, dir string, _ *authority) {
			der := check(x509.MarshalPKCS8PrivateKey(wrongCurve))
			write(t, dir, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		}, "key.pem: the private key is not an ECDSA key on P-256"},
	}
}

func damagesOfOthers() []damage {
	other := check(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	return []damage{
		{"certificate of another key", func(t *testing.T, dir string, a *authority) {
			write(t, dir, "cert.pem",
				a.issue("fp-aaaaaaaaaa", &other.PublicKey, x509.ExtKeyUsageClientAuth))
		}, "cert.pem: it belongs to another key than key.pem"},
		{"certificate of another name", func(t *testing.T, dir string, a *authority) {
			key := keyOf(t, dir)
			write(t, dir, "cert.pem",
				a.issue("fp-aaaaaaaaaa", &key.PublicKey, x509.ExtKeyUsageClientAuth))
		}, `cert.pem: it is made out to "fp-aaaaaaaaaa" and this box is fp-`},
		{"certificate of a server", func(t *testing.T, dir string, a *authority) {
			key := keyOf(t, dir)
			id, _ := provisioning.DeviceID(&key.PublicKey)
			write(t, dir, "cert.pem", a.issue(id, &key.PublicKey, x509.ExtKeyUsageServerAuth))
		}, "cert.pem: it may not be used by a client"},
		{"certificate damaged", func(t *testing.T, dir string, _ *authority) {
			write(t, dir, "cert.pem", inPEM([]byte{1, 2, 3}))
		}, "cert.pem: certificate 1 is damaged"},
		{"authority gone", func(t *testing.T, dir string, _ *authority) {
			os.Remove(filepath.Join(dir, "ca.pem"))
		}, "ca.pem: it is missing, so no broker can be recognised"},
		{"authority is no PEM", func(t *testing.T, dir string, _ *authority) {
			write(t, dir, "ca.pem", []byte("hello"))
		}, "ca.pem: it holds no certificate in PEM; copy it"},
		{"authority is none", func(t *testing.T, dir string, _ *authority) {
			write(t, dir, "ca.pem", check(os.ReadFile(filepath.Join(dir, "cert.pem"))))
		}, "ca.pem: certificate 1 (fp-"},
		{"district gone", func(t *testing.T, dir string, _ *authority) {
			os.Remove(filepath.Join(dir, "district.toml"))
		}, "district.toml: no such file or directory"},
		{"district huge", func(t *testing.T, dir string, _ *authority) {
			write(t, dir, "district.toml", make([]byte, 64<<10+1))
		}, "district.toml: it has 65537 bytes, at most 65536 are believed"},
		{"district is no TOML", func(t *testing.T, dir string, _ *authority) {
			write(t, dir, "district.toml", []byte("tenant = district\n"))
		}, "district.toml:1:10: "},
		{"card in another board", func(t *testing.T, dir string, _ *authority) {
			write(t, dir, "hardware", []byte("0123456789abcdef\n"))
		}, "hardware: this card was enrolled on another board (0123456789abcdef, now "},
	}
}

// Every kind of damage has a message that names the file and says what to do.
func TestLoadSaysWhatIsWrong(t *testing.T) {
	for _, c := range append(damagesOfKey(), damagesOfOthers()...) {
		t.Run(c.name, func(t *testing.T) {
			dir, a := enrolled(t)
			if _, err := loader(today).Load(dir); err != nil {
				t.Fatalf("before the damage: %v", err)
			}
			c.do(t, dir, a)
			id, err := loader(today).Load(dir)
			if id != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// Everything that is wrong is told at once.
func TestLoadTellsAllAtOnce(t *testing.T) {
	dir, _ := enrolled(t)
	os.Chmod(dir, 0o755)
	os.Chmod(filepath.Join(dir, "key.pem"), 0o640)
	write(t, dir, "cert.pem", nil)
	write(t, dir, "ca.pem", nil)
	write(t, dir, "hardware", []byte("other"))
	write(t, dir, "district.toml", []byte("tenant = \"A B\"\nbroker = \"x\"\nsize = 1\n"+
		"brokers = [\"tcp://h\", \"h:1883\", \"mqtts://me:pw@h\", \"ssl://h/x\", \"mqtts://h:99999\"]\n"+
		"site_keys = [\"RWQ\"]\n"))
	_, err := loader(today).Load(dir)
	var problems provisioning.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want Problems", err)
	}
	want := []string{
		"mode 0755", "mode 0640", "cert.pem: it holds no certificate", "ca.pem: it holds no certificate",
		"enrolled on another board", `tenant "A B" may hold`, "toml:2: unknown key broker",
		"toml:3: unknown key size", `broker "tcp://h": it is not protected`,
		`broker "h:1883": it must begin with mqtts://`, `broker "mqtts://me:pw@h": it holds a password`,
		`broker "ssl://h/x": it has something behind the port`, `broker "mqtts://h:99999"`,
		`site_keys: "RWQ" is no public key of minisign`,
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("want a message with %s", w)
		}
	}
	if len(problems) != len(want) {
		t.Errorf("got %d messages, want %d:\n%v", len(problems), len(want), err)
	}
}

// An unprotected broker is for the bench, and has to be asked for by name.
func TestUnprotectedBrokerIsForTheBench(t *testing.T) {
	d := provisioning.District{Tenant: "bench", Brokers: []string{"tcp://127.0.0.1"}, Sim: true}
	if _, err := loader(today).Create(filepath.Join(t.TempDir(), "i"), d); err == nil {
		t.Error("got an identity, want a refusal without insecure = true")
	}
	d.Insecure = true
	id, err := loader(today).Create(filepath.Join(t.TempDir(), "i"), d)
	if err != nil {
		t.Fatal(err)
	}
	if !id.District.Sim || !id.Enrolled() || id.District.Brokers[0] != "tcp://127.0.0.1:1883" {
		t.Errorf("got %+v, want a simulated identity that may connect", id.District)
	}
}

// A certificate is judged by the better of the two clocks, and the message says which day it is.
func TestCertificateIsJudgedByABelievableClock(t *testing.T) {
	dir, _ := enrolled(t)
	for _, c := range []struct {
		name       string
		now, built time.Time
		want       string
	}{
		{"right", today, starts, ""},
		{"clock never set, program newer", time.Unix(9, 0), today, ""},
		{"clock never set, program older", time.Unix(9, 0), starts.AddDate(-1, 0, 0),
			"the clock says 2025-01-01, before this box's certificate starts (2026-01-01); " +
				"wait for NTP"},
		{"ended", ends.AddDate(0, 0, 9), starts,
			"this box's certificate ended on 2027-01-01 and today is 2027-01-10; " +
				"ask the district for a new one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := loader(c.now)
			l.Built = c.built
			id, err := l.Load(dir)
			if err != nil {
				t.Fatalf("a clock is no reason to refuse an identity: %v", err)
			}
			got := ""
			if err := id.Check(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// handshake connects a box to a broker with the given certificate.
func handshake(t *testing.T, id *provisioning.Identity, a *authority, name string) (string, error) {
	t.Helper()
	key := check(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	block, _ := pem.Decode(a.issue(name, &key.PublicKey, x509.ExtKeyUsageServerAuth))
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	server := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{block.Bytes}, PrivateKey: key}},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool,
		Time: func() time.Time { return today },
	}
	config, err := id.TLS()
	if err != nil {
		t.Fatal(err)
	}
	if config.ServerName == "" {
		config.ServerName = "localhost"
	}
	listener := check(tls.Listen("tcp", "127.0.0.1:0", server))
	defer listener.Close()
	seen := make(chan string, 1)
	go func() {
		conn := check(listener.Accept()).(*tls.Conn)
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		if conn.Handshake() != nil {
			seen <- ""
			return
		}
		seen <- conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	}()
	client, err := tls.Dial("tcp", listener.Addr().String(), config)
	if err == nil {
		client.Close()
	}
	return <-seen, err
}

// A broker sees the name of the box, and a renewed certificate is used without a restart.
func TestHandshakeShowsTheCertificateOnDisk(t *testing.T) {
	dir, a := enrolled(t)
	id := check(loader(today).Load(dir))
	if got, err := handshake(t, id, a, "localhost"); err != nil || got != id.ID {
		t.Fatalf("the broker saw %q, %v, want %q", got, err, id.ID)
	}
	key := keyOf(t, dir)
	write(t, dir, "cert.pem", a.issue("renewed", &key.PublicKey, x509.ExtKeyUsageClientAuth))
	if got, err := handshake(t, id, a, "localhost"); err != nil || got != "renewed" {
		t.Errorf("the broker saw %q, %v, want the new certificate", got, err)
	}
}

// A handshake that fails says what the person in front of the box can do.
func TestFailedHandshakeIsExplained(t *testing.T) {
	dir, a := enrolled(t)
	for _, c := range []struct {
		name, server string
		broker       *authority
		now          time.Time
		want         string
	}{
		{"stranger", "localhost", newAuthority(t), today, "not from the district's authority"},
		{"other name", "elsewhere", a, today, "is for another name; correct brokers or server_name"},
		{"clock behind", "localhost", a, time.Unix(9, 0),
			"the clock says 2025-01-01, before the broker's certificate starts (2026-01-01)"},
		{"too old", "localhost", a, ends.AddDate(1, 0, 0),
			"the broker's certificate ended on 2027-01-01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := check(loader(c.now).Load(dir))
			_, err := handshake(t, id, c.broker, c.server)
			if err == nil {
				t.Fatal("the handshake went well, want it to fail")
			}
			if got := id.Explain(err); !strings.Contains(got.Error(), c.want) || !errors.Is(got, err) {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
	id := check(loader(today).Load(dir))
	if other := errors.New("other"); id.Explain(other) != other {
		t.Error("an error of another kind was changed")
	}
}

// A board is told by its processor, else by its wired network port, else by its installation; what
// an emulated or plugged part says does not count.
func TestFingerprintPrefersWhatCannotBeUnplugged(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	serial := fstest.MapFS{"proc/device-tree/serial-number": file("10000000a3\x00")}
	zeros := fstest.MapFS{
		"proc/device-tree/serial-number": file("0000000000000000\x00"),
		"sys/class/net/eth0/address":     file("dc:a6:32:00:00:01\n"),
		"sys/class/net/eth0/device/x":    file(""),
		"sys/class/net/docker0/address":  file("02:42:00:00:00:01\n"),
		"sys/class/net/wlan0/address":    file("dc:a6:32:00:00:02\n"),
		"sys/class/net/wlan0/device/x":   file(""),
		"etc/machine-id":                 file("abc\n"),
	}
	wired := fstest.MapFS{
		"sys/class/net/eth0/address":  file("dc:a6:32:00:00:01\n"),
		"sys/class/net/eth0/device/x": file(""),
	}
	radio := fstest.MapFS{
		"sys/class/net/br0/address":    file("dc:a6:32:00:00:01\n"),
		"sys/class/net/wlan0/address":  file("dc:a6:32:00:00:02\n"),
		"sys/class/net/wlan0/device/x": file(""),
	}
	machine := fstest.MapFS{"etc/machine-id": file("abc\n")}
	seen := map[string]string{"": "a board with nothing"}
	for name, root := range map[string]fstest.MapFS{
		"serial": serial, "wired": wired, "radio": radio, "machine": machine,
	} {
		got := provisioning.Fingerprint(root)
		if same, ok := seen[got]; ok {
			t.Errorf("%s: got %q, the same as %s", name, got, same)
		}
		seen[got] = name
	}
	if got, want := provisioning.Fingerprint(zeros), provisioning.Fingerprint(wired); got != want {
		t.Errorf("a serial number of zeros: got %q, want that of the wired port %q", got, want)
	}
	if got := provisioning.Fingerprint(fstest.MapFS{}); got != "" {
		t.Errorf("got %q for a board with nothing, want none", got)
	}
}

// FuzzDistrict: any bytes as district.toml give an identity or problems, never a panic.
func FuzzDistrict(f *testing.F) {
	f.Add([]byte("tenant = \"a\"\nbrokers = [\"mqtts://h\"]\n"))
	f.Add([]byte("brokers = [1, {}]\nsim = \"x\"\n"))
	dir := filepath.Join(f.TempDir(), "identity")
	if _, err := loader(today).Create(dir, district); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		write(t, dir, "district.toml", data)
		id, err := loader(today).Load(dir)
		if (id == nil) == (err == nil) {
			t.Fatalf("got %v and %v, want one of them", id, err)
		}
		if id != nil && (id.District.Tenant == "" || len(id.District.Brokers) == 0) {
			t.Fatalf("%+v was accepted", id.District)
		}
	})
}
