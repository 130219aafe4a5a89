package uplink

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

const ownText = `{"specversion":"1.0","source":"/firepost/510107/fp-7k2m4qx6tb"`

// packing is a station whose description bears its part of the dictionary.
func packing(m *memory, d *district) Config {
	c := config(m, d)
	c.Desc = func() []byte { return wire.Desc{Dict: ownText}.JSON() }
	return c
}

// unpack reads a message as the platform does: whatever its topic says it is.
func unpack(topic string, payload []byte) (leaf string, plain []byte, err error) {
	leaf = strings.TrimPrefix(topic, "firepost/v1/510107/fp-7k2m4qx6tb/")
	r := io.Reader(bytes.NewReader(payload))
	if at := strings.Index(leaf, "/dz/"); at > 0 {
		d := wire.Dictionary(1, ownText)
		if name := wire.DictionaryName(1, d); leaf[at+4:] != name {
			return leaf, nil, fmt.Errorf("%s: want dictionary %s", leaf, name)
		}
		r, leaf = flate.NewReaderDict(r, d), leaf[:at]
	} else if rest, ok := strings.CutSuffix(leaf, "/gz"); ok {
		if r, err = gzip.NewReader(r); err != nil {
			return leaf, nil, err
		}
		leaf = rest
	}
	plain, err = io.ReadAll(r)
	return leaf, plain, err
}

func readable(t *testing.T, m Message) (leaf string, plain []byte) {
	t.Helper()
	leaf, plain, err := unpack(m.Topic, m.Payload)
	if err != nil {
		t.Fatalf("%s: %v", m.Topic, err)
	}
	return leaf, plain
}

// codings lists the suffixes of telemetry in the order in which they came.
func (d *district) codings() (list []string) {
	for _, m := range d.all() {
		for _, leaf := range []string{wire.UpTelemetry, wire.UpBackfill} {
			if rest, ok := strings.CutPrefix(m.Topic, d.device.Topic(leaf)); ok {
				if len(list) == 0 || list[len(list)-1] != rest {
					list = append(list, rest)
				}
			}
		}
	}
	return list
}

// Telemetry is plain until the platform offers something better, changes with each hello within
// one connection, and is plain again when the offer is taken back.
func TestCodingFollowsTheHello(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		start(t, packing(m, d))
		settle(time.Second)
		dz := "/dz/" + wire.DictionaryName(1, wire.Dictionary(1, ownText))
		var want []string
		for i, c := range []struct{ hello, coding string }{
			{"", ""}, // Nobody says anything: plain after 5 s.
			{`{"receipt":false,"gz":true}`, "/gz"},
			{`{"receipt":false,"gz":true,"dz":[9,1]}`, dz},
			{`{"receipt":false,"br":true,"dz":[9]}`, ""},
			{`not JSON`, ""},
			{`{"receipt":false,"dz":[1]}`, dz},
		} {
			if c.hello != "" {
				d.line().down(wire.DownHello, []byte(c.hello), false)
			}
			m.Put(buffer.Telemetry, 20, teleBatch(i, 20))
			settle(10 * time.Second)
			if want = append(want, c.coding); len(want) > 1 && c.coding == want[len(want)-2] {
				want = want[:len(want)-1]
			}
			if got := d.codings(); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("after %s: got %q, want %q", c.hello, got, want)
			}
		}
		for _, x := range d.all() {
			if leaf, plain := readable(t, x.Message); leaf == wire.UpTelemetry &&
				readTail(plain).SeqN != 20 {
				t.Errorf("%s: got %s", x.Topic, plain)
			}
		}
		if m.left(buffer.Telemetry) != 0 {
			t.Errorf("%d are still there", m.left(buffer.Telemetry))
		}
	})
}

// A station that has told nothing of itself uses no dictionary, and what does not become shorter
// goes as it is.
func TestPlainWhenCompressionIsOfNoUse(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Gz: true, Dz: []int{1}}
		start(t, config(m, d))
		settle(time.Second)
		m.Put(buffer.Telemetry, 20, teleBatch(1, 20))
		settle(time.Second)
		r := rand.New(rand.NewPCG(1, 2))
		noise := make([]byte, 4000)
		for i := range noise {
			noise[i] = " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij"[r.IntN(64)]
		}
		m.Put(buffer.Telemetry, 1, fmt.Appendf(nil, `{"type":%q,"data":[{"n":"%s"}]}`,
			wire.TypeTelemetry, noise))
		settle(time.Second)
		if got := fmt.Sprintf("%q", d.codings()); got != `["/gz"]` || m.left(buffer.Telemetry) != 0 {
			t.Errorf("got %s, %d left", got, m.left(buffer.Telemetry))
		}
	})
}

