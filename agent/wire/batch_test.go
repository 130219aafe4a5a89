package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// resolved is a SenML record with everything that base fields say of it.
type resolved struct {
	Name, Unit, Value, Quality string
	At                         int64 // Unix ms
}

// resolve reads SenML as RFC 8428 says: base fields hold until others come.
func resolve(t *testing.T, data []byte) (list []resolved) {
	t.Helper()
	var rs []struct {
		BN *string      `json:"bn"`
		BT *json.Number `json:"bt"`
		N  string       `json:"n"`
		U  string       `json:"u"`
		V  *json.Number `json:"v"`
		VB *bool        `json:"vb"`
		VS *string      `json:"vs"`
		T  int64        `json:"t"`
		Q  string       `json:"q"`
	}
	if err := json.Unmarshal(data, &rs); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	name, base := "", int64(0)
	for _, r := range rs {
		if r.BN != nil {
			name = *r.BN
		}
		if r.BT != nil {
			whole, part, _ := strings.Cut(r.BT.String(), ".")
			ms, err := strconv.ParseInt(whole+(part + "000")[:3], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			base = ms
		}
		value := ""
		switch {
		case r.V != nil:
			value = r.V.String()
		case r.VB != nil:
			value = fmt.Sprint(*r.VB)
		case r.VS != nil:
			value = *r.VS
		}
		list = append(list, resolved{name + r.N, r.U, value, r.Q, base + 1000*r.T})
	}
	return list
}

// drawn is a random batch, as different from an ordinary one as the types allow.
func drawn(r *rand.Rand) []Record {
	quantities := drivers.Quantities()
	rs := make([]Record, 1+r.IntN(60))
	now := r.Int64N(1 << 40)
	for i := range rs {
		now += int64(r.IntN(20_000)) - 500
		rs[i] = Record{
			Name:     fmt.Sprintf("p%d<&\"\\厨-%d", r.IntN(9), i),
			Quantity: quantities[r.IntN(len(quantities))],
			Value:    int64(r.Uint64()) >> r.IntN(64), At: at(now),
			Quality: []point.Quality{point.Good, point.Uncertain, point.Bad}[r.IntN(3)],
		}
		if rs[i].Quality != point.Good {
			rs[i].Reason = point.WarmUp + point.Reason(r.IntN(12))
		}
	}
	return rs
}

// message is what a platform reads first.
type message struct {
	ID, Epoch, Mono, Time string
	SeqN                  uint32
	TErr                  int32
	Hist                  bool
	Data                  json.RawMessage
}

func read(t *testing.T, payload []byte) (m message) {
	t.Helper()
	if err := json.Unmarshal(payload, &m); err != nil {
		t.Fatalf("%v in %s", err, payload)
	}
	return m
}

// Whatever is measured, joined and compressed: what a platform decompresses and resolves is, number
// by number, what the single bodies say.
func TestBatchesKeepEveryRecord(t *testing.T) {
	var compressors [3]Compressor
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		var b Batch
		var want []resolved
		first, n := 1+r.Uint64N(1<<40), uint32(0)
		for range 1 + r.IntN(6) {
			rs := drawn(r)
			body := TelemetryBody(device.ID, wall.UnixMilli()*int64(r.IntN(2)), rs[len(rs)-1].At, rs)
			m := meta(LaneTelemetry, first+uint64(n), uint32(len(rs)))
			fits, err := b.Add(m, body, MaxMessage)
			if err != nil {
				t.Fatal(err)
			}
			if !fits {
				break
			}
			alone := resolve(t, read(t, enveloped(t, m, body, wall, false)).Data)
			if len(alone) != len(rs) {
				t.Fatalf("seed %d: %d records became %d", seed, len(rs), len(alone))
			}
			want, n = append(want, alone...), n+uint32(len(rs))
		}
		plain := b.Message(device, true)
		for i, h := range []Hello{{}, {Gz: true}, {Dz: []int{1}}} {
			c := h.Coding("text of a device")
			payload := compressors[i].Compress(c, plain)
			if payload == nil {
				payload, c = plain, Coding{}
			}
			m := read(t, expand(t, c, payload))
			if id := MessageID("9f3c1a77", 't', first, n); m.ID != id || m.SeqN != n || !m.Hist {
				t.Fatalf("seed %d: got %+v, want %s", seed, m, id)
			}
			if got := resolve(t, m.Data); !slices.Equal(got, want) {
				t.Fatalf("seed %d %+v: got %v, want %v", seed, h, got, want)
			}
		}
	}
}

// A value that comes back from SenML is the one that was measured, to the last digit.
func TestValuesComeBackExactly(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		v, scale := int64(r.Uint64())>>r.IntN(64), senmlUnits[drivers.Temperature].scale
		whole, part, _ := strings.Cut(string(appendDecimal(nil, v, scale)), ".")
		back, err := strconv.ParseInt(whole+(part + "000")[:3], 10, 64)
		if err != nil || back != v {
			t.Fatalf("%d came back as %d, %v", v, back, err)
		}
	}
}

func oneBody(ms int64) []byte {
	return TelemetryBody(device.ID, wall.UnixMilli(), at(ms), []Record{{
		Name: "heat1", Quantity: drivers.Temperature, Value: 21_000, At: at(ms - 1000),
		Quality: point.Good,
	}})
}

