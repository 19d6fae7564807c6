// What the page at / of the admin listener does in a real browser; see run.sh.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Browser } from "./browser.mjs";

const { SERVER_PROGRAM, CHROMIUM, AXE, SCREENSHOTS } = process.env;
const kToken = "a-token-of-the-browser-test";
const kDark = [{ name: "prefers-color-scheme", value: "dark" }, { name: "prefers-reduced-motion", value: "reduce" }];
const axe = AXE && existsSync(AXE) ? readFileSync(AXE, "utf8") : null;
const folder = mkdtempSync(join(tmpdir(), "prefork-dashboard-"));

// --- a server ------------------------------------------------------------------------------------

class Server {
  #process;
  #log = "";

  static async start(...args) {
    const server = new Server();
    server.#process = spawn(SERVER_PROGRAM, ["--port", "0", ...(args.includes("--admin") ? [] : ["--admin", "127.0.0.1:0"]), "--control", "off", "--notify-fd", "3", ...(process.getuid() === 0 ? ["--user", "root"] : []), ...args],
      { stdio: ["ignore", "ignore", "pipe", "pipe"] });
    server.#process.stderr.on("data", (text) => { server.#log += text; });
    let told = "";
    for await (const text of server.#process.stdio[3]) {
      told += text;
      if (told.endsWith("ready\n")) break;
    }
    assert.match(told, /ready\n$/, server.#log);
    server.url = /^listening (\S+)$/m.exec(told)[1];
    server.admin = /^admin (\S+)$/m.exec(told)[1] + "/";
    return server;
  }

