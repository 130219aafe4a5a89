package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// arches are what "make cross" builds for.
func arches() []string { return []string{"arm6", "arm7", "arm64", "amd64"} }

var errBuild = errors.New("run make cross first")

// size is how much flash the program takes.
func (b *bench) size(context.Context) error {
	var failed []error
	for _, arch := range arches() {
		info, err := os.Stat(b.binary(arch))
		if err != nil {
			failed = append(failed, fmt.Errorf("%w: %w", errBuild, err))
			continue
		}
		b.print("size."+arch, float64(info.Size()), "B", "<= 9500000")
	}
	return errors.Join(failed...)
}

func (b *bench) binary(arch string) string {
	return filepath.Join(b.bin, "firepost-linux-"+arch)
}

// ownBinary is the one that runs on this machine.
func (b *bench) ownBinary() (string, error) {
	arch := runtime.GOARCH
	if arch == "arm" {
		arch = "arm6"
	}
	path, err := filepath.Abs(b.binary(arch))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: %w", errBuild, err)
	}
	return path, nil
}
