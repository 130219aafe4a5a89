package site

import (
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
)

// delayKeys belong to every limit.
var delayKeys = []string{"confirm", "release", "hysteresis", "window"}

// confirm is how long a limit must be passed; usual is its value while the file is silent.
func (r *rule) confirm(s *section, strict detect.Level, usual time.Duration) time.Duration {
	return s.duration("confirm", "5 s", r.class.least, r.longestConfirm(strict), usual)
}

// longestConfirm bounds the confirm of a limit by what it delays.
func (r *rule) longestConfirm(l detect.Level) time.Duration {
	most := longestConfirm(r.class.signal, l)
	if r.class.longest > 0 {
		return min(most, r.class.longest)
	}
	return most
}

func (r *rule) release(s *section) time.Duration {
	return s.duration("release", "10 s", 0, time.Hour, usualRelease)
}

// window is the time over which a rise is seen.
func (r *rule) window(s *section, usual time.Duration) time.Duration {
	return s.duration("window", "60 s", 10*time.Second, 24*time.Hour, usual)
}

// rate reads the limit of a rise.
func (r *rule) rate(s *section, l *limit, f feed) bool {
	q := f.channel.Quantity
	written, ok := s.withUnit(l.key, q.Text(example(q))+"/min")
	if !ok {
		return false
	}
	v, per, err := parseRate(q, written)
	if err != nil {
		s.wrong(l.key, "%s %v", l.key, err)
		return false
	}
	l.Limit, l.Per, l.Hysteresis = v, per, usualHysteresis(v)
	return true
}

// usualHysteresis is a twentieth of the limit: enough against noise, too little to hide anything.
func usualHysteresis(limit int64) int64 {
	return max(limit, -limit) / 20
}

// deadband is the usual hysteresis of a limit: a share of the span where the class says so, but
// never so much that a value could not come back.
func (r *rule) deadband(f feed, limit int64) int64 {
	span := f.channel.Max - f.channel.Min
	if r.class.deadband == 0 || span <= 0 {
		return usualHysteresis(limit)
	}
	return min(span*r.class.deadband/100, max(limit, -limit)/2)
}

// usualRelease is how long a value must be back before a condition ends.
const usualRelease = 10 * time.Second

// delays checks what belongs to the limits of a section, whether or not a limit has read it.
func (r *rule) delays(s *section, longest time.Duration) {
	s.duration("confirm", "5 s", min(r.class.least, longest), longest, 0)
	r.release(s)
	r.window(s, 0)
	if s.told["hysteresis"] {
		return
	}
	if len(r.feeds) == 1 && !r.unseen && isMeasured(r.feeds[0].channel.Quantity) {
		r.hysteresis(s, r.feeds[0].channel.Quantity)
		return
	}
	s.anyMeasure("hysteresis", r.likely(), "")
}

// longest bounds the confirm that stands in the point itself, by what it delays.
func (r *rule) longest(record bool) time.Duration {
	strict, given := r.strictest()
	isContact := len(r.feeds) == 1 && r.feeds[0].channel.Quantity == drivers.Contact
	switch {
	case given && !isContact:
		return r.longestConfirm(strict)
	case record || r.has("when"): // it delays nothing
		return longestConfirm(alarm.Supervisory, detect.Normal)
	}
	return r.longestConfirm(detect.Alarm)
}
