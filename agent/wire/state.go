package wire

// State is the retained birth of a connection, or its death.
type State struct {
	Online  bool
	Session string // boot and connection counter, such as "41-3"
	HW      string // fingerprint of the board
	Boot    uint32
	Epoch   string
	FW      string
	Cfg     string // hash of the site file in use
	Base    string // hash of the local site file, which the one in use may be based on
	TQ      string
	Last    map[string]uint64 // last number given out, by lane
	Pend    Pending
	Lost    map[string]uint64 // records dropped so far, by lane
	CmdCur  string            // last command seen
	Power   string
	Cause   string // why this run began
	TS      string
	Sim     bool // the board is simulated
}

// Pending counts the records that wait, by lane. Oldest is when the oldest of them arose; empty:
// none waits, or not known.
type Pending struct {
	A      uint64 `json:"a"`
	E      uint64 `json:"e"`
	T      uint64 `json:"t"`
	Oldest string `json:"oldest,omitempty"`
}

type birth struct {
	Online  bool              `json:"online"`
	Session string            `json:"session"`
	HW      string            `json:"hw"`
	Boot    uint32            `json:"boot"`
	Epoch   string            `json:"epoch"`
	FW      string            `json:"fw"`
	Cfg     string            `json:"cfg"`
	Base    string            `json:"base,omitempty"`
	TQ      string            `json:"tq"`
	Last    map[string]uint64 `json:"last"`
	Pend    Pending           `json:"pend"`
	Lost    map[string]uint64 `json:"lost,omitempty"`
	CmdCur  string            `json:"cmdcur,omitempty"`
	Power   string            `json:"power,omitempty"`
	Cause   string            `json:"cause,omitempty"`
	TS      string            `json:"ts"`
	Sim     bool              `json:"sim,omitempty"`
}

type death struct {
	Online  bool   `json:"online"`
	Session string `json:"session"`
	HW      string `json:"hw"`
}

// JSON is the payload of up/state. Of a State that is not online it is the death.
func (s State) JSON() []byte {
	if !s.Online {
		return encode(death{Session: s.Session, HW: s.HW})
	}
	return encode(birth(s))
}

// Will is the payload that the broker publishes when this session is lost.
func (s State) Will() []byte {
	s.Online = false
	return s.JSON()
}
