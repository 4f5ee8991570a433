// Starts rtc_peer programs and talks to them in lines of JSON.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { later } from '../e2e/lib/cleanup.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const program = process.env.RTC_PEER ?? `${root}build/test/rtc_peer`;
const SIGNALS = ['offer', 'answer', 'candidate'];
const LIMIT_MS = 30_000;

/** One rtc_peer. `heard` holds the lines nobody has waited for yet; signals go to `onSignal`. */
export class NativePeer {
    /** {ns} first, for a peer in a network namespace. */
    constructor(t, role, ...options) {
        if (!existsSync(program)) throw new Error(`${program} is not built`);
        const { ns } = typeof options[0] === 'object' ? options.shift() : {};
        const [file, ...args] = [...(ns ? ['ip', 'netns', 'exec', ns] : []), program, role, ...options];
        const stdio = ['pipe', 'pipe', 'inherit'];
        this.process = spawn(file, args, { stdio });
        later(t, () => this.process.kill());
        this.ended = once(this.process, 'exit').then(([code, signal]) => code ?? signal);
        this.heard = [];
        this.waiting = [];
        this.onSignal = () => {};
        const lines = createInterface({ input: this.process.stdout });
        lines.on('line', (line) => this.take(JSON.parse(line)));
    }

    take(message) {
        if (SIGNALS.includes(message.type)) {
            this.onSignal(message);
            return;
        }
        const index = this.waiting.findIndex((waiter) => waiter.type === message.type);
        if (index < 0) this.heard.push(message);
        else this.waiting.splice(index, 1)[0].resolve(message);
    }

    say(message) {
        this.process.stdin.write(`${JSON.stringify(message)}\n`);
    }

    /** The next line of that type. */
    wait(type, limitMs = LIMIT_MS) {
        const index = this.heard.findIndex((message) => message.type === type);
        if (index >= 0) return Promise.resolve(this.heard.splice(index, 1)[0]);
        return new Promise((resolve, reject) => {
            const late = () => reject(new Error(`no "${type}" within ${limitMs} ms`));
            const timer = setTimeout(late, limitMs);
            const found = (message) => {
                clearTimeout(timer);
                resolve(message);
            };
            this.waiting.push({ type, resolve: found });
        });
    }

    /** The addresses in use: {local, remote}. */
    path() {
        this.say({ type: 'path' });
        return this.wait('path');
    }

    /** Send every message back from now on, or not. */
    async echo(on) {
        this.say({ type: 'echo', on });
        await this.wait('echoing');
    }
}
