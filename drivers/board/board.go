// Package board gives firepost the buses and lines of the machine it runs on, or of a simulated
// board on a socket. It opens, reads and sets what it is told to, and judges nothing. It never
// moves a line that nobody asked it to move, and a failed access is never a level.
//
// A bus belongs to one goroutine: whoever opens it is its only user. The library underneath keeps
// stack addresses across a lock, so that two users of one bus can read each other's bytes without
// an error.
package board

import "time"

// pollEvery is how long Wait takes on a line that has no interrupts. It is added to the reaction
// time of a contact there.
const pollEvery = 20 * time.Millisecond
