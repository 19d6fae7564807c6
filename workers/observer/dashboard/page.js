"use strict";
(() => {
const kPoints = 300;             // of a series: five minutes
const kSilenceMs = 15000;        // then the stream is begun anew
const kMaxEventBytes = 8 << 20;  // more is no event
const kManyTiles = 32;
const kLateMs = 1000, kHungMs = 10000;
const kArmedMs = 6000;
const kTokenKey = "prefork-admin-token";

const $ = (id) => document.getElementById(id);
const needsToken = document.documentElement.dataset.token === "needed";

// --- texts ---------------------------------------------------------------------------------------

const say = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const dress = (node, name) => { if (node.className !== name) node.className = name; };

function add(parent, tag, className) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  parent.append(node);
  return node;
}

const count = (n) => Math.round(n).toLocaleString("en");
const brief = (n) => n >= 1e6 ? (n / 1e6).toFixed(1) + "M" : n >= 1e4 ? (n / 1e3).toFixed(0) + "k"
  : n >= 10 || Number.isInteger(n) ? count(n) : n.toFixed(1);
const plural = (n, one, many = one + "s") => `${count(n)} ${n === 1 ? one : many}`;

function bytes(n) {
  if (n === null) return "?";
  const unit = n >= 2 ** 30 ? [2 ** 30, "GB"] : n >= 2 ** 20 ? [2 ** 20, "MB"] : n >= 1024 ? [1024, "kB"] : [1, "B"];
  const value = n / unit[0];
  return (value >= 10 || unit[0] === 1 ? value.toFixed(0) : value.toFixed(1)) + " " + unit[1];
}

function span(ms) {
  const s = ms / 1000;
  if (s < 1) return `${Math.round(ms)} ms`;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 120) return `${Math.round(s)} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} days`;
}

const duration = (us) => us >= 1e6 ? `${(us / 1e6).toPrecision(3)} s` : us >= 1e3 ? `${(us / 1e3).toPrecision(3)} ms` : `${us} µs`;
const moment = (text) => new Date(text).toLocaleString([], { dateStyle: "short", timeStyle: "medium" });

// --- series of a fixed length --------------------------------------------------------------------

const kSeries = ["at", "fine", "refused", "failed", "p50", "p90", "p99"];
const series = Object.fromEntries(kSeries.map((name) => [name, new Float64Array(kPoints).fill(NaN)]));
let points = 0;  // so many have come

function keep(point) {
  const at = points++ % kPoints;
  for (const name of kSeries) series[name][at] = point[name];
}

// From the oldest to the newest that is younger than the series' five minutes.
function eachPoint(visit) {
  const newest = series.at[(points - 1) % kPoints];
  for (let i = Math.max(0, points - kPoints); i < points; ++i) {
    const at = i % kPoints;
    const x = kPoints - (newest - series.at[at]) / 1000;
    if (x >= 0) visit(at, x);
  }
}

// --- charts --------------------------------------------------------------------------------------

const kWidth = kPoints, kHeight = 100, kGridLines = 8;

function makeChart(plot, lines, name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${kWidth} ${kHeight}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", name);
  plot.append(svg);
  const path = (className) => {
    const node = document.createElementNS(svg.namespaceURI, "path");
    node.setAttribute("class", className);
    svg.append(node);
    return node;
  };
  const grid = path("grid");
  const labels = Array.from({ length: kGridLines }, () => add(plot, "span", "y"));
  say(add(plot, "span", "from"), "5 min ago");
  say(add(plot, "span", "to"), "now");
  return { svg, grid, labels, lines: lines.map(([of, className]) => ({ of, path: path("line " + className) })) };
}

