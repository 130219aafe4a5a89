package rig

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/board"
)

// Help is what Do understands.
const Help = `orders to the simulated board; its parts have the names of the site file:
  show [PART]                      what each part feels, and which faults stand
  set PART[.VALUE] TEXT            what a part feels: set hood-air.temperature 70 °C
                                   contacts: set call-point abnormal, or normal
  faults [PART or BUS]             the names of the faults that it can have; without one, all
  fault PART or BUS NAME           make it fail; a bus fails with all that is on it
      by 5 °C, at low              how much, or at which level, for faults that ask for it
      chance 20 %, nth 3           now and then: so often, or each third time
      after 10s, for 1m            later, and not for long
  heal PART or BUS or all          end its faults; registers stay as the fault left them
`

// Do carries out one order and returns what there is to say of it.
func (r *Rig) Do(line string) (string, error) {
	word := strings.Fields(line)
	arg := func(i int) string {
		if i < len(word) {
			return word[i]
		}
		return ""
	}
	if len(word) == 0 {
		return "", nil
	}
	switch {
	case word[0] == "help":
		return strings.TrimRight(Help, "\n"), nil
	case word[0] == "show" && len(word) <= 2:
		return r.Show(arg(1))
	case word[0] == "faults" && len(word) <= 2:
		return r.list(arg(1))
	case word[0] == "heal" && len(word) == 2:
		return word[1] + " is healed", r.Heal(word[1])
	case word[0] == "set" && len(word) >= 3:
		value := strings.Join(word[2:], " ")
		return fmt.Sprintf("%s is %s", word[1], value), r.Set(word[1], value)
	case word[0] == "fault" && len(word) >= 3:
		f, err := parseFault(word[2:])
		if err != nil {
			return "", fmt.Errorf("fault %s: %w", word[1], err)
		}
		says, err := r.Fail(word[1], f)
		return word[1] + ": " + says, err
	}
	usage := map[string]string{
		"show": "show, or show PART", "faults": "faults, or faults PART",
		"heal": "heal PART, or heal all", "set": "set PART.VALUE TEXT",
		"fault": "fault PART NAME; faults PART lists the names",
	}
	if text, known := usage[word[0]]; known {
		return "", fmt.Errorf("%q is not whole; write %s", line, text)
	}
	return "", fmt.Errorf("%q is not understood; there are show, set, faults, fault, heal and help",
		line)
}

// list writes the faults of something, a line each.
func (r *Rig) list(name string) (string, error) {
	all := Faults()
	if name != "" {
		var err error
		if all, err = r.FaultsOf(name); err != nil {
			return "", err
		}
	}
	var text strings.Builder
	for _, f := range all {
		fmt.Fprintf(&text, "%-14s %s", f.Name, f.Does)
		if name == "" {
			fmt.Fprintf(&text, " (%s)", f.On)
		}
		text.WriteByte('\n')
	}
	return strings.TrimRight(text.String(), "\n"), nil
}

// parseFault reads a fault: its name, and then words with a value each.
func parseFault(word []string) (Fault, error) {
	f := Fault{Name: word[0]}
	keys := []string{"by", "at", "chance", "nth", "after", "for"}
	var errs []error
	for i := 1; i < len(word); {
		key := word[i]
		end := i + 1
		for end < len(word) && !slices.Contains(keys, word[end]) {
			end++
		}
		text := strings.Join(word[i+1:end], " ")
		i = end
		var err error
		switch key {
		case "by", "at":
			f.Size = text
		case "chance":
			var permille int64
			permille, err = drivers.ParseUnits(text, []drivers.Unit{{Symbol: "%", Scale: 10}})
			if f.Chance = int(permille); err == nil && (permille < 1 || permille > 1000) {
				err = fmt.Errorf("%q is not above 0 and up to 100 %%", text)
			}
		case "nth":
			if f.Nth, err = strconv.Atoi(text); err != nil || f.Nth < 1 {
				err = fmt.Errorf("%q is no number from 1 on; write nth 3", text)
			}
		case "after":
			f.After, err = span(text)
		case "for":
			f.For, err = span(text)
		default:
			err = fmt.Errorf("it is none of %s", strings.Join(keys, ", "))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
	}
	return f, errors.Join(errs...)
}

// span reads a time such as 10s, 1m30s or 500 ms.
func span(text string) (time.Duration, error) {
	d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no time; write it like 10s, 1m30s or 500ms", text)
	}
	return d, nil
}

// Step is one line of a scenario.
type Step struct {
	At    time.Duration // since its start
	Order string        // as Do takes it
}

// maxScenario bounds the lines of a scenario.
const maxScenario = 10_000

// ParseScenario reads a scenario for a site: on each line a time since its start and an order, such
// as "20s fault kitchen-air nack". What follows a # is a comment. It finds every mistake
// at once, by playing the scenario on a board that nobody sees; the named parts follow a recording
// there.
func ParseScenario(name string, data []byte, s *site.Site, follow ...string) ([]Step, error) {
	var now time.Duration
	b := board.New(board.Options{Now: func() time.Duration { return now }, Sleep: board.NoSleep})
	rehearsal, err := New(s, b, b.Now)
	if err != nil {
		return nil, err
	}
	rehearsal.Follow(follow...)
	var steps []Step
	var errs []error
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		line, _, _ = strings.Cut(line, " #")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		step, err := parseStep(line, now)
		if err == nil {
			now = step.At
			_, err = rehearsal.Do(step.Order)
		}
		if err == nil && len(steps) == maxScenario {
			err = fmt.Errorf("more than %d lines", maxScenario)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", name, n, err))
		}
		steps = append(steps, step)
	}
	if err := lines.Err(); err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", name, err))
	}
	return steps, errors.Join(errs...)
}

func parseStep(line string, before time.Duration) (Step, error) {
	first, order, _ := strings.Cut(line, " ")
	at, err := span(first)
	order = strings.TrimSpace(order)
	switch {
	case err != nil:
		return Step{}, fmt.Errorf("a line begins with its time: %w", err)
	case at < before:
		return Step{}, fmt.Errorf("%v is before the line above, %v; write the lines in the order of "+
			"time", at, before)
	case order == "":
		return Step{}, errors.New("there is no order behind the time; write one like " +
			"\"20s heal all\"")
	}
	return Step{At: at, Order: order}, nil
}

// Play carries out a scenario whose start is now, and tells each step and what there is to say of
// it, until it is over or ctx ends.
func (r *Rig) Play(ctx context.Context, steps []Step, tell func(order, says string)) {
	start := time.Now()
	for _, s := range steps {
		timer := time.NewTimer(s.At - time.Since(start))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		says, err := r.Do(s.Order)
		if err != nil {
			says = err.Error()
		}
		tell(s.Order, says)
	}
}
