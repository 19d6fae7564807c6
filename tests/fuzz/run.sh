#!/usr/bin/env bash
# Builds the fuzzers with clang and runs them one after the other, gently (nice 19):
#
#   ./tests/fuzz/run.sh                              every target for 30 minutes
#   ./tests/fuzz/run.sh --minutes 5 request_head     some targets, for so long each
#   ./tests/fuzz/run.sh --minutes 0 --merge          no fuzzing: only minimise the corpora
#   ./tests/fuzz/run.sh --no-build ...               with the fuzzers as they are
#
# --merge   afterwards, keep in tests/fuzz/corpus/TARGET the smallest inputs that together reach
#           everything that was reached; commit what changed
#
# The minutes are of processor time, so that a busy machine does not shorten the work.
# build/fuzz/work/TARGET/ has the inputs of former runs, log and pid (of the fuzzer that runs);
# build/fuzz/findings/TARGET/ what broke. Ends with 1 if something did, and with how to repeat it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# shellcheck source=deploy/dependencies.sh
source "$root/deploy/dependencies.sh"
cd "$root"

usage() { sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;p}' "${BASH_SOURCE[0]}"; }

mapfile -t all_targets < <(cd tests/fuzz/corpus && printf '%s\n' */ | tr -d /)
max_input_bytes=1024
corpora_max_kib=300

minutes=30
merge=false
build=true
targets=()
while (($#)); do
  case $1 in
    --minutes)
      [[ "${2:-}" =~ ^[0-9]+$ ]] || fail '--minutes needs a number'
      minutes=$2
      shift
      ;;
    --merge) merge=true ;;
    --no-build) build=false ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      [[ " ${all_targets[*]} " == *" $1 "* ]] || fail "No target $1; there are: ${all_targets[*]}"
      targets+=("$1")
      ;;
  esac
  shift
done
((${#targets[@]})) || targets=("${all_targets[@]}")

if "$build"; then
  install_dependencies "$root/build/fuzz" "${fuzz_packages[@]}"
  configure "$root" fuzz
  cmake --build --preset fuzz
fi

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1

running=
trap '[[ -z "$running" ]] || kill "$running"' EXIT

fuzzer() { printf 'build/fuzz/tests/fuzz/fuzz_%s' "$1"; }

# Processor seconds of this shell's children that have ended. Sets a variable: a subshell would be
# told of its own.
read_child_seconds() {
  times >"$work/times"
  child_seconds=$(awk -F'[ms ]+' 'NR == 2 { print int($1 * 60 + $2 + $3 * 60 + $4) }' "$work/times")
}

# A fuzzer that was stopped for a while takes that for an input that takes too long: what counts is
# what breaks again.
is_finding() { ! "$(fuzzer "$1")" -timeout=5 -rss_limit_mb=1024 "$2" >>"$work/log" 2>&1; }

# run_for SECONDS TARGET: until so much processor time is used or something breaks.
run_for() {
  local seconds=$1 target=$2 end status newest
  local dictionary=tests/fuzz/$target.dict
  [[ -f "$dictionary" ]] || dictionary=tests/fuzz/request.dict
  read_child_seconds
  end=$((child_seconds + seconds))
  while ((child_seconds < end)); do
    status=0
    nice -n 19 "$(fuzzer "$target")" -max_total_time=$((end - child_seconds)) \
      -dict="$dictionary" -max_len="$max_input_bytes" -timeout=5 -rss_limit_mb=1024 \
      -print_final_stats=1 -artifact_prefix="$findings/" "$work/inputs" "tests/fuzz/corpus/$target" \
      > >(tee -a "$work/log" | sed -un -E '/pulse|INITED|DONE|ERROR|SUMMARY|invariant/p') 2>&1 &
    running=$!
    printf '%s\n' "$running" >"$work/pid"
    wait "$running" || status=$?
    running=
    rm -f "$work/pid"
    read_child_seconds
    ((status == 0)) && continue
    newest=$(find "$findings" -type f -newer "$work/started" -printf '%T@ %p\n' |
      sort -n | tail -n 1 | cut -d ' ' -f 2-)
    if [[ -z "$newest" ]]; then
      say "$target ended with $status; see $work/log"
      return 1
    fi
    if is_finding "$target" "$newest"; then
      say "$target broke: $(fuzzer "$target") $newest"
      return 1
    fi
    rm -f "$newest"
  done
}

# Without the counters an input is kept for a place it reaches, not for how often it gets there: a
# fifth of the files; the others stay in build/fuzz/work/.
merge_corpus() {
  local target=$1 kept=$work/merged
  rm -rf "$kept"
  mkdir -p "$kept"
  "$(fuzzer "$target")" -merge=1 -use_counters=0 -max_len="$max_input_bytes" "$kept" "$work/inputs" \
    "tests/fuzz/corpus/$target" >>"$work/log" 2>&1 || fail "Merging failed; see $work/log"
  find "tests/fuzz/corpus/$target" -type f -delete
  mv "$kept"/* "tests/fuzz/corpus/$target/"
  say "$target: $(find "tests/fuzz/corpus/$target" -type f | wc -l) inputs kept"
}

broken=()
for target in "${targets[@]}"; do
  work=$root/build/fuzz/work/$target
  findings=$root/build/fuzz/findings/$target
  mkdir -p "$work/inputs" "$findings"
  touch "$work/started"
  if ((minutes > 0)); then
    say "$target for $minutes minutes of processor time"
    if run_for $((minutes * 60)) "$target"; then
      say "$target: nothing found"
    else
      broken+=("$target")
    fi
  fi
  if "$merge" && [[ " ${broken[*]-} " != *" $target "* ]]; then
    merge_corpus "$target"
  fi
done

if "$merge"; then
  kib=$(find tests/fuzz/corpus -type f -printf '%s\n' | awk '{ sum += $1 } END { print int(sum / 1024) }')
  say "All corpora together: $kib KiB of $corpora_max_kib"
  ((kib <= corpora_max_kib)) || fail 'The corpora have become too large'
fi
if ((${#broken[@]})); then
  fail "Broken: ${broken[*]}"
fi
