//go:build deb

package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// first is the only thing that the copy's systemd starts: it tries the service and says, a line
// each, what it saw. The board is simulated; the unit is the packaged one but for that.
const first = `#!/bin/bash
exec >/var/tmp/seen 2>/var/tmp/said
show() { systemctl show firepost.service --property "$1" --value; }
saw() { echo "$*"; }
site=/etc/firepost/site.toml
dpkg -i /opt/firepost.deb >&2
systemctl start firepost.service
saw no site: $(show ActiveState), condition $(show ConditionResult)

mkdir -p /run/systemd/system/firepost.service.d
cat >/run/systemd/system/firepost.service.d/sim.conf <<END
[Service]
ExecStart=
ExecStart=/usr/bin/firepost run --sim /srv/sim/board.sock
END
/opt/firmware-sim play --dir /srv/sim >&2 &
until [ -S /srv/sim/board.sock ]; do sleep 0.1; done
chmod -R a+rwX /srv/sim
systemctl daemon-reload
cp /usr/share/firepost/examples/small-shop.toml $site
systemctl start firepost.service
saw start: $(show ActiveState) $(show SubState)
pid=$(show ExecMainPID)
saw process: $(grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/$pid/status | xargs) \
	Nice: $(cut -d ' ' -f 19 /proc/$pid/stat)
saw files: $(cd /run/firepost && stat -c '%A %U:%G' /var/lib/firepost . control.sock)
for i in $(seq 80); do # until each point has been heard of
	firepost status --json | grep -q '"state": "unknown"' || break
	sleep 0.1
done
saw root: $(firepost status --json 2>&1 | grep -m 1 '"state":')
nobody="setpriv --reuid nobody --clear-groups --regid"
saw nobody: $($nobody nogroup firepost status 2>&1 | cut -d ';' -f 1)
saw group: $($nobody firepost firepost status --json 2>&1 | grep -m 1 '"state":')
saw asks the clock: $(show SystemCallFilter | grep -ow adjtimex)

cp $site /var/tmp/before.toml
echo '[' >>$site
saw reload of a bad file: $(systemctl reload firepost.service || echo refused), $(show ActiveState)
sed 's/GPIO17/GPIO26/' /var/tmp/before.toml >$site
hash=$(sha256sum $site | cut -c -16)
saw reload: $(systemctl reload firepost.service && echo done)
for i in $(seq 80); do
	sleep 0.1
	firepost site show 2>/dev/null | grep -q "^in use *$hash" &&
		! firepost status --json | grep -q '"state": "unknown"' && break
done
saw another line: $([ $pid = $(show ExecMainPID) ] && echo same process), \
	restarts $(show NRestarts), $(firepost status --json 2>&1 | grep -m 1 '"state":')
cp /var/tmp/before.toml $site
systemctl restart firepost.service
pid=$(show ExecMainPID)

kill -STOP $pid
for i in $(seq 80); do
	sleep 0.1
	[ "$(show NRestarts) $(show SubState)" = "1 running" ] && break
done
saw stopped process: restarts $(show NRestarts), $(show SubState)
pid=$(show ExecMainPID)
dpkg -i /opt/firepost.deb >&2
saw upgrade: $([ $pid != $(show ExecMainPID) ] && echo another process), $(show ActiveState)

mv $site /var/tmp
systemctl restart firepost.service
saw site file lost: $(show ActiveState)
systemctl stop firepost.service
saw stop: $(show ActiveState) $(show Result)
echo '[' >$site
rm -r /var/lib/firepost/site
systemctl start firepost.service
sleep 1
saw bad site file: $(show ActiveState), status $(show ExecMainStatus), restarts $(show NRestarts)
mv /var/tmp/site.toml $site
systemctl reset-failed firepost.service
systemctl start firepost.service
dpkg -r firepost >&2
saw removed: $(systemctl is-active firepost.service)
journalctl --no-pager -u firepost.service | grep -v '\(goroutine\|\.go:\|runtime\)' >&2
systemctl poweroff --force --force
`

const firstUnit = `[Unit]
DefaultDependencies=no
Requires=dbus.socket systemd-journald.service
After=dbus.socket systemd-journald.service
[Service]
Type=oneshot
ExecStart=/opt/first
`

// Under a real systemd the service waits for its site file, runs with no right it does not need,
// takes a changed site file on without an end, is brought back when it hangs, is another process
// after an upgrade, lives on without the site file that somebody has lost, and does not try a bad
// one over and over.
func TestServiceUnderSystemd(t *testing.T) {
	t.Parallel()
	need(t, "systemd-container", "systemd-nspawn")
	d := newDebian(t)
	sim, err := filepath.Abs("../../bin/firmware-sim")
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		"opt/first": first, "etc/systemd/system/first.service": firstUnit,
	} {
		put := d.outside("sh", "-c", `cat >"$1" && chmod 0755 "$1"`, "sh", d.dir+"/root/"+path)
		put.Stdin = strings.NewReader(text)
		if out, err := put.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v %s", path, err, out)
		}
	}
	must(t, "nsenter", d.outside().Args[1], "cp", sim, d.dir+"/root/opt/firmware-sim")
	d.run("cp /mnt/" + filepath.Base(made(t, "amd64")) + " /opt/firepost.deb; : >/etc/machine-id")
	boot := d.outside("sh", "-c", `umount -R "$1/mnt" "$1/proc" "$1/dev"; cd "$1"
		exec timeout 120 systemd-nspawn --quiet --register=no --keep-unit --directory=. --boot \
		--console=pipe --private-network --capability=CAP_SYS_TIME systemd.unit=first.service`,
		"sh", d.dir+"/root")
	out, err := boot.CombinedOutput()
	seen := must(t, "nsenter", d.outside().Args[1], "cat", d.dir+"/root/var/tmp/seen")
	want := `no site: inactive, condition no
start: active running
process: CapEff: 0000000000000000 CapBnd: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 Nice: -10
files: drwx------ firepost:firepost drwxr-x--- firepost:firepost srw-rw---- firepost:firepost
root: "state": "normal",
nobody: firepost: /run/firepost/control.sock: permission denied
group: "state": "normal",
asks the clock: adjtimex
reload of a bad file: refused, active
reload: done
another line: same process, restarts 0, "state": "normal",
stopped process: restarts 1, running
upgrade: another process, active
site file lost: active
stop: inactive success
bad site file: failed, status 78, restarts 0
removed: inactive
`
	if seen != want {
		said, _ := d.outside("cat", d.dir+"/root/var/tmp/said").Output()
		t.Errorf("got\n%s\nwant\n%s\nsaid\n%s\n%s%v", seen, want, said, out, err)
	}
}
