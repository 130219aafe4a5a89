// Package buffer is the outbox: it numbers what goes up, keeps it in memory until it is
// acknowledged, and insures it on disk. It must never make a caller wait for the disk, never give
// one number to two records, and never lose anything without a Loss that says so.
//
// Memory comes first. Put, Next and Ack work on a window in memory; one goroutine, which owns the
// file, writes what has not been acknowledged for a while: alarms at once, telemetry after 30 s,
// so that a good line leaves the flash alone. When that goroutine hangs, it hangs alone.
//
// The file is a bbolt store with one bucket. It is verified page by page before bbolt may map it,
// and after each failed commit again. What is damaged is rescued into a new store under a new
// epoch.
//
// Numbers are leased: the file says ahead of use up to where they may go, so that after a crash
// none is given out twice. When the disk does not answer until a lease has run out, the outbox
// goes on with an epoch of this run alone, and returns to the file's when it can. What such a run
// holds in memory goes with it; the notice said so.
package buffer
