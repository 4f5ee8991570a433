// rtc_browser_test.mjs - the native peer with real browsers: node test/net/rtc_browser_test.mjs [chromium|firefox]
//
// Runs itself again inside a network namespace with a default route that leads nowhere: without a
// default route browsers gather no candidates, and outside a namespace they would multicast mDNS.
import { strict as assert } from "node:assert";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NativePeer } from "./rtc_peers.mjs";

const ADDRESS = "192.168.77.2";
const page = readFileSync(new URL("./rtc_page.html", import.meta.url));

function enterNamespace() {
  const script = [
    "ip link set lo up",
    "ip link add eth0 type veth peer name far0",
    "ip link set far0 up",
    "ip link set eth0 up",
    `ip addr add ${ADDRESS}/24 dev eth0`,
    "ip route add default via 192.168.77.1",
    'exec "$0" "$@"',
  ].join(" && ");
  const self = fileURLToPath(import.meta.url);
  const unshare = process.getuid() === 0 ? ["--net"] : ["--net", "--map-root-user"];
  const command = [...unshare, "sh", "-c", script, process.execPath, self, ...process.argv.slice(2)];
  const env = { ...process.env, RTC_NAMESPACE: "1" };
  process.exit(spawnSync("unshare", command, { stdio: "inherit", env }).status ?? 1);
}

// ---- the server between a page and a native peer ----

class Bridge {
  constructor() {
    this.queue = [];
    this.results = [];
    this.wake = () => {};
  }

  async start() {
    this.server = createServer((request, response) => this.serve(request, response));
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
  }

  async serve(request, response) {
    if (request.url === "/next") {
      response.end(JSON.stringify(await this.next(this.queue)));
    } else if (request.url === "/say") {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const message = JSON.parse(Buffer.concat(chunks));
      if (message.type === "result") this.put(this.results, message);
      else this.native.say(message);
      response.end("{}");
    } else {
      response.setHeader("content-type", "text/html");
      response.end(page);
    }
  }

  put(list, message) {
    list.push(message);
    this.wake();
  }

  async next(list) {
    while (list.length === 0) {
      await new Promise((resolve) => {
        const before = this.wake;
        this.wake = () => (before(), resolve());
      });
    }
    return list.shift();
  }

  async result() {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error("no result within 40 s")), 40000).unref());
    const result = await Promise.race([this.next(this.results), late]);
    assert.ok(result.ok, result.why);
    return result;
  }
}

// ---- the browsers: each opens a page and returns a function that closes it ----

async function loadPlaywright() {
  const places = [process.env.PLAYWRIGHT_DIR, fileURLToPath(new URL("../", import.meta.url))];
  for (const place of places.filter(Boolean)) {
    try {
      return createRequire(join(place, "index.js"))("playwright-core");
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new Error("playwright-core is not installed: npm ci in test/");
}

async function openChromium(url) {
  const { chromium } = await loadPlaywright();
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, chromiumSandbox: false });
  const tab = await (await browser.newContext()).newPage();
  tab.on("console", (message) => console.log(`  page: ${message.text()}`));
  await tab.goto(url);
  return () => browser.close();
}

async function openFirefox(url) {
  const profile = mkdtempSync(join(tmpdir(), "rtc-firefox-"));
  const prefs = [
    ["browser.shell.checkDefaultBrowser", false],
    ["datareporting.policy.dataSubmissionEnabled", false],
    ["toolkit.telemetry.reportingpolicy.firstRun", false],
    ["browser.aboutwelcome.enabled", false],
    ["app.normandy.enabled", false],
    ["network.captive-portal-service.enabled", false],
  ];
  const lines = prefs.map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`);
  writeFileSync(join(profile, "user.js"), lines.join(""));
  const program = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
  const args = ["--headless", "--no-remote", "--profile", profile, url];
  const browser = spawn(program, args, { stdio: "ignore", env: { ...process.env, HOME: profile } });
  return async () => {
    browser.kill();
    await new Promise((resolve) => browser.once("exit", resolve));
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
}

// ---- the test ----

async function check(name, open, role, closer) {
  const bridge = new Bridge();
  bridge.native = new NativePeer(role === "offer" ? "answer" : "offer", "--host", ADDRESS);
  bridge.native.onSignal = (message) => bridge.put(bridge.queue, message);
  await bridge.start();
  const close = await open(`${bridge.url}/?role=${role}&closer=${closer}`);
  try {
    await bridge.native.wait("open");
    const { open_ms } = await bridge.result();
    if (closer === "native") bridge.native.say({ type: "close" });
    assert.ok((await bridge.result()).closed);
    const { why } = await bridge.native.wait("closed");
    assert.equal(why, closer === "native" ? "closed" : "the other side closed the channel");
    assert.equal(await bridge.native.ended, 0);
    console.log(`${name}, page is ${role}er, ${closer} closes: ok, open after ${open_ms.toFixed(0)} ms`);
  } finally {
    bridge.native.stop();
    bridge.put(bridge.queue, { type: "end" });
    await close();
    bridge.server.closeAllConnections();
    bridge.server.close();
  }
}

if (!process.env.RTC_NAMESPACE) enterNamespace();
assert.match(execFileSync("ip", ["route"], { encoding: "utf8" }), /default via 192\.168\.77\.1/);
const browsers = { chromium: openChromium, firefox: openFirefox };
const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(browsers);
for (const name of chosen) {
  assert.ok(name in browsers, `unknown browser ${name}`);
  await check(name, browsers[name], "answer", "page");
  await check(name, browsers[name], "offer", "native");
}
console.log("rtc_browser_test: ok");
process.exit(0);
