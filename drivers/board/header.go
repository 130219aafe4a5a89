//go:build arm || arm64

package board

// Of the boards that periph knows, only the Raspberry Pi's headers lead to lines that the kernel
// has a name for. The drivers of the others would cost 0.2 MB for names that lead nowhere.
import _ "periph.io/x/host/v3/rpi"
