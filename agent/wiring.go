package agent

import (
	"fmt"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

// wireSensors joins each sensor of the site file with its model and the board. It opens nothing.
func wireSensors(s *site.Site, b catalog.Board) ([]guard.Sensor, error) {
	models := catalog.Sensors()
	urgent := urgentPoints(s.Plan())
	var wired []guard.Sensor
	for _, v := range s.Sensors {
		m, ok := models[v.Model]
		if !ok {
			return nil, fmt.Errorf("sensor %q: model %q is not in the catalog", v.Name, v.Model)
		}
		channels := m.Descriptor.Channels
		if m.Channels != nil {
			var err error
			if channels, err = m.Channels(v.Options); err != nil {
				return nil, fmt.Errorf("sensor %q: %w", v.Name, err)
			}
		}
		w := guard.Sensor{
			Name: v.Name, Period: v.Period, WarmUp: m.Descriptor.WarmUp,
			Open: func() (drivers.Sensor, error) { return m.Open(b, v.Options) },
		}
		if m.Place != nil {
			w.Bus, w.Chip = m.Place(v.Options)
		}
		for _, f := range v.Feeds {
			if int(f.Channel) >= len(channels) {
				return nil, fmt.Errorf("sensor %q: it has no channel %d", v.Name, f.Channel)
			}
			w.Feeds = append(w.Feeds, guard.Feed{
				Point: f.Point, Channel: f.Channel, Quantity: channels[f.Channel].Quantity,
			})
			w.Urgent = w.Urgent || urgent[f.Point]
		}
		wired = append(wired, w)
	}
	return wired, nil
}

// urgentPoints are those whose sensors are read before others: where an alarm can save a life.
func urgentPoints(p alarm.Plan) map[point.ID]bool {
	urgent := make(map[point.ID]bool)
	for i := range p.Points {
		if p.Points[i].Signal.IsLifeSafety() {
			urgent[p.Points[i].ID] = true
		}
	}
	return urgent
}

// wireOutputs joins each output of the site file with its model and the board. It opens nothing.
func wireOutputs(s *site.Site, b catalog.Board) ([]guard.Output, error) {
	models := catalog.Outputs()
	kinds := make(map[alarm.OutputID]alarm.OutputKind)
	for _, o := range s.Plan().Outputs {
		kinds[o.ID] = o.Kind
	}
	var wired []guard.Output
	for _, v := range s.Outputs {
		m, ok := models[v.Model]
		if !ok {
			return nil, fmt.Errorf("output %q: model %q is not in the catalog", v.ID, v.Model)
		}
		wired = append(wired, guard.Output{
			ID: v.ID, Keep: v.Keep, Alarm: kinds[v.ID] == alarm.Sounder,
			Open: func(on bool) (drivers.Output, error) { return m.Open(b, v.Options, on) },
		})
	}
	return wired, nil
}
