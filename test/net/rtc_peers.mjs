// rtc_peers.mjs - starts rtc_peer programs and talks to them in lines of JSON.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
export const program = process.env.RTC_PEER ?? `${root}build/test/rtc_peer`;

export function fail(why) {
  throw new Error(why);
}

// One rtc_peer. `heard` holds the lines nobody has waited for yet.
export class NativePeer {
  constructor(role, ...options) {
    if (!existsSync(program)) fail(`${program} is not built`);
    this.process = spawn(program, [role, ...options], { stdio: ["pipe", "pipe", "inherit"] });
    this.heard = [];
    this.waiting = [];
    this.onSignal = () => {};
    this.ended = new Promise((resolve) => this.process.on("exit", (code, signal) => resolve(code ?? signal)));
    createInterface({ input: this.process.stdout }).on("line", (line) => this.take(JSON.parse(line)));
  }

  take(message) {
    if (["offer", "answer", "candidate"].includes(message.type)) return this.onSignal(message);
    const index = this.waiting.findIndex((w) => w.type === message.type);
    if (index < 0) this.heard.push(message);
    else this.waiting.splice(index, 1)[0].resolve(message);
  }

  say(message) {
    this.process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  // Send every message back from now on, or not.
  async echo(on) {
    this.say({ type: "echo", on });
    await this.wait("echoing");
  }

  // The next line of that type; fails after 20 s.
  wait(type) {
    const index = this.heard.findIndex((message) => message.type === type);
    if (index >= 0) return Promise.resolve(this.heard.splice(index, 1)[0]);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no "${type}" within 20 s`)), 20000);
      this.waiting.push({ type, resolve: (message) => (clearTimeout(timer), resolve(message)) });
    });
  }

  stop() {
    this.process.kill();
  }
}
