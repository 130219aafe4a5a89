// Command deb makes the Debian packages out of the programs that "make cross" has built. The same
// commit gives the same bytes: nothing in them depends on the day, the folder or the machine.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// target is one package. A board of ARM v6, such as the Pi Zero, and one of v7 have the same
// architecture in Debian; the program for v6 runs on both.
type target struct{ program, arch string }

var targets = []target{
	{"firepost-linux-arm6", "arm6"}, {"firepost-linux-arm64", "arm64"},
	{"firepost-linux-amd64", "amd64"},
}

// order is what the command line asks for.
type order struct {
	bin     string // has the programs, with nfpm and a firepost for this machine
	out     string
	version string // as "git describe" says it
	at      time.Time
}

func main() {
	o := order{}
	stamp := flag.Int64("stamp", 0, "Unix `time` of the commit")
	flag.StringVar(&o.version, "version", "", "version, as git describe says it")
	flag.StringVar(&o.bin, "bin", "bin", "`folder` with the programs")
	flag.StringVar(&o.out, "out", "bin/deb", "`folder` for the packages")
	flag.Parse()
	o.at = time.Unix(*stamp, 0).UTC()
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "deb:", err)
		os.Exit(1)
	}
}

// run makes all packages anew.
func (o order) run() error {
	if err := os.RemoveAll(o.out); err != nil {
		return err
	}
	docs := filepath.Join(o.out, "docs")
	if err := os.MkdirAll(docs, 0o755); err != nil {
		return err
	}
	if err := o.write(docs); err != nil {
		return err
	}
	for _, t := range targets {
		nfpm := exec.Command(filepath.Join(o.bin, "nfpm"),
			"package", "--config", "cross/deb/nfpm.yaml", "--packager", "deb", "--target", o.out)
		nfpm.Env = append(os.Environ(), "DEB_ARCH="+t.arch, "DEB_VERSION="+debVersion(o.version, o.at),
			"DEB_BINARY="+filepath.Join(o.bin, t.program), "DEB_DOCS="+docs,
			fmt.Sprint("SOURCE_DATE_EPOCH=", o.at.Unix()))
		nfpm.Stderr = os.Stderr
		if err := nfpm.Run(); err != nil {
			return fmt.Errorf("package for %s: %w", t.arch, err)
		}
	}
	return nil
}

// write makes the files that are not in the tree.
func (o order) write(dir string) error {
	m, err := readManual(func(args ...string) (string, error) {
		help := exec.Command(filepath.Join(o.bin, "firepost"), args...)
		help.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "LANG=C.UTF-8")
		text, err := help.Output()
		return string(text), err
	})
	if err != nil {
		return err
	}
	notices, err := copyright()
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"firepost.1.gz": m.page(o.version, o.at),
		"firepost.bash": m.completion(),
		"changelog.gz":  changelog(debVersion(o.version, o.at), o.version, o.at),
		"copyright":     notices,
	} {
		data := []byte(text)
		if strings.HasSuffix(name, ".gz") {
			if data, err = pack(text); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// described is what "git describe" prints with a tag: the tag, the number of commits since it and
// the last one, and whether the tree differs from that.
var described = regexp.MustCompile(
	`^v(\d[0-9.]*)(?:-([a-z][a-z0-9.]*))?(?:-(\d+)-(g[0-9a-f]+))?(-dirty)?$`)

// debVersion is the version as Debian sorts it: a release candidate before its release, commits
// after it. Without a tag the time of the commit counts.
func debVersion(version string, at time.Time) string {
	m := described.FindStringSubmatch(version)
	if m == nil {
		commit, dirty := strings.CutSuffix(version, "-dirty")
		v := "0.0.0~" + at.UTC().Format("20060102.150405") + ".g" + commit
		if dirty {
			v += "+dirty"
		}
		return v
	}
	v := m[1]
	if m[2] != "" {
		v += "~" + m[2]
	}
	if m[3] != "" {
		v += "+" + m[3] + "." + m[4]
	}
	if m[5] != "" {
		v += "+dirty"
	}
	return v
}
