#!/usr/bin/env bash
# The self-test of the release build, for long and in surroundings that are against it: with each
# start method, few descriptors, a full disk behind the log, a machine that has other things to do,
# and many kills and reloads in a row. Each run says its seed; the same seed does the same again.
#
#   ./tests/chaos/run.sh                     ten minutes
#   ./tests/chaos/run.sh --minutes 600       so long altogether
#   ./tests/chaos/run.sh --kills 10000       so many kills, then as many reloads as --reloads says
#                                            and as many upgrades as --upgrades says
#   ./tests/chaos/run.sh --server PATH       of another build
#
# Needs root for the full disk (a mount namespace of its own); left out otherwise, and told.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
server=$root/build/release/prefork-server
minutes=10
kills=0
reloads=0
upgrades=0
while (($#)); do
  case $1 in
    --minutes) minutes=$2 ;;
    --kills) kills=$2 ;;
    --reloads) reloads=$2 ;;
    --upgrades) upgrades=$2 ;;
    --server) server=$2 ;;
    *)
      sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;p}' "${BASH_SOURCE[0]}" >&2
      exit 2
      ;;
  esac
  shift 2
done
[[ -x $server ]] || {
  echo "run.sh: there is no $server; build it (cmake --preset release && cmake --build build/release)" >&2
  exit 2
}

work=$(mktemp -d)
spinners=()
cleanup() {
  ((${#spinners[@]} == 0)) || kill "${spinners[@]}" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

failed=()
# run NAME COMMAND...
run() {
  local name=$1
  shift
  printf '\n=== %s\n' "$name"
  "$@" || failed+=("$name")
}

selftest() { "$server" selftest "$@"; }
few_descriptors() (ulimit -n 128 && selftest "$@")
# The log of the server lies in $TMPDIR, which has room for some lines.
full_disk() {
  mkdir -p "$work/small"
  # shellcheck disable=SC2016 # expanded in there
  unshare --mount bash -ec 'mount -t tmpfs -o size=64k tmpfs "$1"
    head -c 49152 /dev/zero >"$1/filling"
    TMPDIR=$1 exec "${@:2}"' in_there "$work/small" "$server" selftest "$@"
}
busy_machine() {
  spinners=()
  for _ in $(seq "$(nproc)"); do
    (while :; do :; done) &
    spinners+=($!)
  done
  selftest "$@"
  local code=$?
  kill "${spinners[@]}"
  wait "${spinners[@]}" 2>/dev/null || true
  spinners=()
  return "$code"
}

# So many workers that each is rarely killed again before it has proved healthy: the master waits
# longer each time before it starts one that ends again and again.
if ((kills > 0)); then
  run "$kills kills" selftest --workers 64 --rounds "$kills" --only kill
fi
if ((reloads > 0)); then run "$reloads reloads" selftest --rounds "$reloads" --only reload; fi
if ((upgrades > 0)); then run "$upgrades upgrades" selftest --rounds "$upgrades" --only upgrade; fi
if ((kills == 0 && reloads == 0 && upgrades == 0)); then
  share=(--seconds $((minutes * 60 / 7)))
  for method in fork spawn forkserver; do
    run "start method $method" selftest "${share[@]}" -- --start-method "$method"
  done
  run 'crashes and hangs only' selftest "${share[@]}" --only kill,crash,hang
  run 'few descriptors' few_descriptors "${share[@]}"
  run 'a busy machine' busy_machine "${share[@]}"
  if ((EUID == 0)); then
    run 'a full disk' full_disk "${share[@]}"
  else
    echo 'left out: a full disk (needs root)'
  fi
fi

if ((${#failed[@]})); then
  printf '\nfailed: %s\n' "${failed[@]}"
  exit 1
fi
printf '\nEverything passed.\n'
