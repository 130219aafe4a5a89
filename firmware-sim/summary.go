package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/firepost/firepost/firmware-sim/district"
)

// What must hold in the demonstration, in real time.
const (
	sirenLimit    = time.Second      // from the alarm to the siren
	districtLimit = 10 * time.Second // from the alarm to its receipt
)

// summary is what came of a demonstration. Times are seconds since the fire started, in the time of
// the recording; -1 is never.
type summary struct {
	FireStart       float64  `json:"fire_start"`
	AlarmAt         float64  `json:"alarm_at"`
	SirenAt         float64  `json:"siren_at"`
	DistrictAlarmAt float64  `json:"district_alarm_at"`
	Buffered        uint64   `json:"buffered"`   // records that waited when the line came back
	Forwarded       uint64   `json:"forwarded"`  // of these, that arrived
	Lost            uint64   `json:"lost"`       // numbers that neither came nor wait
	Duplicates      uint64   `json:"duplicates"` // records that came again, with the same number
	Recording       string   `json:"recording"`
	Speed           int      `json:"speed"`
	Broken          []string `json:"broken"` // promises that were not kept
	early           bool     // it was ended before all of them could be shown
}

func seconds(m moment) float64 {
	if !m.set {
		return -1
	}
	return float64(m.at.Milliseconds()) / 1000
}

// sum reads what the story and the district know.
func (d *demo) sum(ctx context.Context) summary {
	held, _ := d.held()
	rep := d.recv.Report()
	s := d.story
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := summary{
		AlarmAt: seconds(s.alarmAt), SirenAt: seconds(s.sirenAt),
		DistrictAlarmAt: seconds(s.districtAt), Buffered: s.waited, Forwarded: s.forwarded,
		Lost: lost(rep), Duplicates: rep.Duplicates, Recording: d.room.record.ID,
		Speed: d.cmd.Speed, Broken: []string{}, early: ctx.Err() != nil,
	}
	broken := func(bad bool, format string, args ...any) {
		if bad {
			sum.Broken = append(sum.Broken, fmt.Sprintf(format, args...))
		}
	}
	broken(rep.BodyMismatch > 0, "%d repeats carried other data", rep.BodyMismatch)
	broken(rep.OutOfOrder > 0, "%d messages came out of order", rep.OutOfOrder)
	broken(rep.Malformed > 0, "%d messages were malformed: %s", rep.Malformed,
		strings.Join(rep.Faults, "; "))
	if sum.early {
		broken(d.cmd.once(), "it was ended before its end")
		return sum
	}
	took := func(to moment) time.Duration {
		return (to.at - s.alarmAt.at) / time.Duration(d.cmd.Speed)
	}
	broken(!s.alarmAt.set, "the fire was not detected")
	broken(s.alarmAt.set && (!s.sirenAt.set || took(s.sirenAt) > sirenLimit),
		"the siren did not follow the alarm within %v", sirenLimit)
	broken(s.alarmAt.set && (!s.districtAt.set || took(s.districtAt) > districtLimit),
		"the district did not receive the alarm within %v", districtLimit)
	broken(s.cut && s.tail == nil, "the line did not come back")
	broken(s.tail != nil && s.waited == 0, "nothing was buffered while the line was away")
	broken(s.forwarded < s.waited, "%d of %d buffered records did not arrive",
		s.waited-s.forwarded, s.waited)
	broken(sum.Lost > 0, "%d records were lost", sum.Lost)
	broken(s.tail != nil && held.all() > heldAtEnd, "%d records still wait", held.all())
	return sum
}

// lost counts the numbers that neither came nor wait.
func lost(r district.Report) uint64 {
	n := r.Absent
	for _, h := range r.Missing {
		n += h.To - h.From + 1
	}
	return n
}

// heldAtEnd is how many records may be on their way at any moment.
const heldAtEnd = 100

// verdict is errBroken unless every promise was kept.
func (s summary) verdict() error {
	if len(s.Broken) > 0 {
		return fmt.Errorf("%w: %s", errBroken, strings.Join(s.Broken, "; "))
	}
	return nil
}

// print writes the summary for people.
func (s summary) print(w io.Writer) {
	row := func(what string, at float64) {
		if at < 0 {
			fmt.Fprintf(w, "  %-26s never\n", what)
			return
		}
		fmt.Fprintf(w, "  %-26s %.1f s after the fire started\n", what, at)
	}
	fmt.Fprintln(w, "\nSummary")
	row("alarm at the panel", s.AlarmAt)
	row("siren on", s.SirenAt)
	row("alarm at the district", s.DistrictAlarmAt)
	fmt.Fprintf(w, "  %-26s %d\n", "buffered without a line", s.Buffered)
	fmt.Fprintf(w, "  %-26s %d\n", "forwarded afterwards", s.Forwarded)
	fmt.Fprintf(w, "  %-26s %d\n", "lost", s.Lost)
	fmt.Fprintf(w, "  %-26s %d (the district stores each number once)\n", "sent twice", s.Duplicates)
	if s.early {
		fmt.Fprintln(w, "  It was ended before its end; what is 0 or never may not have been due yet.")
	}
	for _, b := range s.Broken {
		fmt.Fprintf(w, "  BROKEN: %s\n", b)
	}
}
