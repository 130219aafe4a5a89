package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// baseDictionaries are the published base dictionaries, version 1 first. Each is the file
// contract/dictionary/VERSION.txt to the byte. A version that was published is never changed: a
// better one gets the next number.
//
// What is likeliest stands last, because a shorter way back takes fewer bits.
var baseDictionaries = [...]string{
	`"tq":"gnss"rtc"plat"hold"fix"none","terr":-1,"hist":true,"epoch":"","boot":1,"origepoch":"",` +
		`"origsequence":"0000000000000","time":"20-01-01T00:00:00.000Z","seqn":200,"id":"` +
		`"n":"smoke-gas-co-door-level-pressure-flow-water-temperature.humidity.nc0.5.lel","u":"` +
		`/100"V"A"count"/"%EL"m/s"mm/h"s"ppm"m"Pa"ug/m3"%RH"Cel","vb":true},{"n":"","vb":false` +
		`,"v":0,"t":2,"q":"u:warmup"test"saturated"range","vs":"bad","t":3,"q":"b:checksum"rate"` +
		`disagree"stuck"line_open"line_short"end_of_life"no_device"stale"},{"bn":"fp-` +
		`{"specversion":"1.0","source":"/firepost/","type":"org.firepost.telemetry.v1",` +
		`"datacontenttype":"application/senml+json","lane":"t","tq":"ntp","terr":0,"hist":false,` +
		`"epoch":"","boot":,"seqn":10,"id":"-t-","mono":"","data":[{"bn":"fp-:","bt":17,"bver":26,` +
		`"n":"heat-1","u":"Cel","v":2},{"n":"`,
}

// Dictionary is what a compressor and its counterpart begin with: a published base followed by
// what the device told of itself as dict in up/desc. It is nil when there is no such version.
func Dictionary(version int, dict string) []byte {
	if version < 1 || version > len(baseDictionaries) {
		return nil
	}
	return []byte(baseDictionaries[version-1] + dict)
}

// DictionaryName is the last topic level of what was compressed with a dictionary: the version of
// its base, and the beginning of the whole dictionary's SHA-256.
func DictionaryName(version int, dictionary []byte) string {
	sum := sha256.Sum256(dictionary)
	return strconv.Itoa(version) + "-" + hex.EncodeToString(sum[:3])
}

// maxDict bounds the device's part of a dictionary.
const maxDict = 2 << 10

// DeviceDict is the device's part of its dictionary: the text of a telemetry message as it would
// send one now, with each series of the plan once. m gives epoch, run and clock. What was not read
// so far has a value of the kind. It is text to compress with and no message.
func DeviceDict(d Device, m Meta, plan alarm.Plan, s *alarm.Snapshot) string {
	rs := series(plan, s)
	rs = rs[:min(len(rs), maxDict/shortest)]
	m.Lane, m.First, m.N = LaneTelemetry, m.First+1, usualBatch
	now := point.Instant(m.Mono * 1e6)
	for i := range rs {
		rs[i].At = now
	}
	for ; len(rs) > 0; rs = rs[:len(rs)-1] {
		var p Batch
		body := TelemetryBody(d.ID, m.Wall, now, rs)
		if fits, err := p.Add(m, body, MaxMessage); err != nil || !fits {
			return ""
		}
		text := strings.TrimSuffix(string(p.Message(d, false)), "]}")
		if len(text) <= maxDict {
			return text
		}
	}
	return ""
}

// shortest is less than any record takes with its name and its value.
const shortest = 20

// usualBatch is the number of records that the dictionary's message says it has.
const usualBatch = 10

// series is one record for each channel of the plan's points, in the order in which they are sent.
func series(plan alarm.Plan, s *alarm.Snapshot) []Record {
	seen := map[point.ID][]alarm.ChannelState{}
	if s != nil {
		for i := range s.Points {
			seen[s.Points[i].ID] = s.Points[i].Channels
		}
	}
	var rs []Record
	for i := range plan.Points {
		p := &plan.Points[i]
		channels := seen[p.ID]
		if len(channels) == 0 {
			channels = judged(p)
		}
		nth := map[drivers.Quantity]int{}
		for _, c := range channels {
			r := Record{
				Name: Series(p, p.ID, c.Quantity, nth[c.Quantity]), Quantity: c.Quantity,
				Value: c.Value, Quality: point.Good,
			}
			nth[c.Quantity]++
			if !c.Seen {
				r.Value = typical[c.Quantity]
			}
			rs = append(rs, r)
		}
	}
	return rs
}

// judged are the channels of a point that a rule judges.
func judged(p *alarm.PointPlan) (list []alarm.ChannelState) {
	seen := map[drivers.Quantity]bool{}
	for _, c := range p.Spec.Conditions {
		if !seen[c.Quantity] {
			seen[c.Quantity] = true
			list = append(list, alarm.ChannelState{Quantity: c.Quantity})
		}
	}
	return list
}

// typical are values as a quiet site has them, for the digits in front.
var typical = map[drivers.Quantity]int64{
	drivers.Temperature: 21_300,
	drivers.Humidity:    45_000,
	drivers.Pressure:    400_000,
	drivers.Level:       2_000,
	drivers.PM25:        12_000,
	drivers.Voltage:     12_000_000,
	drivers.CO2:         500_000,
}
