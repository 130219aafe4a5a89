package catalog

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/dfgas"
)

// identity is how a part is told from others that may have its address: what it is asked, and what
// it answers to that. No question changes anything in the part that it is meant for; what it may do
// to another part, mayAsk knows.
type identity struct {
	model  string
	ask    []byte // empty: what a plain read gave is judged
	alone  bool   // the answer is fetched by a transfer of its own
	wait   time.Duration
	answer int // bytes of it
	judge  func(b []byte) (Certainty, string)
}

// What the parts take at most to look up what they are: the SPS30, the SEN5x and the gas module,
// and the others (SGP30: 10 ms, the rest 1 ms).
const (
	commandTime = 20 * time.Millisecond
	quickTime   = 10 * time.Millisecond
)

// identities are in the order in which they are tried at an address; the first that is at least
// likely ends it.
// Where the datasheet of a part is named, its driver names it.
func identities() []identity {
	return []identity{
		{model: "sht4x", ask: []byte{0x89}, alone: true, wait: quickTime, answer: 6, judge: serial},
		{model: "sht3x", ask: []byte{0xF3, 0x2D}, alone: true, wait: quickTime, answer: 3,
			judge: sealed("its status has the right checksum|状态字校验正确")},
		{model: "sgp30", ask: []byte{0x20, 0x2F}, alone: true, wait: quickTime, answer: 3,
			judge: sealed("its feature set has the right checksum|特性字校验正确")},
		{model: "sgp40", ask: []byte{0x36, 0x82}, alone: true, wait: quickTime, answer: 9,
			judge: serial},
		{model: "scd4x", ask: []byte{0xE4, 0xB8}, alone: true, wait: quickTime, answer: 3,
			judge: sealed("its state has the right checksum|状态字校验正确")},
		{model: "sps30", ask: []byte{0xD0, 0x02}, alone: true, wait: commandTime, answer: 12,
			judge: product("00080000", 4)},
		{model: "sen50", ask: []byte{0xD0, 0x14}, alone: true, wait: commandTime, answer: 9,
			judge: product("SEN50", 3)},
		{model: "sen54", ask: []byte{0xD0, 0x14}, alone: true, wait: commandTime, answer: 9,
			judge: product("SEN54", 3)},
		{model: "sen55", ask: []byte{0xD0, 0x14}, alone: true, wait: commandTime, answer: 9,
			judge: product("SEN55", 3)},
		{model: "bme280", ask: []byte{0xD0}, answer: 1, judge: number(Sure, 0x60)},
		{model: "bmp280", ask: []byte{0xD0}, answer: 1, judge: number(Sure, 0x56, 0x57, 0x58)},
		{model: "mlx90614", ask: []byte{0x2E}, answer: 3, judge: infrared},
		{model: "max3010x", ask: []byte{0xFF}, answer: 1, judge: number(Likely, 0x15)},
		{model: "ina226", ask: []byte{0xFE}, answer: 2, judge: word(Sure, 0x5449)},
		{model: "ina219", ask: []byte{0x00}, answer: 2, judge: monitor},
		{model: "ads1115", ask: []byte{0x02}, answer: 2, judge: word(Likely, 0x8000)},
		{model: "mcp342x", judge: converter},
		{model: "ds3231", ask: []byte{0x00}, answer: 0x13, judge: clockRegisters},
		{model: "amg8833", ask: []byte{0x0E}, answer: 2, judge: thermistor},
		{model: "dfgas", ask: []byte{0x00, 0xFF, 0x01, 0x86, 0, 0, 0, 0, 0, 0x79}, alone: true,
			wait: commandTime, answer: 9, judge: gasModule},
		{model: "aht20", judge: humid},
		{model: "mcp23017", judge: registers},
		{model: "pcf8574", judge: pins},
	}
}

func sealed(says string) func([]byte) (Certainty, string) {
	return func(b []byte) (Certainty, string) {
		if !drivers.WordsAgree(b) {
			return Unlike, ""
		}
		return Sure, says
	}
}

// unsealed are the bytes without their checksums.
func unsealed(b []byte) (all []byte) {
	for ; len(b) >= 3; b = b[3:] {
		all = append(all, b[0], b[1])
	}
	return all
}

func serial(b []byte) (Certainty, string) {
	if !drivers.WordsAgree(b) {
		return Unlike, ""
	}
	return Sure, fmt.Sprintf("serial number %[1]x|序列号 %[1]x", unsealed(b))
}

// product is a part that tells its name.
func product(name string, words int) func([]byte) (Certainty, string) {
	return func(b []byte) (Certainty, string) {
		if !drivers.WordsAgree(b) || strings.TrimRight(string(unsealed(b[:3*words])), "\x00") != name {
			return Unlike, ""
		}
		return Sure, fmt.Sprintf("it calls itself %[1]s|自报型号 %[1]s", name)
	}
}

func number(c Certainty, ids ...byte) func([]byte) (Certainty, string) {
	return func(b []byte) (Certainty, string) {
		if !slices.Contains(ids, b[0]) {
			return Unlike, ""
		}
		return c, fmt.Sprintf("its identity is %#[1]x|标识为 %#[1]x", b[0])
	}
}

