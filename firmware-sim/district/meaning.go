package district

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/firepost/firepost/agent/wire"
)

// meaning follows what records say: alarms, losses and answers to commands.
func (r *Receiver) meaning(m Message, e *envelope, fresh bool) {
	var err error
	switch {
	case !fresh:
		return
	case e.Type == "org.firepost.alarm.v1":
		err = r.alarm(m, e)
	case e.Type == "org.firepost.gap.v1":
		err = r.gap(m, e)
	case e.Type == "org.firepost.store_reset.v1":
		err = r.storeReset(m, e)
	case e.Type == "org.firepost.rsp.v1":
		err = r.answer(e)
	}
	if err != nil {
		r.malformed(fmt.Errorf("%s %s: %w: %w", m.Leaf, e.ID, errContract, err))
	}
}

func (r *Receiver) alarm(m Message, e *envelope) error {
	var d struct {
		AID      string `json:"aid"`
		Point    string `json:"point"`
		Kind     string `json:"kind"`
		State    string `json:"state"`
		Restored bool   `json:"restored"`
	}
	if err := json.Unmarshal(e.Data, &d); err != nil || d.AID == "" {
		return err
	}
	a, known := r.report.Raises[d.AID]
	if !known {
		a = Raise{Point: d.Point, Kind: d.Kind, First: m.At}
	}
	a.State = d.State
	if d.State == "raised" {
		a.Count++
		if d.Restored {
			a.Restored++
			r.report.Restored++
		} else if r.report.FirstAlarmAt.IsZero() {
			r.report.FirstAlarmAt = m.At
		}
	}
	r.report.Raises[d.AID] = a
	return nil
}

// gap marks numbers as declared missing. A lane that has no numbers of its own is only counted.
func (r *Receiver) gap(m Message, e *envelope) error {
	var d struct {
		Epoch string `json:"epoch"`
		Lane  string `json:"lane"`
		From  uint64 `json:"from"`
		To    uint64 `json:"to"`
		Cause string `json:"cause"`
	}
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return err
	}
	if d.From == 0 || d.From > d.To || d.To > maxNumber || d.Cause == "" {
		return fmt.Errorf("gap from %d to %d for %q", d.From, d.To, d.Cause)
	}
	r.report.Declared[d.Cause] += d.To - d.From + 1
	if d.Lane != "a" && d.Lane != "e" && d.Lane != "t" {
		return nil
	}
	if d.Epoch == "" {
		d.Epoch = e.Epoch
	}
	r.store.track(key{m.Device, d.Epoch, d.Lane}).declare(span{d.From, d.To})
	return nil
}

// storeReset ends an epoch: what of it has not come by now will come as salvaged records or never.
func (r *Receiver) storeReset(m Message, e *envelope) error {
	var d struct {
		Epoch string `json:"epoch"`
	}
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return err
	}
	r.report.StoreResets++
	for k, t := range r.store.tracks {
		if k.device == m.Device && k.epoch != e.Epoch && (d.Epoch == "" || k.epoch == d.Epoch) {
			t.closed = true
		}
	}
	return nil
}

func (r *Receiver) answer(e *envelope) error {
	var d struct {
		ID    string `json:"id"`
		State string `json:"state"`
	}
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return err
	}
	if d.ID == "" || d.State == "" {
		return fmt.Errorf("answer without id or state")
	}
	was := r.report.Commands[d.ID]
	switch {
	case !isEnd(was):
		r.report.Commands[d.ID] = d.State
	case isEnd(d.State) && d.State != was: // What came before the end may come again after it.
		return fmt.Errorf("command %s ended as %s and as %s", d.ID, was, d.State)
	}
	return nil
}

// watchStalls asks again for numbers that have kept a watermark down for long.
func (r *Receiver) watchStalls() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for k, t := range r.store.tracks {
		d := r.devices[k.device]
		if d == nil || t.closed || t.hw >= t.top {
			continue
		}
		s, watched := d.stalls[k]
		if !watched || s.hw != t.hw {
			d.stalls[k] = stall{t.hw, now}
			continue
		}
		if now.Sub(s.since) <= stallAfter {
			continue
		}
		d.stalls[k] = stall{t.hw, now}
		r.report.Resends++
		hole := span{t.hw + 1, t.top - 1}
		if len(t.ahead) > 0 {
			hole.to = t.ahead[0].from - 1
		}
		r.send(outgoing{
			d.topic(k.device, wire.DownCmd), r.resend(k, hole, now).JSON(r.o.Source), false,
		})
	}
}

func (r *Receiver) resend(k key, hole span, now time.Time) wire.Command {
	args, _ := json.Marshal(map[string]any{ // Texts and numbers always encode.
		"epoch": k.epoch, "lane": k.lane, "from": hole.from, "to": hole.to,
	})
	return wire.Command{
		ID: "resend-" + strconv.FormatInt(now.UnixMilli(), 36) + "-" + k.lane, Name: "resend",
		Issued: now, Args: args,
	}
}
