package buffer

// Stats is the state of the outbox at one moment.
type Stats struct {
	Lane         [laneCount]LaneStats // by Lane
	BytesWritten uint64               // to the file since Open, pages and all
	Commits      uint64
	Err          string // the disk's last error; empty while it works
	RAM          bool   // the file is not open: what comes now is in memory alone
}

// LaneStats is the state of one lane.
type LaneStats struct {
	Held      uint64 // numbers that are not acknowledged
	HeldBytes int64
	Oldest    Stamp  // of what is held; zero when nothing is
	Dropped   uint64 // numbers lost to a full lane, over restarts
}

// Stats returns the state of this moment.
func (o *Outbox) Stats() Stats {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := Stats{BytesWritten: o.written, Commits: o.commits, RAM: !o.attached}
	if o.err != nil {
		s.Err = o.err.Error()
	}
	for l := range o.lanes {
		ln := &o.lanes[l]
		st := &s.Lane[l]
		st.Held, st.HeldBytes = ln.held()
		st.Dropped = ln.dropped
		if len(ln.win) > 0 {
			st.Oldest = ln.win[0].At
		}
		for _, b := range ln.disk {
			if b.From < ln.low() && !ln.acked.covers(b.Range) {
				st.Oldest = b.at
				break
			}
		}
	}
	return s
}
