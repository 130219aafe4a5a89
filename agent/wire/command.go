package wire

import (
	"encoding/json"
	"fmt"
	"time"
)

// The longest args of a command, in bytes: a box keeps them until the command is over.
const (
	maxArgs     = 4 << 10
	maxSiteArgs = 128 << 10 // of CmdSite; a site of 100 points is 20 KB
)

// Command is an order of the platform. Whether it may be obeyed is for others to say.
type Command struct {
	ID      string
	Name    string    // such as "acknowledge"; see Order
	Issued  time.Time // zero: not told
	Expires time.Time // zero: not told; what actuates needs one
	By      string    // who gave it
	Need    string    // "human": a person must answer
	Prio    string
	Args    json.RawMessage // a JSON object; nil: none
}

// DecodeCommand reads down/cmd. Sizes and types are held strictly, unknown fields are ignored.
//
// It fails with ErrMalformed. When the id could be read all the same, the Command that comes with
// the error carries it, so that the refusal can name it.
func DecodeCommand(b []byte) (Command, error) {
	var e struct {
		SpecVersion string          `json:"specversion"`
		ID          string          `json:"id"`
		Type        string          `json:"type"`
		Data        json.RawMessage `json:"data"`
	}
	if err := decode(b, &e); err != nil {
		return Command{}, fmt.Errorf("down/cmd: %w", err)
	}
	if !isName(e.ID) {
		return Command{}, fmt.Errorf("down/cmd: id %.40q: %w", e.ID, ErrMalformed)
	}
	c := Command{ID: e.ID}
	if e.SpecVersion != "1.0" || e.Type != TypeCmd {
		return c, fmt.Errorf("down/cmd %s: type %.40q of CloudEvents %.10q, want %s of 1.0: %w",
			e.ID, e.Type, e.SpecVersion, TypeCmd, ErrMalformed)
	}
	var d struct {
		Name    string          `json:"name"`
		Issued  moment          `json:"issued"`
		Expires moment          `json:"expires"`
		By      string          `json:"by"`
		Need    string          `json:"need"`
		Prio    string          `json:"prio"`
		Args    json.RawMessage `json:"args"`
	}
	if err := decode(e.Data, &d); err != nil {
		return c, fmt.Errorf("down/cmd %s: data: %w", e.ID, err)
	}
	if !isName(d.Name) {
		return c, fmt.Errorf("down/cmd %s: name %.40q: %w", e.ID, d.Name, ErrMalformed)
	}
	if len(d.By) > maxName || len(d.Need) > maxName || len(d.Prio) > maxName {
		return c, fmt.Errorf("down/cmd %s: a field is longer than %d bytes: %w",
			e.ID, maxName, ErrMalformed)
	}
	if string(d.Args) == "null" {
		d.Args = nil
	}
	if len(d.Args) > 0 && d.Args[0] != '{' {
		return c, fmt.Errorf("down/cmd %s: args is not an object: %w", e.ID, ErrMalformed)
	}
	most := maxArgs
	if d.Name == CmdSite {
		most = maxSiteArgs
	}
	if len(d.Args) > most {
		return c, fmt.Errorf("down/cmd %s: args of %d bytes, at most %d: %w",
			e.ID, len(d.Args), most, ErrMalformed)
	}
	c.Name, c.Issued, c.Expires = d.Name, d.Issued.Time, d.Expires.Time
	c.By, c.Need, c.Prio, c.Args = d.By, d.Need, d.Prio, d.Args
	return c, nil
}

// JSON is the payload of down/cmd, for the platform's end; source names who gives the command.
func (c Command) JSON(source string) []byte {
	type data struct {
		Name    string          `json:"name"`
		Issued  string          `json:"issued,omitempty"`
		Expires string          `json:"expires,omitempty"`
		Prio    string          `json:"prio,omitempty"`
		Need    string          `json:"need,omitempty"`
		By      string          `json:"by,omitempty"`
		Args    json.RawMessage `json:"args,omitempty"`
	}
	return encode(struct {
		SpecVersion string `json:"specversion"`
		ID          string `json:"id"`
		Source      string `json:"source"`
		Type        string `json:"type"`
		Time        string `json:"time,omitempty"`
		ContentType string `json:"datacontenttype"`
		Data        data   `json:"data"`
	}{
		"1.0", c.ID, source, TypeCmd, optionalTime(c.Issued), "application/json",
		data{
			c.Name, optionalTime(c.Issued), optionalTime(c.Expires), c.Prio, c.Need, c.By, c.Args,
		},
	})
}

// isName tells whether text from outside can stand in a topic, a log and a key: 1 to maxName bytes
// of printable ASCII without space.
func isName(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// body is the stored body of one message.
func body(kind, subject string, age int64, data any) []byte {
	return encode(stored{Type: kind, Subject: subject, Age: max(age, 0), Data: encode(data)})
}
