#!/usr/bin/env bash
# Measures prefork-server beside a bare epoll loop, nginx, h2o and lighttpd, and says for each of the
# project's limits whether it is met:
#
#   ./tests/bench/run.sh                all cases, about fifteen minutes
#   ./tests/bench/run.sh --quick        the same with short rounds, about three minutes; rough figures
#   ./tests/bench/run.sh --case NAME    one case (may be repeated): keepalive, pipelined, close,
#                                       close4, browser, echo64k, stream1m, idle, boot, spread,
#                                       static1k, static10k, static1m, static100m, pool, poolcost,
#                                       preload, logs
#   ./tests/bench/run.sh --plot         also draws build/bench/bench.png
#   ./tests/bench/run.sh --against PROGRAM
#                                       beside another prefork-server (of an older commit, say) and
#                                       no other server; the cases that compare servers, and the
#                                       limit is 2 % more CPU
#
# The figure that counts is the CPU time a server spends on a request (user and system, of all its
# processes), because it does not depend on how fast the load generator is. Servers run on one core,
# wrk on another, over 127.0.0.1. They take turns, round after round, and what is compared is the
# median over the rounds of the ratios within one round: a machine that slows down for a while slows
# all of them. Nothing else should be running. Exits with 1 if a limit is not met.
# shellcheck disable=SC2034,SC2154,SC2317 # servers.sh shares variables; functions are called by name
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
# shellcheck source=deploy/dependencies.sh
source "$root/deploy/dependencies.sh"
# shellcheck source=tests/bench/servers.sh
source "$here/servers.sh"
PATH=$PATH:/usr/sbin:/sbin

rounds=7
seconds=4
reloads=20
plot=false
against=
cases=()
all_cases=(keepalive pipelined close close4 browser echo64k stream1m idle boot spread static1k static10k
  static1m static100m pool poolcost preload logs)

usage() { sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;p}' "${BASH_SOURCE[0]}"; }

while (($#)); do
  case $1 in
    --quick) rounds=3 seconds=1 reloads=5 ;;
    --plot) plot=true ;;
    --against)
      [[ -x "${2:-}" ]] || fail '--against needs the path of a prefork-server.'
      against=$(realpath "$2")
      shift
      ;;
    --case)
      [[ " ${all_cases[*]} " == *" ${2:-} "* ]] || fail "--case needs one of: ${all_cases[*]}"
      cases+=("$2")
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "Unknown option: $1 (see tests/bench/run.sh --help)" ;;
  esac
  shift