// `marks`: [height between 0 and 1, label].
function drawChart(chart, scale, marks) {
  chart.grid.setAttribute("d", marks.map(([y]) => `M0 ${(kHeight * (1 - y)).toFixed(1)}H${kWidth}`).join(""));
  chart.labels.forEach((label, i) => {
    label.hidden = i >= marks.length;
    if (label.hidden) return;
    say(label, marks[i][1]);
    // Through the object model, which the policy leaves to scripts.
    label.style.top = `calc((100% - 2.2rem) * ${(1 - marks[i][0]).toFixed(4)})`;
  });
  for (const line of chart.lines) {
    let path = "";
    let isOn = false;
    eachPoint((at, x) => {
      const y = scale(series[line.of][at]);
      if (Number.isNaN(y)) { isOn = false; return; }
      path += `${isOn ? "L" : "M"}${x.toFixed(1)} ${(kHeight * (1 - y)).toFixed(1)}`;
      if (!isOn) path += `h.1`;
      isOn = true;
    });
    line.path.setAttribute("d", path);
  }
}

const rateChart = makeChart($("rate-plot"), [["fine", "good"], ["refused", "warn"], ["failed", "bad"]],
  "Responses per second over the last five minutes");
const latencyChart = makeChart($("latency-plot"), [["p50", "good"], ["p90", "warn"], ["p99", "bad"]],
  "Percentiles of latency over the last five minutes");

function drawRates() {
  let most = 0;
  eachPoint((at) => { most = Math.max(most, series.fine[at] || 0, series.refused[at] || 0, series.failed[at] || 0); });
  const step = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  const top = [1, 2, 5, 10].map((n) => n * step).find((n) => n >= most);
  drawChart(rateChart, (v) => v / top, [[0, "0"], [.5, brief(top / 2)], [1, brief(top)]]);
}

function drawLatencies() {
  let least = Infinity, most = 0;
  eachPoint((at) => {
    if (series.p50[at] > 0) least = Math.min(least, series.p50[at]);
    if (series.p99[at] > 0) most = Math.max(most, series.p99[at]);
  });
  if (most === 0) { least = 100; most = 1000; }
  const low = Math.floor(Math.log10(Math.max(least, 1)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(most)));
  const marks = [];
  for (let decade = low; decade <= high; ++decade) marks.push([(decade - low) / (high - low), duration(10 ** decade).replace(/\.0+ /, " ")]);
  drawChart(latencyChart, (v) => v > 0 ? (Math.log10(v) - low) / (high - low) : NaN, marks);
}

// --- what has come -------------------------------------------------------------------------------

let before = null;  // the state before this one
let shown = null;   // the state that is shown
let details = null;

// Of the time between two states: [smallest µs of the bucket, count] one after the other.
function percentiles(now, then) {
  const old = new Map();
  for (let i = 0; i < then.length; i += 2) old.set(then[i], then[i + 1]);
  const fresh = [];
  let all = 0;
  for (let i = 0; i < now.length; i += 2) {
    const n = now[i + 1] - (old.get(now[i]) || 0);
    if (n > 0) { fresh.push([now[i], n]); all += n; }
  }
  return [.5, .9, .99].map((share) => {
    let seen = 0;
    for (const [us, n] of fresh) if ((seen += n) >= share * all) return Math.max(us, 1);
    return NaN;
  });
}

function takeState(state) {
  before = shown;
  shown = state;
  // Another server, which counts from nothing.
  if (before && (before.uptime > state.uptime || before.now >= state.now)) before = null;
  if (before) {
    const seconds = (state.now - before.now) / 1000;
    const rate = (of) => (of(state.totals) - of(before.totals)) / seconds;
    const [p50, p90, p99] = percentiles(state.totals.latency, before.totals.latency);
    keep({ at: state.now, p50, p90, p99, fine: rate((t) => t.responses[0] + t.responses[1] + t.responses[2]),
      refused: rate((t) => t.responses[3]), failed: rate((t) => t.responses[4]) });
    showTraffic(state, rate, p99);
  } else {
    points = 0;
  }
  showServer(state);
  showWorkers(state);
  showGenerations(state);
  $("commands").hidden = !state.may_command;
  if (!document.hidden && points > 0) { drawRates(); drawLatencies(); }
}

function showServer(state) {
  const kinds = { running: "good", starting: "warn", reloading: "warn", rolling_back: "bad", stopping: "bad" };
  say($("state"), state.state.replace("_", " "));
  dress($("state"), "badge " + (kinds[state.state] || ""));
  say($("uptime"), "for " + span(state.uptime) + ",");
  say($("generation"), `generation ${state.generation}`);
}

