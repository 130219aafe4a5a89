package buffer

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// What was acknowledged within a block is gone, also after the block was written anew and read
// again; what a Loss will tell is not told twice; of an epoch that is over all is gone.
func TestGoneIsWhatNobodyHolds(t *testing.T) {
	dir, opt := folder(t), quick()
	o := opened(t, dir, opt)
	for range 20 {
		o.Put(Event, 1, []byte("e"))
	}
	flushed(t, o, Event)
	for _, r := range []Range{{1, 2}, {5, 6}, {9, 9}, {20, 20}} {
		o.Ack(o.Epoch(), Event, r)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o = opened(t, dir, opt)
	epoch := o.Epoch()
	o.Put(Event, 1, make([]byte, maxBody+1)) // number 21 is a loss
	for _, c := range []struct {
		name, epoch string
		r           Range
		most        int
		want        []Range
	}{
		{"all", epoch, Range{1, 1 << 50}, 9, []Range{{1, 2}, {5, 6}, {9, 9}, {20, 20}}},
		{"some", epoch, Range{2, 5}, 9, []Range{{2, 2}, {5, 5}}},
		{"the lowest", epoch, Range{1, 1 << 50}, 2, []Range{{1, 2}, {5, 6}}},
		{"held", epoch, Range{7, 8}, 9, nil},
		{"never given", epoch, Range{22, 99}, 9, nil},
		{"another epoch", "0000cafe", Range{3, 4}, 9, []Range{{3, 4}}},
	} {
		got, known := o.Gone(c.epoch, Event, c.r, c.most)
		if !known || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v %t, want %v", c.name, got, known, c.want)
		}
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

// While numbering goes on in memory, nobody can say what the file has.
func TestNothingIsCalledGoneWithoutTheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opt := quick()
		opt.call = func(string) error { return errors.New("no disk") }
		o := Open(folder(t), opt)
		if _, known := o.Gone("0000cafe", Alarm, Range{1, 9}, 9); known {
			t.Error("known before there is an epoch")
		}
		time.Sleep(epochWait)
		synctest.Wait()
		if _, known := o.Gone("0000cafe", Alarm, Range{1, 9}, 9); known {
			t.Error("known of another epoch, which may be that of the file")
		}
		n := o.Put(Alarm, 1, []byte("fire"))
		o.Ack(o.Epoch(), Alarm, Range{n, n})
		if got, known := o.Gone(o.Epoch(), Alarm, Range{1, 9}, 9); !known || len(got) != 1 {
			t.Errorf("of its own epoch: got %v %t, want number 1", got, known)
		}
		_ = o.Close()
	})
}
