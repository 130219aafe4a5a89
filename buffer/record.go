package buffer

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"
	"strconv"
)

// A Lane is one of the three queues. Each has its own numbers, from 1 in a new epoch. The lanes
// are sent in the order of their values and dropped in reverse.
type Lane uint8

// The lanes. The zero value is the one that matters most.
const (
	Alarm Lane = iota
	Event
	Telemetry
	laneCount = 3
)

// String is the lane as it travels: "a", "e" or "t".
func (l Lane) String() string {
	if l >= laneCount {
		return "?"
	}
	return "aet"[l : l+1]
}

// A Range is a run of numbers of one lane, both ends included.
type Range struct{ From, To uint64 }

// A Stamp says when a record was captured. Quality and Error are the agent's; they are kept and
// given back untouched.
type Stamp struct {
	Boot    uint32 // number of the run
	Mono    int64  // ms since the agent started
	Wall    int64  // Unix ms, 0 unknown
	Quality uint8
	Error   int32
}

// An Orig is the first identity of a record that got another one when the store was made anew.
type Orig struct {
	Epoch string
	First uint64
}

// A Record is what one Put handed over: N consecutive numbers from First, under one body.
// (epoch, lane, number) is the identity of what is in it; receivers discard repeats by it, by
// Orig before that where it is not nil. Body must not be changed.
type Record struct {
	Lane  Lane
	Epoch string
	First uint64
	N     uint32
	At    Stamp
	Body  []byte
	Orig  *Orig
}

func (r *Record) last() uint64 { return r.First + uint64(r.N) - 1 }
func (r *Record) span() Range  { return Range{r.First, r.last()} }

const (
	formatVersion = 1
	entrySize     = 4 + 4 + 4 + 8 + 8 + 1 + 4 + 1 + 4 // of a block's entry, without orig and body
	headKey       = "\x00head"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// blockKey orders blocks by lane, then by first number.
func blockKey(l Lane, first uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{l.String()[0]}, first)
}

func laneOf(key []byte) (Lane, bool) {
	for l := range Lane(laneCount) {
		if len(key) == 9 && key[0] == l.String()[0] {
			return l, true
		}
	}
	return 0, false
}

// seal ends a value with the checksum of its key and itself: a value under another's key is as
// wrong as one with a flipped bit, and bbolt would notice neither.
func seal(key, value []byte) []byte {
	return binary.BigEndian.AppendUint32(value, checksum(key, value))
}

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// unseal returns what seal got, after its version byte.
func unseal(key, value []byte) ([]byte, error) {
	if len(value) < 5 {
		return nil, fmt.Errorf("value of %x: %d bytes", key, len(value))
	}
	body, sum := value[:len(value)-4], binary.BigEndian.Uint32(value[len(value)-4:])
	if checksum(key, body) != sum {
		return nil, fmt.Errorf("value of %x: checksum mismatch", key)
	}
	if body[0] != formatVersion {
		return nil, fmt.Errorf("value of %x: format %d is not known", key, body[0])
	}
	return body[1:], nil
}

// encodeBlock makes one value of records of one lane in ascending order. Each entry carries its
// own stamp and its distance from the first, because acknowledged neighbours leave holes.
func encodeBlock(epoch string, recs []Record) (key, value []byte) {
	key = blockKey(recs[0].Lane, recs[0].First)
	b := []byte{formatVersion}
	b = binary.BigEndian.AppendUint32(b, epochNumber(epoch))
	b = binary.BigEndian.AppendUint16(b, uint16(len(recs)))
	for _, r := range recs {
		b = binary.BigEndian.AppendUint32(b, uint32(r.First-recs[0].First))
		b = binary.BigEndian.AppendUint32(b, r.N)
		b = binary.BigEndian.AppendUint32(b, r.At.Boot)
		b = binary.BigEndian.AppendUint64(b, uint64(r.At.Mono))
		b = binary.BigEndian.AppendUint64(b, uint64(r.At.Wall))
		b = append(b, r.At.Quality)
		b = binary.BigEndian.AppendUint32(b, uint32(r.At.Error))
		if r.Orig == nil {
			b = append(b, 0)
		} else {
			b = append(b, 1)
			b = binary.BigEndian.AppendUint32(b, epochNumber(r.Orig.Epoch))
			b = binary.BigEndian.AppendUint64(b, r.Orig.First)
		}
		b = binary.BigEndian.AppendUint32(b, uint32(len(r.Body)))
		b = append(b, r.Body...)
	}
	return key, seal(key, b)
}

