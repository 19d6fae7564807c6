#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test:
#
#   ./tests/run.sh                  every stage
#   ./tests/run.sh --quick          the release stage only
#   ./tests/run.sh --stage NAME     one stage: format, asan, tsan, release, instructions, tidy, or
#                                   profiled
#
# format        the C++ files are as clang-format 14 leaves them
# asan          every test, with AddressSanitizer and UndefinedBehaviorSanitizer, but for those in
#               which mostly another program runs (a compiler, a proxy, systemd-analyze, man),
#               connections or system calls are counted, what the sanitizers need is missing (/proc,
#               descriptors; of crypt(3) they lose the function of a library that is loaded later),
#               or the same code runs as in others (examples, wrong command lines, each start
#               method, many reloads in a row). Those that talk to servers are the programs of
#               build/release, uninstrumented, with the server of build/asan
#               What is undefined ends as an illegal instruction, whose line AddressSanitizer tells
# tsan          the levels unit and inprocess where threads share data, with ThreadSanitizer
# release       every test, against build/release/prefork-server itself
# instructions  how many a request costs that program, against tests/bench/instructions.limits
#               (which hold for Debian 12 with its compiler; elsewhere they are only shown)
# tidy          clang-tidy over the sources (not among the stages that run by default)
# profiled      the build that is optimised by a profile: it is recorded, built, serves, and takes
#               so many instructions beside build/release (not by default)
#
# Each build turns warnings into errors. The output ends with CTest's summary of the last stage that
# ran tests; by default these are all tests, in the release build. Exits non-zero if a stage failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=deploy/dependencies.sh
source "$root/deploy/dependencies.sh"
cd "$root"

usage() { sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;p}' "${BASH_SOURCE[0]}"; }

is_debian_12() { [[ "$(. /etc/os-release && echo "${ID:-} ${VERSION_ID:-}")" == 'debian 12' ]]; }

cxx_files() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard -- '*.h' '*.hpp' '*.cpp'
  else
    find config ipc server workers tests -name '*.h' -o -name '*.hpp' -o -name '*.cpp'
  fi
}

stage_format() {
  # Another release of the tool would want other line breaks.
  if ! command -v clang-format-14 >/dev/null; then
    echo 'skipped: there is no clang-format-14 on this system'
    return 0
  fi
  cxx_files | xargs -r clang-format-14 --dry-run -Werror
}

# build PRESET TARGET...: what an earlier build said when it was tested is of no use any more.
build() {
  local preset=$1
  shift
  configure "$root" "$preset" -DPREFORK_DEVELOPER=ON || return
  rm -f "build/$preset/ctest.log"
  cmake --build "build/$preset" --target "$@"
}

# run_tests PRESET [BUILD]: one line per failed test and its output; the passed ones are in
# build/BUILD/ctest.log, too. BUILD: where the preset has another name.
run_tests() {
  ctest --preset "$1" 2>&1 | tee -a "build/${2:-$1}/ctest.log" |
    sed -uE '/^ *Start +[0-9]+: /d; /\.+ +Passed +[0-9.]+ sec *$/d'
}

stage_asan() {
  local verdict=0
  build asan all || return
  run_tests asan || verdict=1
  # What talks to the server is compiled once, for both builds.
  { build release outside_tests && run_tests asan-outside asan; } || verdict=1
  return "$verdict"
}
stage_tsan() { build tsan unit_tests inprocess_tests && run_tests tsan; }
stage_release() { build release all && run_tests release; }
stage_instructions() {
  if ! command -v valgrind >/dev/null; then
    echo 'skipped: there is no valgrind on this system'
    return 0
  fi
  local options=()
  # Another compiler or C library makes other figures.
  if is_debian_12; then options=(--check); fi
  tests/bench/instructions.sh "${options[@]}"
}
stage_profiled() {
  configure "$root" profiled && cmake --build build/profiled --target prefork-server &&
    deploy/train.sh build/profiled/prefork-server &&
    tests/bench/instructions.sh && tests/bench/instructions.sh --binary build/profiled/prefork-server
}
stage_tidy() {
  configure "$root" dev -DPREFORK_DEVELOPER=ON &&
    cmake --build build/dev --target prefork_config &&
    cxx_files | grep '\.cpp$' | xargs -r -P "$(nproc)" -n 4 clang-tidy -p build/dev --quiet
}

default_stages=(format asan tsan release instructions)
stages=()
while (($#)); do
  case $1 in
    --quick) stages=(release) ;;
    --stage)
      if ! declare -F "stage_${2:-}" >/dev/null; then
        fail "--stage needs one of: ${default_stages[*]} tidy profiled"
      fi
      stages+=("$2")
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "Unknown option: $1 (see tests/run.sh --help)" ;;
  esac
  shift
done
((${#stages[@]})) || stages=("${default_stages[@]}")

install_dependencies "$root/build/release" "${test_packages[@]}"
# The differential test compares with it; without apt CMake leaves that test out if there is none.
if have_apt; then
  trap allow_service_starts EXIT
  install_servers nginx
  # Where there are none to be had, the tests of their configurations say that they are skipped.
  (
    trap allow_service_starts EXIT
    install_servers haproxy caddy
  ) || echo 'haproxy and caddy cannot be installed: deploy/proxies is tested without them'
  # Its promtool checks what it scrapes and the alert rules.
  (
    trap allow_service_starts EXIT
    install_servers prometheus
  ) || echo 'prometheus cannot be installed: /metrics and its rules are tested without promtool'
fi
for tool in 'format clang-format-14' 'tidy clang-tidy' 'instructions valgrind'; do
  read -r stage package <<<"$tool"
  # Only where the distribution has it: the format stage wants one exact release.
  if [[ " ${stages[*]} " == *" $stage "* ]] && ! command -v "$package" >/dev/null && have_apt &&
    apt-cache show "$package" >/dev/null 2>&1; then
    install_packages "$package"
  fi
done

elapsed() { printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60)); }

failed=()
report=()
for stage in "${stages[@]}"; do
  printf '\n=== %s (at %s)\n' "$stage" "$(elapsed)"
  started=$SECONDS
  verdict=passed
  # In a subshell: what ends a stage ends only that one.
  ("stage_$stage") || verdict=FAILED
  [[ "$verdict" == passed ]] || failed+=("$stage")
  report+=("$(printf '%-12s %s in %d s' "$stage" "$verdict" $((SECONDS - started)))")
done

# Of each run in the log, up to the head of the next one.
summary() {
  sed -n '/^[0-9]*% tests passed/,/^Test project/{/^Test project/!p}' "$1"
}

printf '\n=== all stages (%s)\n' "$(elapsed)"
printf '%s\n' "${report[@]}"
tested=
for stage in "${stages[@]}"; do
  if [[ -f "build/$stage/ctest.log" ]]; then tested=$stage; fi
done
if [[ -n "$tested" ]]; then
  printf '\n=== CTest, %s\n' "$tested"
  summary "build/$tested/ctest.log"
fi
((${#failed[@]} == 0))
