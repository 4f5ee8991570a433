// A server that floods: it says all there is to say, and much that is not, as fast as it can, or one thing
// without an end. Those who are linked go on, what it costs them is bounded, they say what is wrong, and
// meet others again once it is over.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { after, test } from 'node:test';
import { noChromium } from './lib/chromium.mjs';
import { sleep } from './lib/cleanup.mjs';
import { liar } from './lib/liar.mjs';
import { openBed } from './lib/pages.mjs';
import { filePeer, havePage, haveProgram, newLink } from './lib/program.mjs';

const skip = noChromium || (!(havePage && haveProgram) && 'not built: run ./dev build');
const bed = skip ? undefined : await openBed({ after });
const FLOOD_MS = 20_000;

const rubbish = (bytes) => randomBytes(bytes).toString('base64url');
const name = () => rubbish(16);
const [short, long, huge] = [300, 40_000, 3_000_000].map(rubbish);
const sdp = `v=0\r\n${'a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n'.repeat(1000)}`;
const strangers = Array.from({ length: 10_000 }, name);
const pick = (list) => list[Math.floor(Math.random() * list.length)];
const anyone = () => strangers[Math.floor(Math.random() * 2000)]; // one of the first: no more are met
const word = (data, from = anyone()) => ({ type: 'signal', from, data });
const LIES = [
    () => word({ n: 1, box: short }),
    () => word({ n: 2 ** 53 - 1, box: long }),
    () => word({ n: 1, box: short }, name()),
    () => word({ kind: 'offer', session: name(), sdp }),
    () => word({ kind: 'candidate', session: name(), candidate: 'candidate:1 1 udp 1 10.0.0.1 9 typ host' }),
    () => ({ type: 'peer-left', peer: anyone() }),
    () => ({ type: 'peer-joined', peer: pick([anyone, name])() }),
    () => ({ type: 'welcome', peer: name(), peers: strangers.slice(0, 1000), ice: [] }),
    () => ({ type: 'error', code: 'too-many', message: short }),
    () => ({ type: short }),
    () => '['.repeat(30_000),
    () => long,
    () => randomBytes(20_000),
    () => pick([short, short, short, huge]),
];
let said = 0;
function say(client, lie, options) {
    said += 1;
    client.send(typeof lie === 'string' || Buffer.isBuffer(lie) ? lie : JSON.stringify(lie), options);
}

/** Says all of it to one client for as long as that listens. */
async function flood(client, goesOn) {
    for (const peer of strangers) say(client, { type: 'peer-joined', peer });
    for (let i = 0; goesOn() && client.readyState === client.OPEN; i++) {
        say(client, LIES[i % LIES.length]());
        if (i % 200 === 0) await sleep(client.bufferedAmount > 8 << 20 ? 5 : 0);
    }
}
/** One message, and no end of it. */
async function goOnAndOn(client, goesOn) {
    for (; goesOn() && client.readyState === client.OPEN; await sleep(2))
        if (client.bufferedAmount < 1 << 20) say(client, long, { fin: false });
}

/** Of a process: seconds of a processor, the most memory it had, and its UDP sockets. */
function cost({ process: { pid } }) {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    const udp = ['udp', 'udp6'].map((of) => fs.readFileSync(`/proc/${pid}/net/${of}`, 'utf8')).join('');
    const inodes = new Set(udp.split('\n').map((line) => line.trim().split(/\s+/)[9]));
    const isUdp = (fd) => {
        try {
            const inode = /socket:\[(\d+)\]/.exec(fs.readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
            return inode !== undefined && inodes.has(inode);
        } catch {
            return false; // closed meanwhile
        }
    };
    return {
        seconds: (Number(stat[11]) + Number(stat[12])) / 100,
        megabytes: Number(/VmHWM:\s*(\d+)/.exec(status)[1]) / 1000,
        sockets: fs.readdirSync(`/proc/${pid}/fd`).filter(isUdp).length,
    };
}

test('those who are linked go on, at a bounded cost', { skip, timeout: 240_000 }, async (t) => {
    let flooding = false;
    const clients = [];
    const begin = (client, i) => flooding && [flood, flood, goOnAndOn][i % 3](client, () => flooding);
    const url = await liar(t, bed.url, (message) => [message], undefined, (client) =>
        begin(client, clients.push(client)),
    );
    const link = newLink(url);
    let text = 'before\n';
    const one = filePeer(t, link, text);
    const other = filePeer(t, link);
    await other.shows(text);
    const [before, noise] = [cost(one.child), one.child.errors.length];
    const tab = await bed.open(t, link);
    await tab.shows(text);
    await tab.says('peers', '2');

    flooding = true;
    clients.forEach((client) => flood(client, () => flooding));
    // what the page says goes with who lied, so it is looked for while they do
    const warned = Promise.all([
        one.says(/says more than an honest one/),
        one.says(/another key/),
        tab.page.getByText(/another key/).waitFor({ state: 'attached', timeout: 60_000 }),
    ]);
    let sockets = 0;
    const began = Date.now();
    while (Date.now() - began < FLOOD_MS) {
        text += 'and on\n';
        fs.writeFileSync(pick([one, other]).file, text);
        await Promise.all([one.shows(text), other.shows(text), tab.shows(text)]);
        sockets = Math.max(sockets, cost(one.child).sockets);
        await sleep(200);
    }
    const seconds = (Date.now() - began) / 1000;
    const then = cost(one.child);
    await warned;
    flooding = false;
    assert.ok(said > 30_000, `${said} lies`);
    // of those it names 24 are tried at once, and as many may not have been given up yet
    assert.ok(sockets > 0 && sockets <= before.sockets * 48, `${sockets} sockets`);
    // 2048 names, 48 sessions, a message and what is read at once
    assert.ok(then.megabytes < before.megabytes + 32, `${then.megabytes} MB`);
    assert.ok(then.seconds - before.seconds < seconds / 4, `${then.seconds} s of ${seconds}`);
    assert.ok(one.child.errors.length - noise < 20_000, one.child.errors);

    const third = filePeer(t, link);
    await third.shows(text);
});
