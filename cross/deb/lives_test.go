//go:build deb

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// older makes a package of the same files that counts as an earlier one.
func older(t *testing.T, dir string) {
	t.Helper()
	tree := filepath.Join(t.TempDir(), "tree")
	must(t, "dpkg-deb", "-R", made(t, "amd64"), tree)
	control := filepath.Join(tree, "DEBIAN/control")
	text, err := os.ReadFile(control)
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?m)^Version: .*$`).ReplaceAll(text, []byte("Version: 0.0.0~0"))
	if err := os.WriteFile(control, text, 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, "dpkg-deb", "-Znone", "-b", tree, filepath.Join(dir, "older.deb"))
}

// atSite is what a site has that no package may touch: its file, its key, its records.
const atSite = `
cp /usr/share/firepost/examples/small-shop.toml /etc/firepost/site.toml
echo '# ours' >>/etc/firepost/site.toml
install -d -o firepost -g firepost -m 0700 /var/lib/firepost /var/lib/firepost/identity
echo secret | install -o firepost -g firepost -m 0600 /dev/stdin /var/lib/firepost/identity/key.pem
echo latched | install -o firepost -g firepost -m 0600 /dev/stdin /var/lib/firepost/panel.0
`

// kept tells whether all of that is as it was, with its owners and modes.
const kept = `
tail -n 1 /etc/firepost/site.toml
cat /var/lib/firepost/identity/key.pem /var/lib/firepost/panel.0
stat -c '%A %U:%G' /etc/firepost /etc/firepost/site.toml /var/lib/firepost \
	/var/lib/firepost/identity /var/lib/firepost/identity/key.pem
`

const asItWas = `# ours
secret
latched
drwxr-s--- root:firepost
-rw-r--r-- root:firepost
drwx------ firepost:firepost
drwx------ firepost:firepost
-rw------- firepost:firepost`

// A package is installed where no systemd runs, as when an image is made; upgraded, removed and put
// back it leaves alone what belongs to the site, and what an administrator has decided. Purged it
// leaves nothing but its user.
func TestPackageLivesAndDies(t *testing.T) {
	t.Parallel()
	older(t, packages)
	t.Cleanup(func() { os.Remove(filepath.Join(packages, "older.deb")) })
	d := newDebian(t)
	install := "dpkg -i /mnt/" + filepath.Base(made(t, "amd64"))
	enabled := "ls /etc/systemd/system/*/firepost.service 2>/dev/null | wc -l"

	if said := d.run("dpkg -i /mnt/older.deb"); !strings.Contains(said, "firepost waits for /etc") {
		t.Errorf("nobody is told what to do next: %s", said)
	}
	d.gives("firepost gpio i2c", "id -nG firepost")
	d.gives("1", enabled)
	d.gives("", "systemd-analyze verify --man=no /usr/lib/systemd/system/firepost.service")
	d.gives("", "dpkg --verify firepost | grep -v /usr/share/ || true")
	d.gives("0", "firepost check /usr/share/firepost/examples/workshop.toml >/dev/null 2>&1; echo $?")

	d.run(atSite)
	if said := d.run(install); strings.Contains(said, "waits for") {
		t.Errorf("an upgrade speaks as if it were new: %s", said)
	}
	d.gives(asItWas, kept)
	d.run("systemctl --root=/ disable firepost.service && dpkg -i /mnt/older.deb && " + install)
	d.gives("0", enabled)

	d.run("dpkg -r firepost && test ! -e /usr/bin/firepost")
	d.gives(asItWas, kept)
	d.run(install)
	d.gives(asItWas, kept)

	d.run("dpkg -P firepost")
	left, err := d.outside("find", d.dir+"/up", "-name", "*firepost*", "!", "-type", "c").Output()
	if err != nil || len(left) > 0 {
		t.Errorf("left after a purge: %v\n%s", err, left)
	}
	d.gives("firepost", "id -un firepost")
}

// A package of another architecture is installed the same way: its scripts are no programs of it.
func TestForeignPackagesAreInstalled(t *testing.T) {
	t.Parallel()
	need(t, "qemu-user-static", "qemu-arm-static")
	d := newDebian(t)
	for _, arch := range []string{"armhf", "arm64"} {
		d.run("dpkg --add-architecture " + arch + " && dpkg -i /mnt/" + filepath.Base(made(t, arch)))
		d.gives(arch, "dpkg-query -W -f '${Architecture}' firepost")
	}
	d.gives("firepost gpio i2c", "id -nG firepost")
}
