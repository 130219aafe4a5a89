package wire

import "strconv"

// LanePanel is the lane of a Gap that counts events of the panel: they were lost before they got a
// number of a lane, so no watermark moves.
const LanePanel = "panel"

// The causes of a gap that this side gives.
const (
	CauseEvicted     = "evicted"
	CauseQuarantined = "quarantined"
	CauseLease       = "lease"
	CauseDroppedRAM  = "dropped_ram"
	CauseDeleted     = "deleted" // released before they were asked for again
)

// Gap says that numbers will never come, and why.
type Gap struct {
	Epoch    string // of the numbers; empty: the current one
	Lane     string // "a", "e", "t" or LanePanel
	From, To uint64 // inclusive
	Cause    string
	Given    uint64 // of CauseLease on a and e: how many of the numbers are known to have been used
	Detail   string // for the technician
}

// GapBody is the stored body of a Gap; it belongs on the alarm lane.
func GapBody(g Gap) []byte {
	d := struct {
		Epoch  string  `json:"epoch,omitempty"`
		Lane   string  `json:"lane"`
		From   uint64  `json:"from"`
		To     uint64  `json:"to"`
		Cause  string  `json:"cause"`
		Given  *uint64 `json:"given,omitempty"`
		Detail string  `json:"detail,omitempty"`
	}{g.Epoch, g.Lane, g.From, g.To, g.Cause, nil, g.Detail}
	if g.Cause == CauseLease && g.Lane != "t" {
		d.Given = &g.Given
	}
	subject := g.Lane + ":" + strconv.FormatUint(g.From, 10) + "-" + strconv.FormatUint(g.To, 10)
	return body(TypeGap, subject, 0, d)
}

// StoreReset says that the store was made anew: numbers begin at 1 in a new epoch.
type StoreReset struct {
	Epoch        string // the old one; empty: unreadable
	Salvaged     uint64 // records that were saved; they come again as records of the new epoch
	LostEstimate uint64
	Cause        string
}

// StoreResetBody is the stored body of a StoreReset; it belongs on the alarm lane.
func StoreResetBody(r StoreReset) []byte {
	return body(TypeStoreReset, r.Epoch, 0, struct {
		Epoch        string `json:"epoch,omitempty"`
		Salvaged     uint64 `json:"salvaged"`
		LostEstimate uint64 `json:"lost_estimate"`
		Cause        string `json:"cause,omitempty"`
	}{r.Epoch, r.Salvaged, r.LostEstimate, r.Cause})
}
