package wire

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

const goodCommand = `{"specversion":"1.0","id":"c-20260314-0007","source":"/district/510107",
"type":"org.firepost.cmd.v1","time":"2026-03-14T09:30:00Z","data":{"name":"acknowledge",
"issued":"2026-03-14T09:30:00Z","expires":"2026-03-14T10:00:00Z","prio":"high","need":"human",
"by":"zhang.san@district","args":{"point":"heat1"},"later":[1]},"more":{"a":1}}`

// A command of the contract is read whole; fields that are not known are ignored.
func TestDecodeCommand(t *testing.T) {
	got, err := DecodeCommand([]byte(goodCommand))
	if err != nil {
		t.Fatal(err)
	}
	issued := time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)
	want := Command{
		ID: "c-20260314-0007", Name: "acknowledge", Issued: issued,
		Expires: issued.Add(30 * time.Minute), By: "zhang.san@district", Need: "human", Prio: "high",
		Args: []byte(`{"point":"heat1"}`),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// What breaks the contract is refused; a refusal names the command as soon as its id is readable.
func TestDecodeCommandRefuses(t *testing.T) {
	with := func(old, fresh string) string { return strings.Replace(goodCommand, old, fresh, 1) }
	const id = "c-20260314-0007"
	for _, c := range []struct{ name, text, id string }{
		{"nothing", "", ""},
		{"not an object", `[]`, ""},
		{"null", `null`, ""},
		{"two objects", goodCommand + goodCommand, ""},
		{"no id", with(`"id":"c-20260314-0007",`, ""), ""},
		{"id is a number", with(`"c-20260314-0007"`, "7"), ""},
		{"id with a space", with(`c-20260314-0007`, "c 7"), ""},
		{"id too long", with(`c-20260314-0007`, strings.Repeat("c", 129)), ""},
		{"other version", with(`"1.0"`, `"0.3"`), id},
		{"other type", with(`cmd.v1`, "cmd.v2"), id},
		{"no data", with(`"data"`, `"date"`), id},
		{"no name", with(`"name"`, `"game"`), id},
		{"time without zone", with(`"2026-03-14T10:00:00Z"`, `"2026-03-14 10:00"`), id},
		{"time is a number", with(`"2026-03-14T10:00:00Z"`, `1773480410`), id},
		{"args is a list", with(`{"point":"heat1"}`, `["heat1"]`), id},
		{"args too long", with(`"heat1"`, `"`+strings.Repeat("h", maxArgs)+`"`), id},
		{"by too long", with(`zhang.san`, strings.Repeat("z", 129)), id},
		{"too long", goodCommand + strings.Repeat(" ", MaxMessage), ""},
	} {
		got, err := DecodeCommand([]byte(c.text))
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %+v, %v, want ErrMalformed", c.name, got, err)
		}
		if got.ID != c.id || got.Name != "" {
			t.Errorf("%s: got id %q name %q, want id %q alone", c.name, got.ID, got.Name, c.id)
		}
	}
}

// A receipt of another shape acknowledges nothing.
func TestDecodeAck(t *testing.T) {
	now := time.Date(2026, 3, 14, 9, 26, 54, 10e6, time.UTC)
	for _, c := range []struct {
		name, text string
		want       Ack
		bad        bool
	}{
		{"whole", `{"epoch":"9f3c1a77","upto":{"a":812,"t":18446744073709551615},
			"now":"2026-03-14T09:26:54.010Z","x":1}`,
			Ack{"9f3c1a77", map[string]uint64{"a": 812, "t": 18446744073709551615}, now}, false},
		{"time alone", `{"now":"2026-03-14T09:26:54.010Z"}`, Ack{Now: now}, false},
		{"lane not known", `{"epoch":"e","upto":{"z":1}}`, Ack{Epoch: "e"}, false},
		{"no epoch", `{"upto":{"a":1}}`, Ack{}, true},
		{"negative", `{"epoch":"e","upto":{"a":-1}}`, Ack{}, true},
		{"fraction", `{"epoch":"e","upto":{"a":1.5}}`, Ack{}, true},
		{"text", `{"epoch":"e","upto":{"a":"1"}}`, Ack{}, true},
		{"too large", `{"epoch":"e","upto":{"a":18446744073709551616}}`, Ack{}, true},
		{"bad time", `{"epoch":"e","now":"yesterday"}`, Ack{}, true},
		{"not JSON", `epoch`, Ack{}, true},
	} {
		got, err := DecodeAck([]byte(c.text))
		if !reflect.DeepEqual(got, c.want) || errors.Is(err, ErrMalformed) != c.bad {
			t.Errorf("%s: got %+v, %v, want %+v, malformed %v", c.name, got, err, c.want, c.bad)
		}
	}
}

