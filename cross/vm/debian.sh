# Read by the scripts beside it: fetches packages of Debian for any processor into .cache/vm, from
# the machine's own sources and without touching its list of packages.
cache=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/.cache/vm
apt=$cache/apt
export APT_CONFIG=$apt/apt.conf LC_ALL=C

die() { echo "cross/vm: $*" >&2; exit 1; }

# need PACKAGE TOOL... ends with what to install when a tool is missing.
need() {
  local package=$1 tool
  shift
  for tool in "$@"; do
    command -v "$tool" >/dev/null || die "$tool is missing: apt-get install $package"
  done
}

# took STEP SINCE prints how long a step took.
took() { echo "cross/vm: $1: $((SECONDS - $2)) s"; }

# fresh DIR tells whether DIR was made by these scripts as they are now; done_with DIR says so.
stamp() { cat "$0" "${BASH_SOURCE[0]}" | cksum; }
fresh() { [ "$(cat "$1/stamp" 2>/dev/null)" = "$(stamp)" ]; }
done_with() { stamp >"$1/stamp"; }

# sources prints the machine's own sources of Debian.
sources() {
  env -u APT_CONFIG apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Identifier: Packages' 'Origin: Debian' | sort -u | grep . ||
    die "this machine has no lists of Debian's packages: apt-get update"
}

# lists ARCH... fetches the lists of packages for these processors from the sources on stdin.
lists() {
  need dpkg dpkg-deb
  mkdir -p "$apt"/{lists/partial,archives/partial}
  cat >"$apt/sources.list"
  : >"$apt/status"
  { echo "APT::Architectures { $(printf '"%s"; ' "$(dpkg --print-architecture)" "$@")};"
    cat <<END
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
APT::Sandbox::User "root";
END
  } >"$apt/apt.conf"
  apt-get update -qq || die "the lists of packages cannot be fetched"
}

# newest PACKAGE:ARCH prints what a package that only points to the newest one points to.
newest() {
  apt-cache depends "$1" | sed -n 's/^ *Depends: \([^:<>]*\).*/\1/p' | head -n 1 | grep . ||
    die "$1 is not in Debian's lists"
}

# fetch DIR PACKAGE... downloads packages and unpacks them into DIR.
fetch() {
  local dir=$1 deb
  shift
  rm -rf "$dir" "$apt/new"
  mkdir -p "$dir" "$apt/new"
  (cd "$apt/new" && apt-get download -qq "$@") || die "cannot be fetched: $*"
  for deb in "$apt"/new/*.deb; do dpkg-deb -x "$deb" "$dir"; done
  rm -r "$apt/new"
}

# pack TREE VERSION OUT MODULE... copies a kernel and the modules that it needs, in their order.
pack() {
  local tree=$1 version=$2 out=$3 m
  shift 3
  need kmod depmod modprobe
  rm -rf "$out"
  mkdir -p "$out/modules"
  depmod -b "$tree" "$version"
  for m in "$@"; do
    modprobe -d "$tree" -S "$version" --show-depends "$m" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
  done | awk '!seen[$0]++' | while read -r file; do
    cp "$file" "$out/modules"
    basename "$file"
  done >"$out/modules/list"
  cp "$tree/boot/vmlinuz-$version" "$out/vmlinuz"
  echo "$version" >"$out/version"
}
