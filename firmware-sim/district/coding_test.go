package district

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/wire"
)

// packed is a telemetry message of n records from first, and the same compressed.
func packed(
	t *testing.T, c wire.Coding, first uint64, n uint32,
) (topic string, plain, short []byte) {
	t.Helper()
	data := strings.TrimSuffix(strings.Repeat(`{"n":"x","v":1},`, int(n)), ",")
	m := numbered(wire.LaneTelemetry, "e1", first)
	m.N = n
	plain, err := wire.Envelope(sender, m,
		fmt.Appendf(nil, `{"type":"org.firepost.telemetry.v1","data":[%s]}`, data), time.Time{}, false)
	if err != nil {
		t.Fatal(err)
	}
	var z wire.Compressor
	if short = z.Compress(c, plain); short == nil {
		t.Fatal("not compressed")
	}
	return sender.Topic(wire.UpTelemetry) + c.Suffix, plain, short
}

func described(dict string) []byte { return wire.Desc{Dict: dict}.JSON() }

// A record is stored once, however often and in whichever coding it comes; a story is told the
// plain message.
func TestEachCodingIsTheSameRecord(t *testing.T) {
	var told []Message
	dz := wire.Hello{Dz: []int{1}}
	r := NewReceiver(Options{Hello: dz, OnMessage: func(m Message) { told = append(told, m) }})
	r.Handle(sender.Topic(wire.UpDesc), described("the text of a device"), true)
	own := dz.Coding("the text of a device")
	for _, c := range []wire.Coding{own, wire.Hello{Gz: true}.Coding(""), own} {
		topic, plain, short := packed(t, c, 1, 20)
		r.Handle(topic, short, false)
		m := told[len(told)-1]
		if m.Leaf != wire.UpTelemetry || !bytes.Equal(m.Payload, plain) || m.Size != len(short) {
			t.Errorf("%s: told %s, %d bytes: %s", c.Suffix, m.Leaf, m.Size, m.Payload)
		}
	}
	got := r.Report()
	if got.Received["t"] != 20 || got.Duplicates != 40 || got.BodyMismatch+got.Malformed != 0 {
		t.Errorf("got %+v, want 20 records, each twice again", got)
	}
}

// What cannot be read is counted as such and stores nothing; a small message that becomes a huge
// one is not read to its end.
func TestUnreadableCodingsAreRefused(t *testing.T) {
	dz := wire.Hello{Dz: []int{1}}
	topic, _, short := packed(t, dz.Coding("known"), 1, 20)
	_, _, zipped := packed(t, wire.Hello{Gz: true}.Coding(""), 1, 20)
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	if _, err := w.Write(make([]byte, 8<<20)); err != nil || w.Close() != nil {
		t.Fatal("no bomb")
	}
	gz := sender.Topic(wire.UpTelemetry) + "/gz"
	for name, c := range map[string]struct {
		topic   string
		payload []byte
	}{
		"an unknown dictionary": {sender.Topic(wire.UpTelemetry) + "/dz/1-000000", short},
		"cut off":               {topic, short[:len(short)/2]},
		"not deflate":           {topic, []byte{0xff, 0xff}},
		"not gzip":              {gz, short},
		"gzip cut off":          {gz, zipped[:len(zipped)-9]},
		"gzip with another sum": {gz, append(bytes.Clone(zipped[:len(zipped)-8]), make([]byte, 8)...)},
		"8 MB of nothing":       {gz, bomb.Bytes()},
		"nothing":               {gz, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReceiver(Options{Hello: dz})
			r.Handle(sender.Topic(wire.UpDesc), described("known"), true)
			r.Handle(c.topic, c.payload, false)
			if got := r.Report(); got.Malformed != 1 || got.Received["t"] != 0 {
				t.Errorf("got %d malformed and %d records: %q", got.Malformed, got.Received["t"],
					got.Faults)
			}
		})
	}
}

// A dictionary is offered to a device only when its own part of it is here, at once when it comes;
// older ones stay known, because a message may have waited in the broker.
func TestDictionaryIsOfferedWhenItIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dz := wire.Hello{Gz: true, Dz: []int{1}}
		r := NewReceiver(Options{Hello: dz})
		stop := published(t, r)
		r.Handle(sender.Topic(wire.UpState), wire.State{Online: true, Session: "1-1"}.JSON(), false)
		time.Sleep(time.Second)
		for _, dict := range []string{"", "first", "first", "second"} {
			r.Handle(sender.Topic(wire.UpDesc), described(dict), false)
			time.Sleep(time.Second)
		}
		var offers []int
		for _, m := range stop() {
			h, err := wire.DecodeHello(m.payload)
			if err != nil || !h.Gz {
				t.Errorf("hello: got %+v, %v", h, err)
			}
			offers = append(offers, len(h.Dz))
		}
		if fmt.Sprint(offers) != "[0 1 1]" {
			t.Errorf("dictionaries offered: got %v, want none, then one, and one for the second", offers)
		}
		topic, _, short := packed(t, dz.Coding("first"), 1, 20)
		r.Handle(topic, short, false)
		if got := r.Report(); got.Received["t"] != 20 {
			t.Errorf("a message with the older dictionary: %q", got.Faults)
		}
	})
}

// What a device can make a platform remember is bounded.
func TestDictionariesAreBounded(t *testing.T) {
	r := NewReceiver(Options{Hello: wire.Hello{Dz: []int{1}}})
	for i := range 3 * keptDicts {
		r.Handle(sender.Topic(wire.UpDesc), described(fmt.Sprint("d", i)), false)
	}
	if d := r.devices[sender.ID]; len(d.dicts) != keptDicts || len(d.order) != keptDicts {
		t.Errorf("got %d dictionaries and %d names, want %d", len(d.dicts), len(d.order), keptDicts)
	}
}
