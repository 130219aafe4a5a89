package alarm

import "time"

// Date is a day, counted from 1970-01-01 in the site's own time zone. Zero: the date is not known,
// or the clock is not to be believed. No alarm depends on it: calendar duties do, and wait.
type Date int32

// String is the day as messages write it, such as 2026-05-31; empty when it is not known.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly)
}
