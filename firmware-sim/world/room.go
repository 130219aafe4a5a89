package world

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// Growth is the time in which a fire grows to 1055 kW; it grows with the square of time.
type Growth time.Duration

// The growths that fire protection reckons with.
const (
	Slow      = Growth(600 * time.Second)
	Medium    = Growth(300 * time.Second)
	Fast      = Growth(150 * time.Second)
	UltraFast = Growth(75 * time.Second)
)

// Room is one room: its air, its fire, its water and its contacts.
type Room struct {
	name string
	rng  *rand.Rand

	volume                  int64 // m³
	temperature             int64 // of the outside, m°C
	humidity                int64 // of the outside, m%RH
	background              int64 // particles without a fire, ng/m³
	door, steam             bool
	fire                    Growth // 0: none
	peak                    int64  // W
	burning                 int64  // steps since ignition
	warmer                  int64  // than outside, µK
	smoke                   int64  // pg/m³
	moisture                int64  // m%RH, from steam
	level, rising           int64  // nm, nm in a step
	contacts                map[string]bool
	noiseT, noiseH, noisePM int64 // noise of this step: m°C, m%RH, thousandths of the particles
}

// The constants of the air. Each is a round figure of the right size, not of a certain room.
const (
	growthPower    = 1_055_000     // W, at the growth time
	convective     = 70            // % of the heat goes into the air
	airHeat        = 1_206         // J for 1 m³ and 1 K
	sootYield      = 2_000         // ng of fine particles for 1 J, between wood and foam
	coolingSteps   = 900           // the air loses its heat with 90 s
	clearingSteps  = 6_000         // and its smoke with 600 s
	openDoor       = 4             // times faster with the door open
	steamHumidity  = 50            // m%RH a step
	steamParticles = 2_000_000     // pg/m³ a step
	hottest        = 1_000_000     // m°C
	thickest       = 1 << 40       // ng/m³
	longest        = 864_000       // steps of growth, a day
	strongest      = 1_000_000_000 // W
)

func newRoom(name string, seed uint64) *Room {
	h := fnv.New64a()
	h.Write([]byte(name))
	return &Room{
		name: name, rng: rand.New(rand.NewPCG(seed, h.Sum64())), volume: 50,
		temperature: 21_000, humidity: 45_000, background: 5_000, contacts: map[string]bool{},
	}
}

// Name is the room's name.
func (r *Room) Name() string { return r.name }

// SetAir sets the air without fire and steam: m°C, m%RH, and ng/m³ of fine particles.
func (r *Room) SetAir(milliCelsius, milliPercent, pm25 int64) {
	r.temperature, r.humidity, r.background = milliCelsius, milliPercent, pm25
}

// SetVolume sets the size of the room, at least 1 m³.
func (r *Room) SetVolume(cubicMetres int64) { r.volume = max(cubicMetres, 1) }

// SetDoor opens or closes the door; through an open one heat and smoke leave faster.
func (r *Room) SetDoor(open bool) { r.door = open }

// SetSteam begins or ends a shower, a kettle, a dishwasher: moist air, and droplets that look like
// particles.
func (r *Room) SetSteam(on bool) { r.steam = on }

// Ignite starts a fire that grows up to peak watts. It replaces one that burns.
func (r *Room) Ignite(g Growth, peak int64) {
	r.fire, r.peak, r.burning = g, min(max(peak, 0), strongest), 0
}

// Extinguish ends the fire; heat and smoke stay for a while.
func (r *Room) Extinguish() { r.fire, r.peak = 0, 0 }

// SetRising lets water rise, or fall, by so many µm a second.
func (r *Room) SetRising(micrometres int64) {
	r.rising = micrometres * 1000 * int64(Step) / int64(time.Second)
}

// SetLevel sets the height of the water, in mm.
func (r *Room) SetLevel(millimetres int64) { r.level = millimetres * 1_000_000 }

// SetContact sets a contact of the room: true is abnormal.
func (r *Room) SetContact(name string, abnormal bool) { r.contacts[name] = abnormal }

// Contact is the state of a contact; one that was never set is normal.
func (r *Room) Contact(name string) bool { return r.contacts[name] }

// Power is what the fire gives, in W.
func (r *Room) Power() int64 {
	if r.fire == 0 {
		return 0
	}
	grown := int64(time.Duration(r.fire) / Step)
	return min(growthPower*r.burning*r.burning/(grown*grown), r.peak)
}

// Temperature is that of the air, in m°C.
func (r *Room) Temperature() int64 {
	return min(r.temperature+r.warmer/1000, hottest) + r.noiseT
}

// PM25 is what floats in the air up to 2.5 µm, in ng/m³.
func (r *Room) PM25() int64 {
	total := min(r.background+r.smoke/1000, thickest)
	return total + total*r.noisePM/1000
}

// Humidity is that of the air, in m%RH. It halves where the air is 11 K warmer.
func (r *Room) Humidity() int64 {
	warmer := r.warmer / 1000
	moist := (r.humidity+r.moisture)*11_000/(11_000+warmer) + r.noiseH
	return min(max(moist, 0), 100_000)
}

// Level is the height of the water, in mm.
func (r *Room) Level() int64 { return r.level / 1_000_000 }

func (r *Room) step() {
	faster := int64(1)
	if r.door {
		faster = openDoor
	}
	power := r.Power()
	if r.fire != 0 {
		r.burning = min(r.burning+1, longest)
	}
	perSecond := int64(time.Second / Step)
	r.warmer += power * convective / 100 * 1_000_000 / perSecond / (airHeat * r.volume)
	r.warmer -= r.warmer * faster / coolingSteps
	r.smoke += power * sootYield * 1000 / perSecond / r.volume
	if r.steam {
		r.moisture += steamHumidity
		r.smoke += steamParticles
	}
	r.smoke -= r.smoke * faster / clearingSteps
	r.moisture -= r.moisture * faster / clearingSteps
	r.warmer, r.smoke = min(r.warmer, hottest*1000), min(r.smoke, thickest*1000)
	r.moisture = min(r.moisture, 100_000)
	r.level = max(r.level+r.rising, 0)
	r.noiseT, r.noiseH, r.noisePM = r.noise(30), r.noise(200), r.noise(80)
}

// noise is even between -size and +size. It is drawn once a step, so that looking changes nothing.
func (r *Room) noise(size int64) int64 { return r.rng.Int64N(2*size+1) - size }
