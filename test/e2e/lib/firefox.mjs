// Firefox over WebDriver BiDi: one WebSocket, JSON commands with ids, no driver program between.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import WebSocket from 'ws';
import { later, scratchFolder, until } from './cleanup.mjs';
import { doorTo } from './namespace.mjs';
import { Child } from './program.mjs';
import { readText } from './chromium.mjs';

export function findFirefox() {
    for (const name of ['firefox-esr', 'firefox'])
        try {
            const path = execFileSync('which', [name], { encoding: 'utf8', stdio: 'pipe' }).trim();
            execFileSync(path, ['--version'], { stdio: 'pipe', timeout: 30_000 });
            return path;
        } catch {
            // not this one, or a stub that asks for a snap
        }
    return undefined;
}
export const noFirefox = findFirefox() ? false : 'no Firefox: its tests skipped';

// Loopback candidates in the clear (a page that may use the microphone may also know the adapters),
// and no traffic of the browser's own.
const PREFERENCES = {
    'media.peerconnection.ice.loopback': true,
    'media.peerconnection.ice.obfuscate_host_addresses': false,
    'media.peerconnection.ice.default_address_only': false,
    'permissions.default.microphone': 1,
    'network.dns.disabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'app.normandy.enabled': false,
    'app.update.enabled': false,
    'browser.shell.checkDefaultBrowser': false,
    'browser.safebrowsing.malware.enabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'extensions.update.enabled': false,
    'toolkit.telemetry.enabled': false,
    'remote.active-protocols': 1,
};

class Bidi {
    constructor(socket) {
        this.socket = socket;
        this.next = 1;
        this.waiting = new Map();
        socket.on('message', (data) => {
            const message = JSON.parse(data);
            const waiter = this.waiting.get(message.id);
            if (!waiter) return;
            this.waiting.delete(message.id);
            if (message.type === 'error')
                waiter.reject(new Error(`${message.error}: ${message.message}`));
            else waiter.resolve(message.result);
        });
        socket.on('close', () => {
            for (const waiter of this.waiting.values()) waiter.reject(new Error('browser is gone'));
        });
    }
    send(method, params) {
        const id = this.next++;
        return new Promise((resolve, reject) => {
            this.waiting.set(id, { resolve, reject });
            this.socket.send(JSON.stringify({ id, method, params }));
        });
    }
}

// WebDriver's code points for keys that are not characters.
const KEYS = {
    Enter: '\uE007',
    Backspace: '\uE003',
    Delete: '\uE017',
    ArrowLeft: '\uE012',
    ArrowRight: '\uE014',
    Home: '\uE011',
    End: '\uE010',
};

export class FirefoxTab {
    constructor(bidi, context, child) {
        Object.assign(this, { bidi, context, child, errors: [] });
    }
    goto(url) {
        return this.bidi.send('browsingContext.navigate', {
            context: this.context,
            url,
            wait: 'complete',
        });
    }
    /** An expression whose value JSON can carry. */
    async evaluate(expression) {
        const answer = await this.bidi.send('script.evaluate', {
            expression: `Promise.resolve(${expression}).then((value) => JSON.stringify(value))`,
            target: { context: this.context },
            awaitPromise: true,
        });
        if (answer.type === 'exception') throw new Error(answer.exceptionDetails.text);
        return answer.result.type === 'string' ? JSON.parse(answer.result.value) : undefined;
    }
    text(id) {
        return this.evaluate(readText(id));
    }
    async click(id) {
        // An element around an editor does not take the focus; the editable one inside does.
        const at = `document.querySelector('[data-testid="${id}"]')`;
        await this.evaluate(`(${at}.querySelector('[contenteditable]') ?? ${at}).focus()`);
    }
    keys(values) {
        return this.bidi.send('input.performActions', {
            context: this.context,
            actions: [
                {
                    type: 'key',
                    id: 'keyboard',
                    actions: values.flatMap((value) => [
                        { type: 'keyDown', value },
                        { type: 'keyUp', value },
                    ]),
                },
            ],
        });
    }
    type(text) {
        return this.keys([...text].map((c) => (c === '\n' ? KEYS.Enter : c)));
    }
    press(key) {
        return this.keys([KEYS[key] ?? key]);
    }
    close() {
        return this.child.stop();
    }
    kill() {
        return this.child.stop('SIGKILL');
    }
}

// As it comes: a page that may not use the microphone learns the one address that leads out, behind a name.
const HIDDEN = {
    'media.peerconnection.ice.obfuscate_host_addresses': true,
    'permissions.default.microphone': 2,
};

/** A Firefox process with one tab at `url`. `hidden`: pages do not learn the addresses of its host. */
export async function firefoxTab(t, url, { ns, hidden = false, profile = scratchFolder(t) } = {}) {
    const preferences = { ...PREFERENCES, ...(hidden ? HIDDEN : {}) };
    const lines = Object.entries(preferences).map(
        ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
    );
    writeFileSync(join(profile, 'user.js'), lines.join('\n'));
    const args = ['--headless', '--remote-debugging-port', '0', '--profile', profile];
    const child = new Child(t, findFirefox(), args, { ns, env: { HOME: profile } });
    const at = await until('Firefox to listen', () =>
        /WebDriver BiDi listening on ws:\S+:(\d+)/.exec(child.errors + child.lines.join('\n')),
    );
    const port = ns ? await doorTo(t, ns, at[1]) : at[1];
    const headers = { host: `127.0.0.1:${at[1]}` }; // it takes no other name
    const socket = new WebSocket(`ws://127.0.0.1:${port}/session`, { headers, perMessageDeflate: false });
    await once(socket, 'open');
    later(t, () => socket.terminate());
    const bidi = new Bidi(socket);
    await bidi.send('session.new', { capabilities: {} });
    const { contexts } = await bidi.send('browsingContext.getTree', {});
    const tab = new FirefoxTab(bidi, contexts[0].context, child);
    if (url) await tab.goto(url);
    return tab;
}
