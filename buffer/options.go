package buffer

import (
	"log/slog"
	"time"

	"go.etcd.io/bbolt"
)

// Options are what the outbox needs from its owner. The zero value works.
type Options struct {
	// Stamp is asked at each Put and must not block; nil: zero stamps.
	Stamp func() Stamp

	// Log gets changes of the disk's state; nil: silent.
	Log *slog.Logger

	// Notice hears of faults as they begin and end, from one goroutine at a time. It must not
	// block; nil: nobody hears.
	Notice func(code string, on bool, detail string)

	MaxBytes int64 // cap of the file, 8 to 64 MB; 0: 40 MB, for three days of 20 points

	// Memory bounds each lane in memory; zero: 1, 1 and 4 MB. Disk bounds it in the file; zero:
	// 1/8, 1/8 and 5/8 of MaxBytes. Alarms may use what the others leave.
	Memory, Disk [laneCount]Limit

	// Delay is the time from Put to disk, unless acknowledged before; zero: 5 ms, 1 s and 30 s.
	Delay [laneCount]time.Duration

	// Retry is the time between attempts to open the file; 0: 5 min.
	Retry time.Duration

	// Telemetry is not written while less than MinFree bytes or MinShare percent of the file
	// system are free; 0: 64 MB and 10, negative: 0. Statfs tells; nil: the system.
	MinFree, MinShare int64
	Statfs            func(dir string) (free, total int64, err error)

	// Commit ends each transaction; nil: (*bbolt.Tx).Commit. Tests stall it or let it fail.
	Commit func(*bbolt.Tx) error

	call func(name string) error // before each disk call but the commit; its error is the call's
}

// Codes of notices. Each is said once when it begins and once when it ends.
const (
	StorageFailed = "storage_failed" // the disk does not work; records are in memory alone
	StorageFull   = "storage_full"   // there is no room; what matters least is in memory alone
	StorageSlow   = "storage_slow"   // the disk takes seconds
)

func (o Options) withDefaults() Options {
	if o.Stamp == nil {
		o.Stamp = func() Stamp { return Stamp{} }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Notice == nil {
		o.Notice = func(string, bool, string) {}
	}
	if o.Statfs == nil {
		o.Statfs = statfs
	}
	o.MaxBytes = min(max(orElse(o.MaxBytes, 40<<20), 8<<20), 64<<20)
	o.Retry = orElse(o.Retry, 5*time.Minute)
	o.MinFree = max(orElse(o.MinFree, 64<<20), 0)
	o.MinShare = max(orElse(o.MinShare, 10), 0)
	for l := range laneCount {
		memory := [...]Limit{{1 << 20, 4096}, {1 << 20, 4096}, {4 << 20, 16384}}[l]
		eighths := [...]int64{1, 1, 5}[l] // the last eighth is room to change pages in
		blocks := [...]int{8192, 8192, 20480}[l]
		delay := [...]time.Duration{5 * time.Millisecond, time.Second, 30 * time.Second}[l]
		o.Memory[l] = orElse(o.Memory[l], memory)
		o.Disk[l] = orElse(o.Disk[l], Limit{o.MaxBytes / 8 * eighths, blocks})
		o.Delay[l] = orElse(o.Delay[l], delay)
	}
	if o.call == nil {
		o.call = func(string) error { return nil }
	}
	if o.Commit == nil {
		o.Commit = (*bbolt.Tx).Commit
	}
	return o
}

// orElse returns v, or instead when v is zero.
func orElse[T comparable](v, instead T) T {
	var zero T
	if v == zero {
		return instead
	}
	return v
}
