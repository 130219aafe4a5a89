package buffer

import "slices"

// The causes of a Loss.
const (
	CauseEvicted     = "evicted"     // dropped from the full store
	CauseQuarantined = "quarantined" // set aside by the courier
	CauseLease       = "lease"       // given out before a crash, or never used
	CauseDroppedRAM  = "dropped_ram" // dropped before the disk could take it
	CauseStoreReset  = "store_reset" // lost with a damaged store
)

// A Loss says what will not come: numbers of a lane, or what went with a store. It stays pending,
// over restarts, until Declare has put the news of it on the alarm lane. A range may cover
// numbers that were delivered; it never leaves out one that was not.
type Loss struct {
	Epoch string
	Lane  Lane
	Range
	Cause        string
	Salvaged     uint64 // of a store_reset: numbers that came over
	LostEstimate uint64 // of a store_reset: numbers that are thought to have gone
	Detail       string
}

// maxLosses is how many separate ranges of one lane and cause are kept. Beyond it they are
// joined, with what lies between.
const maxLosses = 16

// maxPending bounds the whole list.
const maxPending = 256

func (l *Loss) sameKind(o *Loss) bool {
	return l.Epoch == o.Epoch && l.Lane == o.Lane && l.Cause == o.Cause
}

// addLoss joins l to the list. A store_reset stands for itself.
func addLoss(list []Loss, l Loss) []Loss {
	same, nearest := 0, -1
	for i := range list {
		if l.Cause == CauseStoreReset || !list[i].sameKind(&l) {
			continue
		}
		if list[i].From <= l.To+1 && l.From <= list[i].To+1 {
			list[i].From, list[i].To = min(list[i].From, l.From), max(list[i].To, l.To)
			return list
		}
		same, nearest = same+1, i
	}
	if same >= maxLosses {
		list[nearest].From = min(list[nearest].From, l.From)
		list[nearest].To = max(list[nearest].To, l.To)
		return list
	}
	for len(list) >= maxPending {
		list = foldOldest(list)
	}
	return append(list, l)
}

// foldOldest makes room in a list that nobody declares: the two oldest entries become one that
// only counts.
func foldOldest(list []Loss) []Loss {
	sum := Loss{Epoch: list[0].Epoch, Lane: list[0].Lane, Cause: CauseStoreReset,
		Detail: "too many separate losses"}
	for _, l := range list[:2] {
		sum.Salvaged += l.Salvaged
		sum.LostEstimate += l.LostEstimate
		if l.To != 0 {
			sum.LostEstimate += l.To - l.From + 1
		}
	}
	return slices.Replace(list, 0, 2, sum)
}

// forgetLoss takes what d declared off the list. A loss that has grown since keeps the rest.
func forgetLoss(list []Loss, d Loss) []Loss {
	var rest []Loss
	for _, l := range list {
		switch {
		case l == d:
		case l.Cause == CauseStoreReset || !l.sameKind(&d) || l.To < d.From || d.To < l.From:
			rest = append(rest, l)
		default:
			if l.From < d.From {
				head := l
				head.To = d.From - 1
				rest = append(rest, head)
			}
			if l.To > d.To {
				l.From = d.To + 1
				rest = append(rest, l)
			}
		}
	}
	return rest
}

// lossesChanged has the disk hear of it. The caller holds the lock.
func (o *Outbox) lossesChanged() {
	o.lossSeq++
	if o.lossDue.IsZero() {
		o.lossDue = o.now().Add(lossDelay)
	}
}

// Losses returns what was dropped and not yet declared.
func (o *Outbox) Losses() []Loss {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.epoch == "" {
		return nil // numbers are not final
	}
	return slices.Clone(o.losses)
}

// Declare puts body, which tells of losses, on the alarm lane and forgets them; on the disk both
// happen in one commit. It returns the number of body, and like Put never waits.
func (o *Outbox) Declare(body []byte, losses []Loss) uint64 {
	return o.put(Alarm, 1, body, slices.Clone(losses))
}
