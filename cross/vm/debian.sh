# Read by the scripts beside it: fetches packages of Debian for any processor into .cache/vm, from
# the machine's own sources and without touching its list of packages.
cache=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/.cache/vm
apt=$cache/apt

die() { echo "cross/vm: $*" >&2; exit 1; }

# took STEP SINCE prints how long a step took.
took() { echo "cross/vm: $1: $((SECONDS - $2)) s"; }

for tool in apt-get dpkg-deb; do
  command -v $tool >/dev/null || die "$tool is missing: the kernels are Debian's"
done

# sources ARCH... prepares a private list of packages for these processors.
sources() {
  mkdir -p "$apt"/{lists/partial,archives/partial}
  [ -s "$apt/sources.list" ] || apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Identifier: Packages' 'Origin: Debian' | sort -u >"$apt/sources.list"
  [ -s "$apt/sources.list" ] || die "this machine has no lists of Debian's packages: apt-get update"
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
  export APT_CONFIG=$apt/apt.conf LC_ALL=C
  apt-get update -qq || die "the lists of packages cannot be fetched"
}

# newest PACKAGE:ARCH prints what a package that only points to the newest one points to.
newest() {
  apt-cache depends "$1" | sed -n 's/^ *Depends: \([^:<>]*\).*/\1/p' | head -n 1 | grep . ||
    die "$1 is not in Debian's lists"
}

# fetch DIR PACKAGE... downloads packages and unpacks them into DIR.
fetch() {
  local dir=$1
  shift
  rm -rf "$dir" "$apt/new"
  mkdir -p "$dir" "$apt/new"
  (cd "$apt/new" && apt-get download -qq "$@") || die "cannot be fetched: $*"
  for deb in "$apt"/new/*.deb; do dpkg-deb -x "$deb" "$dir"; done
  rm -r "$apt/new"
}
