package sitefile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"

	"github.com/firepost/firepost/agent/site"
)

func siteText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../site/testdata/shop.toml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(text), "街角小店", name, 1)
}

// box is a store whose local file is named "local".
type box struct {
	Store
	t    *testing.T
	base string
}

func newBox(t *testing.T) *box {
	t.Helper()
	b := &box{t: t, Store: Store{Local: filepath.Join(t.TempDir(), "site.toml"), Dir: t.TempDir()}}
	b.edit(siteText(t, "local"))
	return b
}

func (b *box) edit(text string) {
	b.t.Helper()
	b.base = site.HashOf([]byte(text))
	if err := os.WriteFile(b.Local, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) offer(name string, stage Stage) *Offer {
	b.t.Helper()
	text := []byte(siteText(b.t, name))
	o := &Offer{ID: name, Base: b.base, Hash: site.HashOf(text), Stage: stage, Text: text}
	if err := b.Put(o); err != nil {
		b.t.Fatal(err)
	}
	return o
}

func (b *box) counts(name, from string) Choice {
	b.t.Helper()
	c, err := b.Choose()
	if err != nil {
		b.t.Fatal(err)
	}
	if c.From != from || !strings.HasPrefix(c.Site.Name, name) {
		b.t.Errorf("%q from %s counts, want %q from %s", c.Site.Name, c.From, name, from)
	}
	return c
}

// A file from afar counts on trial and once it is kept, and only while the local file is the one
// that it is based on.
func TestWhichFileCounts(t *testing.T) {
	b := newBox(t)
	b.counts("local", FromLocal)
	b.offer("one", Waiting)
	b.counts("local", FromLocal)
	one := b.offer("one", Trial)
	b.counts("one", FromTrial)
	if c, err := b.Settled(); err != nil || c.From != FromLocal {
		t.Errorf("without the trial: %s, %v", c.From, err)
	}
	if err := b.Keep(one); err != nil {
		t.Fatal(err)
	}
	c := b.counts("one", FromPushed)
	if err := b.KeepGood(c); err != nil {
		t.Fatal(err)
	}
	b.offer("two", Trial)
	b.counts("two", FromTrial)
	b.offer("two", Undone)
	b.counts("one", FromPushed)

	before := siteText(t, "local")
	b.edit(siteText(t, "edited"))
	b.counts("edited", FromLocal)
	b.edit("[site")
	if c := b.counts("one", FromGood); c.Rejected == nil {
		t.Error("nobody is told what is wrong with the local file")
	}
	b.edit(before)
	if err := b.Drop(); err != nil {
		t.Fatal(err)
	}
	b.counts("local", FromLocal)
}

// A file under which the program starts again and again, or whose start cannot be counted, does not
// count.
func TestTrialEndsWhenTheProgramDies(t *testing.T) {
	b := newBox(t)
	b.offer("one", Trial)
	for n := 1; n <= mostStarts; n++ {
		if c, err := b.Begin(); err != nil || c.From != FromTrial {
			t.Fatalf("start %d: %s, %v", n, c.From, err)
		}
	}
	if c, err := b.Begin(); err != nil || c.From != FromLocal {
		t.Errorf("one more: %s, %v", c.From, err)
	}
	if o, err := b.Offer(); err != nil || o.Stage != Undone || o.Reason != ReasonStarts {
		t.Errorf("the offer: %+v, %v", o, err)
	}
	b.offer("two", Trial)
	b.Step = func() error { return os.ErrPermission }
	if c, err := b.Begin(); err != nil || c.From != FromLocal {
		t.Errorf("with a card that cannot be written: %s, %v", c.From, err)
	}
}

// A damaged file of ours does not count, and does not keep the local one from counting.
func TestDamagedFilesDoNotCount(t *testing.T) {
	for _, name := range []string{offered, pushed} {
		for _, damage := range []func([]byte) []byte{
			func(b []byte) []byte { return b[:len(b)/2] },
			func(b []byte) []byte { return b[1:] },
			func(b []byte) []byte { b[len(b)-2] ^= 1; return b },
			func([]byte) []byte { return nil },
		} {
			b := newBox(t)
			o := b.offer("one", Trial)
			if name == pushed {
				if err := b.Keep(o); err != nil {
					t.Fatal(err)
				}
			}
			text, err := os.ReadFile(b.path(name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(b.path(name), damage(text), 0o600); err != nil {
				t.Fatal(err)
			}
			b.counts("local", FromLocal)
		}
	}
}

// Only a signature over these bytes, by a key of the list, for this box and this local file, is
// believed.
func TestVerify(t *testing.T) {
	public, key, err := minisign.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := minisign.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	file := []byte("[site]\n")
	sign := func(comment string) string {
		return string(minisign.SignWithComments(key, file, comment, "any"))
	}
	good := sign(TrustedComment("fp-1", "0a"))
	both := []string{other.String(), public.String()}
	for _, k := range []struct {
		name      string
		keys      []string
		file, sig string
		want      error
	}{
		{"good", both, string(file), good, nil},
		{"no keys", nil, string(file), good, ErrNoKeys},
		{"another key", both[:1], string(file), good, ErrSignature},
		{"a key that is none", []string{"RWQ"}, string(file), good, ErrSignature},
		{"another file", both, "[site]", good, ErrSignature},
		{"another comment", both, string(file), strings.Replace(good, "fp-1", "fp-2", 1), ErrSignature},
		{"another box", both, string(file), sign(TrustedComment("fp-2", "0a")), ErrMeant},
		{"another base", both, string(file), sign(TrustedComment("fp-1", "0b")), ErrMeant},
		{"nothing", both, string(file), "", ErrSignature},
	} {
		err := Verify(k.keys, "fp-1", "0a", []byte(k.file), k.sig)
		if !errors.Is(err, k.want) || k.want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", k.name, err, k.want)
		}
	}
}

// FuzzVerify holds that no bytes are a signature by chance, and none a panic.
func FuzzVerify(f *testing.F) {
	public, key, err := minisign.GenerateKey(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("untrusted comment: a\nRUQ=\ntrusted comment: fp-1 0a\n\n")
	f.Add(string(minisign.SignWithComments(key, []byte("another"), "fp-1 0a", "")))
	f.Fuzz(func(t *testing.T, sig string) {
		if Verify([]string{public.String()}, "fp-1", "0a", []byte("[site]"), sig) == nil {
			t.Fatalf("believed: %q", sig)
		}
	})
}
