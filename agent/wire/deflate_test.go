package wire

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// expand decompresses as a platform in Go does.
func expand(t *testing.T, c Coding, payload []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(payload)
	switch {
	case c.Suffix == "":
		return payload
	case c.dictionary == nil:
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	default:
		r = flate.NewReaderDict(bytes.NewReader(payload), c.dictionary)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v in %x", c.Suffix, err, payload)
	}
	return plain
}

// quiet is a batch of ten ordinary readings, and the dictionary of its device.
func quiet(t *testing.T) (message []byte, dict string) {
	t.Helper()
	var plan alarm.Plan
	var rs []Record
	for i := range 10 {
		id := point.ID(fmt.Sprintf("heat-%d", i+1))
		plan.Points = append(plan.Points, alarm.PointPlan{
			ID:   id,
			Spec: detect.Spec{Conditions: []detect.Condition{{Quantity: drivers.Temperature}}},
		})
		rs = append(rs, Record{
			Name: string(id), Quantity: drivers.Temperature, Value: 20_900 + int64(i*70),
			At: at(128_734_000 + 30*int64(i)), Quality: point.Good,
		})
	}
	m := meta(LaneTelemetry, 184_700, 10)
	dict = DeviceDict(device, m, plan, nil)
	m.First, m.Mono, m.Wall = 357_500, m.Mono+86_400_000, m.Wall+86_400_000
	for i := range rs {
		rs[i].At += at(86_400_000)
	}
	body := TelemetryBody(device.ID, m.Wall, at(m.Mono), rs)
	return enveloped(t, m, body, wall, false), dict
}

// The best of what a platform offers is used, and nothing that it does not offer or that is not
// known here.
func TestCodingIsWhatThePlatformOffers(t *testing.T) {
	for _, c := range []struct{ hello, dict, want string }{
		{`{}`, "d", ""},
		{`{"gz":false,"dz":[]}`, "d", ""},
		{`{"gz":true}`, "d", "/gz"},
		{`{"gz":true,"dz":[1]}`, "d", "/dz/1-"},
		{`{"dz":[7,1,0,-1]}`, "d", "/dz/1-"},
		{`{"gz":true,"dz":[2,99]}`, "d", "/gz"},
		{`{"dz":[2]}`, "d", ""},
		{`{"gz":true,"dz":[1]}`, "", "/gz"}, // The device has told nothing to begin with.
		{`{"br":true,"zstd":[1]}`, "d", ""},
	} {
		h, err := DecodeHello([]byte(c.hello))
		if err != nil {
			t.Fatal(err)
		}
		got := h.Coding(c.dict).Suffix
		if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: got %q, want %q", c.hello, got, c.want)
		}
	}
}

// A dictionary that was published is never changed: messages that were sent with it could not be
// read any more. The file is what a platform downloads.
func TestPublishedDictionariesNeverChange(t *testing.T) {
	sums := []string{"9e60aa359359df0ddd98021d43efd8f2b439a8bd8a9d2be82b8cbbc379502c48"}
	list, err := filepath.Glob("contract/dictionary/*.txt")
	if err != nil || len(list) != len(sums) || len(baseDictionaries) != len(sums) {
		t.Fatalf("%d files, %d versions, %d sums; %v", len(list), len(baseDictionaries), len(sums), err)
	}
	for i, want := range sums {
		file, err := os.ReadFile(fmt.Sprintf("contract/dictionary/%d.txt", i+1))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(file)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("version %d: got %s, want %s", i+1, got, want)
		}
		if string(Dictionary(i+1, "")) != string(file) {
			t.Errorf("version %d is not the one that is published", i+1)
		}
	}
	if Dictionary(0, "x") != nil || Dictionary(len(sums)+1, "x") != nil {
		t.Errorf("there is a dictionary of a version that does not exist")
	}
}

// The dictionary of a device has each of its series, is bounded however large the site is, and
// names itself by its content.
func TestDeviceDictIsBounded(t *testing.T) {
	if got := DeviceDict(device, meta('t', 1, 1), alarm.Plan{}, nil); got != "" {
		t.Errorf("without a point: got %q, want none", got)
	}
	for _, n := range []int{1, 20, 1000} {
		var plan alarm.Plan
		snap := &alarm.Snapshot{}
		for i := range n {
			id := point.ID(fmt.Sprintf("p%d", i))
			plan.Points = append(plan.Points, alarm.PointPlan{ID: id})
			snap.Points = append(snap.Points, alarm.PointState{ID: id, Channels: []alarm.ChannelState{
				{Quantity: drivers.Temperature, Value: 17_250, Seen: true},
				{Quantity: drivers.Humidity},
			}})
		}
		dict := DeviceDict(device, meta('t', 1, 1), plan, snap)
		if len(dict) > maxDict || n == 1000 && len(dict) < maxDict*9/10 {
			t.Errorf("%d points: %d bytes, want at most %d", n, len(dict), maxDict)
		}
		for i := range min(n, 10) {
			for _, q := range []string{"temperature", "humidity"} {
				name := fmt.Sprintf(`"n":"p%d.%s"`, i, q)
				if !strings.Contains(dict, name) {
					t.Errorf("%d points: no %s in %s", n, name, dict)
				}
			}
		}
		if !strings.Contains(dict, `"v":17.25`) {
			t.Errorf("%d points: nothing that was read in %s", n, dict)
		}
	}
	one, two := Dictionary(1, "a"), Dictionary(1, "b")
	if DictionaryName(1, one) == DictionaryName(1, two) || len(DictionaryName(1, one)) != 8 {
		t.Errorf("names: got %s and %s", DictionaryName(1, one), DictionaryName(1, two))
	}
}

