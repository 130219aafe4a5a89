package drivers

// CRC8 is the checksum that Sensirion's parts put behind each word: polynomial 0x31, first value
// 0xFF, no reflection, no final exclusive-or. BE EF gives 92.
func CRC8(data []byte) byte {
	crc := byte(0xFF)
	for _, b := range data {
		crc ^= b
		for range 8 {
			if crc&0x80 != 0 {
				crc = crc<<1 ^ 0x31
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