function showTraffic(state, rate, p99) {
  const totals = state.totals;
  const last = (points - 1) % kPoints;
  const answers = series.fine[last] + series.refused[last] + series.failed[last];
  say($("rate"), brief(rate((t) => t.requests)));
  say($("rate-more"), `${bytes(rate((t) => t.bytes_in))}/s in, ${bytes(rate((t) => t.bytes_out))}/s out`);
  say($("errors"), answers > 0 ? (100 * series.failed[last] / answers).toFixed(1) : "0");
  say($("errors-more"), `${plural(totals.responses[4], "error")} of ${brief(totals.responses.reduce((a, b) => a + b))}`);
  say($("p99"), Number.isNaN(p99) ? "none" : duration(p99));
  say($("p99-more"), Number.isNaN(p99) ? "nothing was answered" : `half of them ${duration(series.p50[last])}`);
  say($("connections"), count(totals.active));
  say($("connections-more"), `${count(totals.idle)} idle`);
  say($("busy"), count(totals.busy));
  say($("busy-more"), `of ${count(totals.threads)}, ${count(totals.queued)} waiting`);
  say($("cpu"), Math.max(0, rate((t) => t.cpu_us) / 1e6).toFixed(2));
  say($("cpu-more"), `busy, by ${plural(state.workers.filter((w) => w.pid).length, "worker")}`);
}

// --- workers -------------------------------------------------------------------------------------

const tiles = [];
let chosen = null;  // the slot

function makeTile() {
  const item = add($("tiles"), "li");
  const button = add(item, "button", "tile");
  button.type = "button";
  say(add(button, "span", "unseen"), "worker ");
  const tile = { item, button, name: add(button, "span", "name"), load: add(button, "span"), hand: add(button, "span"), slot: 0 };
  button.addEventListener("click", () => {
    chosen = chosen === tile.slot ? null : tile.slot;
    if (shown) showWorkers(shown);
  });
  return tile;
}

const oldest = (worker) => worker.hand && worker.hand.length > 0 ? worker.hand[0][3] : 0;

function stateOf(worker) {
  if (worker.state === "vacant") return ["none", "empty"];
  if (worker.state === "ready") return [worker.accepting ? "" : "warn", worker.accepting ? "ready" : "ready, full"];
  return [["starting", "draining", "drain"].includes(worker.state) ? "warn" : "bad", worker.state];
}

function showTile(tile, worker, isMany, generation) {
  tile.item.hidden = !worker;
  if (!worker) return;
  tile.slot = worker.slot;
  const [kind, state] = stateOf(worker);
  const isOld = worker.generation !== undefined && worker.generation !== generation;
  say(tile.name, `${worker.slot} ${state}`);
  dress(tile.button, "tile " + kind);
  tile.button.setAttribute("aria-pressed", String(chosen === worker.slot));
  if (worker.state === "vacant") {
    say(tile.load, "");
    say(tile.hand, "");
    return;
  }
  const age = oldest(worker);
  const memory = bytes(worker.memory);
  say(tile.load, isMany ? `${brief(worker.active)}c ${memory.replace(" ", "").replace("B", "")}`
    : `${plural(worker.active, "connection")}, ${memory}`);
  say(tile.hand, worker.in_hand > 0 ? (isMany ? `${worker.in_hand} · ${span(age)}` : `${worker.in_hand} in hand, ${span(age)}`)
    : isOld ? `gen ${worker.generation}` : "idle");
  dress(tile.hand, age >= kHungMs ? "hung" : age >= kLateMs ? "late" : "");
}

function showWorkers(state) {
  const workers = state.workers;
  const isMany = workers.length > kManyTiles;
  dress($("tiles"), isMany ? "tiles many" : "tiles");
  while (tiles.length < workers.length) tiles.push(makeTile());
  tiles.forEach((tile, i) => showTile(tile, workers[i], isMany, state.generation));
  const states = new Map();
  for (const worker of workers) {
    const name = stateOf(worker)[1];
    states.set(name, (states.get(name) || 0) + 1);
  }
  say($("workers-sum"), [...states].map(([name, n]) => `${n} ${name}`).join(", ")
    + (isMany ? "; each: number and state, connections and memory, requests in hand and the age of the oldest" : ""));
  showChosen(workers.filter((worker) => worker.slot === chosen));
}

