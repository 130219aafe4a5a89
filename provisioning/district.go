package provisioning

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// District is where the box belongs: the file district.toml.
type District struct {
	Tenant     string   `toml:"tenant"`                // part of the topics: a to z, 0 to 9, -
	Brokers    []string `toml:"brokers"`               // in order, such as "mqtts://mq.example:8883"
	ServerName string   `toml:"server_name,omitempty"` // expected in the broker's certificate
	Username   string   `toml:"username,omitempty"`    // where the broker asks for one
	Password   string   `toml:"password,omitempty"`    // beside it
	Insecure   bool     `toml:"insecure,omitempty"`    // allows mqtt:// and tcp://, for a bench only
	Sim        bool     `toml:"sim,omitempty"`         // a simulated box, never a real one
	Enrol      string   `toml:"enrol,omitempty"`       // server that gives certificates: https://host
	Pin        string   `toml:"pin,omitempty"`         // of its authority: "sha256:" and 64 digits
	// SiteKeys are public keys of minisign, such as "RWQ…", by which a site file from the district
	// is believed. None: no such file is.
	SiteKeys []string `toml:"site_keys,omitempty"`
}

const (
	maxBrokers = 8
	maxSecret  = 1024 // bytes of username and password
)

// ports are the usual ports of the forms of a broker's address, and whether each is protected.
var ports = map[string]struct {
	port      string
	protected bool
}{
	"mqtts": {"8883", true}, "ssl": {"8883", true}, "mqtt": {"1883", false}, "tcp": {"1883", false},
}

func (id *Identity) readDistrict(ps *Problems) {
	data := id.read(ps, districtFile)
	if data == nil {
		return
	}
	path := id.path(districtFile)
	if !decodeStrictly(ps, path, data, &id.District) {
		return
	}
	for _, text := range id.District.check() {
		ps.add("%s: %s", path, text)
	}
}

// check lists what is wrong, and completes the addresses with their usual ports.
func (d *District) check() []string {
	var wrong []string
	if !isID(d.Tenant) {
		wrong = append(wrong, fmt.Sprintf("tenant %q may hold a to z, 0 to 9 and -, 1 to 32 of them; "+
			`write tenant = "district-7"`, d.Tenant))
	}
	if len(d.Brokers) == 0 || len(d.Brokers) > maxBrokers {
		wrong = append(wrong, fmt.Sprintf("brokers has %d addresses; write 1 to %d, such as "+
			`brokers = ["mqtts://mq.example:8883"]`, len(d.Brokers), maxBrokers))
	}
	for i, address := range d.Brokers {
		full, err := d.broker(address)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("broker %q: %v", address, err))
			continue
		}
		d.Brokers[i] = full
	}
	for _, key := range d.SiteKeys {
		// Two bytes for Ed25519, eight for the number of the key, 32 for the key itself.
		raw, err := base64.StdEncoding.DecodeString(key)
		if err != nil || len(raw) != 42 || !strings.HasPrefix(key, "RW") {
			wrong = append(wrong, fmt.Sprintf("site_keys: %q is no public key of minisign; write the "+
				`second line of its .pub file, "RW…"`, key))
		}
	}
	if (d.Username == "") != (d.Password == "") || len(d.Username+d.Password) > maxSecret {
		wrong = append(wrong, fmt.Sprintf("username and password go together, and have at most %d "+
			"bytes; write both or none", maxSecret))
	}
	return append(wrong, d.checkEnrol()...)
}

const pinScheme = "sha256:"

// checkEnrol lists what is wrong with where to enrol, which a district may leave out.
func (d *District) checkEnrol() []string {
	var wrong []string
	u, err := url.Parse(d.Enrol)
	if d.Enrol != "" && (err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "") {
		wrong = append(wrong, fmt.Sprintf(
			`enrol %q is no address of a server; write "https://enrol.example"`, d.Enrol))
	}
	digits, ok := strings.CutPrefix(d.Pin, pinScheme)
	sum, err := hex.DecodeString(digits)
	if d.Pin != "" && (!ok || err != nil || len(sum) != sha256.Size) {
		wrong = append(wrong, fmt.Sprintf(
			`pin %q is no fingerprint; write "sha256:" and 64 hexadecimal digits`, d.Pin))
	}
	return wrong
}

func isID(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// broker checks one address and completes it.
func (d *District) broker(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New(`it is no address; write "mqtts://mq.example:8883"`)
	}
	form, ok := ports[u.Scheme]
	switch {
	case !ok:
		return "", errors.New("it must begin with mqtts:// or ssl://")
	case u.User != nil:
		return "", errors.New("it holds a password, which does not belong here; " +
			"write it as username and password beside brokers")
	case u.Hostname() == "":
		return "", errors.New(`it names no host; write "mqtts://mq.example:8883"`)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("it has something behind the port; remove it")
	case !form.protected && !d.Insecure:
		return "", errors.New("it is not protected; write mqtts://, " +
			"or insecure = true on a bench that no alarm depends on")
	}
	port := u.Port()
	if port == "" {
		port = form.port
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("port %q is not 1 to 65535", port)
	}
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port), nil
}

// protected tells whether any broker is spoken to over TLS.
func (d *District) protected() bool {
	for _, address := range d.Brokers {
		scheme, _, _ := strings.Cut(address, "://")
		if ports[scheme].protected {
			return true
		}
	}
	return false
}