// What was compressed is decompressed to the byte, for messages of every length and kind; what
// does not become shorter is not compressed.
func TestCompressedIsWhatWasThere(t *testing.T) {
	message, dict := quiet(t)
	r := rand.New(rand.NewPCG(5, 6))
	var z Compressor
	for _, h := range []Hello{{Gz: true}, {Dz: []int{1}}} {
		c := h.Coding(dict)
		for n := 0; n <= MaxMessage; n += 1 + n/7 {
			text := bytes.Repeat(message, n/len(message)+1)[:n]
			noise := make([]byte, n)
			letters := make([]byte, n)
			for i := range noise {
				noise[i], letters[i] = byte(r.Uint32()), "0123456789abcdef"[r.IntN(16)]
			}
			for _, plain := range [][]byte{text, noise, letters, bytes.Repeat([]byte{7}, n)} {
				packed := z.Compress(c, plain)
				if packed == nil {
					continue
				}
				if len(packed) >= len(plain) {
					t.Errorf("%d bytes became %d", len(plain), len(packed))
				}
				if got := expand(t, c, packed); !bytes.Equal(got, plain) {
					t.Fatalf("%s: %d bytes came back as %d", c.Suffix, len(plain), len(got))
				}
			}
			if z.Compress(c, noise) != nil && n > 64 {
				t.Errorf("%d bytes of noise were compressed", n)
			}
		}
	}
	if z.Compress(Coding{}, message) != nil {
		t.Errorf("compressed though nothing was agreed")
	}
}

// The block that is made the last one was the only one: at the edge of what compress/flate puts
// into one block, and for each place in a byte at which it can end.
func TestLastBlockIsTheOnlyOne(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	c := Coding{deflateSuffix, []byte("x")}
	var z Compressor
	ends := map[byte]bool{}
	for i := range 400 {
		n := 40 + i
		if i%8 == 0 {
			n = oneBlock - 3 + r.IntN(6)
		}
		plain := make([]byte, n)
		for j := range plain {
			plain[j] = "etaoinshrdlu.,01"[r.IntN(1+i%16)]
		}
		packed := z.Compress(c, plain)
		if packed == nil {
			t.Fatalf("%d letters were not compressed", n)
		}
		ends[packed[len(packed)-1]] = true
		in := bytes.NewReader(packed)
		got, err := io.ReadAll(flate.NewReaderDict(in, c.dictionary))
		if err != nil || !bytes.Equal(got, plain) || in.Len() != 0 {
			t.Fatalf("%d letters: %v, %d bytes over", n, err, in.Len())
		}
	}
	if len(ends) < 20 {
		t.Errorf("streams end in %d ways only; the test tests nothing", len(ends))
	}
}

// Ten ordinary readings with their envelope take what is promised.
func TestTenReadingsAreShort(t *testing.T) {
	message, dict := quiet(t)
	var z Compressor
	if got := len(z.Compress(Hello{Dz: []int{1}}.Coding(dict), message)); got == 0 || got > 90 {
		t.Errorf("got %d bytes, want at most 90", got)
	}
}

// A compressor that has seen one site gives the same bytes for another as a new one: nothing of
// the messages before is left.
func TestCompressorForgets(t *testing.T) {
	message, dict := quiet(t)
	dz, gz := Hello{Dz: []int{1}}.Coding(dict), Hello{Gz: true}.Coding("")
	var used Compressor
	for range 3 {
		for _, c := range []Coding{dz, gz, dz} {
			used.Compress(c, bytes.Repeat(message, 9))
			var fresh Compressor
			if !bytes.Equal(used.Compress(c, message), fresh.Compress(c, message)) {
				t.Errorf("%s: the messages before make a difference", c.Suffix)
			}
		}
	}
}

// zlib itself, as Python has it, reads both codings with nothing but what is published.
func TestZlibReadsIt(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3: that zlib reads it is not shown")
	}
	message, dict := quiet(t)
	var z Compressor
	const script = `
import json, sys, zlib
m = json.load(sys.stdin)
base = open("contract/dictionary/1.txt", "rb").read()
d = zlib.decompressobj(wbits=-15, zdict=base + m["dict"].encode())
dz = d.decompress(bytes.fromhex(m["dz"])) + d.flush()
assert d.eof and d.unused_data == b"", "the stream does not end where it should"
gz = zlib.decompress(bytes.fromhex(m["gz"]), wbits=31)
assert gz == dz, "gzip and deflate differ"
sys.stdout.write(dz.decode())
`
	in, err := json.Marshal(map[string]string{
		"dict": dict,
		"dz":   hex.EncodeToString(z.Compress(Hello{Dz: []int{1}}.Coding(dict), message)),
		"gz":   hex.EncodeToString(z.Compress(Hello{Gz: true}.Coding(dict), message)),
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", script)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != string(message) {
		t.Errorf("%v: got %s, want %s", err, out, message)
	}
}

// An agent that never compresses pays nothing for it, and one that does pays once.
func BenchmarkCompress(b *testing.B) {
	t := new(testing.T)
	message, dict := quiet(t)
	var z Compressor
	c := Hello{Dz: []int{1}}.Coding(dict)
	z.Compress(c, message)
	b.ReportAllocs()
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		z.Compress(c, message)
	}
}