// The backlog goes in messages of up to 200 records, with each number once and every record as it
// was; what is live goes as it arises. A PUBACK releases all that its message brought.
func TestBacklogIsJoined(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Dz: []int{1}}
		want := map[uint64]string{}
		put := func(i, n int) {
			first := m.Put(buffer.Telemetry, uint32(n), teleBatch(i, n))
			for j := range n {
				want[first+uint64(j)] = fmt.Sprintf(`{"n":"t%d","v":%d}`, j+1, i)
			}
		}
		for i := range 100 {
			put(i, 20)
		}
		put(100, 7)
		start(t, packing(m, d))
		settle(30 * time.Second)
		put(101, 10)
		put(102, 10)
		settle(time.Second)
		var sizes []int
		for _, x := range d.all() {
			leaf, plain := readable(t, x.Message)
			h := readTail(plain)
			if h.Lane != "t" {
				continue
			}
			sizes = append(sizes, int(h.SeqN))
			if isLive := h.first > 2007; isLive != (leaf == wire.UpTelemetry) {
				t.Errorf("%s is on %s", h.ID, leaf)
			}
			for i, body := range h.records() {
				n := h.first + uint64(i)
				if want[n] != body {
					t.Errorf("number %d: got %s, want %s", n, body, want[n])
				}
				delete(want, n)
			}
		}
		if got := fmt.Sprint(sizes); got != "[200 200 200 200 200 200 200 200 200 200 7 10 10]" {
			t.Errorf("records in a message: got %s", got)
		}
		if len(want) != 0 || m.left(buffer.Telemetry) != 0 {
			t.Errorf("%d did not come, %d are still there", len(want), m.left(buffer.Telemetry))
		}
	})
}

// No message is longer than the platform takes, whether it is compressed or not.
func TestMessagesKeepToTheMax(t *testing.T) {
	for _, h := range []wire.Hello{
		{Max: wire.MinMaxMessage}, {Max: wire.MinMaxMessage, Gz: true}, {},
	} {
		bubble(t, func(t *testing.T, m *memory, d *district) {
			d.hello = &h
			r := rand.New(rand.NewPCG(1, 2))
			for range 40 { // noise in hexadecimal, so that even compressed 200 are too long
				b := fmt.Appendf(nil, `{"type":%q,"data":[`, wire.TypeTelemetry)
				for range 20 {
					b = fmt.Appendf(b, `{"n":"%016x%016x%016x%016x%016x%016x"},`, r.Uint64(),
						r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64())
				}
				m.Put(buffer.Telemetry, 20, append(bytes.TrimSuffix(b, []byte(",")), "]}"...))
			}
			k := start(t, packing(m, d))
			settle(2 * time.Minute)
			longest := 0
			for _, x := range d.all() {
				longest = max(longest, len(x.Payload))
			}
			most := h.Max
			if most == 0 {
				most = wire.MaxMessage
			}
			if longest > most || longest < most/8 {
				t.Errorf("%+v: the longest message has %d bytes, want at most %d", h, longest, most)
			}
			if m.left(buffer.Telemetry) != 0 || k.Status().Quarantined != 0 {
				t.Errorf("%+v: %d left, %d given up", h, m.left(buffer.Telemetry),
					k.Status().Quarantined)
			}
		})
	}
}

// What the platform cannot take is not sent again and again: it is declared, with the reason, and
// everything else goes on.
func TestWhatIsTooLongIsDeclared(t *testing.T) {
	for _, lane := range []buffer.Lane{buffer.Alarm, buffer.Event, buffer.Telemetry} {
		bubble(t, func(t *testing.T, m *memory, d *district) {
			d.hello = &wire.Hello{Max: wire.MinMaxMessage}
			k := start(t, packing(m, d))
			settle(time.Second)
			long := fmt.Sprintf(`"%s"`, strings.Repeat("x", 9000))
			body := fmt.Appendf(nil, `{"type":%q,"data":{"x":%s}}`, wire.TypeAlarm, long)
			if lane == buffer.Telemetry {
				body = fmt.Appendf(nil, `{"type":%q,"data":[%s]}`, wire.TypeTelemetry, long)
			}
			m.Put(lane, 1, body)
			m.Put(buffer.Event, 1, eventBody(1))
			settle(time.Minute)
			gap := ""
			for _, h := range d.records("a") {
				gap += h.body
			}
			if !strings.Contains(gap, fmt.Sprintf(`"lane":"%s","from":1,"to":1,"cause":"quarantined"`,
				lane)) || !strings.Contains(gap, "and the platform takes 8192") {
				t.Errorf("lane %s: declared %q", lane, gap)
			}
			if m.left(lane) != 0 || m.left(buffer.Event) != 0 || k.Status().Quarantined != 1 {
				t.Errorf("lane %s: %d left, %d given up", lane, m.left(lane), k.Status().Quarantined)
			}
		})
	}
}

