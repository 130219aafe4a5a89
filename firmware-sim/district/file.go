package district

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/firepost/firepost/agent/wire"
)

// File is the contract's algorithm with nothing around it: what a platform must keep, and in which
// order it must keep and confirm it. It is the example for those who write a platform, and a file
// in place of their database. Whatever ends the process, and wherever, each record is in it once,
// and no receipt was given for one that is not.
type File struct {
	db   *bbolt.DB
	step func(what string) // tests end the process between two steps
}

// The buckets. A row is a record under device, epoch, lane and number; a mark says how far a lane
// of an epoch has come, under the same without the number. Names hold no zero byte.
const (
	rowBucket  = "rows"
	markBucket = "marks"
)

// mark is how far a lane has come: every number up to HW is stored or declared missing, and so are
// the runs in Ahead. Loose says that a run was dropped for want of room.
type mark struct {
	HW       uint64
	Ahead    [][2]uint64
	Declared [][2]uint64
	Loose    bool
}

// OpenFile opens or makes a file.
func OpenFile(path string) (*File, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("district %s: open: %w", path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, first := tx.CreateBucketIfNotExists([]byte(rowBucket))
		_, second := tx.CreateBucketIfNotExists([]byte(markBucket))
		return errors.Join(first, second)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("district %s: open: %w", path, err), db.Close())
	}
	return &File{db, func(string) {}}, nil
}

// Close closes the file.
func (f *File) Close() error { return f.db.Close() }

// Take stores a message with an envelope, decompressed, and returns the receipt for it, which may
// be given from then on. fresh tells whether a record was new. It fails when the message breaks the
// contract, and then stores nothing, or when the disk does.
func (f *File) Take(topic string, payload []byte) (receipt wire.Ack, fresh bool, err error) {
	tenant, device, leaf, ok := parseTopic(topic)
	if !ok || leaves[leaf] == "" {
		return receipt, false, fmt.Errorf("%.80s carries no records: %w", topic, errContract)
	}
	e, err := parseEnvelope(tenant, device, leaf, payload)
	if err != nil {
		return receipt, false, err
	}
	f.step("read")
	err = f.db.Update(func(tx *bbolt.Tx) error {
		if fresh, err = f.store(tx, device, e); err != nil {
			return err
		}
		f.step("stored")
		receipt = receiptOf(tx, device, e.Epoch)
		return nil
	})
	f.step("committed")
	return receipt, fresh, err
}

// Has is the body under a number; nil: it is not stored.
func (f *File) Has(device, epoch, lane string, number uint64) (body []byte) {
	// A read changes nothing, and a number that is not there is no error.
	_ = f.db.View(func(tx *bbolt.Tx) error {
		body = append(body, tx.Bucket([]byte(rowBucket)).Get(rowKey(key{device, epoch, lane}, number))...)
		return nil
	})
	return body
}

// store keeps what a message brings, each number once, and moves the mark over it.
func (f *File) store(tx *bbolt.Tx, device string, e *envelope) (fresh bool, err error) {
	k, rows := key{device, e.Epoch, e.Lane}, tx.Bucket([]byte(rowBucket))
	m := readMark(tx, k)
	for i := range uint64(e.SeqN) {
		at := rowKey(k, e.first+i)
		if e.OrigEpoch != "" && rows.Get(rowKey(key{device, e.OrigEpoch, e.Lane}, e.orig+i)) != nil {
			continue // A salvaged record is known under its first number.
		}
		if rows.Get(at) != nil {
			continue // A repeat.
		}
		fresh = true
		if err := rows.Put(at, e.part(i)); err != nil {
			return false, err
		}
		m.fill(e.first + i)
	}
	m.settle(rows, k, span{e.first, e.first + uint64(e.SeqN) - 1})
	if err := writeMark(tx, k, m); err != nil {
		return false, err
	}
	if e.Type != "org.firepost.gap.v1" {
		return fresh, nil
	}
	return fresh, f.declare(tx, device, e)
}

// part is the i-th record of a message.
func (e *envelope) part(i uint64) []byte {
	var list []json.RawMessage
	if e.Lane == "t" && json.Unmarshal(e.Data, &list) == nil {
		return list[i] // parseEnvelope has counted them.
	}
	return e.Data
}

