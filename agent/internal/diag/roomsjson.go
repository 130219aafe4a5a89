package diag

import (
	"encoding/hex"
	"strings"
	"time"
)

// The JSON of everything around the panel.
type (
	guardJSON struct {
		Steps       uint64  `json:"steps"`
		StepMax     float64 `json:"step_seconds_max"`
		GapMax      float64 `json:"gap_seconds_max"`
		Refused     uint64  `json:"commands_refused"`
		NoticesLost uint64  `json:"notices_lost"`
		LinesLost   uint64  `json:"log_lines_lost"`
		Restarts    uint64  `json:"restarts"`
	}
	busJSON struct {
		Name    string     `json:"name"`
		Polled  bool       `json:"polled,omitempty"`
		Reads   uint64     `json:"reads"`
		Errors  uint64     `json:"errors"`
		Busy    float64    `json:"busy_seconds"`
		Late    []lateJSON `json:"late"`
		LateMax float64    `json:"late_seconds_max"`
	}
	lateJSON struct {
		Within *float64 `json:"within_seconds,omitempty"`
		Count  uint64   `json:"count"`
	}
	outboxJSON struct {
		Lanes        []laneJSON `json:"lanes"`
		WrittenBytes uint64     `json:"written_bytes"`
		Commits      uint64     `json:"commits"`
		Err          string     `json:"err,omitempty"`
		MemoryOnly   bool       `json:"memory_only"`
	}
	laneJSON struct {
		Name      string     `json:"lane"`
		Held      uint64     `json:"held"`
		HeldBytes int64      `json:"held_bytes"`
		Oldest    *time.Time `json:"oldest,omitempty"`
		Dropped   uint64     `json:"dropped"`
		Sent      uint64     `json:"sent"`
		Confirmed uint64     `json:"confirmed"`
	}
	linkJSON struct {
		Broker    string     `json:"broker,omitempty"`
		Connected bool       `json:"connected"`
		Since     *time.Time `json:"since,omitempty"`
		Tries     uint32     `json:"tries"`
		Class     string     `json:"class,omitempty"`
		Err       string     `json:"err,omitempty"`
		InFlight  int        `json:"in_flight"`
		RoundTrip float64    `json:"round_trip_seconds"`
		Resent    uint64     `json:"resent"`
		Received  uint64     `json:"received"`
		Malformed uint64     `json:"malformed"`
		Dropped   uint64     `json:"commands_dropped"`
		Given     uint64     `json:"given_up"`
	}
	clockJSON struct {
		Now     *time.Time `json:"now,omitempty"`
		Quality string     `json:"quality"`
		Error   float64    `json:"error_seconds"`
	}
	identityJSON struct {
		State   string     `json:"state"`
		Device  string     `json:"device,omitempty"`
		Tenant  string     `json:"tenant,omitempty"`
		Expires *time.Time `json:"expires,omitempty"`
		Err     string     `json:"err,omitempty"`
	}
	faceJSON struct {
		URL         string `json:"url"`
		Open        bool   `json:"open"`
		Fingerprint string `json:"certificate_sha256,omitempty"`
	}
	buildJSON struct {
		Version string `json:"version"`
		Go      string `json:"go"`
		Arch    string `json:"arch"`
	}
)

func (j *statusJSON) rooms(s *Status) {
	g := s.Guard
	j.Guard = guardJSON{
		Steps: g.Steps, StepMax: g.StepMax.Seconds(), GapMax: g.GapMax.Seconds(),
		Refused: g.Refused, NoticesLost: g.NoticesLost, LinesLost: g.LinesLost,
		Restarts: g.Restarts,
	}
	for _, b := range s.Buses {
		j.Buses = append(j.Buses, newBusJSON(b))
	}
	o := s.Outbox
	j.Outbox = outboxJSON{
		Lanes: []laneJSON{}, WrittenBytes: o.WrittenBytes, Commits: o.Commits, Err: o.Err,
		MemoryOnly: o.MemoryOnly,
	}
	for _, l := range o.Lanes {
		j.Outbox.Lanes = append(j.Outbox.Lanes, laneJSON{
			Name: l.Name, Held: l.Held, HeldBytes: l.HeldBytes, Oldest: moment(l.Oldest),
			Dropped: l.Dropped, Sent: l.Sent, Confirmed: l.Confirmed,
		})
	}
	l := s.Link
	j.Link = linkJSON{
		Broker: l.Broker, Connected: l.Connected, Since: moment(l.Since), Tries: l.Tries,
		Class: l.Class, Err: l.Err, InFlight: l.InFlight, RoundTrip: l.RoundTrip.Seconds(),
		Resent: l.Resent, Received: l.Received, Malformed: l.Malformed, Dropped: l.Dropped,
		Given: l.Given,
	}
	j.Clock = clockJSON{
		Now: moment(s.Clock.Now), Quality: s.Clock.Quality, Error: s.Clock.Error.Seconds(),
	}
	i := s.Identity
	j.Identity = identityJSON{
		State: i.State, Device: i.Device, Tenant: i.Tenant, Expires: moment(i.Expires), Err: i.Err,
	}
	if s.Face.URL != "" {
		j.Page = &faceJSON{URL: s.Face.URL, Open: s.Face.Open, Fingerprint: s.Face.print()}
	}
	j.Build = buildJSON(s.Build)
}

func newBusJSON(b Bus) busJSON {
	j := busJSON{
		Name: b.Name, Polled: b.Polled, Reads: b.Reads, Errors: b.Errors,
		Busy: b.Busy.Seconds(), Late: []lateJSON{}, LateMax: b.LateMax.Seconds(),
	}
	for _, l := range b.Late {
		late := lateJSON{Count: l.Count}
		if l.Within > 0 {
			within := l.Within.Seconds()
			late.Within = &within
		}
		j.Late = append(j.Late, late)
	}
	return j
}

// print is the fingerprint of the certificate, as browsers write it.
func (f *Face) print() string {
	if f.Fingerprint == [32]byte{} {
		return ""
	}
	var b strings.Builder
	for i, x := range f.Fingerprint {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(strings.ToUpper(hex.EncodeToString([]byte{x})))
	}
	return b.String()
}
