package board

import "syscall"

// nackError is what most Linux controllers report for a missing acknowledge.
const nackError = syscall.EREMOTEIO
