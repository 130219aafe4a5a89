#!/usr/bin/env bash
# Makes targets side by side: cross/steps.sh 'kill ROUNDS=15; vm' 'race; arm'
#
# Each argument is a row of targets that are made one after the other. The first row has the
# processor first: it is for what waits for processes, machines and clocks, and the others compute.
# The output of a target comes whole when it ends, and at last a line for each with its time. One
# that fails stops no other one, and all of them.
set -uo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

step() {
  local name=${1%% *} began=$SECONDS how=passed
  echo "-- $name begins"
  # shellcheck disable=SC2086 # a target and its variables are words
  make --no-print-directory $1 >"$out/$name.log" 2>&1 </dev/null || how=FAILED
  {
    flock 9
    printf '\n== %s %s\n' "$name" "$how"
    cat "$out/$name.log"
    printf '%-12s %-7s %5d s\n' "$name" "$how" $((SECONDS - began)) >>"$out/summary"
  } 9>"$out/lock"
}

row() {
  local steps s
  IFS=';' read -ra steps <<<"$1"
  for s in "${steps[@]}"; do
    read -r s <<<"$s"
    step "$s"
  done
}

row "$1" &
shift
for r; do
  (
    renice -n 10 $BASHPID >/dev/null
    row "$r"
  ) &
done
wait
printf '\n'
cat "$out/summary"
! grep -q FAILED "$out/summary"
