package catalog

import "testing"

// Nothing is written to an address at which a part of the catalog could be changed by it: an
// expander, a switch, an MCP342x, or whoever answers a read where a Sensirion part would not.
func TestQuestionsThatCouldChangeSomethingAreNotAsked(t *testing.T) {
	short := identity{ask: []byte{0x00}}
	long := identity{ask: []byte{0xE4, 0xB8}, alone: true}
	same, zeros := make([]byte, 32), make([]byte, 8)
	for i := range same {
		same[i] = 0x55
	}
	config := []byte{0x01, 0x02, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90}
	sealed := []byte{0xBE, 0xEF, 0x92, 0x00, 0x00, 0x81, 0xFF, 0xFF}
	mixed := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	for _, c := range []struct {
		addr  uint16
		plain []byte
		id    identity
		want  bool
	}{
		{0x20, mixed, short, false}, {0x27, nil, long, false}, {0x38, mixed, short, false},
		{0x3F, nil, short, false},
		{0x74, same, long, false}, {0x76, same, short, true}, {0x74, mixed, long, true},
		{0x68, config, short, false}, {0x69, zeros, long, false}, {0x68, mixed, short, true},
		{0x69, sealed, long, true}, {0x69, nil, long, true},
		{0x62, mixed, long, false}, {0x62, nil, long, true}, {0x62, sealed, long, true},
		{0x57, mixed, short, true},
	} {
		q := questions{addr: c.addr, plain: c.plain}
		if got := q.mayAsk(c.id); got != c.want {
			t.Errorf("%#x, after % x, ask % x: got %v, want %v", c.addr, c.plain, c.id.ask, got, c.want)
		}
	}
}
