package alarm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// Record is the place of an event in the chain of records: what people did about their duties, or
// left undone. Each one carries the hash of the one before, so that none can be taken out or
// changed unseen. A chain begins again, with number 1 and no Prev, only when a panel has lost what
// it saved; two records of one number tell of a power cut between them.
type Record struct {
	N    uint64 `json:",omitempty"` // from 1; 0: the event is no record
	Day  Date   `json:",omitempty"` // 0: the date was not known
	Prev string `json:",omitempty"` // Hash of the record before; empty: the first
	Hash string `json:",omitempty"`
}

// record gives out an event as the next record of the chain.
func (p *Panel) record(now point.Instant, e Event) {
	last := &p.people.chain
	e.Matter.Record = Record{N: last.N + 1, Day: p.people.day, Prev: last.Hash}
	e.Matter.Record.Hash = e.RecordHash()
	*last = e.Matter.Record
	p.emit(now, e)
	p.dirty = true
}

// RecordHash is what Matter.Record.Hash of a record must be: SHA-256, in hexadecimal, of the lines
// number, day, Prev, kind, incident, ID, origin, operator, level, colour, step, verdict, failed,
// days, last day, people, seconds, evidence and text, each ended by a line feed. They are written
// as messages write them, a number that is not there as 0 and a word as nothing. None of them can
// hold a line feed.
func (e *Event) RecordHash() string {
	m, r := &e.Matter, &e.Matter.Record
	sum := sha256.Sum256(fmt.Appendf(nil,
		"%d\n%s\n%s\n%s\n%s\n%s\n%s\n%d\n%d\n%s\n%s\n%s\n%t\n%d\n%s\n%d\n%d\n%s\n%s\n",
		r.N, r.Day, r.Prev, e.Kind, e.Incident, m.ID, e.By.Kind, e.By.Operator, e.By.Level,
		m.Colour, m.Step, m.Verdict, m.Failed, m.Days, m.Due, m.People,
		e.For/time.Second, m.Evidence, m.Text))
	return hex.EncodeToString(sum[:])
}
