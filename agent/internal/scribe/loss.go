package scribe

import (
	"encoding/json"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// flush puts the batch on the telemetry lane.
func (s *Scribe) flush() {
	if len(s.batch) == 0 {
		return
	}
	s.put(s.batch)
	s.batch = s.batch[:0]
}

// put makes a body of rs, or two of the halves when names are so long that one would not fit into
// the shortest message that a platform may ask for.
func (s *Scribe) put(rs []wire.Record) {
	body := wire.TelemetryBody(s.Device(), s.Wall(), s.Now(), rs)
	if half := len(rs) / 2; len(body) > wire.MaxBody && half > 0 {
		s.put(rs[:half])
		s.put(rs[half:])
		return
	}
	s.Outbox.Put(buffer.Telemetry, uint32(len(rs)), body)
}

// declare tells the district what the outbox dropped.
func (s *Scribe) declare() {
	losses := s.Outbox.Losses()
	if len(losses) == 0 {
		return
	}
	given := s.given(losses)
	for i, l := range losses {
		s.Outbox.Declare(lossBody(l, given), losses[i:i+1:i+1])
	}
}

func lossBody(l buffer.Loss, given uint64) []byte {
	if l.Cause == buffer.CauseStoreReset {
		return wire.StoreResetBody(wire.StoreReset{
			Epoch: l.Epoch, Salvaged: l.Salvaged, LostEstimate: l.LostEstimate, Cause: l.Detail,
		})
	}
	return wire.GapBody(wire.Gap{
		Epoch: l.Epoch, Lane: l.Lane.String(), From: l.From, To: l.To, Cause: l.Cause,
		Given: min(given, l.To-l.From+1), Detail: l.Detail,
	})
}

// given is how many events the previous run is known to have numbered after the last one that the
// disk took: these are lost, on the alarm or the event lane. It is known while the records just
// below both lanes' skipped numbers are still held, as they are when the line was down.
func (s *Scribe) given(losses []buffer.Loss) uint64 {
	known, last := 0, uint64(0)
	for _, l := range losses {
		if l.Cause != buffer.CauseLease || l.Lane == buffer.Telemetry {
			continue
		}
		seq := s.eventBefore(l)
		if seq == 0 {
			return 0
		}
		known, last = known+1, max(last, seq)
	}
	if known != 2 || last > s.LastEvent {
		return 0
	}
	return s.LastEvent - last
}

// eventBefore is the panel's number of the event just below a loss; 0 when it is not held or is
// not an event.
func (s *Scribe) eventBefore(l buffer.Loss) uint64 {
	if l.From < 2 {
		return 0
	}
	rs := s.Outbox.Next(l.Lane, l.From-2, 1)
	if len(rs) == 0 || rs[0].First != l.From-1 {
		return 0
	}
	var body struct {
		Data struct {
			Seq uint64 `json:"seq"`
		} `json:"data"`
	}
	if json.Unmarshal(rs[0].Body, &body) != nil {
		return 0 // A telemetry batch has no object there; neither has a number of the panel.
	}
	return body.Data.Seq
}
