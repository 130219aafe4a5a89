package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrMalformed is returned for a message of the platform that breaks the contract.
var ErrMalformed = errors.New("malformed")

// DefaultSpread is over how many seconds devices spread their first try after a loss.
const DefaultSpread = 30

// Hello is what the platform can do. The zero value is a platform that says nothing, except for
// Max and Spread: those of a device that got no hello are MaxMessage and DefaultSpread.
type Hello struct {
	Receipt bool      // records are receipted on down/ack
	Gz      bool      // gzip is understood
	Dz      []int     // base dictionaries that are known
	Max     int       // longest message in bytes, MinMaxMessage to MaxMessage
	Spread  int       // seconds, 0 to 3600
	Rate    int       // messages of the backlog a second, 1 to MaxRate; 0: the device's own
	Window  int       // unconfirmed messages of telemetry, 1 to MaxWindow; 0: the device's own
	Now     time.Time // the platform's clock; zero: not told. Worthless in a retained copy
}

// What a hello may ask for at most.
const (
	MaxRate   = 1000
	MaxWindow = 48
)

// DecodeHello reads down/hello. Unknown fields are ignored.
func DecodeHello(b []byte) (Hello, error) {
	w := struct {
		Receipt bool   `json:"receipt"`
		Gz      bool   `json:"gz"`
		Dz      []int  `json:"dz"`
		Max     *int   `json:"max"`
		Spread  *int   `json:"spread"`
		Rate    *int   `json:"rate"`
		Window  *int   `json:"window"`
		Now     moment `json:"now"`
	}{}
	if err := decode(b, &w); err != nil {
		return Hello{}, fmt.Errorf("down/hello: %w", err)
	}
	h := Hello{Receipt: w.Receipt, Gz: w.Gz, Max: MaxMessage, Spread: DefaultSpread, Now: w.Now.Time}
	h.Dz = w.Dz[:min(len(w.Dz), 16)]
	if w.Max != nil {
		h.Max = min(max(*w.Max, MinMaxMessage), MaxMessage)
	}
	if w.Spread != nil {
		h.Spread = min(max(*w.Spread, 0), 3600)
	}
	if w.Rate != nil {
		h.Rate = min(max(*w.Rate, 1), MaxRate)
	}
	if w.Window != nil {
		h.Window = min(max(*w.Window, 1), MaxWindow)
	}
	return h, nil
}

// Ack is a receipt: all records of an epoch up to a number are stored, by lane.
type Ack struct {
	Epoch string
	UpTo  map[string]uint64
	Now   time.Time // the platform's clock; zero: not told
}

// DecodeAck reads down/ack. Lanes and fields that are not known are ignored.
func DecodeAck(b []byte) (Ack, error) {
	w := struct {
		Epoch string            `json:"epoch"`
		UpTo  map[string]uint64 `json:"upto"`
		Now   moment            `json:"now"`
	}{}
	if err := decode(b, &w); err != nil {
		return Ack{}, fmt.Errorf("down/ack: %w", err)
	}
	if len(w.Epoch) > maxName {
		return Ack{}, fmt.Errorf("down/ack: epoch of %d bytes: %w", len(w.Epoch), ErrMalformed)
	}
	if w.Epoch == "" && len(w.UpTo) > 0 {
		return Ack{}, fmt.Errorf("down/ack: upto without epoch: %w", ErrMalformed)
	}
	a := Ack{Epoch: w.Epoch, Now: w.Now.Time}
	for _, lane := range []string{"a", "e", "t"} {
		n, ok := w.UpTo[lane]
		if !ok {
			continue
		}
		if a.UpTo == nil {
			a.UpTo = make(map[string]uint64, 3)
		}
		a.UpTo[lane] = n
	}
	return a, nil
}

// JSON is the payload of down/ack, for the platform's end.
func (a Ack) JSON() []byte {
	w := struct {
		Epoch string            `json:"epoch"`
		UpTo  map[string]uint64 `json:"upto"`
		Now   string            `json:"now,omitempty"`
	}{a.Epoch, a.UpTo, optionalTime(a.Now)}
	return encode(w)
}

// JSON is the payload of down/hello, for the platform's end.
func (h Hello) JSON() []byte {
	w := struct {
		Receipt bool   `json:"receipt"`
		Gz      bool   `json:"gz"`
		Dz      []int  `json:"dz,omitempty"`
		Max     int    `json:"max,omitempty"`
		Spread  int    `json:"spread"`
		Rate    int    `json:"rate,omitempty"`
		Window  int    `json:"window,omitempty"`
		Now     string `json:"now,omitempty"`
	}{h.Receipt, h.Gz, h.Dz, h.Max, h.Spread, h.Rate, h.Window, optionalTime(h.Now)}
	return encode(w)
}

func optionalTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeFormat)
}

// maxName bounds every identifier that comes from outside, in bytes.
const maxName = 128

// decode reads one JSON object of bounded size.
func decode(b []byte, v any) error {
	if len(b) > MaxMessage {
		return fmt.Errorf("%d bytes, at most %d: %w", len(b), MaxMessage, ErrMalformed)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// moment is an optional time in RFC 3339.
type moment struct{ time.Time }

// UnmarshalJSON reads RFC 3339; null and an empty string are no time.
func (m *moment) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil || text == "" {
		return err
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return fmt.Errorf("time %.40q: want RFC 3339", text)
	}
	m.Time = t
	return nil
}
