#!/usr/bin/env bash
# Counts the instructions that a worker executes in user space for a request (callgrind): a figure
# that neither the machine's load nor its clock touches, and that repeats to 0.2 %. A minute:
#
#   ./tests/bench/instructions.sh                 builds the release and prints a table
#   ./tests/bench/instructions.sh --check         exits with 1 if a case exceeds its limit in
#                                                 tests/bench/instructions.limits, if it has one there
#   ./tests/bench/instructions.sh --binary PATH   of another build of prefork-server
#
# plain      GET /plaintext of the demo application as wrk sends it, one request at a time
# pipelined  the same, 16 requests in one write
# browser    the same with the twelve fields of a browser, one request at a time
# file       GET of a file of 1 KiB of a folder, from the cache
# loop       the answer of plain by a handler of an application (tests/bench/application.cpp), on the loop
# pool       the same on a thread of the pool
# deferred   the same by a Responder, within its handler
# stream     the same as a stream, from a thread of the pool
# coroutine  the same by a coroutine that does not wait
# parameter  as loop, with a parameter in the pattern that nobody reads
# group      as parameter, in a group whose function before() keeps a state; the handler reads both
#
# One worker, one keep-alive connection, every default on but the admin listener. What a worker does
# besides answering is the same in a short run and in a long one, so their difference is what the
# requests between them cost. What the kernel does for a request is not in it (see run.sh), and
# another compiler or C library makes other figures.
# shellcheck disable=SC2034,SC2154 # servers.sh shares variables
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
# shellcheck source=deploy/dependencies.sh
source "$root/deploy/dependencies.sh"
# shellcheck source=tests/bench/servers.sh
source "$here/servers.sh"

cases=(plain pipelined browser file loop pool deferred stream coroutine parameter group)
short=1600
long=17600 # both are whole batches of 16
limits=$here/instructions.limits
binary=
check=false

usage() { sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;/shellcheck/d;p}' "${BASH_SOURCE[0]}"; }

while (($#)); do
  case $1 in
    --binary)
      binary=${2:-}
      [[ -f "$binary" && -x "$binary" ]] || fail "--binary needs a program: '$binary' is none."
      shift
      ;;
    --check) check=true ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "Unknown option: $1 (see tests/bench/instructions.sh --help)" ;;
  esac
  shift
done

make_work_folder

build_folder=$root/build/release
install_dependencies "$build_folder" "${test_packages[@]}"
if have_apt; then install_packages "${instruction_packages[@]}"; fi
command -v valgrind >/dev/null || fail 'There is no valgrind, which counts the instructions.'
configure "$root" release -DPREFORK_DEVELOPER=ON
targets=(bench_one_connection bench_application bench_openat2)
if [[ -z "$binary" ]]; then
  binary=$build_folder/prefork-server
  targets+=(prefork-server)
fi
cmake --build "$build_folder" --target "${targets[@]}" >&2
server_core=$(taskset -cp $$ | sed 's/.*: //')
# Without an observer the only other process of the master's is the worker.
prefork_admin=off
counted=(valgrind --quiet --tool=callgrind "--callgrind-out-file=$work/callgrind.%p" "$binary")

site=$work/site
mkdir "$site"
{ head -c 1011 /dev/zero && printf 'Hello, World!'; } >"$site/1k.bin"

# describe CASE: sets how the server is called, what it serves (nothing: the demo application), and what
# the client is told: the path, the request, the end of each answer, and how many at a time.
describe() {
  local text='Hello, World!'
  prefork_command=("${counted[@]}")
  served=()
  case $1 in
    plain) client=(/plaintext plain "$text" 1) ;;
    pipelined) client=(/plaintext plain "$text" 16) ;;
    browser) client=(/plaintext browser "$text" 1) ;;
    file)
      prefork_command=(env "LD_PRELOAD=$build_folder/tests/bench/libbench_openat2.so" "${counted[@]}")
      served=("$site")
      client=(/1k.bin plain "$text" 1)
      ;;
    loop | pool | deferred | stream | coroutine | parameter | group)
      served=("$build_folder/tests/bench/libbench_application.so")
      client=("/$1" plain "$text" 1)
      [[ "$1" != parameter && "$1" != group ]] || client[0]+=/7
      [[ "$1" != stream ]] || client[2]+='\r\n0\r\n\r\n'
      ;;
  esac
}

# count_run CASE REQUESTS: sets `instructions` to those of a worker's whole life.
count_run() {
  local out found=() served client
  describe "$1"
  start_prefork 1 "${served[@]}"
  "$build_folder/tests/bench/bench_one_connection" "$server_port" "${client[@]}" "$2" ||
    fail "$binary did not answer as it should."
  stop_servers
  for out in "$work"/callgrind.*; do
    [[ "$out" == "$work/callgrind.$server_pid" ]] || found+=("$out")
  done
  ((${#found[@]} == 1)) || fail "callgrind counted ${#found[@]} processes beside the master."
  instructions=$(sed -n 's/^summary: //p' "${found[0]}")
  [[ "$instructions" =~ ^[0-9]+$ ]] || fail 'callgrind left no count of the worker.'
  rm -f "$work"/callgrind.*
}

# limit_of CASE
limit_of() { awk -v name="$1" '$1 == name { print $2 }' "$limits"; }

missed=0
table=()
for name in "${cases[@]}"; do
  say "$name: $short requests, then $long"
  limit=$(limit_of "$name")
  count_run "$name" "$short"
  less=$instructions
  count_run "$name" "$long"
  per_request=$(((instructions - less) / (long - short)))
  verdict=met
  if [[ -z "$limit" ]]; then
    verdict=
  elif ((per_request > limit)); then
    verdict=MISSED missed=1
  fi
  table+=("$(printf '%-10s %12d %8s  %s' "$name" "$per_request" "${limit:--}" "$verdict")")
done

printf '%-10s %12s %8s\n' case instructions limit
printf '%s\n' "${table[@]}"
if "$check"; then exit "$missed"; fi
