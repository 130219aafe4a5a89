#!/usr/bin/env bash
# Puts Debian's newest kernel of this release for arm64 into .cache/vm/arm64: vmlinuz, the modules
# that the virtual machine needs, and modules/list with their order. The drivers of virtio's I2C
# and GPIO devices and of a simulated GPIO chip, which Debian leaves out, are built from the same
# kernel's source.
set -euo pipefail
. "$(dirname "$0")/debian.sh"
out=$cache/arm64 work=$cache/work cross=aarch64-linux-gnu-

if fresh "$out"; then
  echo "cross/vm: kernel $(cat "$out/version") is in .cache/vm/arm64"
  exit 0
fi
need gcc-aarch64-linux-gnu ${cross}gcc
need 'make xz-utils kmod' make xz depmod

began=$SECONDS
sources | lists arm64
image=$(newest linux-image-arm64:arm64)
version=${image#linux-image-}
series=$(newest linux-source)
series=${series#linux-source-}
fetch "$work" "$image:arm64" "linux-headers-$version:arm64" \
  "linux-headers-${version%-arm64}-common" "linux-kbuild-$series" "linux-source-$series"
took "download of kernel $version" $began

began=$SECONDS
# One source file of each driver is all that is taken. The I2C driver frees a request of which the
# device may still write when a signal interrupts the wait for it; ours waits.
mkdir "$work/drivers"
xz -dc -T0 "$work/usr/src/linux-source-$series.tar.xz" |
  tar -x -C "$work/drivers" --transform 's,.*/,,' --wildcards \
    '*/drivers/i2c/busses/i2c-virtio.c' '*/drivers/gpio/gpio-virtio.c' \
    '*/drivers/gpio/gpio-sim.c' '*/drivers/gpio/gpiolib.h' '*/kernel/irq/irq_sim.c'
sed -i 's/wait_for_completion_interruptible(\(.*\)))$/(wait_for_completion(\1), 0))/' \
  "$work/drivers/i2c-virtio.c"
grep -q '(wait_for_completion(' "$work/drivers/i2c-virtio.c" ||
  die "i2c-virtio.c waits in another way now"
# The simulated chip has edges, which that of virtio has not. The interrupts that it makes are a file
# of the kernel that Debian leaves out as well, and one function in it is not there for modules.
sed -i 's/handle_simple_irq(irq_to_desc(\(.*\)));/generic_handle_irq(\1);/' "$work/drivers/irq_sim.c"
grep -q 'generic_handle_irq(' "$work/drivers/irq_sim.c" || die "irq_sim.c is another one now"
echo '#include "irq_sim.c"' >>"$work/drivers/gpio-sim.c"
echo 'obj-m := i2c-virtio.o gpio-virtio.o gpio-sim.o' >"$work/drivers/Makefile"
headers=$work/usr/src/linux-headers-$version
sed -i "s,/usr/src,$work/usr/src," "$headers/Makefile"
make -s -C "$headers" M="$work/drivers" CROSS_COMPILE=$cross modules >"$work/make.log" 2>&1 ||
  { cat "$work/make.log" >&2; die "the drivers cannot be built"; }
mkdir "$work/lib/modules/$version/extra"
cp "$work"/drivers/*.ko "$work/lib/modules/$version/extra"
pack "$work" "$version" "$out" virtio_pci virtio_blk virtio_net ext4 i2c-dev i2c-virtio gpio-virtio gpio-sim
rm -rf "$work"
done_with "$out"
took 'build of its drivers' $began