// declare settles numbers that will not come.
func (f *File) declare(tx *bbolt.Tx, device string, e *envelope) error {
	var d struct {
		Epoch, Lane string
		From, To    uint64
	}
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return fmt.Errorf("gap %s: %w: %w", e.ID, errContract, err)
	}
	if d.Lane != "a" && d.Lane != "e" && d.Lane != "t" || d.From == 0 || d.From > d.To {
		return nil
	}
	if d.Epoch == "" {
		d.Epoch = e.Epoch
	}
	k := key{device, d.Epoch, d.Lane}
	m := readMark(tx, k)
	declared := toSpans(m.Declared).add(span{d.From, d.To})
	c := tx.Bucket([]byte(rowBucket)).Cursor()
	for at, _ := c.Seek(rowKey(k, d.From)); isRowOf(at, k, d.To); at, _ = c.Next() {
		declared = declared.remove(binary.BigEndian.Uint64(at[len(at)-8:]))
	}
	m.Declared = fromSpans(declared)
	m.settle(tx.Bucket([]byte(rowBucket)), k, span{d.From, d.To})
	return writeMark(tx, k, m)
}

// fill ends the mark of a number that was declared missing.
func (m *mark) fill(n uint64) { m.Declared = fromSpans(toSpans(m.Declared).remove(n)) }

// settle moves the watermark over a run. Beyond 64 runs ahead the table has the last word.
func (m *mark) settle(rows *bbolt.Bucket, k key, run span) {
	ahead := toSpans(m.Ahead).add(run)
	if len(ahead) > aheadMax {
		ahead, m.Loose = ahead[:aheadMax], true
	}
	for moved := true; moved; {
		moved = false
		for len(ahead) > 0 && ahead[0].from <= m.HW+1 {
			m.HW, ahead, moved = max(m.HW, ahead[0].to), ahead[1:], true
		}
		for m.Loose && rows.Get(rowKey(k, m.HW+1)) != nil {
			m.HW, moved = m.HW+1, true
		}
		if i := toSpans(m.Declared).find(m.HW + 1); m.Loose && i >= 0 {
			m.HW, moved = m.Declared[i][1], true
		}
	}
	m.Ahead = fromSpans(ahead)
}

// receiptOf is what of an epoch is stored without a hole.
func receiptOf(tx *bbolt.Tx, device, epoch string) wire.Ack {
	a := wire.Ack{Epoch: epoch, UpTo: map[string]uint64{}, Now: time.Now()}
	for _, lane := range []string{"a", "e", "t"} {
		if m := readMark(tx, key{device, epoch, lane}); m.HW > 0 {
			a.UpTo[lane] = m.HW
		}
	}
	return a
}

func markKey(k key) []byte { return fmt.Appendf(nil, "%s\x00%s\x00%s", k.device, k.epoch, k.lane) }

func rowKey(k key, n uint64) []byte { return binary.BigEndian.AppendUint64(markKey(k), n) }

// isRowOf tells whether a key is that of a row of k, up to a number.
func isRowOf(at []byte, k key, to uint64) bool {
	n := len(at) - 8
	return n > 0 && string(at[:n]) == string(markKey(k)) && binary.BigEndian.Uint64(at[n:]) <= to
}

func readMark(tx *bbolt.Tx, k key) (m mark) {
	// Nothing, or what writeMark wrote: a mark that is lost is made anew out of the rows.
	if json.Unmarshal(tx.Bucket([]byte(markBucket)).Get(markKey(k)), &m) != nil {
		m = mark{Loose: true}
	}
	return m
}

func writeMark(tx *bbolt.Tx, k key, m mark) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return tx.Bucket([]byte(markBucket)).Put(markKey(k), text)
}

func toSpans(list [][2]uint64) (s spans) {
	for _, r := range list {
		s = append(s, span{r[0], r[1]})
	}
	return s
}

func fromSpans(s spans) (list [][2]uint64) {
	for _, r := range s {
		list = append(list, [2]uint64{r.from, r.to})
	}
	return list
}
