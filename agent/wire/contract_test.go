package wire_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/drivers"
)

const (
	draft2020   = "https://json-schema.org/draft/2020-12/schema"
	asyncAPI    = "contract/asyncapi.yaml"
	topicPrefix = "firepost/v1/{tenant}/{device}/"
)

// notYet are the leaves that have a name and no message so far.
var notYet = []string{wire.UpDiag, wire.DownCfg}

// compiler holds formats to be assertions, not notes. Schemas refer to files beside them.
func compiler() *jsonschema.Compiler {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	return c
}

func readJSON(t *testing.T, file string) any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, text)
}

func parse(t *testing.T, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	return v
}

// schemas compiles every schema of the contract; each bears the name of its file.
func schemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	all := map[string]*jsonschema.Schema{}
	for _, file := range files(t, "contract/schema/*.json") {
		s, err := compiler().Compile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = s
	}
	return all
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil || len(list) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(list), err)
	}
	return list
}

// schemaOf names the schema of an example: state.v1.death.json is one more of state.v1.
func schemaOf(file string) string {
	name, version, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), ".")
	version, _, _ = strings.Cut(version, ".")
	return name + "." + version
}

// constants are the texts of package wire whose names begin with a prefix.
func constants(t *testing.T, prefix string) []string {
	t.Helper()
	var texts []string
	for _, file := range files(t, "*.go") {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != len(v.Names) {
				return true
			}
			for i, name := range v.Names {
				text, isText := v.Values[i].(*ast.BasicLit)
				if isText && text.Kind == token.STRING && strings.HasPrefix(name.Name, prefix) {
					s, _ := strconv.Unquote(text.Value)
					texts = append(texts, s)
				}
			}
			return true
		})
	}
	if len(texts) == 0 {
		t.Fatalf("package wire has no constant %s...", prefix)
	}
	return texts
}

