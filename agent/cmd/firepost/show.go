package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// show is a command that shows what the running agent tells. The agent puts it into words.
type show struct {
	paths
	tongue
	json bool
	what string   // of the agent's faces
	part []string // where that is in /status.json
}

func (s *show) flags(f *pflag.FlagSet) {
	s.paths.flag(f)
	s.tongue.flag(f)
	f.BoolVar(&s.json, "json", false, "print it as JSON")
}

// showing prepares a command that shows one face.
func showing(f *pflag.FlagSet, what string, part ...string) action {
	s := &show{what: what, part: part}
	s.flags(f)
	return func(o outlet, _ []string) error { return s.print(o, "") }
}

func prepareStatus(f *pflag.FlagSet) action { return showing(f, "status") }

func prepareItemList(f *pflag.FlagSet) action {
	return showing(f, "items", "panel", "duties", "items")
}

func prepareHazardList(f *pflag.FlagSet) action {
	return showing(f, "hazards", "panel", "duties", "hazards")
}

func prepareCause(f *pflag.FlagSet) action {
	s := &show{what: "cause"}
	s.paths.flag(f)
	s.tongue.flag(f)
	return func(o outlet, _ []string) error { return s.print(o, "") }
}

func preparePoints(f *pflag.FlagSet) action {
	s := &show{what: "points", part: []string{"panel", "points"}}
	s.flags(f)
	return func(o outlet, args []string) error {
		if len(args) == 0 {
			return s.print(o, "")
		}
		s.part = append(s.part, args[0])
		return s.print(o, args[0])
	}
}

func prepareEvents(f *pflag.FlagSet) action {
	s := &show{what: "events"}
	s.flags(f)
	n := f.Uint16P("number", "n", 20, "how many, 1 to 1000")
	return func(o outlet, _ []string) error {
		return s.print(o, strconv.Itoa(int(*n)))
	}
}

// print shows a face. It fails when no agent runs.
func (s *show) print(o outlet, of string) error {
	if err := s.check(); err != nil {
		return err
	}
	body, err := s.get(s.client(), of)
	if err == nil && s.json {
		body, err = partOf(body, s.part)
	}
	if err == nil {
		_, err = o.out.Write(body)
	}
	return err
}

// get fetches a face in the words of the agent, or the JSON behind it. Of is the point, or how many
// events.
func (s *show) get(c *http.Client, of string) ([]byte, error) {
	path := "/text/" + s.language() + "/" + s.what
	switch {
	case s.json && s.what == "events":
		path = "/events.json"
	case s.json:
		path, of = "/status.json", ""
	}
	if of != "" {
		path += "/" + url.PathEscape(of)
	}
	r, err := c.Get("http://firepost" + path)
	if err != nil {
		return nil, s.unreachable(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, mostAnswer))
	if err == nil && r.StatusCode != http.StatusOK {
		err = errors.New(strings.TrimSpace(string(body)))
	}
	return body, err
}

// partOf is a part of a JSON object: a name for each step, or the id of an element of a list.
func partOf(body []byte, part []string) ([]byte, error) {
	for _, name := range part {
		var fields map[string]json.RawMessage
		if json.Unmarshal(body, &fields) != nil {
			if body = element(body, name); body == nil {
				return nil, fmt.Errorf("there is no point %q; firepost points lists them", name)
			}
		} else if body = fields[name]; body == nil {
			return []byte("null\n"), nil
		}
	}
	var b bytes.Buffer
	err := json.Indent(&b, bytes.TrimSpace(body), "", "  ")
	b.WriteByte('\n')
	return b.Bytes(), err
}

// element is the element of a JSON list that has that id; nil: there is none.
func element(body []byte, id string) []byte {
	var all []json.RawMessage
	if json.Unmarshal(body, &all) != nil {
		return nil
	}
	for _, one := range all {
		var named struct{ ID string }
		if json.Unmarshal(one, &named) == nil && named.ID == id {
			return one
		}
	}
	return nil
}
