package district

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/wire"
)

// TestMain lets the test binary be the platform that is killed.
func TestMain(m *testing.M) {
	path := os.Getenv("FIREPOST_DISTRICT_CHILD")
	if path == "" {
		os.Exit(m.Run())
	}
	steps := 0
	fmt.Sscan(os.Getenv("FIREPOST_DISTRICT_STEPS"), &steps)
	die := func(string) {
		if steps--; steps == 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}
	f, err := OpenFile(path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	f.step = die
	for _, m := range sendings() {
		receipt, _, err := f.Take(m.topic, m.payload)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(string(receipt.JSON())) // The receipt is given here.
		die("receipted")
	}
}

// sending is one message as it comes, and of which records it is.
type sending struct {
	topic   string
	payload []byte
}

func sendingOf(lane byte, first uint64, n uint32, body string) sending {
	m := wire.Meta{Lane: lane, Epoch: "9f3c1a77", First: first, N: n, Boot: 1, Mono: 1, Error: -1}
	payload, err := wire.Envelope(sender, m, []byte(body), time.Time{}, false)
	if err != nil {
		panic(err) // the bodies are those of this file
	}
	return sending{sender.Topic(wire.Leaf(lane, []byte(body), false)), payload}
}

// sendings are a bad day: repeats, another batching, numbers out of order, a gap, and a record that
// comes although it was given up.
func sendings() []sending {
	alarm := func(n uint64) sending { return sendingOf('a', n, 1, string(body(n))) }
	tele := func(first uint64, n int) sending {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"n":"x","v":%d}`, first+uint64(i)))
		}
		return sendingOf('t', first, uint32(n), `{"type":"org.firepost.telemetry.v1","data":[`+
			strings.Join(list, ",")+`]}`)
	}
	gap := sendingOf('a', 3, 1, string(wire.GapBody(wire.Gap{
		Lane: "t", From: 4, To: 6, Cause: wire.CauseEvicted,
	})))
	return []sending{
		alarm(1), tele(1, 3), alarm(1), tele(7, 4), gap, alarm(2), tele(1, 2), tele(2, 4), tele(9, 5),
		alarm(4), gap,
	}
}

// wantWhole looks whether each record is stored once under its number, with its own body, and
// whether the watermarks stand at the end.
func wantWhole(t *testing.T, f *File) {
	t.Helper()
	last := wire.Ack{}
	for _, m := range sendings() {
		receipt, fresh, err := f.Take(m.topic, m.payload)
		if err != nil || fresh {
			t.Errorf("again: %v, new %t", err, fresh)
		}
		last = receipt
	}
	if last.UpTo["a"] != 4 || last.UpTo["t"] != 13 || last.UpTo["e"] != 0 {
		t.Errorf("receipt %v, want a 4 and t 13", last.UpTo)
	}
	for n := uint64(1); n <= 14; n++ {
		want := fmt.Sprintf(`{"n":"x","v":%d}`, n)
		if n == 6 || n == 14 {
			want = "" // evicted, and never sent
		}
		if got := string(f.Has(sender.ID, "9f3c1a77", "t", n)); got != want {
			t.Errorf("t %d: got %s, want %s", n, got, want)
		}
	}
}

// Whatever step of the platform is its last: no receipt was given for what is not in the file, and
// after all has come again each record is there once.
func TestPlatformKilledBetweenAnyTwoSteps(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		path := filepath.Join(t.TempDir(), "district.db")
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "FIREPOST_DISTRICT_CHILD="+path,
			fmt.Sprint("FIREPOST_DISTRICT_STEPS=", n))
		out, err := cmd.Output()
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.Exited()) {
			t.Fatalf("step %d: %v: %s", n, err, out)
		}
		f, openErr := OpenFile(path)
		if openErr != nil {
			t.Fatalf("step %d: %v", n, openErr)
		}
		for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
			receipted(t, f, lines.Text())
		}
		for _, m := range sendings() {
			if _, _, err := f.Take(m.topic, m.payload); err != nil {
				t.Fatalf("step %d: %v", n, err)
			}
		}
		wantWhole(t, f)
		f.Close()
		if err == nil {
			t.Logf("%d steps", n-1)
			return
		}
	}
}

// receipted looks whether what a receipt says is in the file, or was declared missing.
func receipted(t *testing.T, f *File, text string) {
	t.Helper()
	var a struct {
		UpTo map[string]uint64 `json:"upto"`
	}
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatalf("receipt %s: %v", text, err)
	}
	for lane, upTo := range a.UpTo {
		for n := uint64(1); n <= upTo; n++ {
			isDeclared := lane == "t" && n >= 4 && n <= 6
			if f.Has(sender.ID, "9f3c1a77", lane, n) == nil && !isDeclared {
				t.Errorf("%s %d was receipted and is not stored", lane, n)
			}
		}
	}
}

// The file comes to the same watermark as the receiver in memory, whatever order numbers come in
// and however many holes there are; what breaks the contract leaves nothing behind.
func TestFileAgreesWithTheReceiver(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 5 {
		f, err := OpenFile(filepath.Join(t.TempDir(), "district.db"))
		if err != nil {
			t.Fatal(err)
		}
		f.db.NoSync = true
		r := NewReceiver(Options{})
		for _, i := range rng.Perm(200) {
			if i%7 == 0 {
				continue
			}
			m := sendingOf('a', uint64(i+1), 1, string(body(uint64(i+1))))
			receipt, fresh, err := f.Take(m.topic, m.payload)
			if err != nil || !fresh {
				t.Fatalf("%d: %v, new %t", i, err, fresh)
			}
			r.Handle(m.topic, m.payload, false)
			if got, want := receipt.UpTo["a"], watermark(r, "9f3c1a77", "a"); got != want {
				t.Fatalf("the file is at %d, the receiver at %d", got, want)
			}
		}
		bad := sendings()[0]
		if _, _, err := f.Take(bad.topic, []byte(`{"id":"x"}`)); !errors.Is(err, errContract) {
			t.Errorf("got %v, want errContract", err)
		}
		if _, _, err := f.Take("x/y", bad.payload); !errors.Is(err, errContract) {
			t.Errorf("got %v, want errContract", err)
		}
		f.Close()
	}
}
