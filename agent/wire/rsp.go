package wire

import (
	"encoding/json"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// The states of a command that up/rsp tells. Each command comes to exactly one that is final.
const (
	RspAccepted  = "accepted"  // a person is asked
	RspAnnounced = "announced" // and what asks has sounded
	RspExecuting = "executing" // an output is told, and has not reported back yet

	RspDone        = "done"        // final, as all that follow
	RspRejected    = "rejected"    // it may not be obeyed; nothing was done
	RspFailed      = "failed"      // it could not be
	RspExpired     = "expired"     // its time was over before anything or anybody answered
	RspInterrupted = "interrupted" // it is not known what was done, as after a restart
	RspAnswered    = "answered"    // by a person
	RspUnanswered  = "unanswered"  // by nobody in time
)

// The reasons of a rejection.
const (
	ReasonUnsupported  = "unsupported"
	ReasonMalformed    = "malformed"
	ReasonExpired      = "expired"
	ReasonClock        = "clock"
	ReasonNotPermitted = "not_permitted"
	ReasonStorage      = "storage"
	ReasonLedgerLost   = "ledger_lost"
	ReasonBusy         = "busy"
)

// Rsp is a command in a new state.
type Rsp struct {
	ID     string // of the command
	State  string
	Reason string        // of a rejection and a failure
	Detail string        // of a rejection, in the panel's words; empty: there is no more to say
	By     *alarm.Origin // who answered; nil: no one did
	Took   time.Duration // until then, or until an output reported back
	Memory bool          // the disk did not answer: a restart may forget the command
	Values []byte        // of read, as Pack makes them; nil: none
	List   []string      // of a site file: its mistakes, or what waits for a person; see MostList
}

// MostList bounds Rsp.List, in bytes of all its lines.
const MostList = 4 << 10

// IsFinal tells whether a command in this state has come to its end.
func IsFinal(state string) bool {
	return state != RspAccepted && state != RspAnnounced && state != RspExecuting
}

// Body is the stored body of the answer; it belongs on the alarm lane.
func (r Rsp) Body() []byte {
	d := struct {
		ID     string          `json:"id"`
		State  string          `json:"state"`
		Reason string          `json:"reason,omitempty"`
		Detail string          `json:"detail,omitempty"`
		By     *by             `json:"by,omitempty"`
		Took   int64           `json:"took,omitempty"` // ms
		Ledger string          `json:"ledger,omitempty"`
		Values json.RawMessage `json:"values,omitempty"`
		List   []string        `json:"list,omitempty"`
	}{
		ID: r.ID, State: r.State, Reason: r.Reason, Detail: r.Detail, Took: r.Took.Milliseconds(),
		Values: r.Values, List: r.List,
	}
	if r.By != nil {
		who := byOf(*r.By)
		d.By = &who
	}
	if r.Memory {
		d.Ledger = "memory"
	}
	return body(TypeRsp, r.ID, 0, d)
}
