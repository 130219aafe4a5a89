package agent

import (
	"github.com/firepost/firepost/agent/internal/keeper"
	"github.com/firepost/firepost/agent/point"
)

// Remembered names the points that were in alarm when the agent of the state directory dir last
// ran. The error says what could not be read; then nobody knows.
func Remembered(dir string) (inAlarm []point.ID, err error) {
	_, saved, err := keeper.Open(dir, keeper.Options{})
	for _, a := range saved.Alarms {
		inAlarm = append(inAlarm, a.Point)
	}
	return inAlarm, err
}
