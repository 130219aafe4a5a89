package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/keeper"
	"github.com/firepost/firepost/provisioning/enroltest"
)

// Nothing is reset while an alarm is remembered or an agent runs, nor without a word that nobody
// types by mistake; then what was asked for is gone, and nothing else.
func TestFactoryReset(t *testing.T) {
	d := enroltest.New(t)
	i := newInstaller(t, d.Claim())
	if code, said := i.run("enrol", i.file); code != 0 {
		t.Fatal(said)
	}
	for _, name := range []string{"outbox.db", "ledger.corrupt-1", "boot"} {
		if err := os.WriteFile(filepath.Join(i.dir, name), []byte("1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(i.dir, name))
		return err == nil
	}
	if code, _ := i.run("factory-reset"); code != 2 {
		t.Errorf("without a flag: %d", code)
	}
	release, err := lock(i.dir)
	if err != nil {
		t.Fatal(err)
	}
	if code, said := i.run("factory-reset", "--all", "--yes", "--lang", "en"); code != 1 ||
		!strings.Contains(said, "systemctl stop firepost") {
		t.Errorf("beside an agent: %d %s", code, said)
	}
	release()
	remember(t, i.dir, alarm.Saved{Alarms: []alarm.SavedAlarm{{Point: "call-1"}}})
	if code, said := i.run("factory-reset", "--all", "--yes", "--lang", "zh"); code != 1 ||
		!strings.Contains(said, "有报警未结束（call-1）") {
		t.Errorf("in an alarm: %d %s", code, said)
	}
	code, said := i.run("factory-reset", "--identity", "--yes")
	if code != 1 || !has("identity/key.pem") {
		t.Errorf("in an alarm: %d %s", code, said)
	}
	remember(t, i.dir, alarm.Saved{})
	if code, said := i.run("factory-reset", "--all", "--lang", "en"); code != 1 ||
		!strings.Contains(said, "Type fp-7k2m4qx6tb to go on: firepost: nothing was reset") {
		t.Errorf("unconfirmed: %d %s", code, said)
	}
	i.want(0, "Done.\n", "factory-reset", "--readings", "--yes", "--lang", "en")
	if has("outbox.db") || has("ledger.corrupt-1") || !has("identity/key.pem") {
		t.Error("the readings are there, or the key is gone")
	}
	i.want(0, "已完成。\n请通知指挥中心吊销 fp-7k2m4qx6tb：本设备无法代为办理。\n",
		"factory-reset", "--identity", "--yes", "--lang", "zh")
	if has("identity/key.pem") || has("identity/cert.pem") || !has("boot") {
		t.Error("the key is there, or what the panel remembers is gone")
	}
	i.want(0, "Done.\n", "factory-reset", "--all", "--yes", "--lang", "en")
	if left, _ := filepath.Glob(filepath.Join(i.dir, "*")); len(left) != 1 {
		t.Errorf("left: %v, want the lock", left)
	}
}

// remember writes what a panel remembers.
func remember(t *testing.T, dir string, s alarm.Saved) {
	t.Helper()
	k, _, _ := keeper.Open(dir, keeper.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // It writes what it was given, and ends.
	for range 2 {
		k.Save(&s)
		if err := k.Run(ctx); err != nil {
			t.Fatal(err)
		}
	}
}
