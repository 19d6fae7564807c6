#!/usr/bin/env bash
# What classes, orders and a limit to waiting are worth: requests at a fixed rate, whether the server
# keeps up or not. Prints tables and says for each limit whether it is met:
#
#   ./tests/bench/pool_classes.sh             everything, about two minutes
#   ./tests/bench/pool_classes.sh --seconds N  each part for N seconds, instead of 10
#
# mixed     nine of ten requests take 1 ms and one takes 100 ms, 80 % of what eight threads can do:
#           first come first served, shortest first, and in classes of their own
# overload  twice as many requests of 10 ms as eight threads can do, with and without a limit
#
# One worker on the machine as it is; nothing else should be running. Exits with 1 if a limit is not
# met.
# shellcheck disable=SC2034,SC2154 # servers.sh shares variables
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
# shellcheck source=deploy/dependencies.sh
source "$root/deploy/dependencies.sh"
# shellcheck source=tests/bench/servers.sh
source "$here/servers.sh"

seconds=10

usage() { sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;/shellcheck/d;p}' "${BASH_SOURCE[0]}"; }

while (($#)); do
  case $1 in
    --seconds)
      [[ "${2:-}" =~ ^[1-9][0-9]*$ ]] || fail '--seconds needs a number'
      seconds=$2
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "Unknown option: $1 (see tests/bench/pool_classes.sh --help)" ;;
  esac
  shift
done

make_work_folder

build_folder=$root/build/release
install_dependencies "$build_folder" "${test_packages[@]}"
configure "$root" release -DPREFORK_DEVELOPER=ON
cmake --build "$build_folder" --target prefork-server test_app_pools bench_open_loop >&2
server_core=$(taskset -cp $$ | sed 's/.*: //')
application=$build_folder/tests/apps/libtest_app_pools.so

missed=0
# check WHAT VALUE SIGN LIMIT
check() {
  if awk -v value="$2" -v sign="$3" -v limit="$4" \
    'BEGIN { exit !(sign == "<=" ? value <= limit : value >= limit) }'; then
    printf '  met     %s: %s (limit %s %s)\n' "$@"
  else
    printf '  MISSED  %s: %s (limit %s %s)\n' "$@"
    missed=1
  fi
}

# offer RATE MIX... -- OPTION...: prints the table, and keeps it in $work/table.
offer() {
  local rate=$1 mix=()
  shift
  while [[ $1 != -- ]]; do
    mix+=("$1")
    shift
  done
  shift
  say "$rate requests/s with ${*:-the defaults}"
  start_prefork 1 "$application" "$@"
  "$build_folder/tests/bench/bench_open_loop" "$server_port" "$rate" "$seconds" "${mix[@]}" |
    tee "$work/table"
  stop_servers
}

# column PATH NUMBER
column() { awk -v path="$1" -v column="$2" '$1 == path { print $column }' "$work/table"; }

# Eight threads, 10.9 ms on average: 734 a second.
mixed=(90:/sleep/1 10:/sleep/100)
offer 587 "${mixed[@]}" -- --threads 8
offer 587 "${mixed[@]}" -- --threads 8 --pool-order shortest
offer 587 "${mixed[@]}" -- --threads 2 --pool reports=8
check 'p99 of the short ones, in a class of their own, ms' "$(column /sleep/1 7)" '<=' 5

offer 1600 100:/sleep/10 -- --threads 8
offer 1600 100:/sleep/10 -- --pool default=8,wait=1s
check 'goodput of 800 possible ones a second' "$(column /sleep/10 3)" '>=' 760
check 'p99 of those that were served, ms' "$(column /sleep/10 7)" '<=' 1010

exit "$missed"