// Only what one envelope can be true of is put into one message.
func TestBatchTakesOnlyWhatBelongsTogether(t *testing.T) {
	next := meta(LaneTelemetry, 101, 1)
	for name, c := range map[string]struct {
		change func(first, next *Meta)
		most   int
		want   bool
	}{
		"the next number":      {func(_, _ *Meta) {}, MaxMessage, true},
		"a hole":               {func(_, n *Meta) { n.First++ }, MaxMessage, false},
		"a repeat":             {func(_, n *Meta) { n.First-- }, MaxMessage, false},
		"another epoch":        {func(_, n *Meta) { n.Epoch = "00000001" }, MaxMessage, false},
		"another run":          {func(_, n *Meta) { n.Boot++ }, MaxMessage, false},
		"another clock":        {func(_, n *Meta) { n.Quality = ClockHold }, MaxMessage, false},
		"a salvaged one":       {func(_, n *Meta) { n.OrigEpoch = "00000001" }, MaxMessage, false},
		"behind a salvaged":    {func(f, _ *Meta) { f.OrigEpoch = "00000001" }, MaxMessage, false},
		"just not too many":    {func(f, n *Meta) { f.N, n.First = 199, 299 }, MaxMessage, true},
		"too many":             {func(f, n *Meta) { f.N, n.First = 200, 300 }, MaxMessage, false},
		"more than there is":   {func(_, _ *Meta) {}, envelopeRoom + 170, true},
		"too long for the max": {func(_, _ *Meta) {}, envelopeRoom + 100, false},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := meta(LaneTelemetry, 100, 1), next
			c.change(&first, &second)
			var b Batch
			if fits, err := b.Add(first, oneBody(5_000), 0); !fits || err != nil {
				t.Fatalf("the first: %t, %v", fits, err)
			}
			before := string(b.Message(device, false))
			fits, err := b.Add(second, oneBody(9_000), c.most)
			if fits != c.want || err != nil {
				t.Errorf("got %t, %v, want %t", fits, err, c.want)
			}
			if after := string(b.Message(device, false)); fits == (after == before) {
				t.Errorf("told %t, and the message is %s", fits, after)
			}
		})
	}
}

// The envelope says of all what is true of the worst of them, and when the first arose.
func TestBatchSaysTheWorst(t *testing.T) {
	for _, c := range []struct{ first, second, want int32 }{
		{5, 40, 40}, {40, 5, 40}, {5, -1, -1}, {-1, 5, -1},
	} {
		var b Batch
		m := meta(LaneTelemetry, 100, 1)
		m.Error, m.Quality, m.Mono = c.first, ClockFix, 5_000
		_, err := b.Add(m, oneBody(5_000), MaxMessage)
		m.First, m.Error, m.Mono = 101, c.second, 9_000
		_, err2 := b.Add(m, oneBody(9_000), MaxMessage)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		got := read(t, b.Message(device, false))
		want := wall.Add(-time.Second).Format(timeFormat)
		if got.TErr != c.want || got.Mono != "4000" || got.Time != want {
			t.Errorf("%+v: got %+v, want %s", c, got, want)
		}
	}
}

// A message has room for the envelope that its length is reckoned with.
func TestEnvelopeHasItsRoom(t *testing.T) {
	d := Device{Tenant: strings.Repeat("t", 32), ID: strings.Repeat("d", 32)}
	m := Meta{
		Lane: 't', Epoch: "9f3c1a77", First: 9_999_999_999_999_999, N: 1 << 31, Boot: 1 << 31,
		Mono: 1 << 62, Wall: wall.UnixMilli(), Quality: ClockFix, Error: 1 << 30,
		OrigEpoch: "9f3c1a77", OrigFirst: 9_999_999_999_999_999,
	}
	body := TelemetryBody(d.ID, 0, 0, []Record{{Name: "p", Quality: point.Good}})
	msg, err := Envelope(d, m, body, time.Time{}, true)
	if n := len(msg) - len(body); err != nil || n > envelopeRoom {
		t.Errorf("the envelope takes %d bytes, more than %d; %v", n, envelopeRoom, err)
	}
}

// What is no batch of this package is refused, and leaves a batch as it was.
func TestBatchRefusesOtherBodies(t *testing.T) {
	good := string(oneBody(5_000))
	for _, body := range []string{
		"", "{}", "x", good[:len(good)-1], good + "}", good[1:],
		strings.Replace(good, `"age":1000`, `"age":x`, 1),
		strings.Replace(good, `"age":1000`, `"age":1e99`, 1),
		strings.Replace(good, `"data":[`, `"data":`, 1),
		strings.Replace(good, `"n":"heat1"`, `"n":"heat1`, 1),
		`{"type":"` + TypeTelemetry + `","data":[]}`,
		`{"type":"` + TypeAlarm + `","data":{}}`,
	} {
		var b Batch
		if _, err := b.Add(meta('t', 1, 1), []byte(good), MaxMessage); err != nil {
			t.Fatal(err)
		}
		before := string(b.Message(device, false))
		if fits, err := b.Add(meta('t', 2, 1), []byte(body), MaxMessage); fits || err == nil {
			t.Errorf("%.60q is taken: %t, %v", body, fits, err)
		} else if !errors.Is(err, ErrBody) {
			t.Errorf("%.60q: %v is no ErrBody", body, err)
		}
		if string(b.Message(device, false)) != before {
			t.Errorf("%.60q changed the batch", body)
		}
	}
}

// Whatever bytes a store gives back, joining them fails or makes one valid message.
func FuzzBatch(f *testing.F) {
	f.Add(oneBody(5_000), oneBody(6_000))
	f.Add([]byte(`{"type":"org.firepost.telemetry.v1","data":[1]}`), []byte("{}"))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		var b Batch
		if _, err := b.Add(meta('t', 1, 1), one, MaxMessage); err != nil {
			return
		}
		if _, err := b.Add(meta('t', 2, 1), two, MaxMessage); err != nil && !errors.Is(err, ErrBody) {
			t.Errorf("%v is no ErrBody", err)
		}
		if msg := b.Message(device, false); !json.Valid(msg) {
			t.Errorf("%q and %q become %q", one, two, msg)
		}
	})
}
