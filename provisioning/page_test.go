package provisioning

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A box without a district signs the certificate of its page itself, with the key that is its name,
// and keeps it: a browser that was told once to trust it knows it again. Another key is another
// certificate.
func TestThePageHasAnOwnCertificate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "identity")
	l := Loader{Board: os.DirFS(t.TempDir()), Built: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	get := func() *x509.Certificate {
		t.Helper()
		c, err := l.PageCertificate(dir, []string{"shop", "shop.local"})
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf
	}
	first := get()
	signed, err := l.Sign(dir, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if first.Subject.CommonName != signed.Device || !signed.PublicKey.Equal(first.PublicKey) {
		t.Errorf("it is of %s, want %s and its key", first.Subject.CommonName, signed.Device)
	}
	if err := first.VerifyHostname("shop.local"); err != nil {
		t.Error(err)
	}
	if first.IsCA || first.NotAfter.Year() != 2051 || !servesPages(first) {
		t.Errorf("got %+v", first)
	}
	if again := get(); !bytes.Equal(again.Raw, first.Raw) {
		t.Error("the second start has another certificate")
	}
	if info, err := os.Stat(filepath.Join(dir, keyFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v %v", info, err)
	}
	for _, name := range []string{pageFile, keyFile} {
		if err := os.WriteFile(filepath.Join(dir, pageFile), []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if other := get(); bytes.Equal(other.Raw, first.Raw) {
			t.Errorf("without %s it is the same certificate", name)
		}
	}
}

// A certificate of the district that is not for servers is not shown to browsers, which would
// refuse it for good; one that is for servers is.
func TestThePageUsesWhatIsForServers(t *testing.T) {
	for usage, want := range map[x509.ExtKeyUsage]bool{
		x509.ExtKeyUsageClientAuth: false, x509.ExtKeyUsageServerAuth: true,
	} {
		c := &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{usage}}
		if got := servesPages(c); got != want {
			t.Errorf("%v: got %v, want %v", usage, got, want)
		}
	}
}
