package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// pack compresses a text. The header names neither file nor time.
func pack(text string) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err = w.Write([]byte(text)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// changelog says which commit this is; the history has the rest.
func changelog(version, commit string, at time.Time) string {
	return fmt.Sprintf("firepost (%s) unstable; urgency=medium\n\n  * Built from %s.\n\n"+
		" -- firepost <firepost@users.noreply.github.com>  %s\n",
		version, commit, at.Format(time.RFC1123Z))
}

const ours = `firepost, https://github.com/firepost/firepost

Copyright: the authors of firepost
Licence: Apache-2.0

` + apache + `
The program holds parts that others wrote. Each has its own licence.
`

const apache = `On Debian systems the text of the Apache License, Version 2.0, is in the file
/usr/share/common-licenses/Apache-2.0.
`

// module is a part of the program that others wrote.
type module struct{ path, dir string }

// copyright is the copyright file: our own licence, and the notices of all that is linked in.
func copyright() (string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	deps := exec.Command("go", "list", "-deps", "-tags", "nethttpomithttp2", "-f",
		`{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}`, "./agent/cmd/firepost")
	deps.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	list, err := deps.Output()
	if err != nil {
		return "", err
	}
	all := []module{{"go.dev", strings.TrimSpace(string(root))}}
	for line := range strings.Lines(string(list)) {
		if path, dir, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			all = append(all, module{path, dir})
		}
	}
	slices.SortFunc(all, func(a, b module) int { return cmp.Compare(a.path, b.path) })
	var b strings.Builder
	b.WriteString(ours)
	for _, m := range slices.Compact(all) {
		text, err := m.notice()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n%s\nhttps://%s\n\n%s", strings.Repeat("-", 80), m.path, text)
	}
	return b.String(), nil
}

// notice is what the authors of a module want to be told with it.
func (m module) notice() (string, error) {
	text, err := os.ReadFile(filepath.Join(m.dir, "LICENSE"))
	if err != nil {
		return "", err
	}
	licence := strings.TrimSpace(string(text)) + "\n"
	if strings.Contains(licence, "Apache License") {
		licence = apache
	}
	for _, name := range []string{"NOTICE", "NOTICE.md"} {
		text, err := os.ReadFile(filepath.Join(m.dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		licence += "\n" + strings.TrimSpace(string(text)) + "\n"
	}
	return licence, nil
}
