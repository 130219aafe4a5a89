package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/conform"
)

type conformCmd struct {
	Broker   string        `required:"" help:"Such as ssl://host:8883." placeholder:"URL"`
	Tenant   string        `help:"Of the station that is played." default:"conform"`
	Device   string        `help:"Its name." default:"fp-conform2345"`
	Receiver bool          `help:"A receiver follows the broker: check that too."`
	Open     bool          `help:"Everybody may do everything: skip what is about rights."`
	Wait     time.Duration `help:"For what should come." default:"10s"`

	CA           string `help:"Authority of the broker." type:"existingfile" placeholder:"FILE"`
	Cert         string `help:"Of the station." type:"existingfile" placeholder:"FILE"`
	Key          string `help:"Of the station." type:"existingfile" placeholder:"FILE"`
	PlatformCert string `help:"Of who hears all." type:"existingfile" placeholder:"FILE"`
	PlatformKey  string `help:"Of who hears all." type:"existingfile" placeholder:"FILE"`
	User         string `help:"Of the station; its password is in CONFORM_PASSWORD."`
	PlatformUser string `help:"Of who hears all; CONFORM_PLATFORM_PASSWORD has the password."`
}

// errDiffers is returned when a check failed; which one has been printed.
var errDiffers = errors.New("the broker or the receiver differs from the contract")

// Run prints each check with its outcome.
func (c *conformCmd) Run(ctx context.Context, o outlet) error {
	options := conform.Options{
		URL: c.Broker, Device: wire.Device{Tenant: c.Tenant, ID: c.Device},
		Receiver: c.Receiver, Open: c.Open, Wait: c.Wait,
	}
	var err error
	options.Station, err = c.login(c.Cert, c.Key, c.User, "CONFORM_PASSWORD")
	if err == nil {
		options.Platform, err = c.login(c.PlatformCert, c.PlatformKey, c.PlatformUser,
			"CONFORM_PLATFORM_PASSWORD")
	}
	if err != nil {
		return err
	}
	count := map[conform.Outcome]int{}
	err = conform.Run(ctx, options, func(r conform.Result) {
		count[r.Outcome]++
		fmt.Fprintf(o.out, "%s %-7s %6.2f s  %s\n", r.ID, r.Outcome, r.Took.Seconds(), r.Title)
		if r.Detail != "" {
			fmt.Fprintf(o.out, "                      %s\n", r.Detail)
		}
	})
	fmt.Fprintf(o.out, "\n%d passed, %d failed, %d skipped\n", count[conform.Passed],
		count[conform.Failed], count[conform.Skipped])
	if err == nil && count[conform.Failed] > 0 {
		err = errDiffers
	}
	return err
}

// login reads as whom a client connects.
func (c *conformCmd) login(cert, key, user, secret string) (conform.Login, error) {
	as := conform.Login{Username: user, Password: os.Getenv(secret)}
	if c.CA == "" && cert == "" {
		return as, nil
	}
	as.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		text, err := os.ReadFile(c.CA)
		if err != nil {
			return as, err
		}
		as.TLS.RootCAs = x509.NewCertPool()
		if !as.TLS.RootCAs.AppendCertsFromPEM(text) {
			return as, fmt.Errorf("--ca %s: there is no certificate in it", c.CA)
		}
	}
	if cert == "" && key == "" {
		return as, nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return as, fmt.Errorf("certificate %q with key %q: %w", cert, key, err)
	}
	as.TLS.Certificates = []tls.Certificate{pair}
	return as, nil
}
