package buffer

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the other process of a test.
func TestMain(m *testing.M) {
	switch dir := os.Getenv("FIREPOST_BUFFER_CHILD"); {
	case dir == "":
		os.Exit(m.Run())
	case strings.HasPrefix(dir, "hold:"):
		hold(dir[len("hold:"):])
	default:
		produce(dir)
	}
}

// produce puts alarms for ever and says of each when it was committed.
func produce(dir string) {
	opt := quick()
	opt.Delay[Telemetry] = 3 * time.Millisecond
	o := Open(dir, opt)
	for o.Epoch() == "" {
		time.Sleep(time.Millisecond)
	}
	said := o.Flushed(Alarm)
	for i := 0; ; i++ {
		n := o.Put(Alarm, 1, fmt.Appendf(nil, "%s %d", o.Epoch(), o.Tail(Alarm)+1))
		o.Put(Telemetry, 20, make([]byte, 300))
		if i%7 == 6 { // something has to be deleted, too
			o.Ack(o.Epoch(), Telemetry, Range{1, o.Tail(Telemetry)})
		}
		for o.Flushed(Alarm) < n {
			time.Sleep(50 * time.Microsecond)
		}
		for ; said < n; said++ {
			fmt.Println(o.Epoch(), said+1)
		}
	}
}

// hold keeps the file locked.
func hold(dir string) {
	o := Open(dir, quick())
	for o.Stats().RAM {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("held")
	time.Sleep(time.Minute)
}

func child(t *testing.T, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "FIREPOST_BUFFER_CHILD="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); errors.Is(err, syscall.ENOEXEC) {
		t.Skip("under an emulator that runs no second process")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewScanner(out)
}

// Every record whose commit was reported is there after kill -9, under the number it had, and
// numbers go on above all that may have been used.
func TestT03KilledProcessLosesNothingCommitted(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	rng := rand.New(rand.NewPCG(9, 9))
	committed := map[string]bool{}
	for range rounds(15, 500) {
		cmd, lines := child(t, dir)
		kill := time.AfterFunc(time.Duration(20+rng.IntN(150))*time.Millisecond, func() {
			_ = cmd.Process.Kill()
		})
		var last uint64
		for lines.Scan() {
			committed[lines.Text()] = true
			if f := strings.Fields(lines.Text()); len(f) == 2 {
				last, _ = strconv.ParseUint(f[1], 10, 64)
			}
		}
		kill.Stop()
		_ = cmd.Wait()
		o := opened(t, dir, quick())
		got := map[string]bool{}
		m := model{o: o}
		for _, r := range m.readAll(Alarm) {
			got[fmt.Sprint(r.Epoch, " ", r.First)] = true
			if want := fmt.Sprint(r.Epoch, " ", r.First); string(r.Body) != want {
				t.Fatalf("got %q under %s", r.Body, want)
			}
		}
		for c := range committed {
			if !got[c] {
				t.Fatalf("%s was committed and is gone", c)
			}
		}
		if n := o.Put(Alarm, 1, []byte("next")); n <= last {
			t.Fatalf("number %d after %d", n, last)
		} else {
			o.Ack(o.Epoch(), Alarm, Range{n, n})
		}
		o.abandon()
	}
	if len(committed) == 0 {
		t.Error("got no commit; the child does nothing")
	}
}

// When another process has the file, its number is in the notice, and alarms go on in memory
// until the file is free.
func TestLockedFileIsNamedAndTakenLater(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	cmd, lines := child(t, "hold:"+dir)
	if !lines.Scan() || lines.Text() != "held" {
		t.Fatalf("the child said %q", lines.Text())
	}
	var said notices
	opt := quick()
	opt.Notice = said.say
	opt.Retry = 100 * time.Millisecond
	o := Open(dir, opt)
	defer func() { _ = o.Close() }()
	o.Put(Alarm, 1, []byte("fire"))
	await(t, "the notice", said.has("storage_failed true"))
	want := fmt.Sprintf("buffer: outbox.db is locked by process %d; "+
		"stop the other agent or choose another --dir", cmd.Process.Pid)
	if got := o.Stats().Err; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := o.Next(Alarm, 0, 1); len(got) != 1 {
		t.Errorf("in memory: got %d alarms, want 1", len(got))
	}
	_ = cmd.Process.Kill()
	await(t, "the file", func() bool { return !o.Stats().RAM })
	flushed(t, o, Alarm)
}
