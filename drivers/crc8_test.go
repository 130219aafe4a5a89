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