// What a platform does not say, or says beyond reason, becomes a value that works.
func TestDecodeHello(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Hello
		bad        bool
	}{
		{"empty", `{}`, Hello{Max: MaxMessage, Spread: 30}, false},
		{"whole", `{"receipt":true,"gz":true,"dz":[1],"max":16384,"spread":0}`,
			Hello{Receipt: true, Gz: true, Dz: []int{1}, Max: 16_384}, false},
		{"too small, too wide", `{"max":1,"spread":99999}`,
			Hello{Max: MinMaxMessage, Spread: 3600}, false},
		{"too large, negative", `{"max":99999,"spread":-5}`, Hello{Max: MaxMessage}, false},
		{"pace", `{"rate":250,"window":32}`,
			Hello{Max: MaxMessage, Spread: 30, Rate: 250, Window: 32}, false},
		{"no pace", `{"rate":0,"window":0}`,
			Hello{Max: MaxMessage, Spread: 30, Rate: 1, Window: 1}, false},
		{"too fast, too wide", `{"rate":1000000000,"window":4096}`,
			Hello{Max: MaxMessage, Spread: 30, Rate: MaxRate, Window: MaxWindow}, false},
		{"what later versions add", `{"br":true,"zstd":{"level":9},"dz":[]}`,
			Hello{Dz: []int{}, Max: MaxMessage, Spread: 30}, false},
		{"receipt is text", `{"receipt":"yes"}`, Hello{}, true},
	} {
		got, err := DecodeHello([]byte(c.text))
		if !reflect.DeepEqual(got, c.want) || errors.Is(err, ErrMalformed) != c.bad {
			t.Errorf("%s: got %+v, %v, want %+v, malformed %v", c.name, got, err, c.want, c.bad)
		}
	}
}

// Any bytes are a command within its limits, with an order within its own, or an error, never a
// panic. What is no order asks the panel for nothing.
func FuzzDecodeCommand(f *testing.F) {
	f.Add([]byte(goodCommand))
	f.Add([]byte(`{"specversion":"1.0","id":"c","type":"org.firepost.cmd.v1","data":{"name":"x"}}`))
	for _, c := range orders {
		f.Add(Command{ID: "c", Name: c.name, Args: []byte(c.args)}.JSON("/district"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeCommand(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || c.Name != "" {
				t.Fatalf("got %+v, %v, want ErrMalformed and no order", c, err)
			}
			return
		}
		if !isName(c.ID) || !isName(c.Name) || len(c.By) > maxName || len(c.Args) > maxArgs {
			t.Fatalf("out of limits: %+v", c)
		}
		if c.Args != nil && c.Args[0] != '{' {
			t.Fatalf("args %q is not an object", c.Args)
		}
		o, err := c.Order()
		act := &o.Act
		switch {
		case err != nil:
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrUnsupported) ||
				!reflect.DeepEqual(o, Order{}) {
				t.Fatalf("got %+v, %v, want an error of its kind and nothing else", o, err)
			}
		case act.Action == 0 && !slices.Contains(notActs, c.Name),
			(o.Numbers.From == 0) != (c.Name != CmdResend), o.Numbers.To < o.Numbers.From,
			(o.Site != nil) != (c.Name == CmdSite),
			act.Action != 0 && act.Action.String() != c.Name,
			act.By != (alarm.Origin{}) || act.ID != c.ID || len(o.Points) > maxRead,
			len(act.Point) > maxName || len(act.Output) > maxName || len(act.Zone) > maxName,
			act.For < 0 || act.For > longestFor,
			(act.Call != nil) != (act.Action == alarm.AskDuty || act.Action == alarm.Warn):
			t.Fatalf("out of limits: %+v of %s", o, c.Args)
		}
	})
}

// Any bytes are a receipt of known lanes or an error, never a panic.
func FuzzDecodeAck(f *testing.F) {
	f.Add([]byte(`{"epoch":"9f3c1a77","upto":{"a":812,"e":90,"t":1},"now":"2026-03-14T09:26:54Z"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := DecodeAck(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || a.UpTo != nil {
				t.Fatalf("got %+v, %v, want ErrMalformed and no numbers", a, err)
			}
			return
		}
		for lane := range a.UpTo {
			if lane != "a" && lane != "e" && lane != "t" || a.Epoch == "" {
				t.Fatalf("out of limits: %+v", a)
			}
		}
	})
}
