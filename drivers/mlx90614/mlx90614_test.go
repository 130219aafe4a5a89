package mlx90614_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/mlx90614"
)

// bus has a register for each command byte. A missing one is not acknowledged.
type bus map[byte][]byte

var errNack = errors.New("nack")

func (b bus) String() string                  { return "test" }
func (b bus) SetSpeed(physic.Frequency) error { return nil }
func (b bus) Tx(addr uint16, w, r []byte) error {
	if addr != mlx90614.Addr || len(w) != 1 || b[w[0]] == nil {
		return errNack
	}
	copy(r, b[w[0]])
	return nil
}

// sealed puts the packet error code behind a word. It is the table-free form of polynomial 0x07.
func sealed(register byte, word uint16) []byte {
	b := []byte{mlx90614.Addr << 1, register, mlx90614.Addr<<1 | 1, byte(word), byte(word >> 8)}
	var crc uint32
	for _, c := range b {
		crc ^= uint32(c) << 8
		for range 8 {
			if crc <<= 1; crc&0x10000 != 0 {
				crc ^= 0x10700
			}
		}
	}
	return []byte{b[3], b[4], byte(crc >> 8)}
}

var warm = []byte{0xE1, 0x39, 0xE9} // 23.19 °C of the housing

// Read gives the published values for the published bytes, and an error of the right class for
// what cannot be a measurement.
func TestReadFollowsTheDatasheet(t *testing.T) {
	for _, c := range []struct {
		name            string
		object, housing []byte
		want            [2]int64
		class           error
	}{
		{"28.01 and 23.19 °C", []byte{0xD2, 0x3A, 0x30}, warm, [2]int64{28_010, 23_190}, nil},
		{"25.75 °C", []byte{0xD2, 0x3A, 0x30}, []byte{0x61, 0x3A, 0x56},
			[2]int64{28_010, 25_750}, nil},
		{"25.95 °C", []byte{0xD2, 0x3A, 0x30}, []byte{0x6B, 0x3A, 0xD4},
			[2]int64{28_010, 25_950}, nil},
		{"24.57 °C", []byte{0xD2, 0x3A, 0x30}, []byte{0x26, 0x3A, 0x66},
			[2]int64{28_010, 24_570}, nil},
		{"coldest", sealed(7, 10_158), warm, [2]int64{-69_990, 23_190}, nil},
		{"colder", sealed(7, 10_157), warm, [2]int64{}, drivers.ErrRange},
		{"hottest", sealed(7, 32_657), warm, [2]int64{379_990, 23_190}, nil},
		{"hotter", sealed(7, 32_658), warm, [2]int64{}, drivers.ErrRange},
		{"hot housing", sealed(7, 20_000), sealed(6, 19_908), [2]int64{}, drivers.ErrRange},
		{"cold housing", sealed(7, 20_000), sealed(6, 11_657), [2]int64{}, drivers.ErrRange},
		{"error flag", sealed(7, 0x8000), warm, [2]int64{}, drivers.ErrRange},
		{"all ones", sealed(7, 0xFFFF), sealed(6, 0xFFFF), [2]int64{}, drivers.ErrRange},
		{"not measured yet", sealed(7, 0), sealed(6, 0), [2]int64{}, drivers.ErrNoDevice},
		{"nothing arrived", []byte{0, 0, 0}, warm, [2]int64{}, drivers.ErrChecksum},
		{"bit flipped", []byte{0xD3, 0x3A, 0x30}, warm, [2]int64{}, drivers.ErrChecksum},
		{"answer to another register", sealed(6, 0x3AD2), warm, [2]int64{}, drivers.ErrChecksum},
		{"no answer", nil, warm, [2]int64{}, drivers.ErrNoDevice},
		{"no housing", []byte{0xD2, 0x3A, 0x30}, nil, [2]int64{}, drivers.ErrNoDevice},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := []drivers.Sample{{Value: 7}}
			got, err := mlx90614.New(bus{7: c.object, 6: c.housing}, mlx90614.Addr).Read(before)
			if !errors.Is(err, c.class) {
				t.Fatalf("got error %v, want %v", err, c.class)
			}
			want := before
			if c.class == nil {
				want = append(want,
					drivers.Sample{Channel: 0, Quantity: drivers.Temperature, Value: c.want[0]},
					drivers.Sample{Channel: 1, Quantity: drivers.Temperature, Value: c.want[1]})
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// The part's own flag is told as such, not as a temperature.
func TestErrorFlagIsTold(t *testing.T) {
	_, err := mlx90614.New(bus{7: sealed(7, 0x8000), 6: warm}, mlx90614.Addr).Read(nil)
	if err == nil || !strings.Contains(err.Error(), "it flags an error") {
		t.Errorf("got %v, want the flag told", err)
	}
}

// Start accepts a part that knows its own address, and no other.
func TestStartAsksWhoIsThere(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer []byte
		class  error
	}{
		{"as delivered", sealed(0x2E, 0xBE5A), nil},
		{"another address", sealed(0x2E, 0xBE2A), drivers.ErrNoDevice},
		{"another part", []byte{0xFF, 0xFF, 0xFF}, drivers.ErrChecksum},
		{"nobody", nil, drivers.ErrNoDevice},
	} {
		wait, err := mlx90614.New(bus{0x2E: c.answer}, mlx90614.Addr).Start()
		if wait != 0 || !errors.Is(err, c.class) {
			t.Errorf("%s: got %v, %v, want %v", c.name, wait, err, c.class)
		}
	}
	if mlx90614.New(nil, mlx90614.Addr) == nil {
		t.Error("New gave nil")
	}
}

// FuzzRead: any bytes give an error and no sample, or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add(uint16(0x3AD2), uint16(0x39E1), byte(0))
	f.Add(uint16(0xFFFF), uint16(0), byte(1))
	channels := mlx90614.Describe().Channels
	f.Fuzz(func(t *testing.T, object, housing uint16, flip byte) {
		b := bus{7: sealed(7, object), 6: sealed(6, housing)}
		b[6][2] ^= flip
		got, err := mlx90614.New(b, mlx90614.Addr).Read(nil)
		if err != nil && len(got) != 0 {
			t.Fatalf("error %v with samples %v", err, got)
		}
		for _, s := range got {
			if c := channels[s.Channel]; s.Value < c.Min || s.Value > c.Max {
				t.Fatalf("sample %v outside %v", s, c)
			}
		}
	})
}
