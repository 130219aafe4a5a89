package score

import (
	"fmt"
	"slices"
	"strings"

	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
	"github.com/firepost/firepost/firmware-sim/replay"
)

// Kind is what a spot is there for.
type Kind uint8

// The kinds of spot. None is a recording without anything that a chip here could feel.
const (
	None Kind = iota
	Fire
	Gas
	Water
)

// String is the kind as tables write it.
func (k Kind) String() string { return [...]string{"none", "fire", "gas", "water"}[k] }

// part is a sensor that a spot has when the recording has one of its columns.
type part struct {
	kind     Kind
	name     string
	settings string            // in the site file
	limits   string            // of a point of its own; empty: it belongs to the fire spot
	channels map[string]string // by column
}

// mqLimits: a module of this kind only warns, whatever its limit is, and so gives no false alarm.
const mqLimits = "class = \"mq\"\nprealarm = \"4.5 V\""

// parts are the sensors of all spots. Water that runs without a break for half an hour is no tap.
func parts() []part {
	mq := func(n int, input string) part {
		return part{Gas, fmt.Sprintf("mq%d", n), "model = \"ads1115\"\nrange = \"6.144 V\"\n" +
			"channel = \"" + input + `"`, mqLimits,
			map[string]string{fmt.Sprintf("mq%d_adc", n): "voltage"}}
	}
	return []part{
		{Fire, "air", `model = "sht4x"`, "",
			map[string]string{"temp_c": "temperature", "rh_pct": "humidity"}},
		{Fire, "dust", `model = "sps30"`, "", map[string]string{
			"pm1_ugm3": "pm1", "pm25_ugm3": "pm2.5", "pm4_ugm3": "pm4", "pm10_ugm3": "pm10",
			"nc05_cm3": "nc0.5", "nc1_cm3": "nc1", "nc25_cm3": "nc2.5", "nc10_cm3": "nc10",
			"typ_um": "size"}},
		{Fire, "co", "model = \"dfgas\"\ngas = \"co\"", "", map[string]string{"co_ppm": "co"}},
		{Fire, "oxygen", "model = \"dfgas\"\ngas = \"o2\"\naddress = \"0x75\"", "",
			map[string]string{"o2_pct": "o2"}},
		{Fire, "co2", `model = "scd4x"`, "", map[string]string{"co2_ppm": "co2"}},
		{Gas, "head", "model = \"loop-4-20ma\"\nquantity = \"combustible\"\n" +
			"at4 = \"0 %LEL\"\nat20 = \"100 %LEL\"", `class = "gas"`,
			map[string]string{"lel_ch4eq_pct_high": "combustible"}},
		mq(2, "1"), mq(5, "2"), mq(7, "3"),
		{Water, "meter", "model = \"pulses\"\nline = \"GPIO27\"",
			"class = \"flow\"\nalarm = \"0.2 l/min\"\nconfirm = \"30 min\"",
			map[string]string{"flow_lpm": "flow"}},
	}
}

// estimate stands for all particles where they were not measured: their ratios follow from it.
const estimate = "pm25_est_ugm3"

// measures lists the channels of p that a recording has something for, in the order of their names.
// What nobody measured must not speak: the fire rule compares sizes.
func (p part) measures(columns []string) (channels []string) {
	derived := p.name == "dust" && slices.Contains(columns, estimate) &&
		!slices.Contains(columns, "pm25_ugm3")
	for column, channel := range p.channels {
		if derived || slices.Contains(columns, column) {
			channels = append(channels, channel)
		}
	}
	slices.Sort(channels)
	return channels
}

// happened is the kind of spot that must find what happened in a window; None: nothing did.
func happened(w replay.Window) Kind {
	switch w.Kind {
	case replay.Fire:
		return Fire
	case replay.Gas:
		return Gas
	case replay.Leak, replay.Flood, replay.Fault:
		return Water
	}
	return None
}

// kindOf tells which spot a recording is played through: the one for what happened in it, or the
// one that it has columns for.
func kindOf(r *replay.Recording) Kind {
	has := map[Kind]bool{}
	for _, p := range parts() {
		has[p.kind] = has[p.kind] || len(p.measures(r.Columns())) > 0
	}
	for _, w := range r.Windows {
		if k := happened(w); has[k] {
			return k
		}
	}
	for _, k := range []Kind{Water, Gas, Fire} {
		if has[k] {
			return k
		}
	}
	return None
}

// fitted are the parts of the spot for a recording.
func fitted(r *replay.Recording) (all []part) {
	kind := kindOf(r)
	for _, p := range parts() {
		if p.kind == kind && len(p.measures(r.Columns())) > 0 {
			all = append(all, p)
		}
	}
	return all
}

// siteFile describes the spot as a technician would.
func siteFile(r *replay.Recording) string {
	var b strings.Builder
	b.WriteString("[site]\nid = \"spot\"\n")
	var spot []string
	for _, p := range fitted(r) {
		fmt.Fprintf(&b, "\n[[sensor]]\nname = %q\n%s\n", p.name, p.settings)
		for _, channel := range p.measures(r.Columns()) {
			from := p.name + "." + channel
			if p.limits == "" {
				spot = append(spot, fmt.Sprintf("%q", from))
				continue
			}
			fmt.Fprintf(&b, "\n[[point]]\nid = %q\nfrom = %q\n%s\n", p.name, from, p.limits)
		}
	}
	if len(spot) > 0 {
		fmt.Fprintf(&b, "\n[[point]]\nid = \"spot\"\nclass = \"spot\"\nfrom = [%s]\n",
			strings.Join(spot, ", "))
	}
	return b.String()
}

// build puts the chips of a spot on a board.
func build(b *board.Board, r *replay.Recording) (*replay.Player, error) {
	bus, p := b.Bus("i2c-1"), replay.Parts{Analog: map[string]replay.Input{}}
	var adc *chip.ADS1115
	analog := func(column string, pin int) {
		if adc == nil {
			adc = chip.NewADS1115(b.Now)
			bus.Attach(0x48, adc)
		}
		p.Analog[column] = replay.Input{ADC: adc, Pin: pin}
	}
	for _, fit := range fitted(r) {
		switch fit.name {
		case "air":
			p.Climate = chip.NewSHT4x(b.Now)
			bus.Attach(0x44, p.Climate)
		case "dust":
			p.Particles = chip.NewSPS30(b.Now)
			bus.Attach(0x69, p.Particles)
		case "co":
			p.CO = chip.NewDFGas(b.Now, chip.CellCO())
			bus.Attach(0x74, p.CO)
		case "oxygen":
			p.Oxygen = chip.NewDFGas(b.Now, chip.CellO2())
			bus.Attach(0x75, p.Oxygen)
		case "co2":
			p.CO2 = chip.NewSCD4x(b.Now)
			bus.Attach(0x62, p.CO2)
		case "head":
			analog("lel_ch4eq_pct_high", 0)
		case "mq2":
			analog("mq2_adc", 1)
		case "mq5":
			analog("mq5_adc", 2)
		case "mq7":
			analog("mq7_adc", 3)
		case "meter":
			p.Flow = b.Pin("GPIO27")
		}
	}
	return replay.NewPlayer(r, p)
}
