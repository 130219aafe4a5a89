package chip

// crc is the checksum of the Sensirion parts: polynomial 0x31, initial value 0xFF, nothing
// reflected, nothing inverted; BE EF gives 92 (Sensirion's datasheets, chapter on the checksum).
func crc(data ...byte) byte {
	sum := byte(0xFF)
	for _, b := range data {
		sum ^= b
		for range 8 {
			carry := sum&0x80 != 0
			sum <<= 1
			if carry {
				sum ^= 0x31
			}
		}
	}
	return sum
}

// seal puts its checksum behind each word.
func seal(words []uint16) []byte {
	out := make([]byte, 0, 3*len(words))
	for _, w := range words {
		hi, lo := byte(w>>8), byte(w)
		out = append(out, hi, lo, crc(hi, lo))
	}
	return out
}

// text packs ASCII into words, with zeros at the end.
func text(s string, words int) []uint16 {
	out := make([]uint16, words)
	for i := range min(len(s), 2*words) {
		out[i/2] |= uint16(s[i]) << (8 * (1 - i%2))
	}
	return out
}

// scaled is value·numerator/denominator, rounded to the nearest; half goes away from zero.
func scaled(value, numerator, denominator int64) int64 {
	product, half := value*numerator, denominator/2
	if product < 0 {
		half = -half
	}
	return (product + half) / denominator
}
