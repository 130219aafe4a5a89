package provisioning_test

import (
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/provisioning"
	"github.com/firepost/firepost/provisioning/enroltest"
)

const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// One wrong letter is always seen, and the message names its group; two are always seen.
func TestASlipOfTheKeyboardIsFound(t *testing.T) {
	for range 300 {
		code := provisioning.NewCode()
		if got, err := provisioning.CheckCode(strings.ToLower(code)); err != nil || got != code {
			t.Fatalf("%s: got %q, %v", code, got, err)
		}
		word := []byte(strings.ReplaceAll(code, "-", ""))
		at := rand.IntN(len(word))
		slip := func(i int) {
			for was := word[i]; word[i] == was; {
				word[i] = letters[rand.IntN(len(letters))]
			}
		}
		slip(at)
		_, err := provisioning.CheckCode(string(word))
		var f *provisioning.Failure
		group := string(rune('1' + at/4))
		if !errors.As(err, &f) || f.Code != "E101" || !strings.Contains(f.En, "Look at group "+group) ||
			!strings.Contains(f.Zh, "第 "+group+" 组") {
			t.Fatalf("%s typed as %s: got %v, want group %s", code, word, err, group)
		}
		slip((at + 1 + rand.IntN(len(word)-1)) % len(word))
		if _, err := provisioning.CheckCode(string(word)); err == nil {
			t.Fatalf("%s typed as %s passed", code, word)
		}
	}
}

// Every form of a claim is read as it was written, and a damaged one says what is wrong.
func TestClaimsAreReadInEveryForm(t *testing.T) {
	c := provisioning.Claim{
		Code: provisioning.NewCode(), Issued: time.Unix(1795546607, 0).UTC(), Site: "FS-0042 East Gate",
		District: provisioning.District{
			Tenant: "district-7", Brokers: []string{"mqtts://mq.example:8883"},
			Enrol: "https://enrol.district.example", Pin: "sha256:" + strings.Repeat("9a", 32),
			SiteKeys:   []string{"RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"},
			ServerName: "mq", Sim: true, Insecure: true, Username: "u", Password: "p\"\u4e1c",
		},
	}
	fields := reflect.ValueOf(c.District)
	for i := range fields.NumField() { // Else what is added to it is lost when a box is enrolled.
		if fields.Field(i).IsZero() {
			t.Errorf("the sample has no %s", fields.Type().Field(i).Name)
		}
	}
	file := check(provisioning.ParseClaim(c.File()))
	if file.Code != c.Code || !file.Issued.Equal(c.Issued) || file.Site != c.Site ||
		!reflect.DeepEqual(file.District, c.District) || !file.Expires.IsZero() || !file.Asked.IsZero() {
		t.Errorf("file: got %+v, want %+v", file, c)
	}
	if uri := c.URI(); len(uri) > 160 {
		t.Errorf("the QR text has %d letters: %s", len(uri), uri)
	}
	uri := check(provisioning.ParseClaim([]byte(" " + c.URI() + "\n")))
	if uri.Code != c.Code || !uri.Issued.Equal(c.Issued) || uri.District.Enrol != c.District.Enrol {
		t.Errorf("URI: got %+v", uri)
	}
	if got := c.Masked(); got != c.Code[:4]+"-****-****-"+c.Code[15:] {
		t.Errorf("masked: %s", got)
	}
	for _, bad := range []struct{ text, want string }{
		{"ABCD", "E101"}, {"ABCD-EFGH-JKLM-NPQU", "E101"}, {"", "E101"},
		{"FIRE1:http://x#c=1", "no address of a server"},
		{"FIRE1:https://x#c=" + c.Code + "&p=md5:1", "no fingerprint"},
		{"code = 1\n", "claim:1:"},
		{"code = \"" + c.Code + "\"\ncolour = 1\n[district]\ntenant = \"A\"\n", "unknown key colour"},
		{"code = \"" + c.Code + "\"\n", "enrol and pin are needed"},
	} {
		if _, err := provisioning.ParseClaim([]byte(bad.text)); err == nil ||
			!strings.Contains(err.Error(), bad.want) {
			t.Errorf("%q: got %v, want %s", bad.text, err, bad.want)
		}
	}
}

// FuzzClaim: any bytes are a claim that can be used or an error, never a panic.
func FuzzClaim(f *testing.F) {
	f.Add([]byte("ABCD-EFGH-JKMN-PQRS"))
	f.Add([]byte("FIRE1:https://e.example#c=ABCD-EFGH-JKMN-PQRS&p=sha256:00&t=1"))
	f.Add([]byte("code = \"A\"\n[district]\ntenant = \"x\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := provisioning.ParseClaim(data)
		if (c == nil) == (err == nil) {
			t.Fatalf("got %v and %v, want one of them", c, err)
		}
		if c == nil {
			return
		}
		if _, err := provisioning.CheckCode(c.Code); err != nil {
			t.Fatalf("%q was accepted: %v", c.Code, err)
		}
		again, err := provisioning.ParseClaim(c.File())
		if c.District.Tenant != "" && (err != nil || !reflect.DeepEqual(again, c)) {
			t.Fatalf("%+v was written and read as %+v, %v", c, again, err)
		}
	})
}

// FuzzCertsOnly: any answer is a list of certificates or an error, never a panic.
func FuzzCertsOnly(f *testing.F) {
	a := newAuthority(nil)
	f.Add(enroltest.CertsOnly(a.cert))
	f.Add(enroltest.CertsOnly(a.cert, a.cert))
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, der []byte) {
		certs, err := provisioning.ParseCertsOnly([]byte(base64.StdEncoding.EncodeToString(der)))
		if (len(certs) == 0) == (err == nil) {
			t.Fatalf("got %d certificates and %v", len(certs), err)
		}
	})
}