const hands = Array.from({ length: 8 }, () => {
  const item = add($("worker-hand"), "li");
  return { item, phase: add(item, "span", "badge"), what: add(item, "span") };
});

function showChosen(all) {
  $("worker").hidden = all.length === 0;
  if (all.length === 0) return;
  const rows = all.flatMap((worker) => worker.hand || []);
  say($("worker-title"), `Worker ${all[0].slot}`);
  say($("worker-facts"), all.map((worker) => worker.pid === undefined ? "nobody is in this slot" : `pid ${worker.pid}, ${worker.state}, generation ${worker.generation}, `
    + `for ${span(worker.age)}; ${plural(worker.requests, "request")}, ${plural(worker.active, "connection")}, ${bytes(worker.memory)} of memory, `
    + `${span((worker.cpu_us || 0) / 1000)} of processor time; ${plural(worker.busy, "thread")} busy, ${worker.queued} waiting; `
    + `${plural(worker.restarts, "restart")} of this slot; its loop was heard of ${worker.beat === null ? "never" : span(worker.beat) + " ago"}`).join(". "));
  hands.forEach(({ item, phase, what }, i) => {
    item.hidden = i >= rows.length;
    if (item.hidden) return;
    const [method, path, at, age] = rows[i];
    say(phase, at);
    dress(phase, "badge " + (age >= kHungMs ? "bad" : age >= kLateMs ? "warn" : ""));
    say(what, `${method} ${path}, for ${span(age)}`);
  });
}

// --- generations ---------------------------------------------------------------------------------

const generations = [];

function showGenerations(state) {
  const by = new Map();
  for (const worker of state.workers) {
    if (worker.state === "vacant") continue;
    const one = by.get(worker.generation) || { states: new Map(), age: 0, inHand: 0 };
    one.states.set(worker.state, (one.states.get(worker.state) || 0) + 1);
    one.inHand += worker.in_hand;
    one.age = Math.max(one.age, oldest(worker));
    by.set(worker.generation, one);
  }
  const list = [...by].sort(([a], [b]) => b - a).slice(0, 8);
  while (generations.length < list.length) {
    const item = add($("generations"), "li");
    generations.push({ item, badge: add(item, "span", "badge"), text: add(item, "span") });
  }
  generations.forEach(({ item, badge, text }, i) => {
    item.hidden = i >= list.length;
    if (item.hidden) return;
    const [number, one] = list[i];
    const isPresent = number === state.generation;
    say(badge, isPresent ? "serves" : number > state.generation ? "comes" : "drains");
    dress(badge, "badge " + (isPresent ? "good" : "warn"));
    say(text, `generation ${number}: ${[...one.states].map(([name, n]) => `${n} ${name}`).join(", ")}; ${plural(one.inHand, "request")} in hand`
      + (one.inHand > 0 ? `, the oldest for ${span(one.age)}` : ""));
  });
}

// --- what changes seldom -------------------------------------------------------------------------

const words = [];

function frame(one, i) {
  const where = one.object ? `${one.object}+${one.offset}` : one.address || "";
  return `  ${i} ${one.function || where}${one.place ? "  " + one.place : one.function ? "  " + where : ""}`;
}

// Those that are alike together.
function finishedLines(finished) {
  const groups = [];
  for (const one of finished) {
    const last = groups[groups.length - 1];
    if (last && last.path === one.path && last.status === one.status) last.times += 1;
    else groups.push({ ...one, times: 1 });
  }
  return groups.map((one) => `  ${one.path}: ${one.status}` + (one.times > 1 ? `, ${one.times} times, the last one` : ",")
    + ` in ${duration(Math.round(one.duration_ms * 1000))}, ended ${span(one.ago_ms)} before`);
}

