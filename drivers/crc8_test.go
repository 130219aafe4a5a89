package drivers_test

import (
	"testing"

	"github.com/firepost/firepost/drivers"
)

// CRC8 gives the checksums that Sensirion's datasheets print.
func TestCRC8FollowsTheDatasheets(t *testing.T) {
	for _, c := range []struct {
		data []byte
		want byte
	}{
		{[]byte{0xBE, 0xEF}, 0x92},
		{[]byte{0x80, 0x00}, 0xA2},
		{[]byte{0x66, 0x66}, 0x93},
		{[]byte{0x01, 0xF4}, 0x33},
		{[]byte{0x00, 0x00}, 0x81},
		{[]byte{0xFF, 0xFF}, 0xAC},
	} {
		if got := drivers.CRC8(c.data); got != c.want {
			t.Errorf("CRC8(% x) = %02x, want %02x", c.data, got, c.want)
		}
	}
}

// Every word counts, the last one too; what is cut short is no word.
func TestWordsAgreeWhenAllAreWhole(t *testing.T) {
	words := []byte{0xBE, 0xEF, 0x92, 0x80, 0x00, 0xA2, 0x66, 0x66, 0x93}
	for n := range len(words) + 1 {
		if got, want := drivers.WordsAgree(words[:n]), n == 3 || n == 6 || n == 9; got != want {
			t.Errorf("% x: got %v, want %v", words[:n], got, want)
		}
	}
	for i := range words {
		words[i] ^= 1
		if drivers.WordsAgree(words) {
			t.Errorf("% x: got true with byte %d flipped", words, i)
		}
		words[i] ^= 1
	}
}
