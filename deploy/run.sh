#!/usr/bin/env bash
# Installs what is missing, builds the release build, and runs it with the arguments given:
#
#   ./deploy/run.sh --workers 4
#
# A second run installs nothing, touches no network, and starts at once.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=deploy/dependencies.sh
source "$root/deploy/dependencies.sh"

build_folder=$root/build/release
install_dependencies "$build_folder"
# tests/run.sh configures the same folder with the tests; the program in it is the same.
# What a copied or moved folder brings along was configured for the old one.
configured=
[[ ! -f "$build_folder/.configured" ]] || configured=$(<"$build_folder/.configured")
[[ "$configured" == "$root "* ]] || configure "$root" release
cmake --build "$build_folder" --target prefork-server >&2 || fail 'The build failed.'
exec "$build_folder/prefork-server" "$@"
