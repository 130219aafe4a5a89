package provisioning

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path"
	"strings"
)

// Fingerprint tells boards apart: 16 hexadecimal digits over the serial number of the processor,
// else the address of a network port, else the number of the installation. It is empty when the
// board has none of them. root is the root of its file system.
func Fingerprint(root fs.FS) string {
	for _, source := range []func(fs.FS) string{serial, port, machine} {
		if s := source(root); s != "" {
			sum := sha256.Sum256([]byte(s))
			return hex.EncodeToString(sum[:8])
		}
	}
	return ""
}

// serial is the number that the boot loader found in the processor. An emulated board has none, or
// only zeros.
func serial(root fs.FS) string {
	s := line(root, "proc/device-tree/serial-number")
	if strings.Trim(s, "0") == "" {
		return ""
	}
	return "serial " + s
}

// port is the address of the first network port that is a part of the machine, wired ones first,
// because radios may be plugged in.
func port(root fs.FS) string {
	entries, err := fs.ReadDir(root, "sys/class/net")
	if err != nil {
		return ""
	}
	best := ""
	for _, e := range entries { // in the order of their names: enp3s0, eth0, wlan0
		dir := path.Join("sys/class/net", e.Name())
		if _, err := fs.Stat(root, path.Join(dir, "device")); err != nil {
			continue
		}
		address := line(root, path.Join(dir, "address"))
		if strings.Trim(address, "0:") == "" {
			continue
		}
		if strings.HasPrefix(e.Name(), "e") {
			return "port " + address
		}
		if best == "" {
			best = "port " + address
		}
	}
	return best
}

func machine(root fs.FS) string {
	if s := line(root, "etc/machine-id"); s != "" {
		return "machine " + s
	}
	return ""
}

// line is the text of a small file; empty when it cannot be read.
func line(root fs.FS, name string) string {
	data, err := fs.ReadFile(root, name)
	if err != nil || len(data) > 4096 {
		return ""
	}
	return strings.Trim(string(data), "\x00 \r\n\t")
}
