// Package conform checks a broker, and the receiver of a platform behind it, against the contract:
// it plays a station and sees what comes of it. Each check has a number that stays.
package conform

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/firepost/firepost/agent/wire"
)

// Login is as whom a client connects.
type Login struct {
	TLS                *tls.Config // nil: no TLS
	Username, Password string
}

// Options say what is checked. URL, Station and Device are required.
type Options struct {
	URL      string        // tcp://host:1883 or ssl://host:8883
	Station  Login         // of the device below
	Platform Login         // of who hears all devices
	Device   wire.Device   // as which the checks speak
	Open     bool          // the broker lets everybody do everything: its checks of rights are skipped
	Receiver bool          // a receiver follows the broker: it is checked too
	Wait     time.Duration // for what should come; 0: 10 s
}

// Outcome is how a check ended.
type Outcome string

// The outcomes. A check that was skipped says nothing about the broker.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "FAILED"
	Skipped Outcome = "skipped"
)

// Result is one check with its outcome.
type Result struct {
	ID, Title string
	Outcome   Outcome
	Detail    string // why it failed or was skipped
	Took      time.Duration
}

// check is one assertion.
type check struct {
	id, title string
	run       func(context.Context, *bench) error
}

// skip is the error of a check that cannot be made here.
type skip string

func (s skip) Error() string { return string(s) }

const usualWait = 10 * time.Second

// Run makes every check, one after the other, and tells each result. It returns an error when the
// broker cannot be reached at all, because nothing can be said then.
func Run(ctx context.Context, o Options, tell func(Result)) error {
	if o.Wait <= 0 {
		o.Wait = usualWait
	}
	checks := brokerChecks()
	if o.Receiver {
		checks = append(checks, receiverChecks()...)
	}
	for i, c := range checks {
		began := time.Now()
		b := newBench(o)
		err := c.run(ctx, b)
		b.close()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r := Result{ID: c.id, Title: c.title, Outcome: Passed, Took: time.Since(began)}
		var why skip
		switch {
		case errors.As(err, &why):
			r.Outcome, r.Detail = Skipped, err.Error()
		case err != nil:
			r.Outcome, r.Detail = Failed, err.Error()
		}
		tell(r)
		if i == 0 && r.Outcome == Failed {
			return fmt.Errorf("broker %s: no connection, nothing else was checked", o.URL)
		}
	}
	return nil
}

// nonce is a word that was never used before, so that what other runs left is not taken for ours.
func nonce() string {
	var b [4]byte
	rand.Read(b[:]) //nolint:errcheck // it never fails
	return hex.EncodeToString(b[:])
}
