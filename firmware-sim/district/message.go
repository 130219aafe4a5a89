package district

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

// errContract is wrapped by everything that a message can have wrong.
var errContract = errors.New("breaks the contract")

// maxNumber bounds sequence numbers: they have 16 digits.
const maxNumber = 9_999_999_999_999_999

// leaves are the topics that carry an envelope, and the lane of each.
var leaves = map[string]string{
	"up/alarm": "a", "up/rsp": "a", "up/event": "e", "up/telemetry": "t", "up/backfill": "t",
}

var clocks = map[string]bool{
	"gnss": true, "ntp": true, "plat": true, "rtc": true, "fix": true, "hold": true, "none": true,
}

// envelope is a message as it came. It is read with no help from the sender's code.
type envelope struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Time        string          `json:"time"`
	Lane        string          `json:"lane"`
	Epoch       string          `json:"epoch"`
	Sequence    string          `json:"sequence"`
	SeqN        uint32          `json:"seqn"`
	Boot        *uint32         `json:"boot"`
	Mono        string          `json:"mono"`
	TQ          string          `json:"tq"`
	TErr        *int32          `json:"terr"`
	Hist        *bool           `json:"hist"`
	OrigEpoch   string          `json:"origepoch"`
	OrigSeq     string          `json:"origsequence"`
	Data        json.RawMessage `json:"data"`

	first, orig uint64 // worked out from the fields above
}

// parseTopic takes firepost/v1/{tenant}/{device}/{leaf} apart.
func parseTopic(topic string) (tenant, device, leaf string, ok bool) {
	p := strings.SplitN(topic, "/", 5)
	if len(p) != 5 || p[0] != "firepost" || p[1] != "v1" || p[2] == "" || p[3] == "" {
		return "", "", "", false
	}
	return p[2], p[3], p[4], true
}

// parseEnvelope reads a message and holds it against the contract.
func parseEnvelope(tenant, device, leaf string, payload []byte) (*envelope, error) {
	var e envelope
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", leaf, errContract, err)
	}
	if fault := e.check(tenant, device, leaf); fault != "" {
		return nil, fmt.Errorf("%s %s: %s: %w", leaf, e.ID, fault, errContract)
	}
	return &e, nil
}

// check says what is wrong with a message; empty: nothing.
func (e *envelope) check(tenant, device, leaf string) string {
	var ok bool
	if e.first, ok = e.firstOfID(); !ok {
		return "id is not epoch-lane-first-n"
	}
	switch {
	case e.SpecVersion != "1.0":
		return "specversion"
	case e.Source != "/firepost/"+tenant+"/"+device:
		return "source is not the device of the topic"
	case !strings.HasPrefix(e.Type, "org.firepost.") || !strings.HasSuffix(e.Type, ".v1"):
		return "type"
	case e.Lane != leaves[leaf]:
		return "lane does not belong on this topic"
	case (leaf == "up/rsp") != (e.Type == "org.firepost.rsp.v1"):
		return "type does not belong on this topic"
	case e.Lane != "t" && e.Sequence != fmt.Sprintf("%016d", e.first):
		return "sequence is not the first number in 16 digits"
	case e.Lane != "t" && e.Time == "":
		return "time is missing"
	case e.Boot == nil || e.TErr == nil || e.Hist == nil || !clocks[e.TQ]:
		return "boot, terr, hist or tq"
	case !isDigits(e.Mono):
		return "mono"
	case len(e.Data) == 0 || string(e.Data) == "null":
		return "data is missing"
	}
	if e.OrigEpoch != "" {
		if e.orig, ok = number(e.OrigSeq); !ok {
			return "origsequence"
		}
	}
	if e.Lane == "t" {
		var rs []json.RawMessage
		if json.Unmarshal(e.Data, &rs) != nil || len(rs) != int(e.SeqN) {
			return "data has not seqn records"
		}
	}
	return ""
}

// firstOfID takes the first number out of the id, which must agree with epoch, lane and seqn.
func (e *envelope) firstOfID() (uint64, bool) {
	rest, ok := strings.CutPrefix(e.ID, e.Epoch+"-"+e.Lane+"-")
	if !ok || e.Epoch == "" {
		return 0, false
	}
	text, n, ok := strings.Cut(rest, "-")
	if !ok || n != strconv.FormatUint(uint64(e.SeqN), 10) || e.SeqN == 0 {
		return 0, false
	}
	first, ok := number(text)
	return first, ok && first+uint64(e.SeqN)-1 <= maxNumber
}

func number(text string) (uint64, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil && n >= 1 && n <= maxNumber
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// sum is the fingerprint of a message's data: what may not differ when it comes again.
func (e *envelope) sum() uint64 {
	h := fnv.New64a()
	h.Write([]byte(e.Type))
	h.Write(e.Data)
	return h.Sum64()
}
