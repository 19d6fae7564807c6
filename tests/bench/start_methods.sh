#!/usr/bin/env bash
# What each way of making processes costs: how long the start takes until all workers are ready, how
# long a killed worker is missed, and how much memory all processes have together. Prints a table:
#
#   ./tests/bench/start_methods.sh              eight workers, five rounds, about a minute
#   ./tests/bench/start_methods.sh --workers N  so many
#   ./tests/bench/start_methods.sh --rounds N   the median of so many
#
# Each with a small application and with one that computes a table of 50 MiB while it is loaded. A
# worker that was lost is started again after 0.1 s, which is part of the time that it is missed.
# Memory is the proportional set size (PSS): what processes share counts once.
# shellcheck disable=SC2034,SC2154 # servers.sh shares variables
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
# shellcheck source=deploy/dependencies.sh
source "$root/deploy/dependencies.sh"
# shellcheck source=tests/bench/servers.sh
source "$here/servers.sh"

workers=8
rounds=5

usage() { sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;/shellcheck/d;p}' "${BASH_SOURCE[0]}"; }

while (($#)); do
  case $1 in
    --workers | --rounds)
      [[ "${2:-}" =~ ^[1-9][0-9]*$ ]] || fail "$1 needs a number"
      if [[ $1 == --workers ]]; then workers=$2; else rounds=$2; fi
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "Unknown option: $1 (see tests/bench/start_methods.sh --help)" ;;
  esac
  shift
done

make_work_folder

build_folder=$root/build/release
install_dependencies "$build_folder" "${test_packages[@]}"
configure "$root" release -DPREFORK_DEVELOPER=ON
cmake --build "$build_folder" --target prefork-server bench_application >&2
server_core=$(taskset -cp $$ | sed 's/.*: //')
application=$build_folder/tests/bench/libbench_application.so

median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

# one_round OPTION...: adds a line to $work/start, $work/missed and $work/memory.
one_round() {
  local log=$work/server.log victim killed_ns line ready_ns tries=500
  rm -f "$log"
  start_prefork "$workers" "$application" --log-level debug --log-file "$log" "$@"
  sed -n 's/.* ready: .* in \([0-9]*\) ms$/\1/p' "$log" >>"$work/start"
  group_memory_kib "$server_pid" >>"$work/memory"
  victim=$(stats | jq '.workers[0].pid')
  killed_ns=$(date +%s%N)
  kill -KILL "$victim"
  until line=$(sed -n "/(pid $victim) ended/,\$p" "$log" | grep ' worker 0 .* is ready after '); do
    ((--tries)) || fail "Worker 0 was not replaced; see $log"
    sleep 0.02
  done
  ready_ns=$(date -d "${line%% *}" +%s%N)
  echo $(((ready_ns - killed_ns) / 1000000)) >>"$work/missed"
  stop_servers
}

# row NAME OPTION...
row() {
  local name=$1 round
  shift
  rm -f "$work/start" "$work/missed" "$work/memory"
  for ((round = 0; round < rounds; ++round)); do one_round "$@"; done
  printf '%-24s %10s %10s %12s\n' "$name" "$(median <"$work/start")" "$(median <"$work/missed")" \
    "$(median <"$work/memory" | awk '{ printf "%.1f", $1 / 1024 }')"
}

for mebibytes in 0 50; do
  export BENCH_TABLE_MIB=$mebibytes
  printf '\n%s workers, an application with a table of %s MiB\n' "$workers" "$mebibytes"
  printf '%-24s %10s %10s %12s\n' method 'start, ms' 'missed, ms' 'memory, MiB'
  row fork --start-method fork
  row spawn --start-method spawn
  row forkserver --start-method forkserver
  row 'forkserver --preload' --preload
done
