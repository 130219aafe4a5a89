// Package vm runs the device's program for arm64 under a stock Debian kernel in a virtual machine.
// The kernel's own /dev/i2c-N and /dev/gpiochipN lead to the chips of the simulated board outside,
// so what no simulated bus can show is shown here: system calls, drivers, a bus that is unplugged,
// a power cut. It must never be linked into the device.
//
// "make vm" fetches the kernel and runs the tests, which have the build tag vm. Nothing of Debian's
// is kept here: cross/vm/kernel.sh fetches it and builds the two drivers that Debian leaves out.
package vm
