package site_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/site"
)

// A PIN is known by its hash alone; no other PIN is taken for it, and a hash that is damaged, or
// would take for ever, is nobody's.
func TestPIN(t *testing.T) {
	hash, err := site.HashPIN("2468")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(hash, "2468") {
		t.Errorf("the hash %q shows the PIN", hash)
	}
	if again, _ := site.HashPIN("2468"); again == hash {
		t.Error("two people with one PIN have one hash")
	}
	if !(site.Operator{PIN: hash}).HasPIN("2468") {
		t.Error("the right PIN is refused")
	}
	for _, pin := range []string{"2469", "", "24680", "246", "abcd", "２４６８"} {
		if (site.Operator{PIN: hash}).HasPIN(pin) {
			t.Errorf("PIN %q is taken for 2468", pin)
		}
	}
	for _, bad := range []string{"", "2468", "pbkdf2-sha256", hash + ":", "x" + hash,
		strings.Replace(hash, ":50000:", ":0:", 1), strings.Replace(hash, ":50000:", ":99000000:", 1),
		hash[:len(hash)-4]} {
		if (site.Operator{PIN: bad}).HasPIN("2468") {
			t.Errorf("hash %q has a PIN", bad)
		}
	}
	for _, pin := range []string{"", "123", "1234567890123", "12a4"} {
		if _, err := site.HashPIN(pin); !errors.Is(err, site.ErrPIN) {
			t.Errorf("PIN %q: got %v, want ErrPIN", pin, err)
		}
	}
}
