package probe

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/provisioning"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

// shown is what a person reads of findings, in both languages.
func shown(found []Finding) string {
	text := ""
	for _, chinese := range []bool{false, true} {
		for _, f := range found {
			text += f.Text(chinese)
		}
	}
	return text
}

// perform runs steps and collects what they find.
func perform(ctx context.Context, steps ...Step) (found []Finding, worst Level) {
	worst = Run(ctx, steps, func(f Finding) {
		f.Took = 0
		found = append(found, f)
	})
	return found, worst
}

// A step that does not come back is left behind at its limit, said so, and keeps nobody from the
// next one; where the agent would see nothing it is a failure.
func TestAStepThatHangsIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		defer close(hang)
		stuck := func(context.Context) []Finding { <-hang; return nil }
		began := time.Now()
		found, worst := perform(t.Context(),
			Step{Name: "bus", Limit: time.Second, Blind: true, Run: stuck},
			Step{Name: "disk", Limit: time.Second, Run: stuck},
			Known("next", alarm.Text{}, Finding{Says: both("well", "好")}))
		if len(found) != 3 || found[0].Level != Failure || found[1].Level != Warning ||
			found[2].Says.En != "well" || worst != Failure {
			t.Errorf("got %+v, worst %v", found, worst)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// Each thing that is wrong with a disk is told, with what to do; a good one is one line.
func TestDisk(t *testing.T) {
	plenty := space{free: 4 << 30, files: 1e6, total: 2e6}
	mounts := "24 1 179:2 / / rw - ext4 /dev/root rw\n25 24 8:1 / /elsewhere rw - tmpfs x rw\n"
	card := func(files map[string]string) fstest.MapFS {
		root := fstest.MapFS{
			"proc/self/mountinfo":           {Data: []byte(mounts)},
			"sys/dev/block/179:2/uevent":    {Data: []byte("MAJOR=179\nDEVNAME=mmcblk0p2\n")},
			"sys/fs/ext4/mmcblk0p2/x":       {},
			"sys/block/mmcblk0/device/type": {Data: []byte("MMC\n")},
		}
		for name, text := range files {
			root[name] = &fstest.MapFile{Data: []byte(text)}
		}
		return root
	}
	text := ""
	for _, c := range []struct {
		name string
		left space
		err  error
		root map[string]string
	}{
		{"well", plenty, nil, nil},
		{"no answer", space{}, errors.New("input/output error"), nil},
		{"read only", space{free: 1 << 30, readOnly: true}, nil, nil},
		{"full", space{free: 3 << 20, files: 12, total: 100}, nil, nil},
		{"errors", plenty, nil, map[string]string{"sys/fs/ext4/mmcblk0p2/errors_count": "7\n"}},
		{"worn", plenty, nil, map[string]string{
			"sys/block/mmcblk0/device/life_time":    "0x02 0x0a\n",
			"sys/block/mmcblk0/device/pre_eol_info": "0x02\n"}},
		{"young", plenty, nil, map[string]string{
			"sys/block/mmcblk0/device/life_time": "0x01 0x02\n"}},
	} {
		d := &disk{dir: "/", root: card(c.root), usage: func(string) (space, error) {
			return c.left, c.err
		}}
		text += c.name + "\n" + shown(d.look())
	}
	golden(t, "disk", text)
}

// A disk that takes a write is good, and nothing of the try is left.
func TestDiskIsTried(t *testing.T) {
	dir := t.TempDir()
	found, _ := perform(t.Context(), Disk(dir, true))
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 || len(found) == 0 || strings.Contains(shown(found), "failed") {
		t.Errorf("left %v, %v; found %v", left, err, found)
	}
}

// The whole device of a partition is found by its name.
func TestWholeDevice(t *testing.T) {
	for name, want := range map[string]string{
		"mmcblk0p2": "mmcblk0", "mmcblk0": "mmcblk0", "sda1": "sda", "sda": "sda",
		"nvme0n1p3": "nvme0n1", "nvme0n1": "nvme0n1", "vda": "vda",
	} {
		if got := wholeDevice(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// A clock that cannot be right, or that nobody leads, is a warning; the better one is not.
func TestClock(t *testing.T) {
	built := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	text := ""
	for _, c := range []timeState{
		{now: built.AddDate(-20, 0, 0), synced: true, rtc: true},
		{now: built.AddDate(11, 0, 0), synced: true, rtc: true},
		{now: built.AddDate(0, 1, 0), rtc: true},
		{now: built.AddDate(0, 1, 0), synced: true, within: 2 * time.Millisecond},
	} {
		text += shown(c.judge(built))
	}
	golden(t, "clock", text)
}

// listen serves each connection with one answer, and returns the address.
func listen(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			answer(c)
			c.Close()
		}
	}()
	return l.Addr().String()
}

// connack hears a CONNECT and answers it with a code.
func connack(code byte) func(net.Conn) {
	return func(c net.Conn) {
		b := make([]byte, 256)
		c.Read(b)                                      //nolint:errcheck // whatever it was
		c.Write([]byte{0x20, 2, 0, code})              //nolint:errcheck // the other side sees it
		c.SetReadDeadline(time.Now().Add(time.Second)) //nolint:errcheck // a test
		c.Read(b)                                      //nolint:errcheck // the farewell
	}
}

// The way to the district is told step by step: the first that fails says why in plain words, and
// the rest is not gone.
func TestBroker(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	text := ""
	for _, c := range []struct{ name, scheme, at string }{
		{"accepted", "tcp", listen(t, connack(0))},
		{"not authorised", "tcp", listen(t, connack(5))},
		{"hangs up", "tcp", listen(t, func(c net.Conn) {
			c.Read(make([]byte, 256)) //nolint:errcheck // whatever it was
		})},
		{"a web server", "tcp", listen(t, func(c net.Conn) {
			c.Read(make([]byte, 256))                           //nolint:errcheck // whatever it was
			c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) //nolint:errcheck // likewise
		})},
		{"nobody", "mqtts", closed.Addr().String()},
		{"no TLS", "mqtts", listen(t, func(c net.Conn) {
			c.Write([]byte("220 mail\r\n")) //nolint:errcheck // the other side sees it
			c.Read(make([]byte, 512))       //nolint:errcheck // whatever it was
		})},
	} {
		id, err := provisioning.Create(filepath.Join(t.TempDir(), "identity"),
			provisioning.District{Tenant: "bench", Brokers: []string{c.scheme + "://" + c.at},
				Insecure: true, Sim: true})
		if err != nil {
			t.Fatal(err)
		}
		ca, err := os.ReadFile("testdata/ca.pem")
		if err == nil {
			err = os.WriteFile(filepath.Join(id.Dir, "ca.pem"), ca, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		found, _ := perform(t.Context(), Broker(id)...)
		for i := range found {
			for _, s := range []*string{&found[i].Says.En, &found[i].Says.Zh, &found[i].Do.En,
				&found[i].Do.Zh} {
				_, port, _ := net.SplitHostPort(c.at)
				*s = strings.NewReplacer(c.at, "AT", port, "PORT", id.ID, "fp-1").Replace(*s)
				*s, _, _ = strings.Cut(*s, ", after")
				*s, _, _ = strings.Cut(*s, "，用时")
			}
		}
		text += c.name + "\n" + shown(found)
	}
	golden(t, "broker", text)
}

// What a running agent says becomes findings: its faults in the words of the catalogue, and those
// that blind it as failures.
func TestRunning(t *testing.T) {
	const status = `{"alive":true,"site":{"id":"s","name":"Shop","hash":"00ff"},
		"panel":{"points":[{"id":"a"},{"id":"b"}],"faults":[
			{"code":"sensor_silent","point":"a","detail":"","seconds":9},
			{"code":"clock_unsynced","seconds":9},
			{"code":"bus_missing","detail":"i2c-1: no such bus","seconds":9}]},
		"buses":[{"name":"i2c:i2c-1"},{"name":"line:GPIO17","polled":true}],
		"link":{"broker":"mqtts://mq:8883","connected":false},
		"clock":{"quality":"none","error_seconds":-1},"identity":{"state":"enrolled"},
		"build":{"version":"v1"}}`
	var r Running
	if err := json.Unmarshal([]byte(status), &r); err != nil {
		t.Fatal(err)
	}
	found, worst := perform(t.Context(), r.Steps()...)
	if worst != Failure {
		t.Errorf("worst is %v", worst)
	}
	golden(t, "running", shown(found))
}

// An identity that is not there, not read or not enough says what that means for alarms.
func TestIdentity(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "identity")
	_, none := provisioning.Load(dir)
	id, err := provisioning.Create(dir, provisioning.District{Tenant: "bench",
		Brokers: []string{"tcp://127.0.0.1"}, Insecure: true, Sim: true})
	if err != nil {
		t.Fatal(err)
	}
	text := shown(judgeIdentity(nil, none)) + shown(judgeIdentity(nil, os.ErrPermission)) +
		shown(judgeIdentity(nil, errors.New("key.pem: it is damaged"))) +
		shown(judgeIdentity(id, nil))
	id.District.Brokers = []string{"mqtts://mq.example:8883"}
	text += shown(judgeIdentity(id, nil))
	golden(t, "identity", strings.ReplaceAll(text, id.ID, "fp-1"))
}
