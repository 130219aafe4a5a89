package agent

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/firepost/firepost/agent/wire"
)

// contract is the published schemas, to which each message is held that passes in a test.
type contract map[string]*jsonschema.Schema

// newContract reads the schemas as a platform would.
func newContract(t *testing.T) contract {
	t.Helper()
	files, err := filepath.Glob("wire/contract/schema/*.v1.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("schemas: %d files, %v", len(files), err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	all := contract{}
	for _, file := range files {
		s, err := c.Compile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".v1.json")] = s
	}
	return all
}

// check holds a message to the schemas of its topic: of an envelope, the data to that of its type.
func (c contract) check(leaf string, payload []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(payload))
	if err != nil {
		return err
	}
	switch leaf {
	case wire.UpState, wire.UpDesc, wire.UpActive, wire.DownHello, wire.DownAck:
		return c.valid(leaf[strings.Index(leaf, "/")+1:], doc)
	}
	if err := c.valid("envelope", doc); err != nil {
		return err
	}
	e := doc.(map[string]any) // The envelope is valid.
	kind := strings.TrimPrefix(e["type"].(string), "org.firepost.")
	return c.valid(strings.TrimSuffix(kind, ".v1"), e["data"])
}

func (c contract) valid(name string, doc any) error {
	s := c[name]
	if s == nil {
		return errors.New("there is no schema " + name)
	}
	return s.Validate(doc)
}

// keepsContract checks what the box and the district told each other.
func (d *fakeDistrict) keepsContract(t *testing.T) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	c, wrong := newContract(t), 0
	for _, p := range d.passed {
		leaf := leafOf(p.Topic)
		if leaf == wire.DownCmd { // The test's own, and some are wrong on purpose.
			continue
		}
		err := c.check(leaf, p.Payload)
		if err == nil {
			continue
		}
		if wrong++; wrong <= 3 {
			t.Errorf("%s: %v in\n%s", p.Topic, err, p.Payload)
		}
	}
	if wrong > 3 {
		t.Errorf("%d of %d messages break the contract", wrong, len(d.passed))
	}
}
