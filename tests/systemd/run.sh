#!/usr/bin/env bash
# Drives the units of deploy/systemd in a real systemd: start, reload, a reload that is refused,
# the watchdog, a socket that stays open across a restart, stop. By hand and before releases.
#
#   ./tests/systemd/run.sh                  with build/release
#   ./tests/systemd/run.sh --build FOLDER   with another build
#   ./tests/systemd/run.sh --root FOLDER    keeps the container's root there, for the next time
#
# Needs root, mmdebstrap, systemd-container and the network. The container has a network of its own
# and is gone at the end.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
source_root=$(cd "$here/../.." && pwd -P)
build=$source_root/build/release
container=
# From the boot of the container to its end.
readonly longest_s=300

fail() {
  printf 'run.sh: %s\n' "$*" >&2
  exit 2
}

while (($#)); do
  case $1 in
    --build) build=$(realpath "$2") ;;
    --root) container=$2 ;;
    *) fail "Unknown argument: $1 (see the head of this file)" ;;
  esac
  shift 2
done
for tool in mmdebstrap systemd-nspawn; do
  command -v "$tool" >/dev/null || fail "$tool is missing (apt-get install mmdebstrap systemd-container)"
done
((EUID == 0)) || fail 'a container needs root'
for program in prefork-server preforkctl; do
  [[ -x $build/$program ]] || fail "there is no $build/$program"
done

if [[ -z $container ]]; then
  container=$(mktemp -d)
  trap 'rm -rf "$container"' EXIT
fi
if [[ ! -e $container/sbin/init ]]; then
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mmdebstrap --quiet --variant=minbase --include=systemd,systemd-sysv,dbus,procps,curl \
    "$release" "$container"
fi

install -D -t "$container/usr/local/bin" "$build/prefork-server" "$build/preforkctl" "$here/drive.sh"
# What the program was linked with here, whatever the container has.
ldd "$build/prefork-server" "$build/preforkctl" | awk '$3 ~ /^\// {print $3}' | sort -u |
  grep -vE '/(libc|libm|libstdc\+\+|libgcc_s)\.so' |
  xargs -r -I{} install -D {} -t "$container/usr/local/lib"
chroot "$container" /sbin/ldconfig
install -m 644 -t "$container/etc/systemd/system" "$source_root"/deploy/systemd/*
rm -f "$container/driven.log" "$container/driven.code"
cat >"$container/etc/systemd/system/drive.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c '/usr/local/bin/drive.sh >/driven.log 2>&1; echo $? >/driven.code'
ExecStopPost=/bin/systemctl --no-block poweroff
UNIT
mkdir -p "$container/etc/systemd/system/default.target.wants"
ln -sf /etc/systemd/system/drive.service "$container/etc/systemd/system/default.target.wants/"

# What the container says itself matters only where it does not get as far as driving.
console=$(mktemp)
timeout "$longest_s" systemd-nspawn --register=no --keep-unit -q -D "$container" -b \
  --private-network --console=pipe </dev/null >"$console" 2>&1 || true
cat "$container/driven.log" 2>/dev/null || {
  tail -n 30 "$console" >&2
  fail "the container did not get as far as its test"
}
code=$(cat "$container/driven.code" 2>/dev/null || echo 1)
rm -f "$console"
exit "$code"
