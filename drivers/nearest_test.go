package drivers_test

import (
	"testing"

	"github.com/firepost/firepost/drivers"
)

// A value and its negative are rounded alike, and a half goes away from zero.
func TestNearestIsTheSameOnBothSidesOfZero(t *testing.T) {
	for _, c := range []struct{ product, divisor, want int64 }{
		{0, 1, 0}, {7, 1, 7}, {4, 10, 0}, {5, 10, 1}, {14, 10, 1}, {15, 10, 2}, {16, 10, 2},
		{20, 10, 2}, {1, 3, 0}, {2, 3, 1}, {4, 3, 1}, {5, 3, 2},
		{1 << 60, 1 << 20, 1 << 40}, {1<<60 + 1<<19, 1 << 20, 1<<40 + 1},
	} {
		if got := drivers.Nearest(c.product, c.divisor); got != c.want {
			t.Errorf("%d by %d: got %d, want %d", c.product, c.divisor, got, c.want)
		}
		if got := drivers.Nearest(-c.product, c.divisor); got != -c.want {
			t.Errorf("%d by %d: got %d, want %d", -c.product, c.divisor, got, -c.want)
		}
	}
}
