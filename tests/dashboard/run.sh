#!/usr/bin/env bash
# The page at / of the admin listener in a real Chromium: what it shows and does, in light, dark and
# 390 px, with 256 workers, with a token, with the keyboard; no error in its console, nothing that
# axe-core finds, no growth.
#
#   ./tests/dashboard/run.sh                       with build/release
#   ./tests/dashboard/run.sh --build FOLDER        with another build
#   ./tests/dashboard/run.sh --screenshots FOLDER  leaves what it saw there
#   ./tests/dashboard/run.sh --if-possible         skipped (77) where something is missing
#
# Needs chromium and Node 18 (apt-get install chromium nodejs). axe-core comes from the npm registry
# into build/, or is the file that $AXE names; without it that part is left out.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
source_root=$(cd "$here/../.." && pwd -P)
build=$source_root/build/release
missing=2
fetches=1

fail() {
  printf 'run.sh: %s\n' "$*" >&2
  exit "$missing"
}

while (($#)); do
  case $1 in
    --build) build=$(realpath "$2"); shift ;;
    --screenshots) export SCREENSHOTS=$(realpath -m "$2"); shift ;;
    --if-possible) missing=77 fetches=0 ;;
    *) missing=2 fail "unknown argument: $1 (see the head of this file)" ;;
  esac
  shift
done
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}
[[ -n $CHROMIUM ]] || fail 'skipped: there is no chromium (apt-get install chromium)'
command -v node >/dev/null || fail 'skipped: there is no node (apt-get install nodejs)'
export CHROMIUM SERVER_PROGRAM=$build/prefork-server
[[ -x $SERVER_PROGRAM ]] || fail "there is no $SERVER_PROGRAM"

readonly axe_version=4.14.1
export AXE=${AXE:-$source_root/build/npm/node_modules/axe-core/axe.min.js}
if [[ ! -f $AXE ]] && ((fetches)) && command -v npm >/dev/null; then
  npm install --no-audit --no-fund --silent --prefix "$source_root/build/npm" "axe-core@$axe_version" || true
fi

exec node "$here/check.mjs"
