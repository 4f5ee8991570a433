// One Chromium process per call, driven by Playwright over a pipe (so it may live in a namespace of
// its own). A tab has the same few verbs as in firefox.mjs.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { later, scratchFolder } from './cleanup.mjs';

/** The distribution's Chromium, or undefined. Ubuntu's is a script that asks for a snap: no use. */
export function findChromium() {
    for (const name of ['chromium', 'google-chrome', 'chromium-browser']) {
        try {
            const path = execFileSync('which', [name], { encoding: 'utf8', stdio: 'pipe' }).trim();
            if (!readFileSync(path, 'latin1').slice(0, 4096).includes('snap')) return path;
        } catch {
            // not this one
        }
    }
    return undefined;
}
export const noChromium = findChromium() ? false : 'no Chromium: browser tests skipped';

// Playwright gives up after 30 s of its own accord. A busy machine may take longer over any step, and
// tests end what hangs by limits of theirs.
const PATIENCE_MS = 120_000;

/** A browser started with these, whose pages are as patient. */
export const patient = { timeout: PATIENCE_MS };
export function makePatient(context) {
    context.setDefaultTimeout(PATIENCE_MS);
    return context;
}

/** A script for `executablePath`: the browser in a network namespace, if wanted, its pid in a file. */
function wrapped(t, path, ns) {
    const at = scratchFolder(t);
    const inside = ns ? `ip netns exec ${ns} ` : '';
    writeFileSync(`${at}/browser`, `#!/bin/sh\necho $$ >${at}/pid\nexec ${inside}${path} "$@"\n`);
    chmodSync(`${at}/browser`, 0o755);
    return { script: `${at}/browser`, pid: () => Number(readFileSync(`${at}/pid`, 'utf8')) };
}
const pids = new WeakMap();

/**
 * `profile`: a folder to keep storage in between runs. Without adapters to enumerate, Chromium
 * gathers no candidate: the permission turns enumeration on and mDNS off, the flag admits loopback.
 */
export async function openChromium(
    t,
    { ns, profile, args = [], permissions = ['microphone'] } = {},
) {
    const { script, pid } = wrapped(t, findChromium(), ns);
    const context = await chromium.launchPersistentContext(profile ?? scratchFolder(t), {
        ...patient,
        executablePath: script,
        chromiumSandbox: process.getuid?.() !== 0,
        args: [
            '--allow-loopback-in-peer-connection',
            '--disable-features=LocalNetworkAccessChecks',
            ...args,
        ],
        permissions,
    });
    pids.set(context, pid);
    later(t, () => context.close());
    return makePatient(context);
}

export class ChromiumTab {
    constructor(page) {
        this.page = page;
        this.errors = [];
        page.on('pageerror', (error) => this.errors.push(String(error)));
    }
    goto(url) {
        return this.page.goto(url);
    }
    evaluate(source) {
        return this.page.evaluate(source);
    }
    text(id) {
        return this.page.evaluate(readText(id));
    }
    async click(id) {
        await this.page.click(`[data-testid="${id}"]`);
    }
    async type(text) {
        await this.page.keyboard.type(text);
    }
    press(key) {
        return this.page.keyboard.press(key);
    }
    close() {
        return this.page.context().close();
    }
    /** The whole browser, at once. */
    async kill() {
        const context = this.page.context();
        process.kill(pids.get(context)(), 'SIGKILL');
        await new Promise((resolve) => context.on('close', resolve));
    }
}

/** A browser process with one tab at `url`. */
export async function chromiumTab(t, url, options = {}) {
    const context = await openChromium(t, options);
    const tab = new ChromiumTab(context.pages()[0] ?? (await context.newPage()));
    if (url) await tab.goto(url);
    return tab;
}

/** An expression for the text of a testid: a field's value, an editor's lines, or the content. */
export function readText(id) {
    return `(() => {
        const at = document.querySelector('[data-testid="${id}"]');
        if (!at) return null;
        if ('value' in at) return at.value;
        const lines = at.querySelectorAll('.cm-line');
        if (lines.length) return [...lines].map((line) => line.textContent).join('\\n');
        return at.textContent;
    })()`;
}
