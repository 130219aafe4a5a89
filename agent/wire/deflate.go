package wire

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// Coding says how telemetry is compressed. The zero value is: not at all.
type Coding struct {
	// Suffix of the topic; empty: plain JSON.
	Suffix     string
	dictionary []byte // of raw deflate; nil: gzip
}

// gzipSuffix is the topic level of gzip, and of deflate before the dictionary's name.
const (
	gzipSuffix    = "/gz"
	deflateSuffix = "/dz/"
)

// Coding is the best that the platform understands: deflate with a dictionary, else gzip, else
// nothing. dict is what this device told of itself in up/desc; without it a dictionary is of
// little use and none is used.
func (h Hello) Coding(dict string) Coding {
	for version := range slices.Backward(baseDictionaries[:]) {
		if dict != "" && slices.Contains(h.Dz, version+1) {
			d := Dictionary(version+1, dict)
			return Coding{deflateSuffix + DictionaryName(version+1, d), d}
		}
	}
	if h.Gz {
		return Coding{Suffix: gzipSuffix}
	}
	return Coding{}
}

// compressionLevel: above it a message becomes less than 1 % shorter and takes twice the time.
const compressionLevel = 7

// Compressor compresses messages one after the other. It takes about 0.8 MB from its first message
// on, and none before. The zero value is ready; it is not safe for concurrent use.
type Compressor struct {
	coding Coding
	writer *flate.Writer
	out    bytes.Buffer
}

// Compress returns message in coding c, and nil when that is not shorter. The bytes are the
// caller's.
func (z *Compressor) Compress(c Coding, message []byte) []byte {
	if c.Suffix == "" || len(message) == 0 {
		return nil
	}
	z.out.Reset()
	if z.writer == nil || z.coding.Suffix != c.Suffix { // which names the dictionary
		w, err := flate.NewWriterDict(&z.out, compressionLevel, c.dictionary)
		if err != nil {
			return nil // The level is a constant that exists.
		}
		z.writer, z.coding = w, c
	} else {
		z.writer.Reset(&z.out)
	}
	_, err := z.writer.Write(message)
	if err != nil || z.writer.Close() != nil { // A buffer in memory takes everything.
		return nil
	}
	packed := z.out.Bytes()
	if len(message) < oneBlock {
		packed = closeBlock(packed)
	}
	if c.dictionary == nil {
		packed = gzipped(packed, message)
	}
	if len(packed) >= len(message) {
		return nil
	}
	return slices.Clone(packed)
}

// oneBlock bounds the messages that compress/flate writes as one block: it begins another after
// 16384 literals and matches.
const oneBlock = 16384

// closeBlock makes the only block of a stream its last. compress/flate always ends with an empty
// block instead, which is five bytes in a message of eighty.
func closeBlock(b []byte) []byte {
	const emptyBlock = 4 // bytes behind the three bits of its head
	b = b[:len(b)-emptyBlock]
	end := len(b) - 1
	for b[end] == 0 {
		end--
	}
	// The highest bit that is set is the first of the empty block's head: everything from there on
	// goes, and the first bit of the stream says "last" instead.
	top := byte(0x80)
	for b[end]&top == 0 {
		top >>= 1
	}
	b[end] &^= top
	if top == 1 {
		b = b[:end]
	} else {
		b = b[:end+1]
	}
	b[0] |= 1
	return b
}

// gzipped puts RFC 1952's head and tail around raw deflate. No time and no name: the same message
// always gives the same bytes.
func gzipped(packed, message []byte) []byte {
	const anySystem = 255
	b := make([]byte, 0, len(packed)+18)
	b = append(b, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, anySystem)
	b = append(b, packed...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(message))
	return binary.LittleEndian.AppendUint32(b, uint32(len(message)))
}
