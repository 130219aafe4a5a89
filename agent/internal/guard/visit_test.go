package guard

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// However many visits wait, each sensor of the bus is begun and read at its moment.
func TestVisitsMakeNoReadingLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newDiary()
		s := &spot{name: "a", wait: 30 * time.Millisecond, log: log}
		g := run(t, Config{Panel: &script{}, Sensors: []Sensor{
			{Name: "a", Bus: "i2c:i2c-1", Open: openOnce(s), Period: 100 * time.Millisecond},
		}})
		ctx, stop := context.WithTimeout(t.Context(), 450*time.Millisecond)
		defer stop()
		visits := 0
		for ctx.Err() == nil {
			if g.Visit(ctx, "i2c:i2c-1", func() { time.Sleep(3 * time.Millisecond) }) == nil {
				visits++
			}
		}
		if got, want := log.times("a start"), ms(0, 100, 200, 300, 400); !slices.Equal(got, want) {
			t.Errorf("got starts at %v, want %v", got, want)
		}
		if got, want := log.times("a read"), ms(30, 130, 230, 330, 430); !slices.Equal(got, want) {
			t.Errorf("got reads at %v, want %v", got, want)
		}
		if visits < 50 {
			t.Errorf("only %d visits were let in", visits)
		}
	})
}

// A visit that hangs is left behind at the end of its time, and one to a bus of no sensor is told.
func TestVisitComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newDiary()
		s := &spot{name: "a", log: log}
		g := run(t, Config{Panel: &script{}, Sensors: []Sensor{
			{Name: "a", Bus: "i2c:i2c-1", Open: openOnce(s), Period: time.Second},
		}})
		if err := g.Visit(t.Context(), "i2c:i2c-7", func() {}); !errors.Is(err, ErrNoBus) {
			t.Errorf("got %v, want ErrNoBus", err)
		}
		hang := make(chan struct{})
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		err := g.Visit(ctx, "i2c:i2c-1", func() { <-hang })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of its time", err)
		}
		close(hang)
	})
}
