// Package board gives firepost the buses and lines of the machine it runs on, or of a simulated
// board on a socket. It opens, reads and sets what it is told to, and judges nothing. It never
// moves a line that nobody asked it to move, and a failed access is never a level.
//
// The buses of the kernel have a transport of their own here. periph's gives the kernel addresses
// of a stack that may have moved by then, drops the kernel's error number, and takes a transfer
// that ended early for a good one. What stays of periph is what knows boards and their headers,
// and adapters that are no bus of the kernel.
package board

import "time"

// pollEvery is how long Wait takes on a line that has no interrupts. It is added to the reaction
// time of a contact there.
const pollEvery = 20 * time.Millisecond
