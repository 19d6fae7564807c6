#!/usr/bin/env bash
# A real Prometheus scrapes a server under load while workers are killed and the server is reloaded.
# Then: no counter has gone back, `promtool check metrics` finds nothing, rate() is what wrk has
# counted, the alert rules load, and every panel of the Grafana dashboard is a query that Prometheus
# takes. By hand and before releases.
#
#   ./tests/prometheus/run.sh                  ten minutes, with build/release
#   ./tests/prometheus/run.sh --seconds 60     so long with kills and reloads
#   ./tests/prometheus/run.sh --build FOLDER   with another build
#
# Needs prometheus, wrk, curl and jq. Everything is on 127.0.0.1, at ports that the kernel chooses
# for the server, and 19090 for Prometheus (--port).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
build=$root/build/release
seconds=600
port=19090
# Without kills, for what is compared with wrk.
readonly quiet_s=40
readonly max_difference=0.01

fail() {
  printf 'run.sh: %s\n' "$*" >&2
  exit 2
}
while (($#)); do
  case $1 in
    --build) build=$(realpath "$2") ;;
    --seconds) seconds=$2 ;;
    --port) port=$2 ;;
    *) fail "Unknown argument: $1 (see the head of this file)" ;;
  esac
  shift 2
done
for tool in prometheus promtool wrk curl jq; do
  command -v "$tool" >/dev/null || fail "$tool is missing (apt-get install prometheus wrk curl jq)"
done
[[ -x $build/prefork-server ]] || fail "there is no $build/prefork-server"

work=$(mktemp -d)
started=()
cleanup() {
  ((${#started[@]} == 0)) || kill "${started[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

missed=()
# check NAME COMMAND...
check() {
  local name=$1
  shift
  if "$@"; then echo "ok      $name"; else echo "MISSED  $name" && missed+=("$name"); fi
}
# ask PATH PARAMETER...: Prometheus' API.
ask() {
  local path=$1 parameter arguments=()
  shift
  for parameter in "$@"; do arguments+=(--data-urlencode "$parameter"); done
  curl -sS -G "http://127.0.0.1:$port/api/v1/$path" "${arguments[@]}"
}
value_of() { ask query "query=$1" | jq -r '.data.result[0].value[1] // "nothing"'; }

"$build/prefork-server" --workers 4 --port 0 --admin 127.0.0.1:0 --control off \
  2>"$work/server.log" &
server=$!
started+=("$server")
url() { sed -n "s|.*$1 on \(http://[0-9.:]*\).*|\1|p" "$work/server.log" | head -1; }
for _ in $(seq 100); do
  grep -q 'ready: ' "$work/server.log" && break
  sleep 0.1
done
service=$(url listening) admin=$(url statistics)
[[ -n $service && -n $admin ]] || fail "the server did not start: $(cat "$work/server.log")"

cat >"$work/prometheus.yml" <<YAML
global: {scrape_interval: 1s, evaluation_interval: 5s}
rule_files: [$root/deploy/prometheus/alerts.yml]
scrape_configs:
  - job_name: prefork
    static_configs: [{targets: ["${admin#http://}"]}]
YAML
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" \
  --web.listen-address="127.0.0.1:$port" 2>"$work/prometheus.log" &
started+=("$!")
for _ in $(seq 100); do
  curl -sf "http://127.0.0.1:$port/-/ready" >/dev/null && break
  sleep 0.2
done

random_worker() {
  curl -s "$admin/stats" | jq -r '.workers[] | select(.state == "ready") | .pid' | shuf -n 1
}
curl -sf "$service/json" >/dev/null # from now on there is a series of it
kills=0 reloads=0
wrk -t1 -c32 -d"${seconds}s" "$service/plaintext" >"$work/wrk.log" &
load=$!
while kill -0 "$load" 2>/dev/null; do
  sleep 5
  pid=$(random_worker)
  [[ -z $pid ]] || { kill -SEGV "$pid" && kills=$((kills + 1)); }
  if ((kills % 3 == 0)); then
    kill -HUP "$server" && reloads=$((reloads + 1))
  fi
done
wait "$load" || true
echo "$(sed -n 's/ requests in.*//p' "$work/wrk.log" | tr -d ' ') requests, $kills kills, $reloads reloads in $seconds s"

# A route of its own, that has been quiet for long: the window holds all of it, and what rate() adds
# for the window's ends (a scrape interval at most) is little.
wrk -t1 -c32 -d"${quiet_s}s" "$service/json" >"$work/quiet.log"
sleep 3
window=$((quiet_s + (seconds < 160 ? seconds : 160)))
by_wrk=$(sed -n 's/ requests in.*//p' "$work/quiet.log" | tr -d ' ')
by_rate=$(value_of "$window * sum(rate(prefork_http_requests_total{route=\"/json\"}[${window}s]))")
echo "rate() over $window s says $by_rate requests, wrk $by_wrk"
agrees() { awk -v a="$by_rate" -v b="$by_wrk" -v d="$max_difference" 'BEGIN { exit !(a > b*(1-d) && a < b*(1+d)) }'; }
check 'rate() is what wrk has counted, within 1 %' agrees

check 'promtool check metrics' bash -c 'set -o pipefail; curl -s "$1/metrics" | promtool check metrics' _ "$admin"

# The scrapes that counted: none was lost on the way.
range=$((seconds + quiet_s + 60))
scrapes=$(value_of "count_over_time(up[${range}s])") failed=$(value_of "count_over_time((up == 0)[${range}s:1s])")
echo "$scrapes scrapes, failed: $failed"
check 'no scrape failed' test "$failed" = nothing

ask label/__name__/values | jq -r '.data[] | select(test("^(prefork|process)_.*(_total|_bucket|_sum|_count)$"))' >"$work/names"
back=()
while read -r name; do
  resets=$(value_of "sum(resets(${name}[${range}s]))")
  [[ $resets == 0 ]] || back+=("$name ($resets)")
done <"$work/names"
echo "$(wc -l <"$work/names") names of counters; gone back: ${back[*]:-none}"
check 'no counter has gone back' test "${#back[@]}" = 0

check 'the alert rules load' bash -c '[[ $1 == 10 ]]' _ "$(ask rules | jq '[.data.groups[].rules[]] | length')"
check 'workers that die raise an alert' bash -c '[[ $1 == firing ]]' _ \
  "$(ask rules | jq -r '.data.groups[].rules[] | select(.name == "PreforkWorkersDie") | .state')"

wrong=() empty=()
while read -r query; do
  query=${query//\$instance/.*}
  query=${query//\$__rate_interval/1m}
  answer=$(ask query "query=$query")
  [[ $(jq -r .status <<<"$answer") == success ]] || wrong+=("$query")
  [[ $(jq '.data.result | length' <<<"$answer") != 0 ]] || empty+=("$query")
done < <(jq -r '.panels[].targets[].expr' "$root/deploy/grafana/prefork-server.json")
printf 'no data for: %s\n' "${empty[@]}"
check 'every panel of the dashboard is a query' test "${#wrong[@]}" = 0

if ((${#missed[@]})); then
  echo "missed: ${#missed[@]}"
  exit 1
fi
echo 'all as it should be'
