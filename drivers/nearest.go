package drivers

// Nearest divides to the nearest whole number, and halves away from zero, so that a value and its
// negative are equally far from zero. The divisor is above zero.
func Nearest(product, divisor int64) int64 {
	if product < 0 {
		return (product - divisor/2) / divisor
	}
	return (product + divisor/2) / divisor
}
