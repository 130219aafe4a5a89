package district

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/firepost/firepost/agent/wire"
)

// A platform must hold every dictionary that a device has told of, by its name: a message that
// waited in the broker may be older than the newest description.

// keptDicts bounds the dictionaries that are held of one device.
const keptDicts = 64

// maxPlain bounds what a message may become.
const maxPlain = 32 << 10

// learn takes the dictionaries out of a description. It tells whether one is new.
func (d *device) learn(desc []byte, offered []int) bool {
	var w struct {
		Dict string `json:"dict"`
	}
	if json.Unmarshal(desc, &w) != nil || w.Dict == "" {
		return false
	}
	fresh := false
	for _, version := range offered {
		dictionary := wire.Dictionary(version, w.Dict)
		if dictionary == nil {
			continue
		}
		name := wire.DictionaryName(version, dictionary)
		if _, known := d.dicts[name]; known {
			continue
		}
		if len(d.order) == keptDicts {
			delete(d.dicts, d.order[0])
			d.order = slices.Delete(d.order, 0, 1)
		}
		d.dicts[name], d.order, fresh = dictionary, append(d.order, name), true
	}
	return fresh
}

// offer is what the device is told that is understood: no dictionary before its own is here.
func (d *device) offer(h wire.Hello) wire.Hello {
	if len(d.dicts) == 0 {
		h.Dz = nil
	}
	return h
}

// expand decompresses a payload as the last levels of its topic say, and returns the leaf without
// them.
func (d *device) expand(leaf string, payload []byte) (string, []byte, error) {
	part := strings.Split(leaf, "/") // up/telemetry/dz/1-3fa9c2
	if len(part) < 3 || part[0] != "up" {
		return leaf, payload, nil
	}
	plain := part[0] + "/" + part[1]
	var r io.Reader
	switch {
	case leaves[plain] != "t":
		return leaf, payload, nil
	case len(part) == 3 && part[2] == "gz":
		z, err := gzip.NewReader(bytes.NewReader(payload))
		if err != nil {
			return plain, nil, fmt.Errorf("%s: %w: %w", leaf, errContract, err)
		}
		r = z
	case len(part) == 4 && part[2] == "dz":
		dictionary, known := d.dicts[part[3]]
		if !known {
			return plain, nil, fmt.Errorf("%s: no such dictionary: %w", leaf, errContract)
		}
		r = flate.NewReaderDict(bytes.NewReader(payload), dictionary)
	default:
		return leaf, payload, nil
	}
	text, err := io.ReadAll(io.LimitReader(r, maxPlain+1))
	if err == nil && len(text) > maxPlain {
		err = fmt.Errorf("more than %d bytes", maxPlain)
	}
	if err != nil {
		return plain, nil, fmt.Errorf("%s: %w: %w", leaf, errContract, err)
	}
	return plain, text, nil
}
