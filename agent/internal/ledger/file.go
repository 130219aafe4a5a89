package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/renameio/v2"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/wire"
)

// The file begins with a line that names its format. Each line after it is the CRC-32C of a record
// in eight hexadecimal digits, a space and the record in JSON; of several records of one command
// the last counts. A line is added for each new state and synced; from time to time the file is
// replaced by one with only the lines that count.
const (
	fileName = "ledger"
	header   = "firepost-ledger 1\n"
	maxFile  = 8 << 20
	// slack is how much longer than twice its last replacement a file may become.
	slack = 256 << 10
)

// record is what is kept of one command.
type record struct {
	ID     string
	Name   string
	At     int64         `json:",omitempty"` // when it came, Unix ms; 0: not known
	State  string        // of wire.Rsp, as all up to Memory
	Reason string        `json:",omitempty"`
	Detail string        `json:",omitempty"`
	By     *alarm.Origin `json:",omitempty"`
	Took   time.Duration `json:",omitempty"`
	Memory bool          `json:",omitempty"`
	List   []string      `json:",omitempty"`
	Told   bool          `json:",omitempty"` // the outbox has had the final state for a while
	Cmd    *wire.Command `json:",omitempty"` // while it is not over
}

func (r *record) isOver() bool { return wire.IsFinal(r.State) }

var errDamaged = errors.New("damaged")

// appendLine writes one record as a line of the file.
func appendLine(b []byte, r *record) []byte {
	text, err := json.Marshal(r)
	if err != nil {
		panic("ledger: a record cannot be encoded: " + err.Error()) // its args are valid JSON
	}
	b = fmt.Appendf(b, "%08x ", crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli)))
	return append(append(b, text...), '\n')
}

// parse reads the lines of a file, the oldest command first. cut tells that the last line has no
// end: a write was interrupted, and what it should have kept was never acted upon. Any other line
// that is wrong makes the whole file worthless, because one after it may have said that a command
// was obeyed.
func parse(data []byte) (records []record, cut bool, err error) {
	data, ok := bytes.CutPrefix(data, []byte(header))
	if !ok {
		return nil, false, fmt.Errorf("its first line is wrong: %w", errDamaged)
	}
	at := map[string]int{}
	for n := 2; len(data) > 0; n++ {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			return records, true, nil
		}
		data = rest
		var r record
		if !readLine(line, &r) {
			return nil, false, fmt.Errorf("line %d is wrong: %w", n, errDamaged)
		}
		if i, known := at[r.ID]; known {
			records[i] = r
			continue
		}
		at[r.ID] = len(records)
		records = append(records, r)
	}
	return records, false, nil
}

func readLine(line []byte, r *record) bool {
	head, text, ok := bytes.Cut(line, []byte(" "))
	sum, err := strconv.ParseUint(string(head), 16, 32)
	return ok && err == nil && len(head) == 8 &&
		uint32(sum) == crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli)) &&
		json.Unmarshal(text, r) == nil && r.ID != "" && (r.isOver() || r.Cmd != nil)
}

// file is the ledger on the disk. One goroutine at a time uses it.
type file struct{ dir string }

func (f file) path() string { return filepath.Join(f.dir, fileName) }

// read reads what the runs before have left. It fails with fs.ErrNotExist where there is nothing.
func (f file) read() ([]byte, error) {
	in, err := os.Open(f.path())
	if err != nil {
		return nil, err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("longer than %d bytes: %w", maxFile, errDamaged)
	}
	return data, err
}

// add appends lines and returns when they are on the disk.
func (f file) add(lines []byte) error {
	out, err := os.OpenFile(f.path(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := out.Write(lines); err != nil {
		return err
	}
	return out.Sync()
}

// replace writes the whole file anew: after a power cut there is the old one or the new one. One
// that could not be read is kept aside.
func (f file) replace(lines []byte, aside bool) error {
	if err := os.MkdirAll(f.dir, 0o750); err != nil {
		return err
	}
	if aside {
		if err := os.Rename(f.path(), f.path()+".damaged"); err != nil &&
			!errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	text := append([]byte(header), lines...)
	err := renameio.WriteFile(f.path(), text, 0o640, renameio.WithTempDir(f.dir))
	if err != nil {
		return err
	}
	d, err := os.Open(f.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync() // the new name itself
}