// decodeBlock reads what encodeBlock wrote. It copies: the value may be a page of the file.
// Whatever the bytes are, the answer is an error or records in ascending order.
func decodeBlock(key, value []byte) ([]Record, error) {
	lane, ok := laneOf(key)
	if !ok {
		return nil, fmt.Errorf("key %x: not of a block", key)
	}
	body, err := unseal(key, value)
	if err != nil {
		return nil, err
	}
	r := reader{b: body}
	base := binary.BigEndian.Uint64(key[1:])
	epoch := epochText(r.u32())
	count := int(r.u16())
	if r.short || count == 0 || count*entrySize > len(body) {
		return nil, fmt.Errorf("value of %x: %d entries in %d bytes", key, count, len(value))
	}
	recs := make([]Record, 0, count)
	next := base
	for range count {
		rec := Record{Lane: lane, Epoch: epoch, First: base + uint64(r.u32())}
		rec.N = r.u32()
		rec.At = Stamp{Boot: r.u32(), Mono: int64(r.u64()), Wall: int64(r.u64()),
			Quality: r.u8(), Error: int32(r.u32())}
		if r.u8() != 0 {
			rec.Orig = &Orig{Epoch: epochText(r.u32()), First: r.u64()}
		}
		rec.Body = r.bytes()
		first := len(recs) == 0
		if r.short || rec.N == 0 || rec.First < next || first && rec.First != base ||
			rec.First == 0 || rec.First > math.MaxUint64-uint64(rec.N) {
			return nil, fmt.Errorf("value of %x: entry %d is impossible", key, len(recs))
		}
		next = rec.last() + 1
		recs = append(recs, rec)
	}
	if len(r.b) != 0 {
		return nil, fmt.Errorf("value of %x: %d bytes too many", key, len(r.b))
	}
	return recs, nil
}

// A reader takes fields off the front of bytes; short is set when there were too few.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) take(n uint32) []byte {
	if r.short || uint64(n) > uint64(len(r.b)) {
		r.short = true
		return make([]byte, 8) // zeros for the fixed fields; the caller looks at short
	}
	head := r.b[:n:n]
	r.b = r.b[n:]
	return head
}

func (r *reader) u8() uint8   { return r.take(1)[0] }
func (r *reader) u16() uint16 { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }
func (r *reader) bytes() []byte {
	return append([]byte{}, r.take(r.u32())...)
}

// A head is what the store knows beside the records. It is written with every commit.
type head struct {
	Epoch   string
	Clean   bool              // the last run ended by Close: Next is exact
	Next    [laneCount]uint64 // what is below is in the file, acknowledged or a Loss
	Lease   [laneCount]uint64 // numbers up to here may have been used since
	Held    [laneCount]uint64 // numbers on the disk
	Dropped [laneCount]uint64 // numbers lost to a full lane, ever
	Losses  []Loss            // dropped and not yet declared
}

// count grows with each commit that wrote records.
func (h *head) count() (n uint64) {
	for _, next := range h.Next {
		n += next
	}
	return n
}

func encodeHead(h head) []byte {
	b, err := json.Marshal(h)
	if err != nil {
		panic("buffer: head: " + err.Error()) // plain values only: cannot be
	}
	return seal([]byte(headKey), append([]byte{formatVersion}, b...))
}

func decodeHead(value []byte) (head, error) {
	var h head
	body, err := unseal([]byte(headKey), value)
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(body, &h); err != nil {
		return head{}, fmt.Errorf("head: %w", err)
	}
	if epochText(epochNumber(h.Epoch)) != h.Epoch {
		return head{}, fmt.Errorf("head: epoch %q", h.Epoch)
	}
	for l := range h.Next {
		if h.Next[l] == 0 || h.Lease[l] < h.Next[l]-1 {
			return head{}, fmt.Errorf("head: next %d, lease %d", h.Next[l], h.Lease[l])
		}
	}
	for _, loss := range h.Losses {
		if loss.Lane >= laneCount {
			return head{}, fmt.Errorf("head: loss of lane %d", loss.Lane)
		}
	}
	return h, nil
}

// An epoch is eight hexadecimal digits. Text that is none counts as 0, which epochText never
// gives back as the same text.
func epochText(n uint32) string { return fmt.Sprintf("%08x", n) }

func epochNumber(s string) uint32 {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
