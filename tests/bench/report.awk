# awk -f report.awk -v plot_data=FILE facts.tsv results.tsv
#
# Prints the tables and a verdict per limit; exits with 1 if one is not met. Medians throughout; a
# ratio is the median of the ratios of the rounds.

BEGIN {
  FS = "\t"
  servers = split("bare prefork nginx h2o lighttpd old", server, " ")
  split("bare-loop prefork-server nginx h2o lighttpd other", label, " ")
  cases = split("keepalive pipelined close close4 browser echo64k stream1m" \
    " static1k static10k static1m static100m", case_name, " ")
  title["keepalive"] = "64 keep-alive connections, one worker"
  title["pipelined"] = "64 keep-alive connections, 16 requests at a time, one worker"
  title["close"] = "a new connection for each request, one worker"
  title["browser"] = "64 keep-alive connections, requests of a browser, one worker"
  title["echo64k"] = "16 keep-alive connections, 64 KiB sent back, one worker"
  title["stream1m"] = "16 keep-alive connections, 1 MiB made on the way, one worker"
  title["static1k"] = "a file of 1 KiB, 64 keep-alive connections, one worker"
  title["static10k"] = "a file of 10 KiB, 64 keep-alive connections, one worker"
  title["static1m"] = "a file of 1 MiB, 16 keep-alive connections, one worker"
  title["static100m"] = "a file of 100 MiB, 4 keep-alive connections, one worker"
  title["close4"] = "a new connection for each request, four workers on one core, one socket"
}

NF == 2 { fact[$1] = $2; next }

{
  if ($3 > rounds[$1]) rounds[$1] = $3
  cpu[$1, $2, $3] = $4
  rate[$1, $2, $3] = $5
  p50[$1, $2, $3] = $6
  p99[$1, $2, $3] = $7
  errors[$1, $2] += $8
  machine[$1, $2, $3] = $9
}

# What `pool` has more of than `loop`: the median over the rounds.
function added(values, c,    list, r) {
  for (r = 1; r <= rounds[c]; r++) list[r] = values[c, "pool", r] - values[c, "loop", r]
  return median(list, rounds[c])
}