function wordsText(one) {
  const lines = [`age ${span(one.age_ms)}, ${plural(one.requests_served, "request")} served, at most ${bytes(one.peak_resident_bytes)} of memory, generation ${one.generation}`];
  if (one.part) lines.push(`in ${one.part}`);
  if (one.crash) {
    lines.push("", `${one.crash.signal} in thread ${one.crash.thread_name || one.crash.thread}`
      + (one.crash.address ? ` at address ${one.crash.address}` : ""), ...(one.crash.stack || []).map(frame));
    if (one.crash.stack_more) lines.push(`  and ${one.crash.stack_more} more`);
  }
  const inFlight = one.in_flight || [];
  if (inFlight.length > 0) {
    lines.push("", "Requests it had in hand:", ...inFlight.map((r) => `  ${r.method} ${r.path} from ${r.peer}, ${r.phase}${r.thread ? " on " + r.thread : ""}, ${span(r.age_ms)} old`));
    if (one.in_flight_more) lines.push(`  and ${one.in_flight_more} more`);
  }
  const finished = one.finished || [];
  if (finished.length > 0) lines.push("", "Requests before them, the last one first:", ...finishedLines(finished));
  return lines.join("\n");
}

function showWords(list) {
  $("words-none").hidden = list.length > 0;
  while (words.length < list.length) {
    const item = add($("words"), "details");
    const summary = add(item, "summary");
    words.push({ item, badge: add(summary, "span", "badge bad"), text: add(summary, "span"), more: add(item, "pre"), key: "" });
  }
  // Who reads on does not lose the place when others die.
  const open = new Set(words.filter((one) => one.item.open && !one.item.hidden).map((one) => one.key));
  words.forEach((one, i) => {
    const word = list[i];
    one.item.hidden = !word;
    one.key = word ? word.time + word.pid : "";
    if (!word) return;
    one.item.open = open.has(one.key);
    say(one.badge, word.reason);
    say(one.text, ` ${word.process} ${word.process === "observer" ? "" : word.slot} (pid ${word.pid}), ${moment(word.time)}`);
    say(one.more, wordsText(word));
  });
}

function rowsOf(list, parent, rows) {
  while (rows.length < list.length) {
    const item = add(parent, "li");
    rows.push({ item, badge: add(item, "span", "badge"), text: add(item, "span"), why: add(item, "span", "why") });
  }
  rows.forEach((row, i) => { row.item.hidden = i >= list.length; });
  return rows.slice(0, list.length);
}

const history = [], slow = [];

function showHistory(list) {
  const kinds = { done: "good", refused: "warn", superseded: "warn" };
  $("history-none").hidden = list.length > 0;
  rowsOf(list, $("history"), history).forEach((row, i) => {
    const one = list[i];
    say(row.badge, one.outcome.replace("_", " "));
    dress(row.badge, "badge " + (kinds[one.outcome] || "bad"));
    say(row.text, `${one.kind}${one.generation === null ? "" : ` to generation ${one.generation}`}, ${moment(one.time)}, took ${span(one.duration_ms)}`);
    say(row.why, one.reason || "");
  });
}

function showSlow(list) {
  const top = list.slice(0, 16);
  $("slow-section").hidden = top.length === 0;
  rowsOf(top, $("slow"), slow).forEach((row, i) => {
    say(row.badge, count(top[i].count));
    say(row.text, top[i].function);
  });
}

function takeDetails(news) {
  details = news;
  say($("version"), details.version);
  say($("listeners"), `on ${details.listeners.join(", ")}; master ${details.master_pid}`);
  showWords(details.last_words);
  showHistory(details.reload_history);
  showSlow(details.slow);
}

// --- commands ------------------------------------------------------------------------------------

const kButtons = ["reload", "reopen-logs", "fewer", "more", "stop"];

function headers(more) {
  const token = needsToken ? sessionStorage.getItem(kTokenKey) : null;
  return token ? { ...more, "Authorization": `Bearer ${token}` } : more;
}

async function command(name, what) {
  for (const id of kButtons) $(id).disabled = true;
  say($("outcome"), `${what} …`);
  try {
    const response = await fetch(`commands/${name}`, { method: "POST", headers: headers({ "Prefork-Command": "1" }), cache: "no-store" });
    const text = (await response.text()).trim();
    say($("outcome"), response.ok ? `${what}: done` : `${what}: ${text.replace(/^\d+ [^:]*: /, "")}`);
  } catch {
    say($("outcome"), `${what}: no answer came; it may still happen`);
  }
  for (const id of kButtons) $(id).disabled = false;
}

