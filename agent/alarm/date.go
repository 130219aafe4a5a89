package alarm

// Date is a day, counted from 1970-01-01 in the site's own time zone. Zero: the date is not known,
// or the clock is not to be believed. No alarm depends on it: calendar duties do, and wait.
type Date int32