# The median of list[1..n]; sorts it.
function median(list, n,    i, j, value) {
  for (i = 2; i <= n; i++) {
    value = list[i]
    for (j = i - 1; j >= 1 && list[j] > value; j--) list[j + 1] = list[j]
    list[j + 1] = value
  }
  return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function typical(values, c, s,    list, r) {
  for (r = 1; r <= rounds[c]; r++) list[r] = values[c, s, r]
  return median(list, rounds[c])
}

function has(c, s) { return (c, s, 1) in cpu }

function ratio_of(values, c, s, base,    list, r) {
  for (r = 1; r <= rounds[c]; r++) list[r] = values[c, s, r] / values[c, base, r]
  return median(list, rounds[c])
}

function ratio(c, s, base) { return ratio_of(cpu, c, s, base) }

function ratio_text(c, s, base) { return has(c, base) ? sprintf("%.2f", ratio(c, s, base)) : "-" }

# wrk loses count of its latencies when requests are pipelined, and then says zero.
function latency_text(us) { return us > 0 ? sprintf("%.0f", us) : "-" }

function table(c,    i, s) {
  printf "\n%s (%d rounds)\n", title[c], rounds[c]
  printf "  %-16s %12s %9s %9s %12s %9s %9s\n", "server", "CPU us/req", "x bare", "x nginx",
    "requests/s", "p50 us", "p99 us"
  for (i = 1; i <= servers; i++) {
    s = server[i]
    if (!has(c, s)) continue
    printf "  %-16s %12.2f %9s %9s %12.0f %9s %9s%s\n", label[i], typical(cpu, c, s),
      ratio_text(c, s, "bare"), ratio_text(c, s, "nginx"), typical(rate, c, s),
      latency_text(typical(p50, c, s)), latency_text(typical(p99, c, s)), errors[c, s] ? sprintf("  %d socket errors", errors[c, s]) : ""
  }
}

function verdict(what, value, unit, limit, met) {
  printf "  %-62s %7s %-6s %-14s %s\n", what, value, unit, limit, met ? "met" : "NOT MET"
  if (!met) missed++
}

function ratio_verdict(what, c, base, limit,    value) {
  if (!has(c, "prefork") || !has(c, base)) return
  value = ratio(c, "prefork", base)
  verdict(what, sprintf("%.2f", value), "times", "at most " limit, value <= limit)
}

# Where most of what is sent leaves in an interrupt or with the acknowledgement of the client, a
# server's own time is an accident: what both sides and the kernel take together is not.
function machine_verdict(c, base,    value) {
  if (!has(c, "prefork") || !has(c, base)) return
  value = ratio_of(machine, c, "prefork", base)
  verdict("CPU of the whole machine per request, " c ", of " base "'s", sprintf("%.2f", value),
    "times", "at most 1", value <= 1)
}

function old_verdict(c,    value) {
  if (!has(c, "prefork") || !has(c, "old")) return
  value = ratio(c, "prefork", "old")
  verdict("CPU per request, " c ", of the other prefork-server's", sprintf("%.3f", value), "times",
    "at most 1.02", value <= 1.02)
}

function below_verdict(c, s) {
  if (!has(c, "prefork") || !has(c, s)) return
  verdict("CPU per request, " c ", of " s "'s", sprintf("%.2f", ratio(c, "prefork", s)),
    "times", "below 1", ratio(c, "prefork", s) < 1)
}

function spread_verdict(n,    counts, workers, i, low, high) {
  if (!(("spread_" n) in fact)) return
  workers = split(fact["spread_" n], counts, "/")
  low = high = counts[1] + 0
  for (i = 2; i <= workers; i++) {
    if (counts[i] + 0 < low) low = counts[i] + 0
    if (counts[i] + 0 > high) high = counts[i] + 0
  }
  verdict(n " keep-alive connections over 4 workers: " fact["spread_" n], high - low, "apart",
    "at most 1", high - low <= 1)
}

function pool_table(    i, c, s) {
  printf "\nthe same answer by the event loop and by the pool, one worker (%d rounds)\n",
    rounds["poolcost64"]
  printf "  %-16s %12s %12s %12s %9s %9s\n", "handler", "connections", "CPU us/req", "requests/s",
    "p50 us", "p99 us"
  for (i = 0; i < 4; i++) {
    c = i < 2 ? "poolcost1" : "poolcost64"
    s = i % 2 ? "pool" : "loop"
    printf "  %-16s %12d %12.2f %12.0f %9.0f %9.0f\n", s, i < 2 ? 1 : 64, typical(cpu, c, s),
      typical(rate, c, s), typical(p50, c, s), typical(p99, c, s)
  }
}

function pool_verdicts(    share) {
  if (rounds["pool"]) {
    share = typical(rate, "pool", "prefork") / 6400
    verdict("64 pool threads, 10 ms each: of the ideal 6,400 requests/s",
      sprintf("%.1f", share * 100), "%", "at least 98", share >= 0.98)
    verdict("meanwhile, /plaintext on the event loop, p99",
      sprintf("%.2f", typical(p99, "pool", "gentle") / 1000), "ms", "below 5",
      typical(p99, "pool", "gentle") < 5000)
  }
  if (rounds["poolcost64"]) {
    verdict("latency added by the pool, one connection, p50", added(p50, "poolcost1"), "us",
      "at most 15", added(p50, "poolcost1") <= 15)
    verdict("CPU per request added by the pool, 64 connections",
      sprintf("%.2f", added(cpu, "poolcost64")), "us", "at most 3", added(cpu, "poolcost64") <= 3)
  }
}

function log_table(    i, n, name) {
  n = split("none combined json unread", name, " ")
  printf "\naccess logs: 64 keep-alive connections, one worker (%d rounds)\n", rounds["logs"]
  printf "  %-16s %12s %9s %12s %9s %9s\n", "log", "CPU us/req", "x none", "requests/s", "p50 us",
    "p99 us"
  for (i = 1; i <= n; i++) {
    printf "  %-16s %12.2f %9.3f %12.0f %9.0f %9.0f\n", name[i], typical(cpu, "logs", name[i]),
      ratio("logs", name[i], "none"), typical(rate, "logs", name[i]),
      typical(p50, "logs", name[i]), typical(p99, "logs", name[i])
  }
}

# A latency is noisier than what it is made of.
function log_verdicts(    list, r, value) {
  if (!rounds["logs"]) return
  value = ratio("logs", "json", "none")
  verdict("CPU per request with an access log of JSON, of none", sprintf("%.3f", value), "times",
    "at most 1.03", value <= 1.03)
  for (r = 1; r <= rounds["logs"]; r++) list[r] = p99["logs", "unread", r] / p99["logs", "none", r]
  value = median(list, rounds["logs"])
  verdict("p99 with a log in a pipe that nobody reads, of none", sprintf("%.2f", value), "times",
    "at most 1.1", value <= 1.1)
}

# The same memory in nine processes, or nine times.
function preload_verdict(    mebibytes) {
  if (!("preload_200" in fact)) return
  mebibytes = (fact["preload_200"] - fact["preload_0"]) / 1024
  verdict("a preloaded table of 200 MiB, master and 8 workers", sprintf("%.0f", mebibytes), "MiB",
    "at most 210", mebibytes <= 210)
}

function write_plot_data(    i, j) {
  printf "case" >plot_data
  for (i = 1; i <= servers; i++) printf " \"%s\"", label[i] >plot_data
  printf "\n" >plot_data
  for (j = 1; j <= cases; j++) {
    if (!rounds[case_name[j]]) continue
    printf "\"%s\"", case_name[j] >plot_data
    for (i = 1; i <= servers; i++) {
      if (has(case_name[j], server[i])) {
        printf " %.3f", typical(cpu, case_name[j], server[i]) >plot_data
      } else {
        printf " ?" >plot_data
      }
    }
    printf "\n" >plot_data
  }
  close(plot_data)
}

END {
  for (i = 1; i <= cases; i++) if (rounds[case_name[i]]) table(case_name[i])
  if ("idle_nginx" in fact) {
    printf "\nmemory per idle keep-alive connection (of 8,000): prefork-server %d, nginx %d bytes\n",
      fact["idle_prefork"], fact["idle_nginx"]
  }
  if ("idle_old" in fact) {
    printf "\nmemory per idle keep-alive connection (of 8,000): prefork-server %d, the other %d bytes\n",
      fact["idle_prefork"], fact["idle_old"]
  }
  if (rounds["poolcost64"]) pool_table()
  if (rounds["logs"]) log_table()
  printf "\nlimits\n"
  ratio_verdict("CPU per request, keep-alive, of the bare loop's", "keepalive", "bare", 1.15)
  ratio_verdict("CPU per request, pipelined, of the bare loop's", "pipelined", "bare", 1.6)
  for (i = 3; i < servers; i++) below_verdict("keepalive", server[i])
  for (i = 3; i < servers; i++) below_verdict("pipelined", server[i])
  for (i = 3; i < servers; i++) below_verdict("browser", server[i])
  for (i = 1; i <= cases; i++) {
    old_verdict(case_name[i])
  }
  below_verdict("echo64k", "nginx")
  below_verdict("stream1m", "nginx")
  ratio_verdict("CPU per new connection, one worker, of nginx's", "close", "nginx", 1)
  ratio_verdict("CPU per new connection, four workers, of nginx's", "close4", "nginx", 1)
  for (i = 1; i <= cases; i++) {
    if (case_name[i] !~ /^static/) continue
    for (j = 3; j <= 4; j++) {
      ratio_verdict("CPU per request, " case_name[i] ", of " server[j] "'s", case_name[i], server[j], 1)
    }
  }
  machine_verdict("static100m", "nginx")
  if ("idle_prefork" in fact) {
    verdict("memory of an idle keep-alive connection", fact["idle_prefork"], "bytes", "at most 1024",
      fact["idle_prefork"] <= 1024)
  }
  if ("boot" in fact) {
    verdict("a worker is ready after its fork", fact["boot"], "ms", "at most 30", fact["boot"] <= 30)
  }
  spread_verdict(8)
  spread_verdict(64)
  spread_verdict(1000)
  pool_verdicts()
  preload_verdict()
  log_verdicts()
  if (plot_data) write_plot_data()
  exit missed > 0
}
