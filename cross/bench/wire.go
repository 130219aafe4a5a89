package main

import (
	"context"
	"fmt"
	"time"

	"github.com/firepost/firepost/agent/wire"
)

// wireBytes is what a reading takes on the line: the payload with its envelope, and the same inside
// a PUBLISH of quality 1 of MQTT 3.1.1. TLS, TCP and IP are left out: they depend on the line.
func (b *bench) wireBytes(context.Context) error {
	for _, c := range []struct {
		name string
		n    int
		leaf string
		late bool
	}{
		{"wire.live.batch_10", 10, wire.UpTelemetry, false},
		{"wire.backlog.batch_20", 20, wire.UpBackfill, true}, // twenty points every 10 s
		{"wire.backlog.batch_60", perBody, wire.UpBackfill, true},
	} {
		var s series
		d := wire.Device{Tenant: "district-7", ID: device}
		messages, payloads, all := backlog/100/c.n, 0, 0
		first := uint64(1_000_000) // a box that has been at work for a week
		for range messages {
			body, at := s.body(c.n), s.stamp()
			payload, err := wire.Envelope(d, wire.Meta{
				Lane: wire.LaneTelemetry, Epoch: "3f9a61c27b04", First: first, N: uint32(c.n), Boot: 41,
				Mono: at.Mono, Wall: at.Wall, Quality: wire.ClockQuality(at.Quality), Error: at.Error,
			}, body, time.UnixMilli(at.Wall).Add(2*time.Second), c.late)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			payloads += len(payload)
			all += publishBytes(len(d.Topic(c.leaf)), len(payload))
			first += uint64(c.n)
		}
		readings := float64(messages * c.n)
		b.print(c.name+".payload_per_reading", float64(payloads)/readings, "B", "")
		b.print(c.name+".mqtt_per_reading", float64(all)/readings, "B", "")
		b.print(c.name+".message", float64(payloads)/float64(messages), "B", "<= 32768")
	}
	return nil
}

// publishBytes is the length of a PUBLISH of quality 1 (MQTT 3.1.1, 3.3): a byte of type and flags,
// the remaining length in 7 bits a byte, the topic behind its length, a packet number, the payload.
func publishBytes(topic, payload int) int {
	rest, head := 2+topic+2+payload, 1
	for left := rest; ; left >>= 7 {
		head++
		if left < 128 {
			return head + rest
		}
	}
}
