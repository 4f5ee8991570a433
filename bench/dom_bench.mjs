// From a key pressed in one Chromium process to the text in the page of another: Lorikeet's text area
// and a text area on y-webrtc. All four processes run at the same time, and each key on one side is
// followed by the same key on the other, so that whatever else the machine does hits both alike. Ours
// is the page as it is served, with IndexedDB and acknowledgements; the other page has neither.
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromiumTab } from '../test/e2e/lib/chromium.mjs';
import { sleep, until } from '../test/e2e/lib/cleanup.mjs';
import { Child, newLink, serve } from '../test/e2e/lib/program.mjs';

const KEYS = Number(process.env.KEYS ?? 200);
const ROUNDS = Number(process.env.ROUNDS ?? 3);

// When a key goes down, and when a text area comes to hold so many characters by program.
const CLOCKS = `(() => {
    window.pressed = [];
    window.arrived = [];
    addEventListener('keydown', () => window.pressed.push(performance.now()), true);
    const area = HTMLTextAreaElement.prototype;
    const note = (element) => {
        const at = performance.now();
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

/** When the clock of the page began, on the clock that all processes share; milliseconds. */
async function origin(tab) {
    const devtools = await tab.page.context().newCDPSession(tab.page);
    await devtools.send('Performance.enable');
    const { metrics } = await devtools.send('Performance.getMetrics');
    return 1000 * metrics.find(({ name }) => name === 'NavigationStart').value;
}

const valueOf = (tab) => tab.evaluate(`document.querySelector('textarea').value`);

/** Two pages at `url` that hear each other; `type` presses a key in the first one. */
async function openPair(t, url) {
    const tabs = [];
    for (let i = 0; i < 2; i++) {
        const tab = await chromiumTab(t, undefined);
        await tab.page.addInitScript({ content: CLOCKS });
        await tab.goto(url);
        tabs.push(tab);
    }
    const [a, b] = tabs;
    await a.page.click('textarea');
    await until('the two pages to meet', async () => {
        await a.type('x');
        await sleep(300);
        return (await valueOf(b)).length > 0;
    });
    await until('equal texts', async () => (await valueOf(a)) === (await valueOf(b)));
    const before = (await valueOf(a)).length;
    await a.evaluate('void (window.pressed.length = 0)');
    return {
        type: () => a.type('k'),
        /** How long each of the `count` keys took. */
        async times(count) {
            await until('the last key', async () => (await valueOf(b)).length === before + count);
            const pressed = await a.evaluate('window.pressed');
            const arrived = await b.evaluate('window.arrived');
            const ahead = (await origin(b)) - (await origin(a));
            return pressed.map((at, index) => arrived[before + index] + ahead - at);
        },
        close: () => Promise.all(tabs.map((tab) => tab.close())),
    };
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

const quantile = (samples, q) => [...samples].sort((a, b) => a - b)[Math.floor(samples.length * q)];

const closers = [];
const t = { after: (close) => closers.push(close) };
const ours = [];
const theirs = [];
try {
    const server = await serve(t);
    const yjs = await yjsPage(t);
    for (let round = 0; round < ROUNDS; round++) {
        const pairs = [
            await openPair(t, newLink(server.url).replace('/#', '/?editor=textarea#')),
            await openPair(t, yjs),
        ];
        for (let i = 0; i < KEYS; i++) {
            for (const pair of i % 2 ? pairs : [...pairs].reverse()) {
                await pair.type();
                await sleep(40 + (i % 20));
            }
        }
        ours.push(...(await pairs[0].times(KEYS)));
        theirs.push(...(await pairs[1].times(KEYS)));
        for (const pair of pairs) await pair.close();
    }
} finally {
    for (const close of closers.reverse()) await close();
}
const row = (what, own, other, unit) =>
    console.log(
        `key to remote DOM, two Chromium, beside y-webrtc: ${what}\t${own.toFixed(2)}\t${other}\t${unit}`,
    );
for (const [name, q] of [
    ['p50', 0.5],
    ['p99', 0.99],
])
    row(name, quantile(ours, q), quantile(theirs, q).toFixed(2), 'ms');
const ratios = ours.map((time, index) => time / theirs[index]);
row('ratio of pairs, p50', quantile(ratios, 0.5), '1', '');
process.exit(0);
