package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// seen is what the story needs of the page's /status.json.
type seen struct {
	Panel struct {
		Points []struct {
			ID     string
			Values []struct{ Quantity, Text, Reason string }
		}
	}
	Outbox struct {
		Lanes []struct{ Held uint64 }
	}
}

// status asks the agent as any page would.
func (d *demo) status() (s seen) {
	r, err := http.Get(d.url + "status.json")
	if err != nil {
		return s
	}
	defer r.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(http.MaxBytesReader(nil, r.Body, 1<<20)); err == nil {
		_ = json.Unmarshal(body.Bytes(), &s) // an answer in another form shows as nothing seen
	}
	return s
}

// look is what the sensors see, in one line.
func (d *demo) look() string {
	var words []string
	for _, p := range d.status().Panel.Points {
		for _, v := range p.Values {
			if v.Text != "" && v.Quantity != "contact" {
				words = append(words, v.Quantity+" "+v.Text)
			}
		}
	}
	return strings.Join(words, "   ")
}

// held is how many records wait for the district.
func (d *demo) held() (n uint64) {
	for _, l := range d.status().Outbox.Lanes {
		n += l.Held
	}
	return n
}