function scaleBy(step) {
  const wanted = new Set(shown.workers.filter((w) => w.state !== "vacant" && !stateOf(w)[1].startsWith("drain")).map((w) => w.slot)).size + step;
  command(`scale?argument=${wanted}`, `Scale to ${plural(wanted, "worker")}`);
}

let armed = 0;

function disarm() {
  clearTimeout(armed);
  armed = 0;
  $("stop").classList.remove("armed");
  say($("stop"), "Stop the server");
}

function pressStop() {
  if (armed === 0) {
    armed = setTimeout(disarm, kArmedMs);
    $("stop").classList.add("armed");
    say($("stop"), "Sure? Stop the server");
    say($("outcome"), "Press it once more to stop the server: nobody is served then.");
    return;
  }
  disarm();
  command("stop", "Stop");
}

$("reload").addEventListener("click", () => command("reload", "Reload"));
$("reopen-logs").addEventListener("click", () => command("reopen-logs", "Reopen logs"));
$("fewer").addEventListener("click", () => scaleBy(-1));
$("more").addEventListener("click", () => scaleBy(1));
$("stop").addEventListener("click", pressStop);
$("stop").addEventListener("blur", disarm);

// --- the stream ----------------------------------------------------------------------------------

function showLink(text, kind) {
  say($("link"), text);
  dress($("link"), kind);
}

function takeEvent(text) {
  let name = "", data = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    else if (line.startsWith("data: ")) data = line.slice(6);
  }
  if (name === "state") takeState(JSON.parse(data));
  else if (name === "details") takeDetails(JSON.parse(data));
}

// Until it ends. EventSource could not send the token.
async function listen() {
  const abort = new AbortController();
  let watch = 0;
  const heard = () => { clearTimeout(watch); watch = setTimeout(() => abort.abort(), kSilenceMs); };
  heard();
  try {
    const response = await fetch("events", { headers: headers({ "Accept": "text/event-stream" }), cache: "no-store", signal: abort.signal });
    if (response.status === 401) return "token";
    if (!response.ok) return (await response.text()).trim().replace(/^\d+ [^:]*: /, "");
    $("board").hidden = false;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return "ended";
      heard();
      rest += value;
      if (rest.length > kMaxEventBytes) { abort.abort(); return "not understood"; }
      const events = rest.split("\n\n");
      rest = events.pop();
      for (const event of events) {
        // What is wrong with it is not the connection's fault.
        try { takeEvent(event); } catch (error) { reportError(error); }
      }
      if (events.length > 0) showLink("Live", "live");
    }
  } catch {
    return "no connection";
  } finally {
    clearTimeout(watch);
  }
}

function askForToken(problem) {
  sessionStorage.removeItem(kTokenKey);
  $("board").hidden = true;
  $("login").hidden = false;
  say($("login-problem"), problem);
  showLink("Waiting for the token", "");
  $("token").focus();
}

async function run() {
  $("login").hidden = true;
  for (let pause = 500; ; pause = Math.min(2 * pause, 5000)) {
    const began = Date.now();
    const why = await listen();
    if (why === "token") return askForToken(sessionStorage.getItem(kTokenKey) ? "That is not the token." : "");
    // A stream that ends well has a successor.
    if (Date.now() - began > kSilenceMs || why === "ended") pause = 250;
    showLink(why === "ended" ? "Connecting again" : `Lost: ${why}; trying again`, why === "ended" ? "" : "lost");
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

$("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = $("token").value.trim();
  $("token").value = "";
  // A field of HTTP may not hold others: no request with it would ever be sent.
  if (!/^[\x21-\x7e]+$/.test(token)) return askForToken("That cannot be a token: it has to have visible ASCII characters and nothing else.");
  sessionStorage.setItem(kTokenKey, token);
  run();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && points > 0) { drawRates(); drawLatencies(); }
});
if (needsToken) say($("links"), "More, with the token as Authorization: Bearer: /stats (all of this as JSON), /metrics (for Prometheus). At a terminal: preforkctl top.");
if (needsToken && !sessionStorage.getItem(kTokenKey)) askForToken("");
else run();
})();
