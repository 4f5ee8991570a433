// The native peer with real browsers: they offer and answer, with their addresses in the clear and
// hidden behind mDNS names.
//
// Runs itself again inside a network namespace with a default route that leads nowhere: without a
// default route browsers gather no candidates, and outside a namespace they would multicast mDNS.
import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromiumTab, noChromium } from '../e2e/lib/chromium.mjs';
import { later } from '../e2e/lib/cleanup.mjs';
import { firefoxTab, noFirefox } from '../e2e/lib/firefox.mjs';
import { NativePeer } from './rtc_peers.mjs';

const ADDRESS = '192.168.77.2';
const ADDRESS_AFTER = '192.168.77.3'; // where the native peer moves
const ROUTE = 'default via 192.168.77.1';
const LIMIT_MS = 60_000;
const page = readFileSync(new URL('./rtc_page.html', import.meta.url));

function enterNamespace() {
    const unshare = process.getuid() === 0 ? ['--net'] : ['--net', '--map-root-user'];
    if (spawnSync('unshare', [...unshare, 'ip', 'link', 'set', 'lo', 'up']).status !== 0) {
        console.log('skipped: no network namespaces here: browsers with the native peer');
        return 0;
    }
    const script = [
        'ip link set lo up',
        'ip link add eth0 type veth peer name far0',
        'ip link set far0 up',
        'ip link set eth0 up',
        `ip addr add ${ADDRESS}/24 dev eth0`,
        `ip addr add ${ADDRESS_AFTER}/24 dev eth0`,
        `ip route add ${ROUTE}`,
        'exec "$0" "$@"',
    ].join(' && ');
    const self = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)];
    const env = { ...process.env, RTC_NAMESPACE: '1' };
    const args = [...unshare, 'sh', '-c', script, ...self];
    return spawnSync('unshare', args, { stdio: 'inherit', env }).status;
}

/** The server between a page and a native peer: hands over what one says to the other. */
class Bridge {
    constructor(native) {
        this.native = native;
        this.toPage = [];
        this.results = [];
        this.wake = [];
        native.onSignal = (message) => this.put(this.toPage, message);
    }

    async start(t) {
        this.server = createServer((request, response) => this.serve(request, response));
        this.server.listen(0, '127.0.0.1');
        await once(this.server, 'listening');
        later(t, () => this.server.close());
        later(t, () => this.server.closeAllConnections());
        return `http://127.0.0.1:${this.server.address().port}`;
    }

    async serve(request, response) {
        if (request.url === '/next') {
            response.end(JSON.stringify(await this.next(this.toPage)));
        } else if (request.url === '/say') {
            const chunks = [];
            for await (const chunk of request) chunks.push(chunk);
            const message = JSON.parse(Buffer.concat(chunks));
            if (message.type === 'result') this.put(this.results, message);
            else this.native.say(message);
            response.end('{}');
        } else {
            response.setHeader('content-type', 'text/html');
            response.end(page);
        }
    }

    put(list, message) {
        list.push(message);
        for (const wake of this.wake.splice(0)) wake();
    }

    async next(list) {
        while (list.length === 0) await new Promise((resolve) => this.wake.push(resolve));
        return list.shift();
    }

    /** What the page found; an error of the page is ours. */
    async result() {
        const late = new Promise((_, reject) => {
            const why = new Error(`no result within ${LIMIT_MS} ms`);
            setTimeout(() => reject(why), LIMIT_MS).unref();
        });
        const result = await Promise.race([this.next(this.results), late]);
        assert.ok(result.ok, result.why);
        return result;
    }
}

/** What the native peer sees of a channel that the page opens and closes. */
async function checkTheirs(native) {
    const opened = await native.wait('open');
    assert.equal(opened.label, 'theirs');
    assert.equal(opened.protocol, 'chess');
    assert.deepEqual([opened.unordered, opened.kind, opened.limit], [true, 1, 2]);
    const { channel, why } = await native.wait('shut');
    assert.deepEqual([channel, why], [opened.channel, 'the other side closed the channel']);
}

async function checkOurs(native, bridge) {
    const { channel, status } = await native.wait('opening');
    assert.equal(status, 0);
    assert.equal((await native.wait('open')).channel, channel);
    assert.ok((await bridge.result()).opened);
    native.say({ type: 'shut', channel });
    assert.equal((await native.wait('shut')).channel, channel);
}

async function check(t, open, role, closer) {
    const native = new NativePeer(t, role === 'offer' ? 'answer' : 'offer', '--host', ADDRESS);
    const bridge = new Bridge(native);
    const url = await bridge.start(t);
    await open(t, `${url}/?role=${role}&closer=${closer}`);
    await native.wait('open');
    for (let i = 0; i < 3; i++) {
        await checkTheirs(native);
        await checkOurs(native, bridge);
    }
    assert.equal((await bridge.result()).restart, 'page');
    bridge.put(bridge.toPage, { type: 'restart' });
    assert.equal((await bridge.result()).restart, 'native');
    native.say({ type: 'restart', host: ADDRESS_AFTER });
    const { open_ms } = await bridge.result();
    if (closer === 'native') native.say({ type: 'close' });
    assert.ok((await bridge.result()).closed);
    const { why } = await native.wait('closed');
    if (closer === 'native') assert.equal(why, 'closed');
    assert.equal(await native.ended, 0);
    t.diagnostic(`open after ${open_ms.toFixed(0)} ms`);
}

/** Both offer before they hear of each other; one of them gives way. */
async function checkGlare(t, open, polite) {
    const ours = polite ? 'ignore' : 'yield';
    const native = new NativePeer(t, 'offer', '--host', ADDRESS, '--when-offers-cross', ours);
    const bridge = new Bridge(native);
    const url = await bridge.start(t);
    await open(t, `${url}/?polite=${polite ? 'yes' : 'no'}`);
    await Promise.all([native.wait('open'), native.wait('open')]);
    assert.equal((await bridge.result()).crossed, 1);
}

const hidden = (t, url) => chromiumTab(t, url, { permissions: [] });
const browsers = [
    ['Chromium', chromiumTab, noChromium],
    ['Chromium behind mDNS names', hidden, noChromium],
    ['Firefox', firefoxTab, noFirefox],
];

if (!process.env.RTC_NAMESPACE) process.exit(enterNamespace());
assert.ok(execFileSync('ip', ['route'], { encoding: 'utf8' }).includes(ROUTE));
for (const [name, open, skip] of browsers) {
    test(`${name} answers, and closes`, { skip }, (t) => check(t, open, 'answer', 'page'));
    test(`${name} offers, and is closed`, { skip }, (t) => check(t, open, 'offer', 'native'));
}
for (const [name, open, skip] of browsers.filter(([, open]) => open !== hidden)) {
    test(`${name} gives way to our offer`, { skip }, (t) => checkGlare(t, open, true));
    test(`${name} does not give way to our offer`, { skip }, (t) => checkGlare(t, open, false));
}
