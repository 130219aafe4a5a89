package diag

import (
	"fmt"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// BenchmarkMessage is what one page that is open costs once a second, by the size of the site.
func BenchmarkMessage(b *testing.B) {
	for _, n := range []int{20, 500} {
		s := quiet()
		s.Panel.Points = nil
		for i := range n {
			s.Panel.Points = append(s.Panel.Points, alarm.PointState{
				ID: point.ID(fmt.Sprint("p-", i)), Name: "厨房温感 Heat", Zone: "kitchen",
				Channels: []alarm.ChannelState{{
					Quantity: drivers.Temperature, Value: 23_400, Seen: true, Quality: point.Good,
				}},
			})
		}
		p := newPages(sourceOf(s), func() time.Time { return made })
		for name, shown := range map[string]*tab{"head": nil, "points": &tabs()[1]} {
			b.Run(fmt.Sprintf("%s/%d points", name, n), func(b *testing.B) {
				for b.Loop() {
					b.ReportMetric(float64(len(p.message(s, true, shown))), "B/message")
				}
			})
		}
	}
}
