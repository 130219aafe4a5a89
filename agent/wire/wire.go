// Package wire says what firepost and a district tell each other: topics, envelopes, bodies,
// commands and receipts, for both ends. It opens nothing, sends nothing and keeps nothing.
//
// contract/README.md is the same in prose, for the engineer of a platform.
package wire

import (
	"bytes"
	"encoding/json"
	"time"
)

// Version is the contract's major version, as topics and types carry it.
const Version = "v1"

// The lanes. Each counts its own records from 1.
const (
	LaneAlarm     byte = 'a'
	LaneEvent     byte = 'e'
	LaneTelemetry byte = 't'
)

// The leaves of a device's topics.
const (
	UpState     = "up/state"
	UpDesc      = "up/desc"
	UpActive    = "up/active"
	UpAlarm     = "up/alarm"
	UpEvent     = "up/event"
	UpTelemetry = "up/telemetry"
	UpBackfill  = "up/backfill"
	UpRsp       = "up/rsp"
	UpDiag      = "up/diag"
	DownHello   = "down/hello"
	DownCmd     = "down/cmd"
	DownAck     = "down/ack"
	DownCfg     = "down/cfg"
)

// MaxMessage is the longest message in bytes, both ways. A platform may lower it to MinMaxMessage.
const (
	MaxMessage    = 32 << 10
	MinMaxMessage = 8 << 10
)

// Floor is 2026-01-01, in Unix milliseconds. No clock that is set shows an earlier date, and a
// clock that is not set is written as Floor plus the time since the agent started.
const Floor int64 = 1_767_225_600_000

// Device says whose messages these are: the tenant and the device, both [a-z0-9-]{1,32}.
type Device struct {
	Tenant, ID string
	// Names gives a leaf another topic, for a platform that imposes its own; nil: the contract's.
	Names map[string]string
}

// Topic is the whole topic of a leaf such as UpAlarm.
func (d Device) Topic(leaf string) string {
	if topic, ok := d.Names[leaf]; ok {
		return topic
	}
	return "firepost/" + Version + "/" + d.Tenant + "/" + d.ID + "/" + leaf
}

// Source names the device in a CloudEvent.
func (d Device) Source() string { return "/firepost/" + d.Tenant + "/" + d.ID }

// ClockQuality says how far the wall clock can be believed. It grows with trust, so that the zero
// value is a clock that is not set.
type ClockQuality uint8

// The qualities of a clock.
const (
	ClockNone ClockQuality = iota // never set
	ClockHold                     // was set in this run, now on its own
	ClockFix                      // set later: times of this run were worked out afterwards
	ClockRTC                      // from a battery clock
	ClockPlat                     // from a time hint of the platform
	ClockNTP
	ClockGNSS
	clockQualities
)

var clockNames = [clockQualities]string{"none", "hold", "fix", "rtc", "plat", "ntp", "gnss"}

// String is the quality as messages write it.
func (q ClockQuality) String() string {
	if q >= clockQualities {
		return "none"
	}
	return clockNames[q]
}

// WallTime writes a moment as messages do: UTC with milliseconds. wall is Unix ms, mono ms since
// the agent started; a wall before Floor counts as not set, and Floor plus mono is written.
func WallTime(wall, mono int64) string {
	return time.UnixMilli(label(wall, mono)).UTC().Format(timeFormat)
}

const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// label is the wall time in Unix ms that stands for a moment.
func label(wall, mono int64) int64 {
	if wall < Floor {
		return Floor + max(mono, 0)
	}
	return wall
}

// encode writes v as JSON without a line end. What firepost encodes are its own plain structs, so
// a failure is a broken promise of this package.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // "smoke > 4 %" stays readable.
	if err := e.Encode(v); err != nil {
		panic("wire: a message cannot be encoded: " + err.Error())
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