done
if ((!${#cases[@]})); then
  cases=("${all_cases[@]}")
  if [[ -n "$against" ]]; then
    cases=(keepalive pipelined close browser echo64k stream1m static1k static10k static1m idle)
  fi
fi

make_work_folder
results=$work/results.tsv
facts=$work/facts.tsv

if "$plot"; then bench_packages+=(gnuplot-nox); fi
build_folder=$root/build/release
install_dependencies "$build_folder" "${test_packages[@]}" "${bench_packages[@]}"
[[ -n "$against" ]] || install_servers nginx h2o lighttpd
configure "$root" release -DPREFORK_DEVELOPER=ON
cmake --build "$build_folder" --target prefork-server bench_bare_loop bench_idle \
  bench_application bench_system_call >&2
application=$build_folder/tests/bench/libbench_application.so

# The first two of the processors this shell may use.
mapfile -t cores < <(taskset -cp $$ | sed 's/.*: //' | tr ',' '\n' |
  awk -F- '{ for (i = $1; i <= ($2 == "" ? $1 : $2); i++) print i }')
((${#cores[@]} >= 2)) || fail 'The benchmark needs two processors: one for the server, one for wrk.'
server_core=${cores[0]}
client_core=${cores[1]}
ulimit -n "$(ulimit -Hn)"
ticks_per_second=$(getconf CLK_TCK)

: >"$results"
: >"$facts"

# load PORT SECONDS CONNECTIONS [WRK_OPTION...]: asks for load_path; prints wrk's report.
load_path=/plaintext
load() {
  local port=$1 duration=$2 connections=$3
  shift 3
  timeout --kill-after=5 $((duration + 15)) taskset -c "$client_core" \
    wrk -t1 -c"$connections" -d"${duration}s" --latency --timeout 10s "$@" \
    "http://127.0.0.1:$port$load_path"
}

# measure CASE SERVER ROUND PID PORT CONNECTIONS [WRK_OPTION...]: one line for the results.
measure() {
  local case=$1 server=$2 round=$3 pid=$4 port=$5 connections=$6 before after machine report
  shift 6
  machine=$(machine_cpu_ticks)
  before=$(group_cpu_ticks "$pid")
  report=$(load "$port" "$seconds" "$connections" "$@")
  after=$(group_cpu_ticks "$pid")
  machine=$(($(machine_cpu_ticks) - machine))
  note "$case" "$server" "$round" $(((after - before) * 1000000 / ticks_per_second)) "$report" \
    $((machine * 1000000 / ticks_per_second))
}

# note CASE SERVER ROUND CPU_US REPORT [MACHINE_CPU_US]
note() {
  local case=$1 server=$2 round=$3 cpu_us=$4 report=$5 machine_us=${6:-0}
  if grep -q 'Non-2xx' <<<"$report"; then fail "$server answered with errors: $report"; fi
  awk -v name="$case" -v server="$server" -v round="$round" -v cpu_us="$cpu_us" \
    -v machine_us="$machine_us" -v answer_bytes="${answer_bytes:-0}" '
    function us(text) {
      if (text ~ /us$/) return text + 0
      if (text ~ /ms$/) return text * 1000
      return text * 1000000
    }
    $1 == "50%" { p50 = us($2) }
    $1 == "99%" { p99 = us($2) }
    /requests in/ { requests = $1 }
    $1 == "Bytes:" { bytes = $2 }
    /^Requests\/sec/ { rate = $2 }
    /Socket errors/ { errors = $4 + $6 + $8 + $10 }
    END {
      if (answer_bytes > 0) requests = bytes / answer_bytes
      if (requests == 0) exit 1
      printf "%s\t%s\t%d\t%.4f\t%.0f\t%.0f\t%.0f\t%d\t%.4f\n", name, server, round,
        cpu_us / requests, rate, p50, p99, errors, machine_us / requests
    }' <<<"$report" >>"$results" || fail "wrk counted no request against $server: $report"
}

# compare CASE CONNECTIONS SERVERS [WRK_OPTION...]: SERVERS as "name:start_command,..."; all of them
# run throughout, but only one at a time has anything to do.
compare() {
  local case=$1 connections=$2 servers=$3 entry round
  shift 3
  local names=() pids=() ports=() entries=() i
  IFS=, read -ra entries <<<"$servers"
  [[ -z "$against" ]] || read_old_and_new entries
  for entry in "${entries[@]}"; do
    read -ra command <<<"${entry#*:}"
    "${command[@]}"
    names+=("${entry%%:*}") pids+=("$server_pid") ports+=("$server_port")
    load "$server_port" 1 "$connections" "$@" >/dev/null
  done
  for ((round = 1; round <= rounds; ++round)); do
    say "$case: round $round of $rounds"
    for i in "${!names[@]}"; do
      measure "$case" "${names[i]}" "$round" "${pids[i]}" "${ports[i]}" "$connections" "$@"
    done
  done
  stop_servers
}

# read_old_and_new ENTRIES: of the servers only prefork-server is left, and the other one beside it.
read_old_and_new() {
  local -n listed=$1
  local entry kept=()
  for entry in "${listed[@]}"; do
    [[ "$entry" != prefork:* ]] || kept=("old:start_old ${entry#*:}" "$entry")
  done
  listed=("${kept[@]}")
}

# start_old COMMAND...: the same with the program of --against.
start_old() {
  prefork_command=("$against")
  "$@"
  prefork_command=()
}

# What prefork-server sends, for the bare loop to send as well.
take_answer() {
  start_prefork 1
  curl -si --max-time 5 "http://127.0.0.1:$server_port/plaintext" -o "$work/answer"
  curl -si --max-time 5 -H 'Connection: close' "http://127.0.0.1:$server_port/plaintext" \
    -o "$work/answer.close"
  curl -si --raw --max-time 5 "http://127.0.0.1:$server_port/stream?bytes=1048576" \
    -o "$work/answer.stream"
  stop_servers
}

case_keepalive() {
  compare keepalive 64 'bare:start_bare,prefork:start_prefork 1,nginx:start_nginx 1,h2o:start_h2o,lighttpd:start_lighttpd'
}

case_pipelined() {
  compare pipelined 64 'bare:start_bare,prefork:start_prefork 1,nginx:start_nginx 1,h2o:start_h2o,lighttpd:start_lighttpd' \
    -s "$here/pipeline.lua"
}

case_close() {
  compare close 64 'bare:start_bare --close,prefork:start_prefork 1,nginx:start_nginx 1' \
    -H 'Connection: close'
}

case_close4() {
  compare close4 64 'prefork:start_prefork 4,nginx:start_nginx 4' -H 'Connection: close'
}

case_browser() {
  compare browser 64 'bare:start_bare,prefork:start_prefork 1,nginx:start_nginx 1,h2o:start_h2o,lighttpd:start_lighttpd' \
    -s "$here/browser.lua"
}

case_echo64k() {
  compare echo64k 16 'prefork:start_prefork 1,nginx:start_nginx 1 echo' -s "$here/upload.lua"
}

case_stream1m() {
  compare stream1m 16 'bare:start_bare --stream,prefork:start_prefork 1,nginx:start_nginx 1' \
    -s "$here/stream.lua"
}

# Files of a folder, with nginx and h2o set up for them as their manuals advise.
make_site() {
  local size
  site=$work/site
  [[ -d "$site" ]] && return
  mkdir "$site"
  printf 'Hello, World!' >"$site/plaintext"
  for size in 1K 10K 1M 100M; do
    head -c "$size" /dev/urandom >"$site/${size,,}.bin"
  done
}

# compare_files CASE FILE CONNECTIONS [WRK_OPTION...]
compare_files() {
  local case=$1 connections=$3
  make_site
  load_path=/$2
  shift 3
  compare "$case" "$connections" \
    "prefork:start_prefork 1 $site,nginx:start_nginx_files,h2o:start_h2o_files" "$@"
  load_path=/plaintext
}

case_static1k() { compare_files static1k 1k.bin 64; }
case_static10k() { compare_files static10k 10k.bin 64; }
case_static1m() { compare_files static1m 1m.bin 16; }
# Some hundred answers in a round: those that are under way at its end count for what came of them.
case_static100m() {
  local answer_bytes=$((100 * 1024 * 1024))
  compare_files static100m 100m.bin 4 -s "$here/bytes.lua"
}

fact() { printf '%s\t%s\n' "$1" "$2" >>"$facts"; }

# Memory per idle connection. The baseline is taken with the server warm, and nginx's table of
# connections (16,384 entries, some 3.7 MiB) is part of that baseline: nginx pays it at start.
idle_memory() {
  local server=$1 connections=8000 before after
  shift
  "$@"
  load "$server_port" 1 64 >/dev/null
  before=$(group_memory_kib "$server_pid")
  hold "$server_port" "$connections" 64
  after=$(group_memory_kib "$server_pid")
  let_go
  fact "idle_$server" $(((after - before) * 1024 / connections))
  stop_servers
}

case_idle() {
  say 'idle: 8,000 keep-alive connections'
  idle_memory prefork start_prefork 1
  if [[ -n "$against" ]]; then
    idle_memory old start_old start_prefork 1
  else
    idle_memory nginx start_nginx 1
  fi
}

# From the fork of a worker to its word that it is ready, as the server itself notes it.
case_boot() {
  local generation i
  say "boot: $reloads reloads"
  start_prefork 1
  : >"$work/boot"
  for ((i = 0; i < reloads; ++i)); do
    generation=$(stats | jq .server.generation)
    kill -HUP "$server_pid"
    await_stats ".server.generation > $generation and
      ([.workers[] | select(.generation > $generation and .state == \"ready\")] | length) == 1 and
      (.workers | length) == 1"
    stats | jq '.workers[].boot_ms' >>"$work/boot"
  done
  stop_servers
  fact boot "$(sort -n "$work/boot" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')"
}

case_spread() {
  local connections counts
  say 'spread: keep-alive connections over 4 workers'
  start_prefork 4
  for connections in 8 64 1000; do
    hold "$server_port" "$connections" "$connections"
    # Where a connection belongs is decided when it comes to rest.
    sleep 1
    counts=$(stats | jq -r '[.workers[].connections.active] | map(tostring) | join("/")')
    fact "spread_$connections" "$counts"
    let_go
    await_stats '([.workers[].connections.active] | add) == 0'
  done
  stop_servers
}

# 64 threads over two workers, and each request blocks one of them for 10 ms: 6,400 requests/s at
# best. Meanwhile somebody asks the event loops 400 times a second.
case_pool() {
  local round gentle seconds=$((seconds < 4 ? 4 : seconds)) # what runs at the end is not counted
  start_prefork 2 "$application" --threads 32
  load_path=/block
  load "$server_port" 1 64 >/dev/null
  for ((round = 1; round <= rounds; ++round)); do
    say "pool: round $round of $rounds"
    load_path=/plaintext load "$server_port" "$seconds" 2 -s "$here/gentle.lua" >"$work/gentle" &
    gentle=$!
    measure pool prefork "$round" "$server_pid" "$server_port" 64
    wait "$gentle"
    note pool gentle "$round" 0 "$(<"$work/gentle")"
  done
  load_path=/plaintext
  stop_servers
}

# The same answer from the event loop and from the pool, by one client and by 64.
case_poolcost() {
  local round connections where
  start_prefork 1 "$application"
  for ((round = 0; round <= rounds; ++round)); do
    say "poolcost: round $round of $rounds"
    for connections in 1 64; do
      for where in loop pool; do
        load_path=/$where
        if ((round == 0)); then
          load "$server_port" 1 "$connections" >/dev/null
        else
          measure "poolcost$connections" "$where" "$round" "$server_pid" "$server_port" \
            "$connections"
        fi
      done
    done
  done
  load_path=/plaintext
  stop_servers
}

# The same requests without an access log, with one, and with one in a pipe that nobody reads.
case_logs() {
  local round i names=(none combined json unread) pids=() ports=()
  local format_of=([1]=combined [2]=json [3]=json) target_of=([1]="$work/one" [2]="$work/two" [3]="$work/pipe")
  mkfifo "$work/pipe"
  exec 7<>"$work/pipe"
  for i in "${!names[@]}"; do
    if ((i == 0)); then
      start_prefork 1
    else
      start_prefork 1 --access-log "${target_of[i]}" --access-log-format "${format_of[i]}"
    fi
    pids+=("$server_pid") ports+=("$server_port")
    load "$server_port" 1 64 >/dev/null
  done
  for ((round = 1; round <= rounds; ++round)); do
    say "logs: round $round of $rounds"
    for i in "${!names[@]}"; do
      measure logs "${names[i]}" "$round" "${pids[i]}" "${ports[i]}" 64
      : >"$work/one"
      : >"$work/two"
    done
  done
  stop_servers
  exec 7>&-
}

# Memory of a master and eight workers without a table, and with one of 200 MiB that is there before
# the forks and has been read by all of them.
case_preload() {
  local mebibytes
  for mebibytes in 0 200; do
    say "preload: a table of $mebibytes MiB"
    BENCH_TABLE_MIB=$mebibytes start_prefork 8 "$application" --preload
    load_path=/table load "$server_port" 2 16 >/dev/null
    fact "preload_$mebibytes" "$(group_memory_kib "$server_pid")"
    stop_servers
  done
}

printf 'a system call that does nothing (getppid): %s ns\n' \
  "$(taskset -c "$server_core" "$build_folder/tests/bench/bench_system_call")"
take_answer
for name in "${cases[@]}"; do "case_$name"; done

mkdir -p "$root/build/bench"
cp "$results" "$facts" "$root/build/bench/"
verdict=0
awk -f "$here/report.awk" -v plot_data="$root/build/bench/plot.dat" "$facts" "$results" || verdict=$?
if "$plot"; then
  gnuplot -e "data='$root/build/bench/plot.dat'; image='$root/build/bench/bench.png'" \
    "$here/plot.gp" && echo "drawn: build/bench/bench.png"
fi
exit "$verdict"
