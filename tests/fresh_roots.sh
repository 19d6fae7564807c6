#!/usr/bin/env bash
# Runs deploy/run.sh and tests/run.sh where nothing is installed yet: in fresh roots of Debian, as a
# new user has them. By hand and before releases; needs root, mmdebstrap and the network.
#
#   ./tests/fresh_roots.sh                    bookworm and trixie, with g++ and with clang
#   ./tests/fresh_roots.sh trixie             one release
#   ./tests/fresh_roots.sh --quick trixie     deploy/run.sh only
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
say() { printf '==> %s\n' "$*"; }
fail() {
  printf 'fresh_roots.sh: %s\n' "$*" >&2
  exit 1
}

quick=
releases=()
for argument in "$@"; do
  case $argument in
    --quick) quick=1 ;;
    bookworm | trixie) releases+=("$argument") ;;
    *) fail "Unknown argument: $argument (see the head of this file)" ;;
  esac
done
((${#releases[@]})) || releases=(bookworm trixie)
command -v mmdebstrap >/dev/null || fail 'mmdebstrap is missing (apt-get install mmdebstrap)'

# The newest of each release; g++ is what dependencies.sh installs.
newest_clang() {
  case $1 in
    bookworm) echo clang-16 ;;
    trixie) echo clang-19 ;;
  esac
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# in_root FOLDER COMMAND: with the files of the checkout that git knows, and nothing else of here.
in_root() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
    unshare --mount --pid --fork --mount-proc="$1/proc" chroot "$1" bash -ec "cd /prefork; $2"
}

failed=()
check() {
  local name=$1
  shift
  say "$name"
  "$@" || failed+=("$name")
}

for release in "${releases[@]}"; do
  for compiler in g++ "$(newest_clang "$release")"; do
    folder=$work/$release-$compiler
    mmdebstrap --quiet --variant=minbase --include=ca-certificates,git "$release" "$folder"
    git clone --quiet "$root" "$folder/prefork"
    chooses=
    if [[ $compiler != g++ ]]; then
      in_root "$folder" "apt-get -qq update && apt-get -qq install -y $compiler >/dev/null"
      chooses="export CC=$compiler CXX=${compiler/clang/clang++};"
    fi
    check "$release, $compiler: deploy/run.sh" in_root "$folder" "$chooses ./deploy/run.sh --check-config"
    [[ -n $quick ]] || check "$release, $compiler: tests/run.sh" in_root "$folder" "$chooses ./tests/run.sh"
    rm -rf "$folder"
  done
done

((${#failed[@]} == 0)) || fail "not everything passed: ${failed[*]}"
say 'Everything passed.'
