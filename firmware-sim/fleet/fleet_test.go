package fleet

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/district"
	"github.com/firepost/firepost/provisioning"
)

// Each station is one of its own: what one alarms, it alarms, and the district misses nothing. A
// fleet of the same folder is the same stations.
func TestStationsAreEachTheirOwn(t *testing.T) {
	b, err := district.OpenBroker("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	r := district.NewReceiver(district.Options{Hello: wire.Hello{Receipt: true, Spread: 1}})
	if err := b.Attach(r); err != nil {
		t.Fatal(err)
	}
	o := Options{N: 3, Dir: t.TempDir(), District: provisioning.District{
		Tenant: "fleet", Brokers: []string{b.URL()}, Insecure: true,
	}}
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { b.Serve(ctx, r) }) //nolint:errcheck // it ends with ctx
	work.Go(func() {
		if err := f.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	defer work.Wait()
	defer cancel()
	await(t, r, func(rep district.Report) bool { return len(rep.Online) == o.N })
	f.Press(1, true)
	await(t, r, func(rep district.Report) bool { return len(rep.Raises) == 1 })
	f.Press(1, false)
	rep := r.Report()
	for _, id := range f.IDs() {
		if !rep.Online[id] {
			t.Errorf("%s is not online", id)
		}
	}
	for _, raise := range rep.Raises {
		if raise.Point != "call-1" {
			t.Errorf("%s alarms, and call-1 was pressed", raise.Point)
		}
	}
	cancel()
	work.Wait()
	again, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range again.IDs() {
		if id != f.IDs()[i] {
			t.Errorf("station %d was %s and is %s", i, f.IDs()[i], id)
		}
	}
}

// await looks twenty times a second, as long as a busy machine may need.
func await(t *testing.T, r *district.Receiver, ok func(district.Report) bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if ok(r.Report()) {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	t.Fatalf("after a minute: %+v", r.Report())
}