// sameSet compares without regard to order.
func sameSet(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// Every schema is one of 2020-12 under the name of its file, explains each of its fields, and lets
// fields pass that it does not know.
func TestSchemasAreWellMade(t *testing.T) {
	for name := range schemas(t) {
		doc := readJSON(t, "contract/schema/"+name+".json").(map[string]any)
		if doc["$schema"] != draft2020 || doc["$id"] != "urn:firepost:schema:"+name {
			t.Errorf("%s: $schema %v, $id %v", name, doc["$schema"], doc["$id"])
		}
		fields := 0
		walk(doc, func(at string, o map[string]any) {
			if _, ok := o["additionalProperties"]; ok {
				t.Errorf("%s%s: unknown fields are ignored, not refused", name, at)
			}
			for field, sub := range explained(at, o) {
				fields++
				about := sub.(map[string]any)
				if about["description"] == nil && about["type"] != "array" {
					t.Errorf("%s%s: field %s is not explained", name, at, field)
				}
			}
		})
		if fields == 0 {
			t.Errorf("%s: has no field; the walk does not see the schema", name)
		}
	}
}

// explained are the fields that an object of a schema defines. What stands below if, then and else
// only narrows fields that are defined elsewhere.
func explained(at string, o map[string]any) map[string]any {
	for _, part := range strings.Split(at, "/") {
		if slices.Contains([]string{"if", "then", "else"}, part) {
			return nil
		}
	}
	fields, _ := o["properties"].(map[string]any)
	return fields
}

// walk visits every object below v, with its place.
func walk(v any, visit func(at string, o map[string]any)) { walkAt("", v, visit) }

func walkAt(at string, v any, visit func(string, map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(at, v)
		for _, k := range slices.Sorted(maps.Keys(v)) {
			walkAt(at+"/"+k, v[k], visit)
		}
	case []any:
		for i, item := range v {
			walkAt(at+"/"+strconv.Itoa(i), item, visit)
		}
	}
}

// Every type of message has a schema, every schema has an example, and every example is valid.
func TestEveryMessageHasSchemaAndExample(t *testing.T) {
	all := schemas(t)
	for _, kind := range constants(t, "Type") {
		if name := strings.TrimPrefix(kind, "org.firepost."); all[name] == nil {
			t.Errorf("%s has no schema", kind)
		}
	}
	shown := map[string]bool{}
	for _, file := range files(t, "contract/examples/*.json") {
		name := schemaOf(file)
		s := all[name]
		if s == nil {
			t.Errorf("%s: there is no schema %s", file, name)
			continue
		}
		shown[name] = true
		if err := s.Validate(readJSON(t, file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for name := range all {
		if !shown[name] {
			t.Errorf("schema %s has no example", name)
		}
	}
}

// An example is no invention: each is a message that the code is fixed to make, or its data.
func TestExamplesAreWhatTheCodeMakes(t *testing.T) {
	made := map[string]bool{}
	for _, file := range files(t, "testdata/*.golden") {
		doc := readJSON(t, file).(map[string]any)
		made[canonical(t, doc)] = true
		if doc["lane"] != nil {
			made[canonical(t, doc["data"])] = true
		}
	}
	for _, file := range files(t, "contract/examples/*.json") {
		if !made[canonical(t, readJSON(t, file))] {
			t.Errorf("%s is none of testdata", file)
		}
	}
}

// canonical is a document without regard to the order of its fields.
func canonical(t *testing.T, doc any) string {
	t.Helper()
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A receiver must live with what later versions add: a field more in any object is valid.
func TestUnknownFieldsAreIgnored(t *testing.T) {
	all := schemas(t)
	for _, file := range files(t, "contract/examples/*.json") {
		doc := readJSON(t, file)
		walk(doc, func(_ string, o map[string]any) {
			if o["later"] == nil {
				o["later"] = json.Number("1")
			}
		})
		if err := all[schemaOf(file)].Validate(doc); err != nil {
			t.Errorf("%s with one field more in every object: %v", file, err)
		}
	}
}

// No field that a schema requires may be missing.
func TestMissingFieldsAreRefused(t *testing.T) {
	all := schemas(t)
	for _, file := range files(t, "contract/examples/*.json") {
		s := all[schemaOf(file)]
		for _, field := range s.Required {
			doc := readJSON(t, file).(map[string]any)
			delete(doc, field)
			if s.Validate(doc) == nil {
				t.Errorf("%s without %s is valid", file, field)
			}
		}
	}
}

// broken are examples with one thing wrong: the value that stands at a place, or none.
var broken = []struct{ schema, at, value string }{
	{"envelope.v1", "specversion", `"0.3"`},
	{"envelope.v1", "id", `"9f3c1a77-a-0-1"`},
	{"envelope.v1", "id", `"9f3c1a77-x-812-1"`},
	{"envelope.v1", "source", `"/firepost/510107"`},
	{"envelope.v1", "type", `"org.firepost.alarm.v2"`},
	{"envelope.v1", "type", `"org.firepost.event.v1"`}, // on lane a
	{"envelope.v1", "type", `"org.firepost.telemetry.v1"`},
	{"envelope.v1", "time", `"2026-03-14 09:26:53"`},
	{"envelope.v1", "time", `"2026-02-30T09:26:53.578Z"`}, // no such day
	{"envelope.v1", "time", `"2026-03-14T17:26:53.578+08:00"`},
	{"envelope.v1", "time", ``},
	{"envelope.v1", "sequence", ``},
	{"envelope.v1", "sequence", `"812"`},
	{"envelope.v1", "sequence", `812`},
	{"envelope.v1", "dataschema", `"urn:firepost:schema:event.v1"`},
	{"envelope.v1", "datacontenttype", `"application/senml+json"`},
	{"envelope.v1", "lane", `"e"`},
	{"envelope.v1", "epoch", `"9F3C1A77"`},
	{"envelope.v1", "seqn", `0`},
	{"envelope.v1", "boot", `"41"`},
	{"envelope.v1", "mono", `128734500`},
	{"envelope.v1", "tq", `"good"`},
	{"envelope.v1", "terr", `-2`},
	{"envelope.v1", "hist", `"false"`},
	{"envelope.v1", "origepoch", `"00c0ffee"`}, // without origsequence
	{"envelope.v1", "data", `[]`},
	{"alarm.v1", "state", `"silenced"`}, // an event
	{"alarm.v1", "kind", `"smoke"`},
	{"alarm.v1", "kind", `"fault"`},
	{"alarm.v1", "aid", ``},
	{"alarm.v1", "level", ``},
	{"alarm.v1", "level", `"normal"`},
	{"alarm.v1", "sev", `"high"`},
	{"alarm.v1", "prev", `"none"`},
	{"alarm.v1", "seq", `"901"`},
	{"alarm.v1", "by.kind", `"button"`},
	{"alarm.v1", "by.level", `4`},
	{"alarm.v1", "cause.values.0.v", `"57.3"`},
	{"alarm.v1", "cause.values.0.limit", ``},
	{"alarm.v1", "cause.values.0.u", `"C"`},
	{"alarm.v1", "gb.status", `3`},
	{"alarm.v1", "gb.statusBits.0", `"on"`},
	{"event.v1", "state", `"raised"`}, // an alarm
	{"event.v1", "state", `"output"`}, // without an output
	{"event.v1", "reason", ``},
	{"event.v1", "point", ``},
	{"event.v1", "for", `"90m"`},
	{"telemetry.v1", "0.bn", ``},
	{"telemetry.v1", "0.bt", `2.5`}, // relative
	{"telemetry.v1", "0.bver", `10`},
	{"telemetry.v1", "1.n", ``},
	{"telemetry.v1", "1.v", ``},
	{"telemetry.v1", "1.v", `"100"`},
	{"telemetry.v1", "1.vb", `true`}, // beside v
	{"telemetry.v1", "1.u", `"%"`},
	{"telemetry.v1", "1.q", `"b:stale"`}, // beside a number
	{"telemetry.v1", "1.q", `"u:none"`},
	{"telemetry.v1", "15.q", ``}, // bad, and does not say why
	{"telemetry.v1", "15.vs", `"21.4"`},
	{"gap.v1", "lane", `"b"`},
	{"gap.v1", "from", `0`},
	{"gap.v1", "to", `"1812"`},
	{"gap.v1", "cause", `"lost"`},
	{"gap.v1", "given", ``},
	{"store_reset.v1", "salvaged", `-1`},
	{"store_reset.v1", "epoch", `""`},
	{"rsp.v1", "reason", ``},
	{"rsp.v1", "reason", `"because"`},
	{"rsp.v1", "state", `"ok"`},
	{"rsp.v1", "state", `"received"`},
	{"rsp.v1", "took", `"23 s"`},
	{"rsp.v1", "ledger", `"disk"`},
	{"rsp.v1", "values", `[]`},
	{"state.v1", "online", `"true"`},
	{"state.v1", "session", `"41"`},
	{"state.v1", "epoch", ``},
	{"state.v1", "last.a", `"811"`},
	{"state.v1", "pend.t", ``},
	{"active.v1", "asof.a", ``},
	{"active.v1", "alarms", `null`},
	{"active.v1", "alarms.0.state", `"reset"`},
	{"active.v1", "alarms.0.acknowledgedBy", ``},
	{"active.v1", "alarms.0.drill", ``},
	{"active.v1", "faults.0.since", `"yesterday"`},
	{"active.v1", "disabled.0.left", `"90m"`},
	{"desc.v1", "points.0.kind", `"heat"`},
	{"desc.v1", "points.0.gbPart", ``},
	{"desc.v1", "points.0.series.0.quantity", `"heat"`},
	{"desc.v1", "dict", `1`},
	{"desc.v1", "outputs.0.kind", `"siren"`},
	{"hello.v1", "receipt", `"yes"`},
	{"hello.v1", "max", `1024`},
	{"hello.v1", "spread", `-1`},
	{"hello.v1", "rate", `0`},
	{"hello.v1", "window", `49`},
	{"hello.v1", "dz", `1`},
	{"hello.v1", "now", `1773480410`},
	{"ack.v1", "epoch", ``},
	{"ack.v1", "upto.a", `-1`},
	{"ack.v1", "upto.t", `"183459"`},
	{"cmd.v1", "id", `"c 9"`},
	{"cmd.v1", "type", `"org.firepost.cmd.v2"`},
	{"cmd.v1", "data.name", ``},
	{"cmd.v1", "data.expires", `"tomorrow"`},
	{"cmd.v1", "data.args", `["heat1"]`},
	{"cmd.v1", "data.args.point", `1`},
	{"cmd.v1", "data.name", `"resend"`},  // without a range
	{"cmd.v1", "data.name", `"operate"`}, // without an output
	{"cmd.v1", "data.name", `"disable"`}, // without a reason
	{"cmd.v1", "data.name", `"warning"`}, // without a text
	{"cmd.v1", "data.name", `"read"`},    // without points
}

// What breaks the contract is refused; every schema is seen to refuse something.
func TestBrokenMessagesAreRefused(t *testing.T) {
	all := schemas(t)
	seen := map[string]bool{}
	for _, c := range broken {
		doc := readJSON(t, "contract/examples/"+c.schema+".json")
		if !put(t, doc, strings.Split(c.at, "."), c.value) {
			t.Errorf("%s: nothing to break at %s", c.schema, c.at)
		}
		if all[c.schema].Validate(doc) == nil {
			t.Errorf("%s with %s = %s is valid", c.schema, c.at, c.value)
		}
		seen[c.schema] = true
	}
	for name := range all {
		if !seen[name] {
			t.Errorf("%s is never broken", name)
		}
	}
}

// put sets the value at a place below v; an empty one removes what is there. It tells whether v
// was changed.
func put(t *testing.T, v any, path []string, value string) bool {
	t.Helper()
	if list, ok := v.([]any); ok {
		i, err := strconv.Atoi(path[0])
		if err != nil || i >= len(list) {
			return false
		}
		if len(path) == 1 {
			list[i] = parse(t, []byte(value))
			return true
		}
		return put(t, list[i], path[1:], value)
	}
	o, ok := v.(map[string]any)
	if !ok {
		return false
	}
	if len(path) > 1 {
		return put(t, o[path[0]], path[1:], value)
	}
	if value != "" {
		o[path[0]] = parse(t, []byte(value))
		return true
	}
	_, there := o[path[0]]
	delete(o, path[0])
	return there
}

// api is the description of the topics.
func api(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile(asyncAPI)
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if text, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	return parse(t, text).(map[string]any)
}

// at is what stands at a place of a document.
func at(t *testing.T, v any, path ...string) any {
	t.Helper()
	for i, key := range path {
		switch o := v.(type) {
		case map[string]any:
			v = o[key]
		case []any:
			n, err := strconv.Atoi(key)
			if err != nil || n >= len(o) {
				t.Fatalf("nothing at %q", path[:i+1])
			}
			v = o[n]
		}
		if v == nil {
			t.Fatalf("nothing at %q", path[:i+1])
		}
	}
	return v
}

func object(t *testing.T, v any, path ...string) map[string]any {
	t.Helper()
	o, ok := at(t, v, path...).(map[string]any)
	if !ok {
		t.Fatalf("%q is no object", path)
	}
	return o
}

// messages compiles the payload of every message as the description of the topics composes it.
func messages(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	doc := api(t)
	file, err := filepath.Abs(asyncAPI)
	if err != nil {
		t.Fatal(err)
	}
	c := compiler()
	if err := c.AddResource("file://"+filepath.ToSlash(file), doc); err != nil {
		t.Fatal(err)
	}
	all := map[string]*jsonschema.Schema{}
	for name := range object(t, doc, "components", "messages") {
		place := "#/components/messages/" + name + "/payload/schema"
		if all[name], err = c.Compile("file://" + filepath.ToSlash(file) + place); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// The topics that are described are those of the code, with the direction, the quality of service
// and the retain flag that the code uses.
func TestTopicsOfTheDescription(t *testing.T) {
	doc := api(t)
	if at(t, doc, "asyncapi") != "3.0.0" {
		t.Errorf("asyncapi: got %v", doc["asyncapi"])
	}
	var leaves []string
	for name, c := range object(t, doc, "channels") {
		address := at(t, c, "address").(string)
		leaf, ok := strings.CutPrefix(address, topicPrefix)
		d := wire.Device{Tenant: "{tenant}", ID: "{device}"}
		if !ok || d.Topic(leaf) != address {
			t.Errorf("%s: address %s, want %s", name, address, d.Topic(leaf))
		}
		leaves = append(leaves, leaf)
		parameters := slices.Collect(maps.Keys(object(t, c, "parameters")))
		sameSet(t, name+" parameters", parameters, []string{"tenant", "device"})
	}
	sameSet(t, "leaves", append(leaves, notYet...),
		append(constants(t, "Up"), constants(t, "Down")...))

	retained := []string{wire.UpState, wire.UpDesc, wire.UpActive, wire.DownHello}
	used := map[string]bool{}
	for name, op := range object(t, doc, "operations") {
		ref := at(t, op, "channel", "$ref").(string)
		channel := object(t, doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		leaf := strings.TrimPrefix(channel["address"].(string), topicPrefix)
		used[leaf] = true
		action := map[bool]string{true: "send", false: "receive"}[strings.HasPrefix(leaf, "up/")]
		if op.(map[string]any)["action"] != action {
			t.Errorf("%s: a device does not do that on %s", name, leaf)
		}
		mqtt := object(t, op, "bindings", "mqtt")
		if fmt.Sprint(mqtt["qos"]) != "1" || mqtt["retain"] != slices.Contains(retained, leaf) {
			t.Errorf("%s on %s: qos %v, retain %v", name, leaf, mqtt["qos"], mqtt["retain"])
		}
	}
	sameSet(t, "leaves with an operation", slices.Collect(maps.Keys(used)), leaves)
}

// Every reference leads somewhere: to a place in the description or to a schema beside it.
func TestReferencesOfTheDescription(t *testing.T) {
	doc := api(t)
	named := map[string]bool{}
	walk(doc, func(where string, o map[string]any) {
		ref, ok := o["$ref"].(string)
		if !ok {
			return
		}
		if inside, ok := strings.CutPrefix(ref, "#/"); ok {
			object(t, doc, strings.Split(inside, "/")...)
			return
		}
		if _, err := os.Stat(filepath.Join("contract", ref)); err != nil {
			t.Errorf("%s: %v", where, err)
		}
		named[strings.TrimSuffix(filepath.Base(ref), ".json")] = true
	})
	sameSet(t, "schemas that are referred to", slices.Collect(maps.Keys(named)),
		slices.Collect(maps.Keys(schemas(t))))
}

// plain are the golden messages without an envelope: which message each is, and its topic.
var plain = map[string]struct{ message, leaf string }{
	"state_birth": {"birth", wire.UpState}, "state_will": {"death", wire.UpState},
	"active": {"active", wire.UpActive}, "active_none": {"active", wire.UpActive},
	"active_drill":  {"active", wire.UpActive},
	"active_duties": {"active", wire.UpActive},

	"desc": {"desc", wire.UpDesc}, "ack": {"ack", wire.DownAck}, "hello": {"hello", wire.DownHello},
	"cmd": {"cmd", wire.DownCmd}, "cmd_resend": {"cmd", wire.DownCmd},
	"cmd_site": {"cmd", wire.DownCmd},
}

// place names the message that a golden is, and the topics that it may come on.
func place(t *testing.T, file string, doc any) (message string, leaves []string) {
	t.Helper()
	if p, ok := plain[strings.TrimSuffix(filepath.Base(file), ".golden")]; ok {
		return p.message, []string{p.leaf}
	}
	kind, lane := at(t, doc, "type").(string), at(t, doc, "lane").(string)[0]
	body := fmt.Appendf(nil, `{"type":%q,"data":{}}`, kind)
	for _, backlog := range []bool{false, true} {
		if leaf := wire.Leaf(lane, body, backlog); !slices.Contains(leaves, leaf) {
			leaves = append(leaves, leaf)
		}
	}
	return strings.TrimSuffix(strings.TrimPrefix(kind, "org.firepost."), ".v1"), leaves
}

// Every message that the code is fixed to make is one of the contract, on the topic that the
// description gives it. What bears a type is no other message as well.
func TestT12GoldenMessagesKeepTheContract(t *testing.T) {
	all := messages(t)
	carried := map[string][]string{}
	for _, file := range files(t, "testdata/*.golden") {
		doc := readJSON(t, file)
		name, leaves := place(t, file, doc)
		if all[name] == nil {
			t.Errorf("%s: there is no message %q", file, name)
			continue
		}
		for _, leaf := range leaves {
			if !slices.Contains(carried[leaf], name) {
				carried[leaf] = append(carried[leaf], name)
			}
		}
		if err := all[name].Validate(doc); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for other, s := range all {
			if doc.(map[string]any)["type"] != nil && other != name && s.Validate(doc) == nil {
				t.Errorf("%s is a valid %s as well", file, other)
			}
		}
	}
	channels := object(t, api(t), "channels")
	for name, c := range channels {
		leaf := strings.TrimPrefix(at(t, c, "address").(string), topicPrefix)
		var described []string
		for message, ref := range object(t, c, "messages") {
			if at(t, ref, "$ref") != "#/components/messages/"+message {
				t.Errorf("%s: message %s is %v", name, message, ref)
			}
			described = append(described, message)
		}
		sameSet(t, leaf+" messages", described, carried[leaf])
	}
}

// names lists what a kind of value is called, from its number first on.
func names[T ~uint8](first T, text func(T) string) (list []string) {
	for v := first; ; v++ {
		s := text(v)
		if s == "unknown" || slices.Contains(list, s) {
			return list
		}
		list = append(list, s)
	}
}

// The words that a schema lists are those that the code can say: none is missing, none is idle.
func TestWordsAreThoseOfTheCode(t *testing.T) {
	signals := names(alarm.Supervisory, alarm.Signal.String)
	levels := names(detect.Supervisory, detect.Level.String)
	alarms, events := []string{"prealarm"}, []string{}
	for k := alarm.Kind(1); k.String() != "unknown"; k++ {
		if wire.LaneOf(k) == wire.LaneAlarm {
			alarms = append(alarms, k.String())
		} else {
			events = append(events, k.String())
		}
	}
	var quantities []string
	for _, q := range drivers.Quantities() {
		quantities = append(quantities, q.String())
	}
	clocks := names(wire.ClockNone, wire.ClockQuality.String)
	origins := names(alarm.Auto, alarm.OriginKind.String)
	const point = "properties/points/items/properties/"
	for _, c := range []struct {
		schema, at string
		want       []string
	}{
		{"alarm.v1", "properties/kind", append(signals, "fault")},
		{"alarm.v1", "properties/level", levels},
		{"alarm.v1", "properties/state", alarms},
		{"alarm.v1", "properties/by/properties/kind", origins},
		{"event.v1", "properties/state", events},
		{"event.v1", "properties/by/properties/kind", origins},
		{"event.v1", "properties/pattern", names(alarm.Off, alarm.Pattern.String)},
		{"event.v1", "properties/duty/properties/colour", names(alarm.Blue, alarm.Colour.String)},
		{"event.v1", "properties/duty/properties/step", names(alarm.Accepting, alarm.Step.String)},
		{"event.v1", "properties/duty/properties/verdict", names(alarm.RealFire, alarm.Verdict.String)},
		{"envelope.v1", "properties/tq", clocks},
		{"state.v1", "properties/tq", clocks},
		{"active.v1", "properties/tq", clocks},
		{"active.v1", "properties/alarms/items/properties/kind", signals},
		{"active.v1", "properties/alarms/items/properties/level", append(levels, "normal")},
		{"active.v1", "properties/alarms/items/properties/phase",
			names(alarm.Verifying, alarm.Phase.String)},
		{"desc.v1", point + "kind", signals},
		{"desc.v1", point + "series/items/properties/quantity", quantities},
		{"desc.v1", "properties/outputs/items/properties/kind",
			names(alarm.Sounder, alarm.OutputKind.String)},
		{"gap.v1", "properties/cause", constants(t, "Cause")},
		{"rsp.v1", "properties/state", constants(t, "Rsp")},
		{"rsp.v1", "allOf/0/then/properties/reason", constants(t, "Reason")},
	} {
		doc := readJSON(t, "contract/schema/"+c.schema+".json")
		sameSet(t, c.schema+" "+c.at, words(t, doc, c.at), c.want)
	}
}

// What a reading is answered with is a batch of telemetry, to the letter.
func TestValuesOfAReadingAreTelemetry(t *testing.T) {
	doc := readJSON(t, "testdata/rsp_read.golden")
	if err := schemas(t)["telemetry.v1"].Validate(at(t, doc, "data", "values")); err != nil {
		t.Error(err)
	}
}

// words is the list at a place of a schema.
func words(t *testing.T, doc any, place string) (list []string) {
	t.Helper()
	for _, v := range at(t, doc, append(strings.Split(place, "/"), "enum")...).([]any) {
		list = append(list, v.(string))
	}
	return list
}

// A record of every quantity is valid, whatever its quality and the reason for it, and the schema
// lists no unit that no quantity has.
func TestTelemetryOfEveryQuantity(t *testing.T) {
	s := schemas(t)["telemetry.v1"]
	units := map[string]bool{}
	reasons := names(point.WarmUp, point.Reason.String)
	for _, q := range drivers.Quantities() {
		rs := []wire.Record{{Name: "p", Quantity: q, Value: -1, Quality: point.Good}}
		for i := range reasons {
			reason := point.WarmUp + point.Reason(i)
			for _, quality := range []point.Quality{point.Uncertain, point.Bad} {
				rs = append(rs, wire.Record{
					Name: "p", Quantity: q, Value: 1, Quality: quality, Reason: reason,
				})
			}
		}
		body := parse(t, wire.TelemetryBody("fp-7k2m4qx6tb", 0, 0, rs))
		if err := s.Validate(at(t, body, "data")); err != nil {
			t.Errorf("%v: %v", q, err)
		}
		if u, ok := object(t, body, "data", "0")["u"].(string); ok {
			units[u] = true
		}
	}
	for _, c := range []struct{ schema, at string }{
		{"telemetry.v1", "$defs/record/properties/u"},
		{"alarm.v1", "properties/cause/properties/values/items/properties/u"},
		{"desc.v1", "properties/points/items/properties/series/items/properties/u"},
	} {
		doc := readJSON(t, "contract/schema/"+c.schema+".json")
		sameSet(t, c.schema+" units", words(t, doc, c.at), slices.Collect(maps.Keys(units)))
	}
}
