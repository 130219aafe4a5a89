//go:build !linux

package main

import (
	"context"
	"errors"
	"time"
)

var errLinux = errors.New("this is measured on Linux alone")

const leaseTime = 38 * time.Second

func nap(ctx context.Context, d time.Duration) (at time.Time, late time.Duration, err error) {
	due := time.Now().Add(d)
	time.Sleep(d)
	at = time.Now()
	return at, at.Sub(due), ctx.Err()
}

func blockDisk(string) (release func(), err error) { return nil, errLinux }

func realtime() (back func(), err error) { return nil, errLinux }

func procField(string, string) (int64, error) { return 0, errLinux }
