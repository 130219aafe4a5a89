// Package replay plays what was really measured through the simulated chips: a fire, a nuisance or
// a quiet night. It changes the inputs of the chips and nothing else, so that a driver and a rule
// meet the values as they would have met them on the day.
package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"time"
)

// The kinds of windows.
const (
	Fire       = "fire"
	Gas        = "gas"
	Leak       = "leak"
	Flood      = "flood"
	Fault      = "fault" // of what was watched: a pump that fails, a pipe that is blocked
	Nuisance   = "nuisance"
	Background = "background"
)

// Window says what really happened, and when, in the time of the playing: the hold of the first
// row is counted.
type Window struct {
	Kind       string
	Start, End time.Duration
	Note       string
}

// Recording is one recording with its sidecar.
type Recording struct {
	ID, Set, Experiment        string
	Licence, Sensors           string
	Notes, Derived, Provenance string
	Windows                    []Window // in the order of time
	// Hold is how long the first row is held before the record begins.
	Hold time.Duration
	// Alarms tells when commercial alarms at that spot sounded, in the time of the playing.
	Alarms map[string]time.Duration

	times   []time.Duration
	columns []column
}

// column is one channel, in thousandths of its unit. A row without a value has the one before it.
type column struct {
	name, meaning string
	values        []int64
}

// sidecar is the form of ID.json.
type sidecar struct {
	ID         string             `json:"id"`
	Set        string             `json:"set"`
	Experiment string             `json:"experiment"`
	Source     json.RawMessage    `json:"source"`
	Licence    string             `json:"licence"`
	Sensors    string             `json:"sensors"`
	Truth      []truth            `json:"ground_truth"`
	Alarms     map[string]seconds `json:"reference_alarms_s"`
	Hold       seconds            `json:"warmup_hold_s"`
	Derived    string             `json:"derived"`
	Notes      string             `json:"notes"`
	Provenance string             `json:"provenance_note"`
	Columns    map[string]string  `json:"columns"`
	Rows       int                `json:"rows"`
	Period     seconds            `json:"sample_period_s"`
	Gap        seconds            `json:"max_gap_s"`
	Duration   seconds            `json:"duration_s"`
	Stuck      json.RawMessage    `json:"stuck_segments"`
}

type truth struct {
	Kind  string  `json:"kind"`
	Start seconds `json:"start_s"`
	End   seconds `json:"end_s"`
	Note  string  `json:"note"`
}

// seconds is a decimal number of seconds, read without a float.
type seconds time.Duration

// UnmarshalJSON implements json.Unmarshaler.
func (s *seconds) UnmarshalJSON(data []byte) error {
	micros, err := decimal(string(data), 6)
	*s = seconds(time.Duration(micros) * time.Microsecond)
	return err
}

// Load reads the recording id from ID.csv and ID.json. An error names the file, the line and what
// is wrong there.
func Load(files fs.FS, id string) (*Recording, error) {
	text, err := fs.ReadFile(files, id+".json")
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", id, err)
	}
	var s sidecar
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("recording %s: %s.json: %w", id, id, err)
	}
	r := &Recording{
		ID: s.ID, Set: s.Set, Experiment: s.Experiment, Licence: s.Licence, Sensors: s.Sensors,
		Notes: s.Notes, Derived: s.Derived, Provenance: s.Provenance, Hold: time.Duration(s.Hold),
		Alarms: map[string]time.Duration{},
	}
	table, err := files.Open(id + ".csv")
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", id, err)
	}
	defer table.Close()
	if err := r.read(table, s.Columns); err != nil {
		return nil, fmt.Errorf("recording %s: %s.csv%w", id, id, err)
	}
	if err := r.accept(id, &s); err != nil {
		return nil, fmt.Errorf("recording %s: %s.json: %w", id, id, err)
	}
	return r, nil
}

// accept compares the sidecar with the table and takes over its moments.
func (r *Recording) accept(id string, s *sidecar) error {
	end := r.times[len(r.times)-1]
	switch {
	case s.ID != id:
		return fmt.Errorf("id is %q", s.ID)
	case s.Licence == "":
		return fmt.Errorf("there is no licence")
	case s.Rows != len(r.times):
		return fmt.Errorf("rows is %d, and there are %d", s.Rows, len(r.times))
	case s.Hold < 0:
		return fmt.Errorf("warmup_hold_s is negative")
	case s.Period <= 0:
		return fmt.Errorf("sample_period_s is not positive")
	case abs(time.Duration(s.Duration)-end) > 100*time.Millisecond:
		return fmt.Errorf("duration_s is %v, and the last row is at %v",
			time.Duration(s.Duration), end)
	}
	for name, at := range s.Alarms {
		r.Alarms[name] = r.Hold + time.Duration(at)
	}
	sort.SliceStable(s.Truth, func(i, j int) bool { return s.Truth[i].Start < s.Truth[j].Start })
	var last seconds
	for _, w := range s.Truth {
		if !slices.Contains([]string{Fire, Gas, Leak, Flood, Fault, Nuisance, Background}, w.Kind) {
			return fmt.Errorf("ground_truth: there is no kind %q", w.Kind)
		}
		if w.Start < last || w.End <= w.Start || time.Duration(w.End-s.Period) > end {
			return fmt.Errorf("ground_truth: %s from %v to %v overlaps, is empty or has no rows",
				w.Kind, time.Duration(w.Start), time.Duration(w.End))
		}
		last = w.End
		r.Windows = append(r.Windows, Window{
			Kind: w.Kind, Start: r.Hold + time.Duration(w.Start),
			End: r.Hold + min(time.Duration(w.End), end), Note: w.Note,
		})
	}
	return nil
}

func abs(d time.Duration) time.Duration { return max(d, -d) }

// FireStart is when the fire starts in the time of the playing; ok is false when there is none.
func (r *Recording) FireStart() (at time.Duration, ok bool) {
	for _, w := range r.Windows {
		if w.Kind == Fire {
			return w.Start, true
		}
	}
	return 0, false
}

// Ends is when the last row begins, in the time of the playing.
func (r *Recording) Ends() time.Duration { return r.Hold + r.times[len(r.times)-1] }

// Rows tells when each row begins, in the time of the playing. The slice is the caller's.
func (r *Recording) Rows() []time.Duration {
	rows := slices.Clone(r.times)
	for i := range rows {
		rows[i] += r.Hold
	}
	return rows
}

// Columns names the channels of the recording, in the order of the file.
func (r *Recording) Columns() []string {
	names := make([]string, len(r.columns))
	for i, c := range r.columns {
		names[i] = c.name
	}
	return names
}

// Meaning is what the sidecar says of a column; empty for one that is not there.
func (r *Recording) Meaning(name string) string {
	if c := r.column(name); c != nil {
		return c.meaning
	}
	return ""
}

// At is the value of a column at t in the time of the playing, in thousandths of the column's unit.
// A value holds until the next row; the first row holds from the beginning and the last to the end.
func (r *Recording) At(name string, t time.Duration) (value int64, ok bool) {
	c := r.column(name)
	if c == nil {
		return 0, false
	}
	return c.values[r.row(t)], true
}

func (r *Recording) column(name string) *column {
	for i := range r.columns {
		if r.columns[i].name == name {
			return &r.columns[i]
		}
	}
	return nil
}

// row is the last row that is not later than t.
func (r *Recording) row(t time.Duration) int {
	i, found := slices.BinarySearch(r.times, t-r.Hold)
	if found {
		return i
	}
	return max(i-1, 0)
}