// The snapshot of what stands is written in as many bytes as the platform takes, also at the
// beginning of the next connection, before its hello.
func TestActiveKeepsToTheMax(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Max: 9000}
		c := config(m, d)
		var asked []int
		c.Active = func() (uint64, func(int) []byte) {
			return uint64(time.Now().Unix() / 60), func(most int) []byte {
				asked = append(asked, most)
				return []byte("{}")
			}
		}
		start(t, c)
		settle(90 * time.Second)
		d.set(func() { d.hello = nil })
		d.drop()
		settle(40 * time.Second)
		if len(asked) < 3 || asked[0] != wire.MaxMessage || asked[1] != 9000 ||
			asked[len(asked)-1] != 9000 {
			t.Errorf("asked for %v bytes, want %d and then 9000", asked, wire.MaxMessage)
		}
	})
}

// The backlog goes as fast as the platform allows, at once and not before it has said so, and the
// window is as wide as it says.
func TestPlatformSetsThePace(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		for i := range 3000 {
			m.Put(buffer.Telemetry, full, teleBatch(i, full))
		}
		d.hello, d.delay = &wire.Hello{Rate: 100, Dz: []int{1}}, 50*time.Millisecond
		start(t, packing(m, d))
		settle(2 * time.Second)
		from := len(d.all())
		settle(10 * time.Second)
		if n := len(d.all()) - from; n < 990 || n > 1010 {
			t.Errorf("messages in 10 s: got %d, want 1000", n)
		}
		d.line().down(wire.DownHello, []byte(`{"receipt":false,"rate":3}`), false)
		settle(time.Second)
		from = len(d.all())
		settle(10 * time.Second)
		if n := len(d.all()) - from; n < 29 || n > 31 {
			t.Errorf("messages in 10 s after a slower hello: got %d, want 30", n)
		}
		d.set(func() { d.mute = true })
		d.line().down(wire.DownHello, []byte(`{"receipt":false,"rate":1000,"window":40,"dz":[1]}`), false)
		from = len(d.all())
		settle(5 * time.Second)
		if n := len(d.all()) - from; n != 40 {
			t.Errorf("on their way: got %d, want 40", n)
		}
	})
}

// A message of several batches that makes the broker hang up is taken apart: what is sound arrives,
// what is not is declared, and nothing else with it.
func TestPoisonAmongOthersIsFound(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello, d.delay = &wire.Hello{Spread: 0}, 50*time.Millisecond
		d.hangUp = func(m Message) bool { return strings.Contains(string(m.Payload), `:666}`) }
		for i := range 30 {
			n := i
			if i == 13 {
				n = 666
			}
			m.Put(buffer.Telemetry, 20, teleBatch(n, 20))
		}
		k := start(t, config(m, d))
		for i := range 200 { // the ordinary readings of a station
			settle(10 * time.Second)
			m.Put(buffer.Telemetry, 1, teleBody(1000+i))
		}
		settle(time.Minute)
		got := d.numbers("t")
		for n := uint64(1); n <= 600; n++ {
			if isBad := n > 260 && n <= 280; isBad == (got[n] > 0) {
				t.Errorf("number %d came %d times", n, got[n])
			}
		}
		if k.Status().Quarantined != 1 || m.left(buffer.Telemetry) != 0 {
			t.Errorf("given up %d, left %d", k.Status().Quarantined, m.left(buffer.Telemetry))
		}
		if n := len(d.tries()); n > poisonLimit+4 {
			t.Errorf("it took %d connections", n)
		}
		checkGap(t, d, buffer.Telemetry, 261, 280)
	})
}

// An alarm that arises while a wide window is being filled goes before the rest of the window:
// putting batches together takes a slow processor its time.
func TestAlarmDoesNotWaitForAFullWindow(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Window: wire.MaxWindow, Dz: []int{1}}
		d.delay = 50 * time.Millisecond
		c := packing(m, d)
		sent, before := 0, 0
		c.Stamp = func() buffer.Stamp { // is asked for each message
			if sent++; sent == 10 {
				m.Put(buffer.Alarm, 1, alarmBody(1))
				before = len(d.all())
			}
			return m.stamp()
		}
		start(t, c)
		settle(10 * time.Millisecond) // connected, and the birth is not confirmed
		for i := range 40 {
			m.Put(buffer.Telemetry, 20, teleBatch(i, 20))
		}
		settle(time.Second)
		alarm := d.device.Topic(wire.UpAlarm)
		at := slices.IndexFunc(d.all()[before:], func(x heard) bool { return x.Topic == alarm })
		if at < 0 || at > 1 || len(d.records("a")) != 1 {
			t.Errorf("the alarm came behind %d messages, want 1", at)
		}
		if m.left(buffer.Telemetry) != 0 {
			t.Errorf("%d are still there", m.left(buffer.Telemetry))
		}
	})
}
