// What a test starts, it ends: closers run in reverse order when the test is over, however it went.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `t` is node:test's context; the same `t` may be used many times. */
const stacks = new WeakMap();
export function later(t, close) {
    if (!stacks.has(t)) {
        const closers = [];
        stacks.set(t, closers);
        t.after(async () => {
            for (const one of closers.reverse()) await Promise.resolve(one()).catch(() => {});
        });
    }
    stacks.get(t).push(async () => close());
}

export function scratchFolder(t) {
    const folder = mkdtempSync(join(tmpdir(), 'lorikeet-test-'));
    later(t, () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    return folder;
}

export const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

/** Poll until `probe` gives something truthy; the error says what it gave last. */
export async function until(what, probe, timeoutMs = 60_000) {
    const end = Date.now() + timeoutMs;
    let last;
    for (;;) {
        try {
            last = await probe();
            if (last) return last;
        } catch (error) {
            last = error;
        }
        if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}; last: ${last}`);
        await sleep(50);
    }
}
