package main

import (
	"context"
	"fmt"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
)

// What is promised of a reading's bytes, envelope included.
const (
	aimLive    = "<= 9"
	aimBacklog = "<= 4.5"
)

// wireBytes is what a reading takes on the line: the payload with its envelope; the same inside a
// PUBLISH of quality 1 of MQTT 3.1.1; that inside a record of TLS 1.3; and that inside segments of
// TCP over IPv4 with time stamps. What comes back, 4 bytes of PUBACK in the same layers for each
// message, is left out.
func (b *bench) wireBytes(context.Context) error {
	dict := wire.DeviceDict(sender(), wire.Meta{
		Epoch: epoch, First: firstNumber - 172_800, Boot: 41, Mono: dayAgo, Wall: wallAt(0) - dayAgo,
		Quality: wire.ClockNTP, Error: 5,
	}, plan(), nil)
	for _, c := range []struct {
		name  string
		hello wire.Hello
		aims  [2]string
	}{
		{"plain", wire.Hello{}, [2]string{}},
		{"gz", wire.Hello{Gz: true}, [2]string{}},
		{"dz", wire.Hello{Dz: []int{1}}, [2]string{aimLive, aimBacklog}},
	} {
		coding := c.hello.Coding(dict)
		for _, exact := range []bool{false, true} {
			name, live, back := c.name, c.aims[0], c.aims[1]
			if exact { // no dead-band: every digit that the sensor has
				name, live, back = name+".exact", "", ""
			}
			err := b.layers("wire.live_10."+name, 10, 10, exact, coding, live)
			if err != nil {
				return err
			}
			err = b.layers("wire.backlog_200."+name, 200, perBody, exact, coding, back)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	epoch       = "3f9a61c2"
	firstNumber = 1_000_000 // a box that has been at work for a week
	dayAgo      = 24 * 60 * 60 * 1000
)

func sender() wire.Device { return wire.Device{Tenant: "district-7", ID: device} }

// plan has the points of the series.
func plan() (p alarm.Plan) {
	for _, s := range points() {
		p.Points = append(p.Points, alarm.PointPlan{
			ID:   point.ID(s.name),
			Spec: detect.Spec{Conditions: []detect.Condition{{Quantity: s.quantity}}},
		})
	}
	return p
}

// layers sends messages of n readings, each stored in bodies of perBody, and prints what a reading
// takes in each layer.
func (b *bench) layers(
	name string, n, perBody int, exact bool, coding wire.Coding, aim string,
) error {
	s, d, leaf := newSeries(), sender(), wire.UpBackfill
	s.exact = exact
	if n == perBody {
		leaf = wire.UpTelemetry
	}
	var compressor wire.Compressor
	var payloads, packets, records, segments int
	first, messages := uint64(firstNumber), backlog/10/n
	for range messages {
		var batch wire.Batch
		for range n / perBody {
			body, at := s.body(perBody), s.stamp()
			fits, err := batch.Add(wire.Meta{
				Lane: wire.LaneTelemetry, Epoch: epoch, First: first, N: uint32(perBody), Boot: 41,
				Mono: at.Mono + dayAgo, Wall: at.Wall, Quality: wire.ClockQuality(at.Quality),
				Error: at.Error,
			}, body, wire.MaxMessage)
			if err != nil || !fits {
				return fmt.Errorf("%s: a body does not belong behind the others: %w", name, err)
			}
			first += uint64(perBody)
		}
		topic, payload := d.Topic(leaf), batch.Message(d, n != perBody)
		if short := compressor.Compress(coding, payload); short != nil {
			topic, payload = topic+coding.Suffix, short
		}
		payloads += len(payload)
		packet := publishBytes(len(topic), len(payload))
		packets += packet
		records += tlsBytes(packet)
		segments += tcpBytes(tlsBytes(packet))
	}
	readings := float64(messages * n)
	b.print(name+".payload_per_reading", float64(payloads)/readings, "B", aim)
	b.print(name+".mqtt_per_reading", float64(packets)/readings, "B", "")
	b.print(name+".tls_per_reading", float64(records)/readings, "B", "")
	b.print(name+".ip_per_reading", float64(segments)/readings, "B", "")
	b.print(name+".message", float64(payloads)/float64(messages), "B", "<= 32768")
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

// tlsBytes is the length of records of TLS 1.3 (RFC 8446, 5.2): 5 bytes of head, a byte that says
// what is inside and 16 bytes of tag for at most 16384 bytes.
func tlsBytes(n int) int { return n + (n+16_383)/16_384*22 }

// tcpBytes is the length of packets of 1500 bytes at most: 20 bytes of IPv4, 20 of TCP and 12 of
// its time stamps.
func tcpBytes(n int) int { return n + (n+1447)/1448*52 }
