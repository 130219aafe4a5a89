package keeper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/firepost/firepost/agent/alarm"
)

// maxFile bounds a file, header and all. A box all of whose 500 points are in alarm, and whose
// people have as much to do as the panel keeps, takes half of it.
const maxFile = 1 << 20

// A file is one line of text and a body:
//
//	firepost-KIND VERSION NUMBER LENGTH CRC32C
//
// NUMBER is the generation of a panel file, or the number of the run. The checksum covers all of
// the line before it and the body.
const (
	panelKind = "firepost-panel 1"
	bootKind  = "firepost-boot 1"
)

var (
	errTooLarge = errors.New("larger than 1 MB")
	errDamaged  = errors.New("damaged: header, length and checksum disagree")
	errFormat   = errors.New("not a format of this program")
)

// frame puts the header before a body.
func frame(kind string, number uint64, body []byte) []byte {
	head := fmt.Sprintf("%s %d %d", kind, number, len(body))
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(crc32.Checksum([]byte(head), table), table, body)
	return append(fmt.Appendf(nil, "%s %08x\n", head, sum), body...)
}

// unframe takes a file apart. A file that frame would not have written byte for byte is damaged.
func unframe(kind string, data []byte) (number uint64, body []byte, err error) {
	if !bytes.HasPrefix(data, []byte(kind+" ")) {
		if bytes.HasPrefix(data, []byte("firepost-")) {
			return 0, nil, errFormat
		}
		return 0, nil, errDamaged
	}
	head, body, _ := bytes.Cut(data, []byte("\n"))
	if _, err := fmt.Sscanf(string(head[len(kind):]), "%d", &number); err != nil {
		return 0, nil, errDamaged
	}
	if !bytes.Equal(frame(kind, number, body), data) {
		return 0, nil, errDamaged
	}
	return number, body, nil
}

func encodeSaved(generation uint64, s alarm.Saved) ([]byte, error) {
	body, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("keeper: %w", err)
	}
	data := frame(panelKind, generation, body)
	if len(data) > maxFile {
		return nil, fmt.Errorf("keeper: state of %d bytes: %w", len(data), errTooLarge)
	}
	return data, nil
}

func readSaved(path string) (s alarm.Saved, generation uint64, err error) {
	data, err := readFile(path)
	if err != nil {
		return alarm.Saved{}, 0, err
	}
	generation, body, err := unframe(panelKind, data)
	if err == nil {
		err = json.Unmarshal(body, &s)
	}
	if err != nil {
		return alarm.Saved{}, 0, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return s, generation, nil
}

func encodeBoot(boot uint32) []byte { return frame(bootKind, uint64(boot), nil) }

func readBoot(path string) (uint32, error) {
	data, err := readFile(path)
	if err != nil {
		return 0, err
	}
	number, _, err := unframe(bootKind, data)
	if err == nil && number >= math.MaxUint32 {
		err = errDamaged
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return uint32(number), nil
}

// readFile reads a file that may be anything by now, and no more of it than a file can have.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), errTooLarge)
	}
	return data, nil
}

// writeSynced replaces a file so that after a power cut there is the old one or the new one.
func writeSynced(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := renameio.WriteFile(path, data, 0o640, renameio.WithTempDir(dir)); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync() // the new name itself
}
