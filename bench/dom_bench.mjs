// From a key pressed in one Chromium process to the text in the page of another: Lorikeet's text area
// and a text area on y-webrtc, turn and turn about in one run.
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromiumTab } from '../test/e2e/lib/chromium.mjs';
import { sleep, until } from '../test/e2e/lib/cleanup.mjs';
import { Child, newLink, serve } from '../test/e2e/lib/program.mjs';

const KEYS = Number(process.env.KEYS ?? 200);
const ROUNDS = 3;

// When a key goes down, and when a text area comes to hold so many characters by program.
const CLOCKS = `(() => {
    const now = () => performance.timeOrigin + performance.now();
    window.pressed = [];
    window.arrived = [];
    addEventListener('keydown', () => window.pressed.push(now()), true);
    const area = HTMLTextAreaElement.prototype;
    const note = (element) => {
        const at = now();
        while (window.arrived.length < element.value.length) window.arrived.push(at);
    };
    const value = Object.getOwnPropertyDescriptor(area, 'value');
    Object.defineProperty(area, 'value', {
        ...value,
        set(text) {
            value.set.call(this, text);
            note(this);
        },
    });
    const setRangeText = area.setRangeText;
    area.setRangeText = function (...args) {
        setRangeText.apply(this, args);
        note(this);
    };
})()`;

async function openPair(t, url) {
    const tabs = [];
    for (let i = 0; i < 2; i++) {
        const tab = await chromiumTab(t, undefined);
        await tab.page.addInitScript({ content: CLOCKS });
        await tab.goto(url);
        tabs.push(tab);
    }
    return tabs;
}

const valueOf = (tab) => tab.evaluate(`document.querySelector('textarea').value`);

async function measure(t, url) {
    const [a, b] = await openPair(t, url);
    await a.page.click('textarea');
    await until('the two pages to meet', async () => {
        await a.type('x');
        await sleep(300);
        return (await valueOf(b)).length > 0;
    });
    await until('equal texts', async () => (await valueOf(a)) === (await valueOf(b)));
    const before = (await valueOf(a)).length;
    await a.evaluate('void (window.pressed.length = 0)');
    for (let i = 0; i < KEYS; i++) {
        await a.type('k');
        await sleep(40 + (i % 20));
    }
    await until('the last key', async () => (await valueOf(b)).length === before + KEYS);
    const pressed = await a.evaluate('window.pressed');
    const arrived = await b.evaluate('window.arrived');
    await Promise.all([a.close(), b.close()]);
    return pressed.map((at, index) => arrived[before + index] - at);
}

async function yjsPage(t) {
    const here = dirname(fileURLToPath(import.meta.url));
    const made = await build({
        entryPoints: [join(here, 'y_page.js')],
        bundle: true,
        format: 'esm',
        write: false,
        define: { 'process.env.LOG': 'undefined', global: 'globalThis' },
    });
    const script = made.outputFiles[0].text.replaceAll('</script', '<\\/script');
    const page = `<!doctype html><meta charset="utf-8"><textarea></textarea><script type="module">${script}</script>`;
    const server = createServer((_, response) => {
        response.setHeader('content-type', 'text/html');
        response.end(page);
    });
    await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
    t.after(() => server.close());
    const port = 20_000 + (process.pid % 20_000);
    const program = join(here, 'node_modules/y-webrtc/bin/server.js');
    const child = new Child(t, process.execPath, [program], {
        env: { PORT: String(port), HOST: '127.0.0.1' },
    });
    await child.line(/running/);
    const signalling = encodeURIComponent(`ws://127.0.0.1:${port}`);
    return `http://127.0.0.1:${server.address().port}/?signalling=${signalling}`;
}

const quantile = (samples, q) => samples.sort((a, b) => a - b)[Math.floor(samples.length * q)];

const closers = [];
const t = { after: (close) => closers.push(close) };
const ours = [];
const theirs = [];
try {
    const server = await serve(t);
    const yjs = await yjsPage(t);
    for (let round = 0; round < ROUNDS; round++) {
        ours.push(...(await measure(t, newLink(server.url).replace('/#', '/?editor=textarea#'))));
        theirs.push(...(await measure(t, yjs)));
    }
} finally {
    for (const close of closers.reverse()) await close();
}
for (const [name, q] of [
    ['p50', 0.5],
    ['p99', 0.99],
])
    console.log(
        `key to remote DOM, two Chromium, beside y-webrtc: ${name}\t` +
            `${quantile(ours, q).toFixed(2)}\t${quantile(theirs, q).toFixed(2)}\tms`,
    );
process.exit(0);
