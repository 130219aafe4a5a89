package guard

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// A closure that ends before the guard looks is not lost, and nothing is made up from edges alone.
func TestShortClosureIsNotOverwritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, c := &script{}, newContactPart()
		h := run(t, Config{Panel: p, Sensors: []Sensor{
			{Name: "button", Open: openOnce(c), Feeds: []Feed{{Point: "button"}}},
		}})
		time.Sleep(time.Second)
		h.settle()
		before := len(p.readings("button"))
		_ = h.Submit(alarm.Command{}) // a step now: the next one is 10 ms away
		synctest.Wait()
		for _, level := range []int64{1, 0, 1, 0} {
			c.press(level)
			time.Sleep(2 * time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond)
		var got []int64
		for _, r := range p.readings("button")[before:] {
			got = append(got, r.Sample.Value)
		}
		if !slices.Equal(got, []int64{1, 0}) {
			t.Errorf("got the levels %v, want 1, 0", got)
		}
		before = len(p.readings("button"))
		for range 20 {
			c.edges <- struct{}{} // edges without a level that lasts
		}
		time.Sleep(time.Second)
		for _, r := range p.readings("button")[before:] {
			if r.Sample.Value != 0 {
				t.Errorf("got %+v out of edges", r)
			}
		}
	})
}

// A contact is read four times a second without an edge, and a line that never rests costs no more
// than a thousand looks a second.
func TestContactIsReadOftenAndNotTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, c := &script{}, newContactPart()
		run(t, Config{Panel: p, Sensors: []Sensor{
			{Name: "button", Open: openOnce(c), Feeds: []Feed{{Point: "button"}}},
		}})
		time.Sleep(10*time.Second + time.Millisecond)
		if n := len(p.readings("button")); n != 40 && n != 41 {
			t.Errorf("got %d readings in 10 s, want 40", n)
		}
		began := time.Now()
		for range 1000 {
			c.edges <- struct{}{}
		}
		if took := time.Since(began); took < 900*time.Millisecond {
			t.Errorf("got 1000 edges looked at within %v, want about a second", took)
		}
	})
}

// A contact that cannot be read is told as bad readings, and read again within 2 s once it can be.
func TestContactThatFailsIsToldAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, c := &script{}, newContactPart()
		run(t, Config{Panel: p, Sensors: []Sensor{
			{Name: "button", Open: openOnce(c), Feeds: []Feed{{Point: "button"}}},
		}})
		time.Sleep(time.Second)
		c.fail(errBus)
		time.Sleep(30 * time.Second)
		all := p.readings("button")
		if last := all[len(all)-1]; last.Quality != point.Bad || last.Reason != point.NoDevice {
			t.Errorf("got %+v, want a bad reading", last)
		}
		c.fail(nil)
		time.Sleep(2 * time.Second)
		all = p.readings("button")
		if last := all[len(all)-1]; last.Quality != point.Good {
			t.Errorf("got %+v, want a good reading", last)
		}
	})
}

// A line that is gone from the board is opened anew at every try.
func TestGoneLineIsOpenedAtEachTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, gone, opens := &script{}, newContactPart(), 0
		gone.err = fmt.Errorf("line GPIO17: %w", syscall.ENODEV)
		run(t, Config{Panel: p, Sensors: []Sensor{{
			Name: "button", Feeds: []Feed{{Point: "button"}},
			Open: func() (drivers.Sensor, error) {
				if opens++; opens < 3 {
					return gone, nil
				}
				return newContactPart(), nil
			},
		}}})
		time.Sleep(2 * time.Second)
		all := p.readings("button")
		if last := all[len(all)-1]; opens != 3 || last.Quality != point.Good {
			t.Errorf("got %+v after %d openings, want it good after 3", last, opens)
		}
	})
}

// A contact whose line has no interrupts is told by the stats.
func TestDeafContactIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := run(t, Config{Panel: &script{}, Sensors: []Sensor{
			{Name: "deaf", Open: openOnce(&deafContact{newContactPart()})},
			{Name: "button", Open: openOnce(newContactPart())},
		}})
		time.Sleep(time.Second)
		if s := h.Stats().Buses; !s[0].Polled || s[1].Polled {
			t.Errorf("got %+v, want the first one polled", s)
		}
	})
}

type deafContact struct{ *contactPart }

func (deafContact) Interrupts() bool { return false }
