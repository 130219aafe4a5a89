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

// WordsAgree tells whether each word of an answer, two bytes and their CRC8, has the CRC that it
// should. It is false for what is not whole words, and for nothing at all.
func WordsAgree(words []byte) bool {
	for i := 0; i+3 <= len(words); i += 3 {
		if CRC8(words[i:i+2]) != words[i+2] {
			return false
		}
	}
	return len(words) > 0 && len(words)%3 == 0
}
