# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2317 # who sources this shares variables with it; a trap calls clean_up
# Sourced by run.sh, slow_clients.sh and instructions.sh: starts and ends the servers that are compared. Each start_*
# function sets server_pid, the leader of a process group of its own, and server_port.
#
# What they send for /plaintext, so that their figures can be judged:
#   bare      byte for byte what prefork-server sent
#   prefork   Server, Date, Content-Type, Content-Length
#   nginx     the same and Connection: keep-alive; the body comes from its configuration (`return`)
#   h2o       the same and Connection, Last-Modified, Accept-Ranges; a file of 13 bytes
#   lighttpd  the same and Accept-Ranges, Last-Modified; a file of 13 bytes, from its stat cache
# For the files of a folder all of them send ETag, Last-Modified and Accept-Ranges too.

server_pid=
server_port=
# What start_prefork runs, if not the release build; and where its statistics are.
prefork_command=()
prefork_admin=127.0.0.1:0

# make_work_folder: $work, which goes with the end of the script, as do all servers.
make_work_folder() {
  work=$(mktemp -d)
  started_pids=()
  trap clean_up EXIT
  trap 'exit 130' INT TERM
}

clean_up() {
  stop_servers
  rm -rf "$work"
  allow_service_starts
}

# start_group LOG COMMAND...: in the background, pinned to the server's core. Background jobs of a
# script lead no process group, so setsid runs the command in place and $! is its pid.
start_group() {
  local log=$1
  shift
  setsid taskset -c "$server_core" "$@" >>"$log" 2>&1 </dev/null &
  server_pid=$!
  started_pids+=("$server_pid")
}

group_is_alive() { kill -0 -- "-$1" 2>/dev/null; }

# stop_group PID: asks, waits up to five seconds, then insists.
stop_group() {
  local pid=$1 tries=100
  kill -TERM "$pid" 2>/dev/null || true
  while group_is_alive "$pid" && ((tries-- > 0)); do sleep 0.05; done
  if group_is_alive "$pid"; then
    kill -KILL -- "-$pid" 2>/dev/null || true
  fi
  wait "$pid" 2>/dev/null || true
}

stop_servers() {
  local pid
  for pid in "${started_pids[@]}"; do stop_group "$pid"; done
  started_pids=()
}

# For servers that cannot choose a port themselves: below the range that outgoing connections use.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 10000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      printf '%s' "$port"
      return
    fi
  done
}

# await_answer NAME LOG: for servers that do not say when they are ready.
await_answer() {
  local tries=100
  until curl -sf -o "$work/probe" "http://127.0.0.1:$server_port/plaintext" &&
    [[ "$(<"$work/probe")" == 'Hello, World!' ]]; do
    if ((--tries == 0)) || ! group_is_alive "$server_pid"; then
      cat "$2" >&2
      fail "$1 did not answer /plaintext (its log is above)."
    fi
    sleep 0.05
  done
}

# start_bare [--close | --stream]
start_bare() {
  local log=$work/bare.$RANDOM.log answer=$work/answer options=()
  case ${1:-} in
    --close) answer=$work/answer.close options=(--close) ;;
    --stream) answer=$work/answer.stream ;;
  esac
  start_group "$log" "$build_folder/tests/bench/bench_bare_loop" --answer "$answer" "${options[@]}"
  local tries=100
  until server_port=$(sed -n 's|^listening .*:||p' "$log" 2>/dev/null) && [[ -n "$server_port" ]]; do
    ((--tries)) || fail 'bench_bare_loop did not start.'
    sleep 0.02
  done
}

# start_prefork WORKERS [PATH | OPTION...]: every other default on. Sets admin_url and worker_count too.
start_prefork() {
  local log=$work/prefork.$RANDOM.log notify=$work/notify workers=$1 line command
  command=("${prefork_command[@]:-$build_folder/prefork-server}")
  shift
  rm -f "$notify"
  mkfifo "$notify"
  exec 8<>"$notify"
  setsid taskset -c "$server_core" "${command[@]}" "$@" --workers "$workers" --port 0 \
    --admin "$prefork_admin" --control off --notify-fd 3 3>"$notify" >>"$log" 2>&1 </dev/null 8>&- &
  server_pid=$!
  started_pids+=("$server_pid")
  server_port='' admin_url=''
  while read -r -t 60 -u 8 line; do
    case $line in
      listening*) server_port=${line##*:} ;;
      admin*) admin_url=${line#admin } ;;
      ready*) break ;;
    esac
  done
  exec 8>&-
  if [[ "${line:-}" != ready* ]]; then
    cat "$log" >&2
    fail 'prefork-server did not get ready (its log is above).'
  fi
}

# run_nginx FOLDER WORKERS MAIN HTTP SERVER: with these lines in the blocks of its configuration,
# beside what all of them have: one shared listening socket (no reuseport), no access log.
run_nginx() {
  local folder=$1 workers=$2 main=$3
  # Its worker has to be able to read what is below a private folder.
  ((EUID == 0)) && main+=$'\nuser root;'
  server_port=$(free_port)
  cat >"$folder/nginx.conf" <<EOF
daemon off;
$main
worker_processes $workers;
pid $folder/pid;
error_log $folder/error.log;
events { worker_connections 16384; }
worker_rlimit_nofile 32768;
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
$4
  server {
    listen 127.0.0.1:$server_port backlog=2048;
$5
  }
}
EOF
  start_group "$folder/log" nginx -p "$folder" -e "$folder/error.log" -c "$folder/nginx.conf"
  await_answer nginx "$folder/log"
}

