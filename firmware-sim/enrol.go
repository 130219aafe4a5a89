package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/firepost/firepost/firmware-sim/district"
	"github.com/firepost/firepost/provisioning"
)

// estSource is where the source of the enrolment server is, from the root of the source tree.
const estSource = "firmware-sim/est"

// estTime is how long it may take to build it.
const estTime = 5 * time.Minute

// registry is the control room: it gives out claims and says who gets a certificate. The enrolment
// server itself is a program of its own.
type registry struct {
	dir string // of claims and of the authority
	say func(format string, args ...any)

	mu     sync.Mutex
	stdin  io.Writer
	place  provisioning.District // that claims are for
	given  int
	answer chan string // the first line of the server
}

// openRegistry starts the enrolment server, until ctx ends.
func openRegistry(
	ctx context.Context, dir, listen string, say func(string, ...any),
) (*registry, error) {
	if _, err := os.Stat(filepath.Join(estSource, "go.mod")); err != nil {
		return nil, fmt.Errorf("%s is not here; --enrol runs from the root of the source tree",
			estSource)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	r := &registry{dir: dir, say: say, answer: make(chan string, 1)}
	cmd := exec.CommandContext(ctx, "go", "run", "-C", estSource, ".", "-listen", listen,
		"-dir", filepath.Join(dir, "authority"))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.stdin = stdin
	// Told to end, it closes its door; killed, "go run" would leave the server behind.
	cmd.Cancel = stdin.Close
	cmd.WaitDelay = 3 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("enrolment server: %w", err)
	}
	go func() {
		r.listen(stdout)
		cmd.Wait() //nolint:errcheck // it ends with this program, or has said why
	}()
	return r, r.await(listen)
}

// await waits until the server answers.
func (r *registry) await(listen string) error {
	select {
	case first := <-r.answer:
		addr, ok := strings.CutPrefix(first, "ready ")
		if !ok {
			return errors.New("the enrolment server did not start")
		}
		text, err := os.ReadFile(filepath.Join(r.dir, "authority", "ca.pem"))
		if err != nil {
			return err
		}
		block, _ := pem.Decode(text)
		if block == nil {
			return errors.New("the authority has no certificate")
		}
		ca, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return err
		}
		r.place = provisioning.District{
			Tenant: "demo", Sim: true, Enrol: "https://" + addr, Pin: provisioning.PinOf(ca),
		}
		return nil
	case <-time.After(estTime):
		return fmt.Errorf("the enrolment server at %s does not answer", listen)
	}
}

// listen prints what the server says.
func (r *registry) listen(from io.Reader) {
	defer close(r.answer)
	first := true
	for lines := bufio.NewScanner(from); lines.Scan(); {
		if first {
			first = false
			r.answer <- lines.Text()
			continue
		}
		word, rest, _ := strings.Cut(lines.Text(), " ")
		r.say("%s   %s enrolment    %s\n", time.Now().Format(time.TimeOnly), rest, word)
		if word == "pending" {
			r.say("type: approve %s, or deny %s\n", rest, rest)
		}
	}
}

// secure lets boxes with certificates of the authority into a broker.
func (r *registry) secure(b *district.Broker, addr string) error {
	folder := filepath.Join(r.dir, "authority")
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "server.pem"),
		filepath.Join(folder, "server.key"))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(folder, "ca.pem"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	at, err := b.OpenTLS(addr, &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: pool,
		ClientAuth: tls.RequireAndVerifyClientCert,
	})
	if err != nil {
		return err
	}
	r.place.Brokers = []string{"mqtts://" + at}
	return nil
}

// obey does what is typed, if it is about enrolment.
func (r *registry) obey(line string) bool {
	word := strings.Fields(line)
	switch {
	case word[0] == "claim":
		if err := r.claim(strings.TrimSpace(strings.TrimPrefix(line, "claim"))); err != nil {
			r.say("%v\n", err)
		}
	case (word[0] == "approve" || word[0] == "deny") && len(word) == 2,
		line == "ask on", line == "ask off":
		if err := r.order(line); err != nil {
			r.say("%v\n", err)
		}
	default:
		return false
	}
	return true
}

// claim gives out a claim, as a file.
func (r *registry) claim(site string) error {
	code := provisioning.NewCode()
	if err := r.order("claim " + code); err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.given++
	c := provisioning.Claim{
		Code: code, Issued: now, Expires: now.Add(24 * time.Hour), Site: site, District: r.place,
	}
	path := filepath.Join(r.dir, fmt.Sprintf("%d.claim", r.given))
	if err := os.WriteFile(path, c.File(), 0o600); err != nil {
		return err
	}
	r.say("claim %s: firepost enrol --claim %s --dir DIR\n", code, path)
	return nil
}

func (r *registry) order(line string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := fmt.Fprintln(r.stdin, line)
	return err
}