  signal(name) { this.#process.kill(name); }
  get isOver() { return this.#process.exitCode !== null; }
  async stop() {
    if (!this.isOver) {
      const ended = new Promise((resolve) => this.#process.on("exit", resolve));
      this.signal("SIGTERM");
      await ended;
    }
  }
}

const get = (url) => new Promise((resolve) => request(url, (answer) => { answer.resume(); answer.on("end", () => resolve(answer.statusCode)); answer.on("error", resolve); }).on("error", resolve).end());
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// --- what is to be true of each page -------------------------------------------------------------

async function expectGood(page, name) {
  assert.deepEqual(page.problems, [], `${name}: problems in the console`);
  const [width, window] = JSON.parse(await page.evaluate("JSON.stringify([document.documentElement.scrollWidth, innerWidth])"));
  assert.ok(width <= window, `${name}: ${width} px wide in ${window}`);
  if (axe) {
    await page.evaluate(axe);
    const found = JSON.parse(await page.evaluate(`axe.run().then((r) => JSON.stringify(r.violations.map((v) => v.id + " " + v.nodes.map((n) => n.target))))`));
    assert.deepEqual(found, [], `${name}: axe-core`);
  }
  if (SCREENSHOTS) {
    mkdirSync(SCREENSHOTS, { recursive: true });
    writeFileSync(join(SCREENSHOTS, `${name}.png`), await page.screenshot());
  }
}

const isLive = `document.getElementById("link").textContent === "Live"`;
const shows = (id, text) => `document.getElementById("${id}").textContent.includes(${JSON.stringify(text)})`;
const isShown = (id) => `document.getElementById("${id}").checkVisibility()`;

// --- the tests -----------------------------------------------------------------------------------

const tests = {
  async "shows traffic, deaths, reloads and workers, in light, dark and 390 px"(browser) {
    const server = await Server.start("--workers", "3", "--demo-crash");
    const pages = {
      light: await browser.open(server.admin),
      dark: await browser.open(server.admin, { media: kDark }),
      narrow: await browser.open(server.admin, { width: 390, height: 844 }),
    };
    for (const page of Object.values(pages)) await page.until(isLive);
    const page = pages.light;
    await page.until(shows("workers-sum", "3 ready"));
    await page.until(shows("words-none", "No process has ended"));
    const busy = get(server.url + "/sleep?ms=3000");
    for (let i = 0; i < 40; ++i) await get(server.url + (i % 4 ? "/plaintext" : "/nothing-here"));
    await page.until(`[...document.querySelectorAll(".tile")].some((tile) => /1 in hand, [12]/.test(tile.textContent))`);
    await page.until(`document.querySelector("#rate-plot .line").getAttribute("d").includes("L")`);
    await busy;
    await get(server.url + "/crash");
    for (const one of Object.values(pages)) await one.until(`document.querySelector("#words summary")?.textContent.includes("SIGSEGV")`);
    await page.evaluate(`document.querySelector("#words summary").click()`);
    assert.match(await page.evaluate(`document.querySelector("#words pre").textContent`), /GET \/crash from 127/);
    server.signal("SIGHUP");
    for (const one of Object.values(pages)) await one.until(`document.querySelector("#history li")?.textContent.startsWith("donereload to generation 2")`);
    await page.until(shows("generations", "servesgeneration 2: 3 ready"));
    assert.equal(await page.evaluate(`document.querySelector("#words details").open`), true, "stays open");
    assert.equal(await page.evaluate(isShown("commands")), false);
    for (const [name, one] of Object.entries(pages)) {
      await one.until(isLive);
      await expectGood(one, name);
    }
    await server.stop();
  },

  async "keeps 256 workers readable and its size bounded"(browser) {
    const server = await Server.start("--workers", "1");
    const page = await browser.open(server.admin);
    await page.until(isLive);
    // An hour of seconds, as the server would send them.
    await page.evaluate(`(() => {
      const worker = (slot, t) => ({ slot, state: slot % 40 === 7 ? "draining" : "ready", pid: 1000 + slot, generation: 1 + (slot % 40 !== 7), accepting: true, age: t, beat: 3,
        restarts: 0, memory: 7e6 + slot * 1000, cpu_us: t, requests: t * slot, active: slot % 90, busy: 0, queued: 0, in_hand: slot % 5 ? 0 : 2,
        hand: slot % 5 ? [] : [["GET", "/a/path/of/some/length", "handling", slot * 60], ["POST", "/", "queued", 5]] });
      const event = (t) => "event: state\\ndata: " + JSON.stringify({ now: t * 1000, uptime: t * 1000, state: "running", generation: 2, reloads: 1, observer_pid: 9, may_command: false,
        totals: { requests: t * 1000, responses: [0, t * 900, 0, t * 90 , t * 10], rejected: 0, accepted: t, active: 5, idle: 3, bytes_in: t * 1e5, bytes_out: t * 1e6, threads: 2048,
          busy: 7, queued: 0, cpu_us: t * 1e5, latency: [100, t * 800, 1000, t * 190, 100000 + t % 7 * 1000, t * 10] },
        workers: Array.from({ length: 256 }, (_, slot) => worker(slot, t)) }) + "\\n\\n";
      let give;
      window.fetch = () => Promise.resolve(new Response(new ReadableStream({ start(controller) { give = (t) => controller.enqueue(new TextEncoder().encode(event(t))); } })));
      window.give = (t) => give(t);
    })()`);
    await server.stop();  // the page connects again, and gets what the test gives it
    await page.until("(() => { try { window.give(1); return true; } catch { return false; } })()", 20000);
    page.problems.length = 0;
    const run = (from, to) => page.evaluate(`(async () => { for (let t = ${from}; t < ${to}; ++t) { window.give(t); if (t % 20 === 0) await new Promise((r) => setTimeout(r)); } await new Promise((r) => setTimeout(r, 200)); })()`);
    const size = async () => {
      await page.send("HeapProfiler.collectGarbage");
      const { nodes } = await page.send("Memory.getDOMCounters");
      const { usedSize } = await page.send("Runtime.getHeapUsage");
      return { nodes, usedSize };
    };
    await run(2, 310);
    const before = await size();
    await run(310, Number(process.env.SECONDS_OF_AN_HOUR ?? 600));
    const after = await size();
    assert.ok(after.nodes <= before.nodes + 20, `${before.nodes} nodes became ${after.nodes}`);
    assert.ok(after.usedSize < before.usedSize + 2e6, `${before.usedSize} bytes became ${after.usedSize}`);
    assert.equal(await page.evaluate(`document.querySelectorAll(".tile").length`), 256);
    assert.equal(await page.evaluate(`[...document.querySelectorAll(".tile span:not(.unseen)")].filter((s) => s.scrollWidth > s.clientWidth + 1).length`), 0, "texts that are cut");
    await expectGood(page, "many-light");
    await page.send("Emulation.setEmulatedMedia", { features: kDark });
    await expectGood(page, "many-dark");
    await page.send("Emulation.setDeviceMetricsOverride", { width: 390, height: 844, deviceScaleFactor: 1, mobile: false });
    await expectGood(page, "many-narrow");
  },

  async "asks for the token, keeps it for the tab, and commands with it"(browser) {
    const file = join(folder, "token");
    writeFileSync(file, kToken + "\n");
    const server = await Server.start("--workers", "2", "--admin-token", file);
    const page = await browser.open(server.admin);
    await page.until(isShown("login"));
    await expectGood(page, "token");
    assert.equal(await page.evaluate("document.activeElement.id"), "token");
    for (const typed of ["t\u00f6k\u00e9n-\u2013-of-the-test", "a token\u00a0of two words", " "]) {
      await page.type(typed);
      await page.press("Enter");
      await page.until(shows("login-problem", "cannot be a token"));
      assert.equal(await page.evaluate("sessionStorage.length"), 0, typed);
    }
    await page.type("this-is-another-one");
    await page.press("Enter");
    await page.until(shows("login-problem", "not the token"));
    // The browser itself logs the 401.
    page.problems.length = 0;
    await page.type(kToken);
    await page.press("Enter");
    await page.until(isLive);
    assert.equal(await page.evaluate(isShown("login")), false);
    await page.send("Page.reload");
    await page.until(isLive);
    await page.click("more");
    await page.until(shows("outcome", "Scale to 3 workers: done"));
    await page.until(shows("workers-sum", "3 ready"));
    await page.click("fewer");
    await page.until(shows("outcome", "Scale to 2 workers: done"));
    await page.click("reload");
    await page.until(shows("outcome", "Reload: done"));
    await page.until(`document.querySelector("#history li")?.textContent.includes("generation 2")`);
    await page.click("reopen-logs");
    await page.until(shows("outcome", "Reopen logs: done"));
    await expectGood(page, "commands");
    await page.evaluate(`document.getElementById("stop").focus()`);
    await page.click("stop");
    assert.match(await page.text("stop"), /Sure/);
    await page.press("Tab");
    assert.equal(await page.text("stop"), "Stop the server");
    await page.evaluate(`document.getElementById("stop").focus()`);
    await page.press("Enter");
    assert.equal(server.isOver, false);
    await page.press("Enter");
    await page.until(shows("outcome", "Stop: done"));
    for (let i = 0; i < 200 && !server.isOver; ++i) await pause(50);
    assert.equal(server.isOver, true);
    await page.until(shows("link", "Lost"));
  },

  async "commands over a Unix socket that a tunnel leads to"(browser) {
    const socket = join(folder, "admin.sock");
    const server = await Server.start("--workers", "1", "--admin", "unix:" + socket, "--admin-mode", "600");
    // As ssh -L does it.
    const tunnel = createServer((from) => {
      const to = connect(socket);
      from.pipe(to).pipe(from);
      for (const end of [from, to]) end.on("error", () => { from.destroy(); to.destroy(); });
    });
    await new Promise((resolve) => tunnel.listen(0, "127.0.0.1", resolve));
    const page = await browser.open(`http://localhost:${tunnel.address().port}/`);
    await page.until(isLive);
    await page.until(isShown("commands"));
    await page.click("more");
    await page.until(shows("outcome", "Scale to 2 workers: done"));
    await page.until(shows("workers-sum", "2 ready"));
    await expectGood(page, "tunnel");
    chmodSync(socket, 0o666);
    await page.until(`!${isShown("commands")}`);
    // Another site's page may try.
    const stranger = await browser.open(server.url + "/");
    const order = (fields) => stranger.evaluate(`fetch("http://localhost:${tunnel.address().port}/commands/stop", { method: "POST", headers: ${fields}, mode: "cors" }).then((r) => r.status, () => "kept away")`);
    chmodSync(socket, 0o600);
    assert.equal(await order(`{ "Prefork-Command": "1" }`), "kept away");
    assert.equal(await order("{}"), "kept away");
    assert.equal(server.isOver, false);
    await page.until(isShown("commands"));
    await server.stop();
    tunnel.close();
  },

  async "can be used with the keyboard alone"(browser) {
    const server = await Server.start("--workers", "2");
    const page = await browser.open(server.admin);
    await page.until(isLive);
    await page.press("Tab");
    assert.match(await page.evaluate("document.activeElement.textContent"), /Skip to the workers/);
    await page.press("Enter");
    await page.press("Tab");
    assert.match(await page.evaluate("document.activeElement.textContent"), /^worker 0 ready/);
    await page.press("Enter");
    await page.until(isShown("worker"));
    await page.until(shows("worker-title", "Worker 0"));
    await page.until(shows("worker-facts", "generation 1"));
    await page.press("Enter");
    await page.until(`!${isShown("worker")}`);
    await server.stop();
  },
};

const browser = new Browser(CHROMIUM);
let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  const began = Date.now();
  try {
    await test(browser);
    console.log(`passed: ${name} (${Date.now() - began} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}\n${error.stack}`);
  }
  await browser.closePages();
}
if (!axe) console.log("axe-core was not there: what it would find is not known");
await browser.close();
rmSync(folder, { recursive: true, force: true });
console.log(`${Object.keys(tests).length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
