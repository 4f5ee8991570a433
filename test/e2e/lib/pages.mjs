// One server and one Chromium for a whole test file, and tabs of the workspace that share nothing
// with each other. A tab tells what its page did: see `watch`.
import { chromium } from 'playwright-core';
import { ChromiumTab, findChromium, makePatient, patient } from './chromium.mjs';
import { later, until } from './cleanup.mjs';
import { newLink, serve } from './program.mjs';

/** Runs in the page before its own scripts, and writes down what those ask the browser for. */
function watch() {
    const seen = {
        sent: [],
        waiting: 0,
        channels: [],
        configs: [],
        offers: 0,
        early: 0,
        blocking: 0,
    };
    window.seen = seen;
    const before = (prototype, name, look) => {
        const own = prototype[name];
        prototype[name] = function (...args) {
            look.call(this, ...args);
            return own.apply(this, args);
        };
    };
    before(RTCDataChannel.prototype, 'send', function (data) {
        seen.sent.push(data.byteLength);
        seen.waiting = Math.max(seen.waiting, this.bufferedAmount);
        if (!seen.channels.includes(this)) seen.channels.push(this);
    });
    before(RTCPeerConnection.prototype, 'createDataChannel', () => (seen.offers += 1));
    before(WebSocket.prototype, 'send', function () {
        if (this.readyState === WebSocket.CONNECTING) seen.early += 1;
    });
    before(XMLHttpRequest.prototype, 'open', (_method, _url, async) => {
        if (async === false) seen.blocking += 1;
    });
    window.RTCPeerConnection = new Proxy(RTCPeerConnection, {
        construct(target, [config]) {
            seen.configs.push(config);
            return new target(config);
        },
    });
}

export class WorkspaceTab extends ChromiumTab {
    constructor(page, kind) {
        super(page);
        this.kind = kind;
        this.frames = [];
        page.on('websocket', (socket) =>
            socket.on('framesent', ({ payload }) => this.frames.push(String(payload))),
        );
    }
    read() {
        return this.text(this.kind);
    }
    focus() {
        return this.page.focus(`[data-testid="${this.kind}"]`);
    }
    async write(text) {
        await this.focus();
        await this.page.keyboard.type(text);
    }
    /** As a user pastes: all of it in one input event. */
    async paste(text) {
        await this.focus();
        await this.page.keyboard.insertText(text);
    }
    /** Places the caret `count` characters after the start. */
    async caret(count) {
        await this.focus();
        await this.press('Control+Home');
        for (let i = 0; i < count; i += 1) await this.press('ArrowRight');
    }
    async select(count) {
        for (let i = 0; i < count; i += 1) await this.press('Shift+ArrowRight');
    }
    shows(text, timeoutMs) {
        return until(
            `${this.kind} to show ${text.slice(0, 60)}`,
            async () => {
                const found = await this.read();
                if (found === text) return true;
                throw new Error(`it shows ${String(found).slice(0, 200)}`);
            },
            timeoutMs,
        );
    }
    says(id, text, timeoutMs) {
        return until(
            `${id} to say ${text}`,
            async () => {
                const said = await this.text(id);
                if (said === text) return true;
                throw new Error(`it says ${said}`);
            },
            timeoutMs,
        );
    }
    async reload() {
        await this.page.reload();
        await this.ready();
    }
    ready() {
        return this.page.waitForSelector(`[data-testid="${this.kind}"]`);
    }
    seen(expression) {
        return this.evaluate(`window.seen.${expression}`);
    }
    devtools() {
        return this.page.context().newCDPSession(this.page);
    }
}

/** `{link(), open(t, link, kind), stop(), start()}` for the tests of one file. */
export async function openBed(t) {
    const browser = await chromium.launch({
        ...patient,
        executablePath: findChromium(),
        chromiumSandbox: process.getuid?.() !== 0,
        args: [
            '--allow-loopback-in-peer-connection',
            '--disable-features=LocalNetworkAccessChecks',
        ],
    });
    later(t, () => browser.close());
    let server = await serve(t);
    const { url, port } = server;
    return {
        url,
        link: () => newLink(url),
        stop: () => server.child.stop('SIGKILL'),
        start: async () => {
            server = await serve(t, { port });
        },
        /** A tab in a browser profile of its own, or in the one of `beside`; `before` runs in it first. */
        async open(t, link, kind = 'editor', { beside, before } = {}) {
            const context =
                beside?.page.context() ??
                (await browser.newContext({ permissions: ['microphone'] }));
            if (!beside) {
                await makePatient(context).addInitScript(watch);
                later(t, () => context.close());
            }
            if (before) await context.addInitScript(before);
            const tab = new WorkspaceTab(await context.newPage(), kind);
            await tab.goto(kind === 'textarea' ? link.replace('/#', '/?editor=textarea#') : link);
            await tab.ready();
            return tab;
        },
        /** Two tabs of one document that hear each other. */
        async pair(t, kinds = ['editor', 'editor']) {
            const link = this.link();
            const tabs = [];
            for (const kind of kinds) tabs.push(await this.open(t, link, kind));
            for (const tab of tabs) await tab.says('peers', '1');
            return [...tabs, link];
        },
    };
}
