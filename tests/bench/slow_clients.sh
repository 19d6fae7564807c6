#!/usr/bin/env bash
# What slow clients cost the others: slowhttptest's four modes with 1000 connections each against a
# server with two workers, while four well-behaved clients ask for /plaintext; then how quickly a
# server over its limits says 503. Prints a table and says for each limit whether it is met:
#
#   ./tests/bench/slow_clients.sh              everything, about two and a half minutes
#   ./tests/bench/slow_clients.sh --mode NAME  one of: headers, body, read, range, overload
#
# The server's deadlines are 10 seconds, so that a mode of 20 seconds sees them pass. Memory is the
# proportional set size of all its processes; the kernel's socket buffers are not in it. Exits with 1
# if a limit is not met.
# shellcheck disable=SC2034,SC2154 # servers.sh shares variables
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
# shellcheck source=deploy/dependencies.sh
source "$root/deploy/dependencies.sh"
# shellcheck source=tests/bench/servers.sh
source "$here/servers.sh"

connections=1000
seconds=20
all_modes=(headers body read range overload)
modes=()

usage() { sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;/shellcheck/d;p}' "${BASH_SOURCE[0]}"; }

while (($#)); do
  case $1 in
    --mode)
      [[ " ${all_modes[*]} " == *" ${2:-} "* ]] || fail "--mode needs one of: ${all_modes[*]}"
      modes+=("$2")
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "Unknown option: $1 (see tests/bench/slow_clients.sh --help)" ;;
  esac
  shift
done
((${#modes[@]})) || modes=("${all_modes[@]}")

make_work_folder

build_folder=$root/build/release
install_dependencies "$build_folder" "${test_packages[@]}" "${slow_client_packages[@]}"
configure "$root" release -DPREFORK_DEVELOPER=ON
cmake --build "$build_folder" --target prefork-server bench_idle >&2
server_core=$(taskset -cp $$ | sed 's/.*: //')
ulimit -n "$(ulimit -Hn)"

missed=0
# check WHAT VALUE LIMIT: whether the value is at most the limit.
check() {
  if awk -v value="$2" -v limit="$3" 'BEGIN { exit !(value <= limit) }'; then
    printf '  met     %s: %s (limit %s)\n' "$@"
  else
    printf '  MISSED  %s: %s (limit %s)\n' "$@"
    missed=1
  fi
}

# Clients that ask, take the answer, and think for a while.
cat >"$work/steady.lua" <<'LUA'
function delay() return 5 end
LUA

# steady SECONDS: prints the median and the 99th percentile in microseconds, and failures.
steady() {
  wrk -t1 -c4 -d"$1s" --latency -s "$work/steady.lua" "http://127.0.0.1:$server_port/plaintext" |
    awk '
      function us(text) {
        if (text ~ /us$/) return text + 0
        if (text ~ /ms$/) return text * 1000
        return text * 1000000
      }
      $1 == "50%" { p50 = us($2) }
      $1 == "99%" { p99 = us($2) }
      /requests in/ { requests = $1 }
      /Socket errors/ { errors += $4 + $6 + $8 + $10 }
      /Non-2xx/ { errors += $NF }
      END { if (requests == 0) ++errors; printf "%d %d %d\n", p50, p99, errors }'
}

# slow_options MODE: what makes slowhttptest do it.
slow_options() {
  local url=http://127.0.0.1:$server_port
  case $1 in
    headers) echo "-H -i 3 -x 24 -t GET -u $url/plaintext" ;;
    body) echo "-B -i 3 -x 24 -s 8192 -u $url/" ;;
    read) echo "-X -w 512 -y 1024 -n 5 -z 32 -u $url/stream?bytes=10000000" ;;
    range) echo "-R -a 5 -b 3000 -t HEAD -u $url/plaintext" ;;
  esac
}

timeouts() { stats | jq -c '.totals.timeouts'; }

