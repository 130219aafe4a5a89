package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/wire"
)

// seen is what the story needs of the page's /status.json.
type seen struct {
	Made  time.Time
	Panel struct {
		Points []struct {
			ID     string
			Values []struct{ Quantity, Text, Reason string }
		}
	}
	Outbox struct {
		Lanes []struct {
			Lane string
			Held uint64
		}
	}
}

// status asks the agent as any page would.
func (d *demo) status() (s seen) {
	client := http.Client{Timeout: 5 * time.Second}
	r, err := client.Get(d.url + "status.json")
	if err != nil {
		return s
	}
	defer r.Body.Close()
	if json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20)).Decode(&s) != nil {
		return seen{} // an answer in another form shows as nothing seen
	}
	return s
}

// look is what the sensors see, in one line.
func (s seen) look() string {
	var words []string
	for _, p := range s.Panel.Points {
		for _, v := range p.Values {
			if v.Text != "" && v.Quantity != "contact" {
				words = append(words, v.Quantity+" "+rounded(v.Text))
			}
		}
	}
	return strings.Join(words, "   ")
}

// rounded writes a value with at most one decimal.
func rounded(text string) string {
	number, unit, _ := strings.Cut(text, " ")
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return text
	}
	return strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0") + " " + unit
}

// waiting is how many records wait for the district, by lane.
type waiting wire.Pending

func (w waiting) all() uint64 { return w.A + w.E + w.T }

// String is written for people.
func (w waiting) String() string {
	one := "records wait"
	if w.all() == 1 {
		one = "record waits"
	}
	return fmt.Sprintf("%d %s: %d alarm, %d event, %d telemetry", w.all(), one, w.A, w.E, w.T)
}

// held is what waits for the district; not ok when the agent did not say.
func (d *demo) held() (w waiting, ok bool) {
	s := d.status()
	for _, l := range s.Outbox.Lanes {
		switch l.Lane {
		case "a":
			w.A = l.Held
		case "e":
			w.E = l.Held
		case "t":
			w.T = l.Held
		}
	}
	return w, len(s.Outbox.Lanes) > 0
}

// wrap breaks text between words into lines of at most width letters.
func wrap(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len([]rune(*last))+1+len([]rune(word)) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
