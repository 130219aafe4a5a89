package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"aead.dev/minisign"
)

// The key by which simulated boxes believe a site file. Anybody can read it here, so a real box
// must never be given it; its own district makes one with minisign -G.
const (
	demoPublic = "RWS8VSIVOjgA2McXXc60agpXP3CbvidX88MkkwICPM0gWyjIN0BS/rqM"
	demoSecret = "untrusted comment: minisign encrypted secret key\n" +
		"RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAvFUiFTo4ANiNMZ6+r6j8" +
		"YfaDVfZAqc0doEt2LBQgSPXy/sgBOs6AfccXXc60agpXP3CbvidX88MkkwICPM0gWyjIN0BS/rqM" +
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
)

// siteArgs are the args that push the site file at path to a device whose local file has the hash
// base, signed with the demo key for both.
func siteArgs(path, device, base string) (json.RawMessage, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if base == "" {
		return nil, fmt.Errorf("%s has not told the hash of its local file", device)
	}
	var key minisign.PrivateKey
	if err := key.UnmarshalText([]byte(demoSecret)); err != nil {
		return nil, err
	}
	sig := minisign.SignWithComments(key, text, device+" "+base, "demo key")
	return json.Marshal(map[string]string{"base": base, "file": string(text), "sig": string(sig)})
}

// push is the order site FILE [BASE]. Without a base it is the local file that the station tells
// of.
func (p *prompt) push(line, device string) (json.RawMessage, error) {
	word := strings.Fields(line)
	if len(word) < 2 || len(word) > 3 {
		return nil, errOrder
	}
	base := p.recv.Report().Base[device]
	if len(word) == 3 {
		base = word[2]
	}
	return siteArgs(word[1], device, base)
}
