// Package agent is firepost as a library: the edge agent of a micro fire station or a small venue.
//
// An agent reads sensors, judges them and sounds the alarm on the spot; it keeps what it saw while
// the line is down and forwards it to the district over MQTT. [New] checks and wires, [Agent.Run]
// does the work until its context ends. The package has no global state, registers no flag and no
// signal handler, and never ends the process.
//
// # The way through the house
//
//	drivers  →  guard  →  outputs          the safety loop; nothing else can stop it
//	            guard  →  event ring  →  scribe  →  outbox  →  courier  →  MQTT
//	            guard  →  snapshot    →  page, metrics, scribe
//	            guard  →  keeper      →  panel.0, panel.1
//	            guard  ←  ledger      ←  courier  ←  MQTT
//	            guard  ←  desk        ←  page         who logs in with his PIN
//
// Data goes from left to right. Two things come back, commands and notices, and both are offered
// to the guard without waiting for it. The ledger writes each order of the district down before the
// panel is asked, so that it is obeyed once, and answers it. What the siren does is decided by one
// pure function, [github.com/firepost/firepost/agent/alarm.Panel.Step].
//
// One room changes the site: it reads the site file again, and tries one that the district pushes.
// What counts is decided by package sitefile, what weakens by
// [github.com/firepost/firepost/agent/site.Compare].
//
// # Start and end
//
// The saved state of the panel is read first, for at most 2 s; then the outputs are opened and the
// guard runs. Everything else comes after the guard's first step, and nothing of it is waited for:
// not the identity, the disk, the network, or the log.
//
// At the end the rooms stop first, then the outbox, the guard, and the keeper with the guard's last
// word. Each has its time; what hangs is named and left behind. An output that an alarm holds is
// left on.
package agent