# start_nginx WORKERS [MODULE]: sends 1 MiB for /stream from a file without sendfile, its nearest to
# content made on the way; with its echo module it sends back what is posted to /.
start_nginx() {
  local folder module='' echo=''
  folder=$(mktemp -d "$work/nginx.XXXXXX")
  if [[ "${2:-}" == echo ]]; then
    module='load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;'
    echo='location = / { client_body_buffer_size 128k; echo_read_request_body; echo_request_body; }'
  fi
  head -c 1048576 /dev/zero | tr '\0' x >"$folder/stream"
  run_nginx "$folder" "$1" "$module" 'types { } default_type "text/plain; charset=utf-8";' "
    location = /plaintext { return 200 \"Hello, World!\"; }
    location = /stream { root $folder; sendfile off; output_buffers 2 64k; }
    $echo"
}

# The folder $site: sendfile with full packets, descriptors and file status kept for a minute.
start_nginx_files() {
  local folder
  folder=$(mktemp -d "$work/nginx.XXXXXX")
  run_nginx "$folder" 1 '' '
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=1000 inactive=60s;
  open_file_cache_valid 60s;' "root $site;"
}

# run_h2o FOLDER SITE [LINES]
run_h2o() {
  local folder=$1
  server_port=$(free_port)
  cat >"$folder/h2o.conf" <<EOF
num-threads: 1
max-connections: 16384
http1-request-timeout: 600
${3:-}
listen: { host: 127.0.0.1, port: $server_port }
hosts:
  default:
    paths:
      "/": { file.dir: "$2" }
EOF
  ((EUID == 0)) && printf 'user: root\n' >>"$folder/h2o.conf"
  start_group "$folder/log" h2o -c "$folder/h2o.conf"
  await_answer h2o "$folder/log"
}

start_h2o() {
  local folder
  folder=$(mktemp -d "$work/h2o.XXXXXX")
  mkdir "$folder/site"
  printf 'Hello, World!' >"$folder/site/plaintext"
  run_h2o "$folder" "$folder/site" 'file.etag: OFF
file.send-gzip: OFF
file.mime.setdefaulttype: "text/plain; charset=utf-8"'
}

start_h2o_files() { run_h2o "$(mktemp -d "$work/h2o.XXXXXX")" "$site"; }

start_lighttpd() {
  local folder
  folder=$(mktemp -d "$work/lighttpd.XXXXXX")
  server_port=$(free_port)
  mkdir "$folder/site"
  printf 'Hello, World!' >"$folder/site/plaintext"
  cat >"$folder/lighttpd.conf" <<EOF
server.document-root = "$folder/site"
server.bind = "127.0.0.1"
server.port = $server_port
server.max-connections = 16384
server.max-fds = 32768
server.max-keep-alive-requests = 1000000000
server.max-keep-alive-idle = 600
server.errorlog = "$folder/error.log"
static-file.etags = "disable"
mimetype.assign = ( "" => "text/plain; charset=utf-8" )
EOF
  start_group "$folder/log" lighttpd -D -f "$folder/lighttpd.conf"
  await_answer lighttpd "$folder/log"
}

# group_cpu_ticks PID: user and system time of the whole group, and of its children that ended.
group_cpu_ticks() {
  # A process of somebody else may end between the listing and the reading.
  { cat /proc/[0-9]*/stat 2>/dev/null || true; } |
    awk -v group="$1" '{ sub(/^.*\) /, "") } $3 == group { sum += $12 + $13 + $14 + $15 }
      END { print sum + 0 }'
}

# What every core was busy with, interrupts too, which are nobody's (proc(5): /proc/stat).
machine_cpu_ticks() { awk '$1 == "cpu" { print $2 + $3 + $4 + $7 + $8 }' /proc/stat; }

# group_memory_kib PID: proportional set size of the whole group (shared pages counted once).
group_memory_kib() {
  local stat
  for stat in /proc/[0-9]*/stat; do
    awk -v group="$1" '{ pid = $1; sub(/^.*\) /, "") } $3 == group { print pid }' "$stat" 2>/dev/null ||
      true # it has ended meanwhile
  done | while read -r pid; do
    awk '$1 == "Pss:" { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null || true
  done | awk '{ sum += $1 } END { print sum + 0 }'
}

# hold PORT CONNECTIONS BATCH: returns when all of them are open and idle; let_go closes them.
hold() {
  local line
  coproc HOLDER { "$build_folder/tests/bench/bench_idle" "$@"; }
  # Bash forgets these as soon as the process ends.
  # shellcheck disable=SC2153 # coproc sets it
  holder_pid=$HOLDER_PID holder_in=${HOLDER[1]}
  read -r -t 60 line <&"${HOLDER[0]}" || fail "The server on port $1 does not hold $2 connections."
  [[ "$line" == "holding $2" ]]
}

let_go() {
  exec {holder_in}>&-
  wait "$holder_pid" || true
}

stats() { curl -sf --max-time 5 "$admin_url/stats"; }

# await_stats JQ_CONDITION: polls, for at most ten seconds, until it holds.
await_stats() {
  local tries=500
  until stats | jq -e "$1" >/dev/null 2>&1; do
    ((--tries)) || fail "Not within ten seconds: $1; $(stats)"
    sleep 0.02
  done
}
