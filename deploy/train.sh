#!/usr/bin/env bash
# What a profiled build is trained with (deploy/cmake/Profile.cmake):
#
#   deploy/train.sh PROGRAM
#
# Runs PROGRAM on free ports of 127.0.0.1 and asks it for what servers are asked for most: plain
# requests and those of browsers, kept and new connections, many at a time, content that is sent
# back, files. Takes some seconds; needs curl.
set -euo pipefail

program=${1:?usage: deploy/train.sh PROGRAM}
command -v curl >/dev/null || {
  echo 'deploy/train.sh: there is no curl, which sends the requests (apt-get install curl)' >&2
  exit 1
}
readonly start_patience=60 # seconds; a program with counters is slow
work=$(mktemp -d)
server=""

stop() {
  [[ -n "$server" ]] || return 0
  kill -TERM "$server" 2>/dev/null || true
  wait "$server" || true
  server=""
}
trap 'stop; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# start [ARGUMENT...]: sets `url` and `statistics`.
start() {
  local line said=
  exec {output}< <(exec "$program" --workers 1 --port 0 --admin 127.0.0.1:0 "$@" 2>&1)
  server=$!
  while IFS= read -r -t "$start_patience" line <&"$output"; do
    said+=$line$'\n'
    case $line in
      *'listening on http'*) url=${line##*listening on } ;;
      *'statistics on http'*) statistics=${line##*statistics on } ;;
      *'ready: 1 worker'*) return 0 ;;
    esac
  done
  printf 'deploy/train.sh: the server does not get ready:\n%s' "$said" >&2
  exit 1
}

# ask TIMES TARGET [CURL_OPTION...]: over one connection, each time with another number behind it.
ask() {
  local times=$1 target=$2
  shift 2
  curl --silent --show-error --fail --max-time 120 "$@" "$url${target}[1-$times]" >"$work/answers"
}

browser=(
  -A 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
  -H 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8'
  -H 'Accept-Language: en-US,en;q=0.5' -H 'Accept-Encoding: gzip, deflate, br'
  -H 'Connection: keep-alive' -H 'Upgrade-Insecure-Requests: 1' -H 'Sec-Fetch-Dest: document'
  -H 'Sec-Fetch-Mode: navigate' -H 'Sec-Fetch-Site: none' -H 'Sec-Fetch-User: ?1'
  -H 'Cookie: session=6f1c2b7a9d3e4f50; theme=dark')

# pipeline TIMES: as many requests, without waiting for an answer.
pipeline() {
  local times=$1 all="" i where=${url#http://}
  for ((i = 1; i < times; i++)); do all+=$'GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n'; done
  all+=$'GET /plaintext HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  exec {socket}<>"/dev/tcp/${where%:*}/${where##*:}"
  timeout 60 cat <&"$socket" >"$work/answers" &
  printf '%s' "$all" >&"$socket"
  wait $!
  exec {socket}>&-
}

start
ask 4000 /plaintext?
ask 4000 /plaintext? "${browser[@]}"
ask 500 /plaintext? -H 'Connection: close'
ask 1000 /json?
ask 20 '/sleep?ms='
head -c 65536 /dev/zero >"$work/content"
ask 200 /echo? --data-binary "@$work/content"
pipeline 4000
curl --silent --show-error --fail "$statistics" >"$work/answers"
stop

mkdir "$work/site"
head -c 1024 /dev/zero >"$work/site/1k.bin"
head -c 1048576 /dev/zero >"$work/site/1m.bin"
start "$work/site"
ask 2000 /1k.bin? "${browser[@]}"
ask 2000 /1k.bin? -H 'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT'
ask 50 /1m.bin?
stop
