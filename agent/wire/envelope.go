package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The types of message that carry an envelope.
const (
	TypeAlarm      = "org.firepost.alarm.v1"
	TypeEvent      = "org.firepost.event.v1"
	TypeTelemetry  = "org.firepost.telemetry.v1"
	TypeGap        = "org.firepost.gap.v1"
	TypeStoreReset = "org.firepost.store_reset.v1"
	TypeRsp        = "org.firepost.rsp.v1"
	TypeCmd        = "org.firepost.cmd.v1"
)

const mediaSenML = "application/senml+json"

// ErrBody is returned for a stored body that is not one.
var ErrBody = errors.New("not a stored body")

// Meta is what the outbox knows of the records of one message.
type Meta struct {
	Lane      byte
	Epoch     string
	First     uint64 // number of the first record
	N         uint32 // consecutive numbers from First
	Boot      uint32
	Mono      int64 // ms since the agent started, when the body was stored
	Wall      int64 // Unix ms at the same moment; 0: unknown
	Quality   ClockQuality
	Error     int32  // estimated error of Wall in ms; negative: unknown
	OrigEpoch string // of a salvaged record: the numbers it had first
	OrigFirst uint64
}

// stored is the body that waits in the outbox: everything of a message that is known when it
// arises.
type stored struct {
	Type    string `json:"type"`
	Subject string `json:"subject,omitempty"`
	// Age is how many ms before it was stored the first record arose. A batch has one.
	Age  int64           `json:"age,omitempty"`
	Data json.RawMessage `json:"data"`
}

// cloudEvent is the envelope on the wire, of all but telemetry. Its extension attributes keep to
// the types of CloudEvents 1.0: an Integer there has 32 bits, so longer numbers travel as strings.
type cloudEvent struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject,omitempty"`
	Time        string          `json:"time,omitempty"`
	DataSchema  string          `json:"dataschema,omitempty"`
	ContentType string          `json:"datacontenttype"`
	Lane        string          `json:"lane"`
	Epoch       string          `json:"epoch"`
	Sequence    string          `json:"sequence,omitempty"`
	SeqN        uint32          `json:"seqn"`
	Boot        uint32          `json:"boot"`
	Mono        string          `json:"mono"`
	TQ          string          `json:"tq"`
	TErr        int32           `json:"terr"`
	Hist        bool            `json:"hist"`
	Sent        string          `json:"sent,omitempty"`
	OrigEpoch   string          `json:"origepoch,omitempty"`
	OrigSeq     string          `json:"origsequence,omitempty"`
	Data        json.RawMessage `json:"data"`
}

// MessageID is the id of a message: it names exactly this run of numbers.
func MessageID(epoch string, lane byte, first uint64, n uint32) string {
	return epoch + "-" + string(rune(lane)) + "-" + strconv.FormatUint(first, 10) + "-" +
		strconv.FormatUint(uint64(n), 10)
}

// Envelope wraps a stored body for sending. sent is the time of publishing; zero leaves it out.
// late says that the message is sent so long after it arose that it must not move a current value.
//
// The data of one message id is the same at each sending; sent and late may differ.
// Envelope fails with ErrBody when the body was not made by this package.
func Envelope(d Device, m Meta, body []byte, sent time.Time, late bool) ([]byte, error) {
	if isTelemetry(body) {
		var p Batch
		if _, err := p.Add(m, body, MaxMessage); err != nil {
			return nil, err
		}
		return p.Message(d, late), nil
	}
	var s stored
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, fmt.Errorf("wire %s: envelope: %w: %w", m.id(), ErrBody, err)
	}
	if s.Type == "" || len(s.Data) == 0 {
		return nil, fmt.Errorf("wire %s: envelope: type or data is missing: %w", m.id(), ErrBody)
	}
	mono := max(m.Mono-s.Age, 0)
	wall := m.Wall
	if wall != 0 {
		wall -= s.Age
	}
	e := cloudEvent{
		SpecVersion: "1.0",
		ID:          m.id(),
		Source:      d.Source(),
		Type:        s.Type,
		Subject:     s.Subject,
		ContentType: "application/json",
		Lane:        string(rune(m.Lane)),
		Epoch:       m.Epoch,
		SeqN:        m.N,
		Boot:        m.Boot,
		Mono:        strconv.FormatInt(mono, 10),
		TQ:          m.Quality.String(),
		TErr:        max(m.Error, -1),
		Hist:        late,
		Data:        s.Data,
	}
	if m.OrigEpoch != "" {
		e.OrigEpoch, e.OrigSeq = m.OrigEpoch, sequence(m.OrigFirst)
	}
	e.Time = WallTime(wall, mono)
	e.Sequence = sequence(m.First)
	e.DataSchema = "urn:firepost:schema:" + strings.TrimPrefix(s.Type, "org.firepost.")
	if !sent.IsZero() {
		e.Sent = sent.UTC().Format(timeFormat)
	}
	return encode(e), nil
}

// Leaf says where a stored body is published. backlog marks telemetry that is older than the
// connection.
func Leaf(lane byte, body []byte, backlog bool) string {
	switch {
	case lane == LaneTelemetry && backlog:
		return UpBackfill
	case lane == LaneTelemetry:
		return UpTelemetry
	case lane == LaneEvent:
		return UpEvent
	case strings.HasPrefix(string(body[:min(len(body), len(rspPrefix))]), rspPrefix):
		return UpRsp
	}
	return UpAlarm
}

const rspPrefix = `{"type":"` + TypeRsp + `"`

func (m Meta) id() string { return MessageID(m.Epoch, m.Lane, m.First, m.N) }

// sequence writes a number so that text order is number order.
func sequence(n uint64) string {
	text := strconv.FormatUint(n, 10)
	return strings.Repeat("0", max(0, 16-len(text))) + text
}
