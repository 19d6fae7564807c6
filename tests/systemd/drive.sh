#!/usr/bin/env bash
# Runs in the container of run.sh, as root of its systemd: takes the units through their states and
# says of each whether it was as it should be.
set -uo pipefail

failures=0
# check SENTENCE COMMAND...: what the sentence says is so where the command succeeds.
check() {
  local sentence=$1
  shift
  if "$@"; then
    echo "ok    $sentence"
  else
    echo "FAIL  $sentence"
    failures=$((failures + 1))
  fi
}
# within SECONDS COMMAND...: until it succeeds; systemd tells nobody who asks from a shell.
within() {
  local ends=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < ends)) || return 1
    sleep 0.1
  done
}
property() { systemctl show --value -p "$2" "$1"; }
is() { [[ "$(property "$1" "$2")" == "$3" ]]; }
has() { [[ "$(property "$1" "$2")" == *"$3"* ]]; }
answers() { curl -fs -o /dev/null --max-time 5 http://127.0.0.1:"$1"/; }
journal_has() { journalctl -q -u "$1" -o cat --no-pager "${@:3}" | grep -qF -- "$2"; }
changed() { [[ "$(property "$1" MainPID)" != "$2" && "$(property "$1" MainPID)" != 0 ]]; }

echo "systemd $(systemctl --version | awk 'NR == 1 {print $2}')"
mkdir -p /etc/prefork

demo=prefork-server
check 'start: the unit is active when workers are ready' systemctl start "$demo"
check 'start: it serves at once' answers 8000
check 'start: the status line says how many are ready' within 5 has "$demo" StatusText 'worker'
main=$(property "$demo" MainPID)
check 'reload: systemctl reload succeeds' systemctl reload "$demo"
check 'reload: the new generation serves' within 20 journal_has "$demo" 'reload to generation 2 is done'
check 'reload: the main process is the same' is "$demo" MainPID "$main"
check 'reload: it serves' answers 8000

shop=prefork-server@shop
printf 'port = 8100\nadmin = "off"\nworkers = 2\n' >/etc/prefork/shop.toml
check 'template: a file makes a service' systemctl start "$shop"
check 'template: it serves' answers 8100
printf 'port = 8100\nadmin = "off"\nworkers = 0\n' >/etc/prefork/shop.toml
systemctl reload "$shop"
check 'refused reload: systemctl status has the reason' within 10 has "$shop" StatusText 'out of range'
check 'refused reload: the journal has it as an error' within 5 journal_has "$shop" 'out of range' -p err
check 'refused reload: the unit stays active' is "$shop" ActiveState active
check 'refused reload: it serves' answers 8100
printf 'port = 8100\nadmin = "off"\nworkers = 2\n' >/etc/prefork/shop.toml
systemctl reload "$shop"
check 'the next good reload clears it' within 10 journal_has "$shop" 'reload to generation 2 is done'
printf 'workers = 0\n' >/etc/prefork/wrong.toml
check 'a wrong file: the unit does not start' eval '! systemctl start prefork-server@wrong'
check 'a wrong file: it is not tried again' is prefork-server@wrong NRestarts 0

main=$(property "$shop" MainPID)
kill -STOP "$main"
check 'watchdog: a master that stands still is replaced' within 40 changed "$shop" "$main"
check 'watchdog: systemd says so' is "$shop" NRestarts 1
check 'watchdog: it serves again' within 20 answers 8100
kill -KILL "$(property "$shop" MainPID)"
check 'a killed master: the unit is started again' within 20 is "$shop" NRestarts 2
check 'a killed master: it serves again' within 20 answers 8100
check 'stop: systemctl stop succeeds' systemctl stop "$shop"
check 'stop: the unit is inactive, not failed' is "$shop" ActiveState inactive
check 'stop: nothing of it is left' eval '[[ -z "$(cat /sys/fs/cgroup/system.slice/system-prefork*/"$shop".service/cgroup.procs 2>/dev/null)" ]]'

systemctl stop "$demo"
check 'socket: it can be started alone' systemctl start prefork-server.socket
check 'socket: the first client starts the service' answers 8000
check 'socket: the unit is active' is "$demo" ActiveState active
refused=/run/refused
: >"$refused"
for _ in $(seq 400); do answers 8000 || echo refused >>"$refused"; done &
clients=$!
check 'socket: the service restarts under clients' systemctl restart "$demo"
check 'socket: and once more' systemctl restart "$demo"
wait "$clients"
check 'socket: none of 400 clients was refused' eval '! [[ -s $refused ]]'
check 'journal: no line has a time of its own' eval '! journalctl -q -u prefork-server -o cat --no-pager | grep -qE "^20[0-9]{2}-"'

main=$(property "$demo" MainPID)
kill -USR2 "$main"
check 'upgrade: USR2 has every worker replaced' within 20 journal_has "$demo" 'every process is of the new program'
check 'upgrade: the main process is the same' is "$demo" MainPID "$main"
check 'upgrade: the unit is active' is "$demo" ActiveState active
check 'upgrade: it serves' answers 8000
check 'upgrade: the template starts' systemctl start "$shop"
main=$(property "$shop" MainPID)
ctl() { preforkctl --socket /run/prefork-server/shop/control.sock "$@"; }
check 'upgrade: preforkctl says when it is done' ctl upgrade --wait
check 'upgrade: the main process is the same' is "$shop" MainPID "$main"
check 'upgrade: the unit is active, and reloads no longer' is "$shop" SubState running
install -m 755 /bin/false /usr/local/bin/prefork-server.new
mv /usr/local/bin/prefork-server /usr/local/bin/prefork-server.old
mv /usr/local/bin/prefork-server.new /usr/local/bin/prefork-server
check 'upgrade: a program that is none is refused' eval '! ctl upgrade --wait'
check 'upgrade: it serves on' answers 8100
mv /usr/local/bin/prefork-server.old /usr/local/bin/prefork-server

if ((failures != 0)); then
  for unit in "$demo" "$shop"; do journalctl -q -u "$unit" --no-pager | tail -n 40; done
  echo "$failures of the checks failed"
  exit 1
fi
echo 'every state was as it should be'
