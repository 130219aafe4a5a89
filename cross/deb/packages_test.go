//go:build deb

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The judge of Debian's own packages has nothing to say against ours.
func TestLintianFindsNothing(t *testing.T) {
	t.Parallel()
	need(t, "lintian", "lintian")
	must(t, "lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0",
		made(t, "armhf"), made(t, "arm64"), made(t, "amd64"))
}

// The same programs give the same packages, whatever the time zone and the folder.
func TestPackagesAreReproducible(t *testing.T) {
	first := made(t, "amd64")
	version, stamp := must(t, "dpkg-deb", "-f", first, "Version"), os.Getenv("DEB_STAMP")
	if stamp == "" {
		t.Fatal("DEB_STAMP is not set; run make deb-test")
	}
	t.Setenv("TZ", "Asia/Shanghai")
	again := filepath.Join(t.TempDir(), "deb")
	t.Chdir("../..")
	must(t, "go", "run", "./cross/deb", "-version", os.Getenv("DEB_GIT"), "-stamp", stamp,
		"-out", again)
	for _, arch := range []string{"armhf", "arm64", "amd64"} {
		name := "firepost_" + strings.TrimSpace(version) + "_" + arch + ".deb"
		a, err := os.ReadFile(filepath.Join("bin/deb", name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(again, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs when it is made again", name)
		}
	}
}

// Every file belongs to root and nobody else may write it, whatever the umask of who checked the
// tree out; and no key, certificate or site file is among them.
func TestPackagesHoldWhatTheyShould(t *testing.T) {
	line := regexp.MustCompile(`^(-rwxr-xr-x|-rw-r--r--|drwxr-xr-x|l\S+) root/root .* \./`)
	for _, arch := range []string{"armhf", "arm64", "amd64"} {
		list := must(t, "dpkg-deb", "-c", made(t, arch))
		for entry := range strings.Lines(list) {
			if !line.MatchString(entry) {
				t.Errorf("%s: %s", arch, entry)
			}
		}
		for _, want := range []string{
			" ./usr/bin/firepost\n", " ./usr/lib/systemd/system/firepost.service\n",
			" ./usr/lib/sysusers.d/firepost.conf\n", " ./usr/lib/udev/rules.d/60-firepost.rules\n",
			" ./usr/lib/modules-load.d/firepost.conf\n", " ./etc/firepost/\n",
			" ./usr/share/firepost/examples/small-shop.toml\n",
		} {
			if !strings.Contains(list, want) {
				t.Errorf("%s has no %s", arch, want)
			}
		}
		if regexp.MustCompile(`\.pem|\.key|etc/firepost/.`).MatchString(list) {
			t.Errorf("%s holds what belongs to a site:\n%s", arch, list)
		}
		if got := must(t, "dpkg-deb", "-f", made(t, arch), "Architecture"); got != arch+"\n" {
			t.Errorf("got architecture %s, want %s", got, arch)
		}
	}
}

// The unit leaves an intruder as little as the work allows: 2.0 of 10 or less.
func TestUnitIsHardened(t *testing.T) {
	need(t, "systemd", "systemd-analyze")
	must(t, "systemd-analyze", "security", "--no-pager", "--offline=yes", "--threshold=20",
		"firepost.service")
}

// What is in a package runs on the weakest processor of its architecture: on a Pi Zero that of ARM
// v6, and the same package on what came after it.
func TestProgramsRunOnTheirBoards(t *testing.T) {
	need(t, "qemu-user-static", "qemu-arm-static", "qemu-aarch64-static")
	for _, row := range []struct{ arch, qemu, cpu string }{
		{"armhf", "qemu-arm-static", "arm1176"}, {"armhf", "qemu-arm-static", "cortex-a7"},
		{"arm64", "qemu-aarch64-static", "cortex-a53"},
	} {
		dir := t.TempDir()
		must(t, "dpkg-deb", "-x", made(t, row.arch), dir)
		out := must(t, row.qemu, "-cpu", row.cpu, filepath.Join(dir, "usr/bin/firepost"), "check",
			filepath.Join(dir, "usr/share/firepost/examples/pump-room.toml"))
		if !strings.Contains(out, ": good. ") {
			t.Errorf("%s on %s: %s", row.arch, row.cpu, out)
		}
	}
}

// The man page and the completion are those of the program, not of some other one.
func TestManualIsThatOfTheProgram(t *testing.T) {
	dir := t.TempDir()
	must(t, "dpkg-deb", "-x", made(t, "amd64"), dir)
	page := must(t, "gzip", "-dc", filepath.Join(dir, "usr/share/man/man1/firepost.1.gz"))
	words, err := os.ReadFile(filepath.Join(dir, "usr/share/bash-completion/completions/firepost"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"run", "check", "status", "ack", "silence", "reset"} {
		if !strings.Contains(page, "\n.SS firepost "+name) {
			t.Errorf("the page has no %s", name)
		}
		if !strings.Contains(string(words), "\t\""+name+" \"*) words=\"--") {
			t.Errorf("the completion has no %s", name)
		}
	}
	if !strings.Contains(page, `\fB\-c\fR, \fB\-\-config\fR`) {
		t.Error("the page has no flag --config")
	}
}
