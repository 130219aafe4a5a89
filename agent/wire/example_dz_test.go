package wire

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

const exampleFile = "contract/dictionary/example.json"

// dzExample is what an engineer of a platform tries a decoder with.
type dzExample struct {
	Topic   string          `json:"topic"`
	Payload string          `json:"payload"` // hexadecimal
	Dict    string          `json:"dict"`    // of up/desc
	Message json.RawMessage `json:"message"` // decompressed
}

// The published example can be read with the published dictionary, and is the one that the README
// shows. It is compared decompressed: a later compressor may do better.
func TestPublishedExampleCanBeRead(t *testing.T) {
	message, dict := quiet(t)
	c := Hello{Dz: []int{1}}.Coding(dict)
	if *update {
		var z Compressor
		text, err := json.MarshalIndent(dzExample{
			device.Topic(UpTelemetry) + c.Suffix, hex.EncodeToString(z.Compress(c, message)), dict,
			message,
		}, "", "  ")
		if err != nil || os.WriteFile(exampleFile, append(text, '\n'), 0o644) != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	var x dzExample
	if err := json.Unmarshal(text, &x); err != nil {
		t.Fatal(err)
	}
	payload, err := hex.DecodeString(x.Payload)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(expand(t, c, payload)); got != string(message) || x.Dict != dict {
		t.Errorf("got %s\nwant %s", got, message)
	}
	if want := device.Topic(UpTelemetry) + c.Suffix; x.Topic != want {
		t.Errorf("topic: got %s, want %s", x.Topic, want)
	}
	readme, err := os.ReadFile("contract/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "```hex\n")
	block, _, _ = strings.Cut(block, "```")
	if got := strings.Join(strings.Fields(block), ""); got != x.Payload {
		t.Errorf("the README shows %s, want %s", got, x.Payload)
	}
	if !strings.Contains(string(readme), x.Topic) {
		t.Errorf("the README does not name %s", x.Topic)
	}
}
