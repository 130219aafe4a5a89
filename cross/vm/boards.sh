#!/usr/bin/env bash
# Puts what the emulated boards of "make vm-all" need into .cache/vm/boards: Debian's kernels for
# them as they are, their device trees, and a QEMU that knows more of them than this release's.
set -euo pipefail
. "$(dirname "$0")/debian.sh"
out=$cache/boards work=$cache/work

if fresh "$out"; then
  echo 'cross/vm: the kernels of the boards are in .cache/vm/boards'
  exit 0
fi
need kmod depmod

began=$SECONDS
. /etc/os-release
sources | grep " $VERSION_CODENAME main" |
  sed "p; s/^deb /deb [arch=$(dpkg --print-architecture)] /; s/ main/-backports main/" |
  lists arm64 armhf armel
mkdir -p "$out"
fetch "$out/qemu" "qemu-system-arm/$VERSION_CODENAME-backports" \
  "qemu-system-common/$VERSION_CODENAME-backports" "qemu-system-data/$VERSION_CODENAME-backports"

# kernel PACKAGE ARCH DTB MODULE... packs one kernel, with one of its device trees, as the name of
# the tree without its end.
kernel() {
  local image dtb=$3 dir=$out/$(basename "$3" .dtb)
  image=$(newest "$1:$2")
  local version=${image#linux-image-}
  [ -d "$work/$version" ] || fetch "$work/$version" "$image:$2"
  shift 3
  pack "$work/$version" "$version" "$dir" i2c-dev "$@"
  cp "$work/$version/usr/lib/$image/$dtb" "$dir/tree.dtb"
}
rm -rf "$work"
kernel linux-image-armmp armhf imx6q-sabrelite.dtb i2c-imx
kernel linux-image-armmp armhf sun8i-h3-orangepi-pc.dtb i2c-mv64xxx
kernel linux-image-rpi armel bcm2835-rpi-zero.dtb
kernel linux-image-arm64 arm64 broadcom/bcm2837-rpi-3-b.dtb i2c-bcm2835
rm -rf "$work"
done_with "$out"
took 'download of the kernels of the boards' $began
