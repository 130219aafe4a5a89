package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// MaxBatch is how many records of the telemetry lane one message carries at most, unless a single
// stored body has more.
const MaxBatch = 200

// Batch is one message of telemetry in the making: stored bodies whose numbers follow each other,
// in one envelope. The zero value is empty. Its records stay what they were, number by number:
// each body keeps its own base time, as SenML allows, and the bodies stand one behind the other.
type Batch struct {
	meta    Meta // of the first body, with the numbers of all of them
	records []byte
}

// Add puts a stored body behind the others. It does not, and says so, when the body does not
// belong into the same message: its numbers do not follow, it is of another run or another clock,
// it was salvaged, or the message would have more than MaxBatch records or most bytes. The first
// body of a batch always fits.
//
// Add fails with ErrBody, and changes nothing, when the body is not telemetry of this package.
func (t *Batch) Add(m Meta, body []byte, most int) (bool, error) {
	records, age, err := cutTelemetry(body)
	if err != nil {
		return false, fmt.Errorf("wire %s: batch: %w", m.id(), err)
	}
	if t.meta.N == 0 {
		m.Mono = max(m.Mono-age, 0)
		if m.Wall != 0 {
			m.Wall -= age
		}
		t.meta, t.records = m, append(t.records[:0], records...)
		return true, nil
	}
	if !t.meta.precedes(m) || t.meta.N+m.N > MaxBatch ||
		envelopeRoom+len(t.records)+1+len(records) > most {
		return false, nil
	}
	t.meta.N += m.N
	if m.Error < 0 || t.meta.Error >= 0 && m.Error > t.meta.Error {
		t.meta.Error = m.Error // What is said of all is true of the worst.
	}
	t.records = append(append(t.records, ','), records...)
	return true, nil
}

// envelopeRoom is more than the envelope of a telemetry message takes, with ids of 32 characters
// and numbers of full length.
const envelopeRoom = 640

// MaxBody is the length up to which a stored batch fits into every message, whatever a platform
// has asked for.
const MaxBody = MinMaxMessage - envelopeRoom

// precedes tells whether the records of n may stand behind those of m in one message.
func (m Meta) precedes(n Meta) bool {
	return n.Lane == m.Lane && n.Epoch == m.Epoch && n.First == m.First+uint64(m.N) &&
		n.Boot == m.Boot && n.Quality == m.Quality && n.OrigEpoch == "" && m.OrigEpoch == ""
}

// Message is the payload. What is the same in each message of a device stands first, so that a
// dictionary covers it in one piece; the numbers that differ stand together. late is as in
// Envelope.
func (t *Batch) Message(d Device, late bool) []byte {
	m := &t.meta
	b := make([]byte, 0, envelopeRoom+len(t.records))
	b = append(b, `{"specversion":"1.0","source":`...)
	b = appendText(b, d.Source())
	b = append(b, `,"type":"`+TypeTelemetry+`","datacontenttype":"`+mediaSenML+`","lane":"t"`...)
	b = append(b, `,"tq":"`...)
	b = append(b, m.Quality.String()...)
	b = append(b, `","terr":`...)
	b = strconv.AppendInt(b, int64(max(m.Error, -1)), 10)
	b = append(b, `,"hist":`...)
	b = strconv.AppendBool(b, late)
	b = append(b, `,"epoch":`...)
	b = appendText(b, m.Epoch)
	b = append(b, `,"boot":`...)
	b = strconv.AppendUint(b, uint64(m.Boot), 10)
	if m.OrigEpoch != "" {
		b = append(b, `,"origepoch":`...)
		b = appendText(b, m.OrigEpoch)
		b = append(b, `,"origsequence":"`+sequence(m.OrigFirst)+`"`...)
	}
	if m.Quality == ClockFix { // bt was written before the clock was set.
		b = append(b, `,"time":"`+WallTime(m.Wall, m.Mono)+`"`...)
	}
	b = append(b, `,"seqn":`...)
	b = strconv.AppendUint(b, uint64(m.N), 10)
	b = append(b, `,"id":"`+m.id()+`","mono":"`...)
	b = strconv.AppendInt(b, m.Mono, 10)
	b = append(b, `","data":[`...)
	b = append(b, t.records...)
	return append(b, ']', '}')
}

// cutTelemetry takes the records out of a stored body, without their brackets, and how long before
// it was stored the first of them arose. It reads no further than it must: bodies are joined by
// the thousand when a line comes back.
func cutTelemetry(body []byte) (records []byte, age int64, err error) {
	rest, ok := bytes.CutPrefix(body, []byte(telemetryPrefix))
	if aged, found := bytes.CutPrefix(rest, []byte(`"age":`)); ok && found {
		var text []byte
		if text, rest, ok = bytes.Cut(aged, []byte(`,`)); ok {
			age, err = strconv.ParseInt(string(text), 10, 64)
		}
	}
	rest, isData := bytes.CutPrefix(rest, []byte(`"data":[`))
	rest, isWhole := bytes.CutSuffix(rest, []byte(`]}`))
	if !ok || err != nil || !isData || !isWhole || len(rest) == 0 {
		return nil, 0, fmt.Errorf("telemetry: %w", ErrBody)
	}
	if !json.Valid(body) {
		return nil, 0, fmt.Errorf("telemetry: not JSON: %w", ErrBody)
	}
	return rest, age, nil
}

const telemetryPrefix = `{"type":"` + TypeTelemetry + `",`

// isTelemetry tells whether a stored body is a batch of measurements.
func isTelemetry(body []byte) bool { return bytes.HasPrefix(body, []byte(telemetryPrefix)) }