# measure MODE BYTES: one line of the table, and its limits; so much memory for a connection.
measure() {
  local mode=$1 limit_bytes=$2 before during memory_before memory_during memory_after held options
  say "$mode: $connections connections for $seconds seconds"
  start_prefork 2 --timeout-header 10s --timeout-body 10s --timeout-write 10s
  # Warm: as many connections as will come, so that tables have grown.
  hold "$server_port" "$connections" 64
  let_go
  before=$(steady 5)
  await_stats '.totals.connections.active == 0'
  memory_before=$(group_memory_kib "$server_pid")
  read -ra options <<<"$(slow_options "$mode")"
  setsid slowhttptest -c "$connections" -r "$connections" -l "$seconds" -p 5 "${options[@]}" \
    >"$work/slow.log" 2>&1 </dev/null &
  local slow_pid=$!
  started_pids+=("$slow_pid")
  (sleep 6; stats | jq .totals.connections.active; group_memory_kib "$server_pid") \
    >"$work/held" &
  local sampler=$!
  during=$(steady "$seconds")
  wait "$sampler"
  { read -r held; read -r memory_during; } <"$work/held"
  stop_group "$slow_pid"
  await_stats '.totals.connections.active == 0'
  memory_after=$(group_memory_kib "$server_pid")
  local p50_before p99_before p50 p99 errors per_connection errors_before
  read -r p50_before p99_before errors_before <<<"$before"
  read -r p50 p99 errors <<<"$during"
  per_connection=$(((memory_during - memory_before) * 1024 / connections))
  printf '%-8s others: p50 %d us before, %d during; p99 %d us before, %d during; held %d\n' \
    "$mode" "$p50_before" "$p50" "$p99_before" "$p99" "$held"
  printf '%-8s memory: %d KiB before, %d during (%d bytes a connection), %d after\n' \
    '' "$memory_before" "$memory_during" "$per_connection" "$memory_after"
  printf '%-8s ended:  %s\n' '' "$(timeouts)"
  check "p99 of the others in us" "$p99" $((p99_before * 3 > 20000 ? p99_before * 3 : 20000))
  check "failures of the others" $((errors + errors_before)) 0
  check "memory of a slow connection in bytes" "$per_connection" "$limit_bytes"
  check "memory kept in KiB" $((memory_after - memory_before)) 2048
  stop_servers
}

# refusals WHAT PATH: asks 200 times over new connections; what comes must be 503 with Retry-After.
refusals() {
  local what=$1 path=$2 i
  for ((i = 0; i < 200; ++i)); do
    curl -s -o /dev/null --max-time 5 -w '%{http_code} %header{retry-after} %{time_total}\n' \
      "http://127.0.0.1:$server_port$path" || true
  done >"$work/refusals"
  local wrong p50 p99
  wrong=$(grep -cvE '^503 [0-9]+ ' "$work/refusals" || true)
  read -r p50 p99 < <(awk '{ printf "%d\n", $3 * 1000000 }' "$work/refusals" | sort -n |
    awk '{ v[NR] = $1 } END { print v[int(NR * 0.5)], v[int(NR * 0.99)] }')
  printf '%s: 503 after p50 %d us, p99 %d us, connecting included\n' "$what" "$p50" "$p99"
  check 'answers other than 503 with Retry-After' "$wrong" 0
  if ((wrong)); then grep -vE '^503 [0-9]+ ' "$work/refusals" | cut -d' ' -f1 | sort | uniq -c; fi
  check 'p99 of the 503 in us' "$p99" 20000
}

overload() {
  local i busy=()
  say 'overload: connections'
  start_prefork 1 --limit-connections 100 --timeout-keep-alive 60s
  hold "$server_port" 100 64
  refusals 'over --limit-connections' /plaintext
  let_go
  stop_servers
  say 'overload: requests in progress'
  start_prefork 1 --limit-concurrency 4
  for ((i = 0; i < 4; ++i)); do
    curl -s -o /dev/null --max-time 60 "http://127.0.0.1:$server_port/sleep?ms=60000" &
    busy+=($!)
  done
  await_stats '.totals.pool.in_progress == 4'
  refusals 'over --limit-concurrency' '/sleep?ms=1'
  kill "${busy[@]}" 2>/dev/null || true
  wait "${busy[@]}" 2>/dev/null || true
  stop_servers
}

printf 'load average at the start: %s\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
for mode in "${modes[@]}"; do
  case $mode in
    overload) overload ;;
    # What is read from the application and not taken yet has to be kept.
    read) measure "$mode" $((128 * 1024)) ;;
    *) measure "$mode" 1024 ;;
  esac
done
exit "$missed"
