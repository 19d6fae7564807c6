// A Chromium that is driven over a pipe (--remote-debugging-pipe), without any package: the Chrome
// DevTools Protocol is JSON with a zero byte behind each message. What a page logs as an error, throws
// or has refused by its policy is kept in `problems`.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const kPatienceMs = 15000;

export class Browser {
  #process;
  #folder = mkdtempSync(join(tmpdir(), "prefork-dashboard-"));
  #waiting = new Map();
  #listeners = new Set();
  #last = 0;
  #rest = [];
  #pages = [];

  constructor(program) {
    this.#process = spawn(program, ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
      "--disable-dev-shm-usage", "--disable-background-networking", "--remote-debugging-pipe",
      `--user-data-dir=${this.#folder}`, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], detached: true });
    this.#process.stdio[4].on("data", (bytes) => this.#take(bytes));
  }

  #take(bytes) {
    for (let end; (end = bytes.indexOf(0)) >= 0; bytes = bytes.subarray(end + 1)) {
      const message = JSON.parse(Buffer.concat([...this.#rest, bytes.subarray(0, end)]));
      this.#rest = [];
      const waiting = this.#waiting.get(message.id);
      if (waiting) {
        this.#waiting.delete(message.id);
        message.error ? waiting.reject(new Error(`${waiting.method}: ${message.error.message}`)) : waiting.resolve(message.result);
      } else {
        for (const listener of this.#listeners) listener(message);
      }
    }
    if (bytes.length > 0) this.#rest.push(bytes);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, method });
      this.#process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    });
  }

  on(listener) { this.#listeners.add(listener); }

  async open(url, { width = 1280, height = 900, media = [], beforehand = "" } = {}) {
    const { browserContextId } = await this.send("Target.createBrowserContext");
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId, targetId);
    this.#pages.push(page);
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await page.send(`${domain}.enable`);
    await page.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
    await page.send("Emulation.setEmulatedMedia", { features: media });
    if (beforehand) await page.send("Page.addScriptToEvaluateOnNewDocument", { source: beforehand });
    await page.send("Page.navigate", { url });
    return page;
  }

  async closePages() {
    for (const page of this.#pages.splice(0)) await page.close();
  }

  async close() {
    await this.send("Browser.close").catch(() => {});
    await new Promise((resolve) => this.#process.exitCode === null ? this.#process.on("exit", resolve) : resolve());
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

class Page {
  problems = [];

  constructor(browser, session, target) {
    this.browser = browser;
    this.session = session;
    this.target = target;
    browser.on((message) => message.sessionId === session && this.#hear(message));
  }

  #hear({ method, params }) {
    if (method === "Runtime.exceptionThrown") {
      this.problems.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    } else if (method === "Log.entryAdded" && ["error", "warning"].includes(params.entry.level)) {
      this.problems.push(`${params.entry.source}: ${params.entry.text} ${params.entry.url ?? ""}`);
    } else if (method === "Runtime.consoleAPICalled" && ["error", "warning", "assert"].includes(params.type)) {
      this.problems.push("console: " + params.args.map((one) => one.value ?? one.description).join(" "));
    }
  }

  send(method, params) { return this.browser.send(method, params, this.session); }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  // Until the expression is true.
  async until(expression, within = kPatienceMs) {
    const end = Date.now() + within;
    while (!(await this.evaluate(expression).catch(() => false))) {
      if (Date.now() > end) throw new Error(`not within ${within} ms: ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  text(id) { return this.evaluate(`document.getElementById(${JSON.stringify(id)}).textContent`); }
  click(id) { return this.evaluate(`document.getElementById(${JSON.stringify(id)}).click()`); }

  async press(key, code = key) {
    const keyCode = { Tab: 9, Enter: 13 }[key];
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", key, code, windowsVirtualKeyCode: keyCode, ...(key === "Enter" ? { text: "\r" } : {}) });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key, code, windowsVirtualKeyCode: keyCode });
  }

  type(text) { return this.send("Input.insertText", { text }); }

  async screenshot(whole = true) {
    const { data } = await this.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: whole });
    return Buffer.from(data, "base64");
  }

  close() { return this.browser.send("Target.closeTarget", { targetId: this.target }); }
}
