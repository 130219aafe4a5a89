package world

import (
	"fmt"
	"hash/fnv"
	"testing"
	"time"
)

// A fire grows with the square of time to 1055 kW at its growth time, and no further than its peak.
func TestFireGrowsWithTheSquareOfTime(t *testing.T) {
	for growth, at := range map[Growth][3]int64{
		Slow: {150, 300, 600}, Medium: {75, 150, 300}, Fast: {38, 75, 150}, UltraFast: {19, 38, 75}} {
		w := New(1)
		r := w.Room("kitchen")
		r.Ignite(growth, 2_000_000)
		for i, want := range []int64{growthPower / 16, growthPower / 4, growthPower} {
			w.Advance(time.Duration(at[i]) * time.Second)
			if got := r.Power(); got < want*95/100 || got > want*105/100 {
				t.Errorf("%v after %d s: got %d W, want %d", time.Duration(growth), at[i], got, want)
			}
		}
		w.Advance(time.Hour)
		if got := r.Power(); got != 2_000_000 {
			t.Errorf("%v: got %d W at the end, want the peak", time.Duration(growth), got)
		}
	}
}

// A medium fire is seen by its smoke before its heat, dries the air, and leaves when it is out;
// through an open door it leaves faster.
func TestFireHeatsSmokesAndLeaves(t *testing.T) {
	var left [2]int64
	for i, door := range []bool{false, true} {
		w := New(1)
		r := w.Room("hall")
		w.At(time.Minute, func() { r.Ignite(Medium, 500_000) })
		w.Advance(time.Minute - Step)
		if r.PM25() > 5_500 || r.Temperature() > 21_030 || r.Temperature() < 20_970 {
			t.Fatalf("before the fire: %d ng/m³, %d m°C", r.PM25(), r.Temperature())
		}
		var smoky, hot time.Duration
		for ; hot == 0 && w.Now() < 10*time.Minute; w.Advance(w.Now() + Step) {
			if smoky == 0 && r.PM25() > 150_000 {
				smoky = w.Now()
			}
			if r.Temperature() > 57_000 {
				hot = w.Now()
			}
		}
		if smoky == 0 || hot == 0 || smoky >= hot || hot > 5*time.Minute {
			t.Errorf("150 µg/m³ at %v, 57 °C at %v", smoky, hot)
		}
		if r.Humidity() > 20_000 {
			t.Errorf("at 57 °C the air has %d m%%RH", r.Humidity())
		}
		r.Extinguish()
		r.SetDoor(door)
		w.Advance(w.Now() + 10*time.Minute)
		if left[i] = r.PM25(); r.Temperature() > 21_200 {
			t.Errorf("ten minutes after: %d m°C", r.Temperature())
		}
		w.Advance(w.Now() + 6*time.Hour)
		if r.PM25() > 5_500 || r.Temperature() > 21_031 {
			t.Errorf("hours after: %d ng/m³, %d m°C", r.PM25(), r.Temperature())
		}
	}
	if left[1]*2 > left[0] {
		t.Errorf("through the open door %d ng/m³ were left, through the closed %d", left[1], left[0])
	}
}

// Steam looks like particles and moistens, and does not heat.
func TestSteamIsNoFire(t *testing.T) {
	w := New(1)
	r := w.Room("bath")
	r.SetSteam(true)
	w.Advance(2 * time.Minute)
	if r.PM25() < 150_000 || r.Humidity() < 90_000 || r.Temperature() > 21_030 {
		t.Errorf("%d ng/m³, %d m%%RH, %d m°C", r.PM25(), r.Humidity(), r.Temperature())
	}
}

// Water rises, falls and does not fall below the floor; contacts and buttons do as people do.
func TestWaterAndPeople(t *testing.T) {
	w := New(1)
	r := w.Room("cellar")
	r.SetLevel(20)
	r.SetRising(500)
	w.Advance(time.Minute)
	if r.Level() != 50 {
		t.Errorf("got %d mm, want 50", r.Level())
	}
	r.SetRising(-5_000)
	w.Advance(2 * time.Minute)
	if r.Level() != 0 {
		t.Errorf("got %d mm, want 0", r.Level())
	}
	var presses []string
	note := func(pressed bool) { presses = append(presses, fmt.Sprint(w.Now(), pressed)) }
	w.Press(3*time.Minute, 2*time.Second, note)
	w.Press(0, 0, note) // in the past: at once
	w.At(3*time.Minute+time.Second, func() { r.SetContact("door", true) })
	w.Advance(3*time.Minute + 500*time.Millisecond)
	if r.Contact("door") || r.Contact("window") {
		t.Error("a contact changed before its time")
	}
	w.Advance(4 * time.Minute)
	want := "[2m0s true 3m0s true 3m2s false]"
	if got := fmt.Sprint(presses); got != want || !r.Contact("door") {
		t.Errorf("got %s, door %v; want %s", got, r.Contact("door"), want)
	}
}

// One seed gives one world, whatever else is in it and however often it is looked at: the sum over
// an hour is the same on every processor.
func TestWorldIsDeterministic(t *testing.T) {
	sum := func(seed uint64, step time.Duration, others int) uint64 {
		w := New(seed)
		for i := range others {
			w.Room(fmt.Sprint("other ", i))
		}
		r := w.Room("kitchen")
		w.At(5*time.Minute, func() { r.Ignite(Fast, 800_000) })
		w.At(9*time.Minute, func() { r.Extinguish() })
		h := fnv.New64a()
		for at := time.Duration(0); at <= time.Hour; at += step {
			w.Advance(at)
			if at%time.Minute == 0 {
				fmt.Fprintln(h, r.Temperature(), r.PM25(), r.Humidity())
			}
		}
		return h.Sum64()
	}
	const want = 0x83d09b368ab5a83f
	first := sum(42, time.Second, 0)
	if first != want {
		t.Errorf("got %#x, want %#x", first, uint64(want))
	}
	if sum(42, time.Minute, 3) != first {
		t.Error("other rooms, or how often one looks, changed the world")
	}
	if sum(43, time.Second, 0) == first {
		t.Error("another seed gave the same world")
	}
}
