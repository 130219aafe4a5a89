package diag

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// gauges fills a set of metrics from one Status.
type gauges struct{ set *metrics.Set }

// put sets one metric. labels are names and values in turn.
func (g gauges) put(name string, value float64, labels ...string) {
	var b strings.Builder
	b.WriteString("firepost_" + name)
	for i := 0; i+1 < len(labels); i += 2 {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(labels[i] + `="` + label(labels[i+1]) + `"`)
	}
	if len(labels) > 0 {
		b.WriteByte('}')
	}
	g.set.GetOrCreateGauge(b.String(), nil).Set(value)
}

// label is a text that can stand as the value of a label: a name of a bus is whatever the site
// file says.
func label(s string) string {
	return strings.Map(func(c rune) rune {
		switch c {
		case '"', '\\', '\n', '{', '}', ',', '=':
			return '_'
		}
		return c
	}, s)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (p *Pages) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	var body bytes.Buffer
	writeMetrics(&body, p.src.Status(), p.now())
	send(w, "text/plain; version=0.0.4; charset=utf-8", body.Bytes())
}

// writeMetrics writes s in the text form of Prometheus. A value that cannot be believed is absent,
// never zero.
func writeMetrics(body *bytes.Buffer, s *Status, now time.Time) {
	g := gauges{metrics.NewSet()}
	g.put("alive", truth(s.alive(now)))
	if s != nil {
		g.panel(s)
		g.guard(s)
		g.line(s)
		g.rest(s)
	}
	g.set.WritePrometheus(body)
}

func (g gauges) panel(s *Status) {
	if s.Panel == nil {
		return
	}
	counts := map[alarm.Signal]int{}
	for _, a := range s.Panel.Alarms {
		if a.Finding.Level >= detect.Alarm && !a.Drill {
			counts[a.Signal]++
		}
	}
	for _, signal := range alarm.Signals() {
		g.put("alarm_active", float64(counts[signal]), "signal", signal.String())
	}
	g.put("faults", float64(len(s.Panel.Faults)))
	for _, f := range s.Panel.Faults {
		g.put("fault_active", 1, "fault", string(f.Fault), "point", string(f.Point))
	}
	g.put("silenced", truth(s.Panel.Silenced))
	g.put("drill", truth(s.Panel.Drill != nil && s.Panel.Drill.Running))
	g.put("walk_test", truth(s.Panel.Test != nil && s.Panel.Test.Running))
	g.put("events_total", float64(s.Panel.LastEvent))
	for i := range s.Panel.Points {
		g.point(&s.Panel.Points[i])
	}
	for _, o := range s.Panel.Outputs {
		g.put("output_playing", truth(o.Pattern != alarm.Off), "output", string(o.ID))
	}
	g.duties(&s.Panel.Duties)
}

func (g gauges) point(p *alarm.PointState) {
	id := string(p.ID)
	g.put("point_level", float64(p.Finding.Level), "point", id)
	g.put("point_fault", truth(p.Finding.Fault != ""), "point", id)
	g.put("point_disabled", truth(p.Disabled > 0), "point", id)
	for _, c := range p.Channels {
		q := c.Quantity.String()
		g.put("point_good", truth(c.Quality == point.Good), "point", id, "quantity", q)
		if !c.Seen || c.Quality == point.Bad {
			continue
		}
		unit, value := "", float64(c.Value)
		if units := c.Quantity.Units(); len(units) > 0 {
			unit, value = units[0].Symbol, value/float64(units[0].Scale)
		}
		g.put("point_value", value, "point", id, "quantity", q, "unit", unit)
	}
}

func (g gauges) guard(s *Status) {
	g.put("steps_total", float64(s.Guard.Steps))
	g.put("step_seconds_max", s.Guard.StepMax.Seconds())
	g.put("step_gap_seconds_max", s.Guard.GapMax.Seconds())
	g.put("commands_refused_total", float64(s.Guard.Refused))
	g.put("notices_lost_total", float64(s.Guard.NoticesLost))
	g.put("log_lines_lost_total", float64(s.Guard.LinesLost))
	g.put("restarts_total", float64(s.Guard.Restarts))
	for _, o := range s.Guard.Outputs {
		id := string(o.ID)
		g.put("output_on", truth(o.On), "output", id)
		g.put("output_failed", truth(o.Err != ""), "output", id)
		g.put("output_sets_total", float64(o.Sets), "output", id)
		g.put("output_set_seconds_max", o.SetMax.Seconds(), "output", id)
	}
	for _, b := range s.Buses {
		g.put("poll_seconds", b.Busy.Seconds(), "bus", b.Name)
		g.put("poll_reads_total", float64(b.Reads), "bus", b.Name)
		g.put("poll_errors_total", float64(b.Errors), "bus", b.Name)
		var sum uint64
		for _, l := range b.Late {
			sum += l.Count
			g.put("poll_late_seconds_bucket", float64(sum), "bus", b.Name, "le", bound(l.Within))
		}
		g.put("poll_late_seconds_count", float64(sum), "bus", b.Name)
		g.put("poll_late_seconds_max", b.LateMax.Seconds(), "bus", b.Name)
	}
}

func bound(within time.Duration) string {
	if within <= 0 {
		return "+Inf"
	}
	return strconv.FormatFloat(within.Seconds(), 'g', -1, 64)
}

func (g gauges) line(s *Status) {
	for _, l := range s.Outbox.Lanes {
		g.put("outbox_held", float64(l.Held), "lane", l.Name)
		g.put("outbox_held_bytes", float64(l.HeldBytes), "lane", l.Name)
		g.put("outbox_dropped_total", float64(l.Dropped), "lane", l.Name)
		g.put("uplink_sent_total", float64(l.Sent), "lane", l.Name)
		g.put("uplink_confirmed_total", float64(l.Confirmed), "lane", l.Name)
	}
	g.put("outbox_written_bytes_total", float64(s.Outbox.WrittenBytes))
	g.put("outbox_commits_total", float64(s.Outbox.Commits))
	g.put("outbox_memory_only", truth(s.Outbox.MemoryOnly))
	g.put("outbox_failed", truth(s.Outbox.Err != ""))
	g.put("uplink_connected", truth(s.Link.Connected))
	g.put("uplink_tries_total", float64(s.Link.Tries))
	g.put("uplink_in_flight", float64(s.Link.InFlight))
	g.put("uplink_round_trip_seconds", s.Link.RoundTrip.Seconds())
	g.put("uplink_resent_total", float64(s.Link.Resent))
	g.put("uplink_received_total", float64(s.Link.Received))
	g.put("uplink_malformed_total", float64(s.Link.Malformed))
	g.put("uplink_commands_dropped_total", float64(s.Link.Dropped))
	g.put("uplink_given_up_total", float64(s.Link.Given))
}

func (g gauges) rest(s *Status) {
	g.put("simulated", truth(s.Sim))
	g.put("clock_error_seconds", s.Clock.Error.Seconds())
	g.put("clock_info", 1, "quality", s.Clock.Quality)
	g.put("site_info", 1, "site", s.Site.ID, "hash", s.Site.Hash)
	g.put("build_info", 1, "version", s.Build.Version, "go", s.Build.Go, "arch", s.Build.Arch)
	if !s.Identity.Expires.IsZero() {
		g.put("certificate_expires_seconds", float64(s.Identity.Expires.Unix()))
	}
}
