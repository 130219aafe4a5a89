package provisioning_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firepost/firepost/provisioning"
	"github.com/firepost/firepost/provisioning/enroltest"
)

// Who carries the stick is not believed: an answer of another authority, of another box or in
// pieces is not taken, and the right one is.
func TestTheStickIsNotBelieved(t *testing.T) {
	d, stranger := enroltest.New(t), enroltest.New(t)
	stick, e := t.TempDir(), enroller(t)
	accept(t, e, d.Claim())
	path := check(e.CourierOut(stick))
	if info := check(os.Stat(path)); info.Mode().Perm() != 0o600 {
		t.Errorf("the request has mode %v", info.Mode())
	}
	answer := strings.TrimSuffix(path, "request") + "response"
	other := enroller(t)
	claim := stranger.Claim()
	accept(t, other, claim)
	strangers := t.TempDir()
	check(other.CourierOut(strangers))
	forged := check(provisioning.CourierSubmit(t.Context(), strangers, nil))
	write(t, stick, filepath.Base(answer), check(os.ReadFile(forged[0])))
	var f *provisioning.Failure
	if _, err := e.CourierIn(stick); !errors.As(err, &f) || f.Code != "E104" {
		t.Errorf("an answer of another authority: %v, want E104", err)
	}
	write(t, stick, filepath.Base(answer), []byte("certificate = \"x\"\n"))
	if _, err := e.CourierIn(stick); err == nil {
		t.Error("an answer in pieces was taken")
	}
	os.Remove(answer)
	check(provisioning.CourierSubmit(t.Context(), stick, nil))
	s, err := e.CourierIn(stick)
	if err != nil || s.State != provisioning.Issued {
		t.Fatalf("got %s, %v, want issued", s.State, err)
	}
	if s := advance(t, e); s.State != provisioning.Active || d.Count() != 1 {
		t.Errorf("with a network: %s, %v, %d certificates", s.State, s.Failure, d.Count())
	}
	if _, err := provisioning.CourierSubmit(t.Context(), t.TempDir(), nil); err == nil {
		t.Error("an empty folder was handed in")
	}
}

// What a box signs is checked with its key alone; a card in another board signs nothing, and a box
// without a key makes one.
func TestSignatures(t *testing.T) {
	d, e := enroltest.New(t), enroller(t)
	bare := check(e.Sign(e.Dir, []byte("report")))
	if len(bare.Chain) > 0 || bare.Device == "" || !verifies(bare, "report") ||
		verifies(bare, "repost") {
		t.Errorf("without an enrolment: %+v", bare)
	}
	accept(t, e, d.Claim())
	if s := advance(t, e); s.Device != bare.Device {
		t.Errorf("enrolled as %s, and signed as %s", s.Device, bare.Device)
	}
	if s := check(e.Sign(e.Dir, []byte("report"))); len(s.Chain) != 1 || !verifies(s, "report") {
		t.Errorf("enrolled: %+v", s)
	}
	write(t, e.Dir, "hardware", []byte("0123456789abcdef\n"))
	if _, err := e.Sign(e.Dir, []byte("report")); err == nil {
		t.Error("a card in another board signs")
	}
	if err := provisioning.Reset(e.Dir); err != nil {
		t.Fatal(err)
	}
	if s := e.Standing(e.Dir); s.State != provisioning.New || s.Device != "" {
		t.Errorf("after a reset: %+v", s)
	}
}

func verifies(s provisioning.Signature, message string) bool {
	sum := sha256.Sum256([]byte(message))
	return ecdsa.VerifyASN1(s.PublicKey, sum[:], s.DER)
}