func word(c Certainty, want uint16) func([]byte) (Certainty, string) {
	return func(b []byte) (Certainty, string) {
		if got := uint16(b[0])<<8 | uint16(b[1]); got != want {
			return Unlike, ""
		}
		return c, fmt.Sprintf("a register of it holds %#04[1]x|寄存器值为 %#04[1]x", want)
	}
}

// monitor judges the configuration of an INA219: two bits of it are always zero, and after a reset
// all of it is known.
func monitor(b []byte) (Certainty, string) {
	switch config := uint16(b[0])<<8 | uint16(b[1]); {
	case config == 0x399F:
		return Likely, "its configuration is that after a reset|配置为复位值"
	case config>>14 == 0 && config != 0:
		return Possible, fmt.Sprintf("its configuration could be %#04[1]x|配置可能是 %#04[1]x", config)
	}
	return Unlike, ""
}

// infrared judges the register of an MLX90614 that holds its own address, with its PEC: the CRC-8
// of SMBus over the whole transfer.
func infrared(b []byte) (Certainty, string) {
	const at = 0x5A
	sum := byte(0)
	for _, x := range []byte{at << 1, 0x2E, at<<1 | 1, b[0], b[1]} {
		sum ^= x
		for range 8 {
			carry := sum&0x80 != 0
			if sum <<= 1; carry {
				sum ^= 0x07
			}
		}
	}
	if sum != b[2] {
		return Unlike, ""
	}
	return Sure, "its own address has the right checksum|自身地址校验正确"
}

// converter judges a plain read: an MCP342x gives its value and then its configuration, again and
// again. The two bits of its rate say how long the value is. Zeros could be registers of many.
func converter(b []byte) (Certainty, string) {
	isLong := func(config byte) bool { return config>>2&3 == 3 }
	config := byte(0)
	switch {
	case alike(b) && b[0] == 0:
	case len(b) < 5 || alike(b):
		return Unlike, ""
	case b[3] == b[4] && isLong(b[3]):
		config = b[3]
	case b[2] == b[3] && !isLong(b[2]):
		config = b[2]
	default:
		return Unlike, ""
	}
	if config&0x7F == 0 {
		return Possible, "it could be a configuration of zeros|可能是全零配置"
	}
	return Likely, fmt.Sprintf("its configuration is %#[1]x|配置为 %#[1]x", config)
}

// clockRegisters judges all registers of a DS3231: a time in decimal digits, and the fractions of
// a temperature, of which only two bits are used.
func clockRegisters(b []byte) (Certainty, string) {
	limits := []byte{0x59, 0x59, 0x72, 0x07, 0x31, 0x92, 0x99}
	for i, limit := range limits {
		if b[i]&0x0F > 9 || b[i] > limit {
			return Unlike, ""
		}
	}
	if b[0x12]&0x3F != 0 || b[0x0F]&0x70 != 0 || b[3] == 0 || b[4] == 0 || b[5]&0x1F == 0 {
		return Unlike, ""
	}
	return Likely, "its registers hold a time|寄存器内是时间"
}

// thermistor judges the one of an AMG8833: twelve bits, as a temperature of a board.
func thermistor(b []byte) (Certainty, string) {
	t := int(b[1])<<8 | int(b[0])
	if t < 16 || t > 80*16 { // 1 °C to 80 °C in 1/16 °C
		return Unlike, ""
	}
	return Possible, fmt.Sprintf("a register of it could be %[1]d °C|寄存器可能是 %[1]d °C", t/16)
}

// gasModule judges the answer to a request for a value, which names the gas.
func gasModule(b []byte) (Certainty, string) {
	sum := byte(0)
	for _, x := range b[1:8] {
		sum += x
	}
	if b[0] != 0xFF || b[1] != 0x86 || -sum != b[8] {
		return Unlike, ""
	}
	if g, ok := dfgas.GasOf(b[4]); ok {
		return Sure, fmt.Sprintf(gasMark+"%[1]s|气体为 %[1]s", g.Name)
	}
	return Possible, fmt.Sprintf("a gas module of kind %#[1]x|气体模块，类别 %#[1]x", b[4])
}

// gasMark is what a module says before the name of its gas.
const gasMark = "its gas is "

// humid judges a plain read: an AHT20 gives its state, a value and the checksum of both.
func humid(b []byte) (Certainty, string) {
	if len(b) < 7 {
		return Unlike, ""
	}
	if alike(b) {
		return Possible, "it repeats one byte|重复同一字节"
	}
	if drivers.CRC8(b[:6]) == b[6] {
		return Sure, "its value has the right checksum|数值校验正确"
	}
	return Possible, "it gives a value without a checksum|数值无校验"
}

// pins judges a plain read: a PCF8574 gives its pins and nothing else.
func pins(b []byte) (Certainty, string) {
	if !alike(b) {
		return Unlike, ""
	}
	return Possible, notAsked
}

// registers judges a plain read: an MCP23017 reads on through its registers.
func registers(b []byte) (Certainty, string) {
	if !alike(b) {
		return Likely, "it has registers|有多个寄存器"
	}
	return Possible, notAsked
}

// notAsked is what is known of a part that a question could change.
const notAsked = "it was only read: a question could change it|仅读取：询问可能改变其状态"

// alike tells whether all bytes are the same.
func alike(b []byte) bool { return len(b) > 0 && bytes.Count(b, b[:1]) == len(b) }
