//go:build deb

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// packages is where "make deb" has put them.
const packages = "../../bin/deb"

// need skips a test for want of a tool. A machine that judges commits has them all.
func need(t *testing.T, debian string, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, tool+" is missing: apt-get install "+debian)
		}
	}
}

func missing(t *testing.T, text string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(text)
	}
	t.Skip(text)
}

// made is the package of an architecture.
func made(t *testing.T, arch string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(packages, "firepost_*_"+arch+".deb"))
	if err != nil || len(found) != 1 {
		t.Fatalf("got packages %q for %s, want one; run make deb", found, arch)
	}
	return found[0]
}

// must runs a program of this machine and returns what it printed.
func must(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// debian is a copy of this machine's system in which a test may do as it likes: what it writes
// lies over the real files, in memory, and goes with it. No systemd runs there.
type debian struct {
	t    *testing.T
	dir  string // has the copy in root, what was written in up
	keep int    // the process that keeps the mounts
}

// mounts makes the copy. /run is the machine's own and no part of it.
const mounts = `
mount -t tmpfs tmpfs "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" overlay "$1/root"
mount --bind "$2" "$1/root/mnt"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs tmpfs /run
rm -f "$1/root/usr/sbin/policy-rc.d"
printf 'no-triggers\nforce-unsafe-io\n' >"$1/root/etc/dpkg/dpkg.cfg.d/quick"
echo up
exec cat
`

func newDebian(t *testing.T) *debian {
	t.Helper()
	need(t, "util-linux dpkg systemd", "unshare", "nsenter", "dpkg", "systemd-sysusers")
	if os.Getuid() != 0 {
		missing(t, "only root can mount a copy of the system")
	}
	share, err := filepath.Abs(packages)
	if err != nil {
		t.Fatal(err)
	}
	d := &debian{t: t, dir: t.TempDir()}
	holder := exec.Command("unshare", "--mount", "--propagation", "private",
		"sh", "-ec", mounts, "sh", d.dir, share)
	holder.Stderr = os.Stderr
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		io.Copy(io.Discard, out) //nolint:errcheck // it ends
		holder.Wait()            //nolint:errcheck // it has done its work
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
		t.Fatalf("no copy of the system: %q, %v", line, err)
	}
	d.keep = holder.Process.Pid
	return d
}

// outside is a command that sees the mounts of the copy, from outside of it.
func (d *debian) outside(args ...string) *exec.Cmd {
	space := fmt.Sprintf("--mount=/proc/%d/ns/mnt", d.keep)
	c := exec.Command("nsenter", append([]string{space}, args...)...)
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive")
	return c
}

// try runs a script in the copy. It has no terminal: who asks a question there gets no answer.
func (d *debian) try(script string) (string, error) {
	root := filepath.Join(d.dir, "root")
	out, err := d.outside("chroot", root, "sh", "-ec", script).CombinedOutput()
	return string(out), err
}

func (d *debian) run(script string) string {
	d.t.Helper()
	out, err := d.try(script)
	if err != nil {
		d.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

// gives fails the test when a script does not print what is wanted.
func (d *debian) gives(want, script string) {
	d.t.Helper()
	if got := strings.TrimSpace(d.run(script)); got != want {
		d.t.Errorf("%s: got %q, want %q", script, got, want)
	}
}
