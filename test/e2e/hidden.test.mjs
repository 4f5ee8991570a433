// Browsers hide the addresses of their host behind names, which only their own network can look up, by
// multicast. A terminal there does, and meets them although nobody reaches it unasked.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { chromiumTab, noChromium } from './lib/chromium.mjs';
import { scratchFolder, until } from './lib/cleanup.mjs';
import { firefoxTab, noFirefox } from './lib/firefox.mjs';
import { Lab, noFilter, noNamespaces } from './lib/namespace.mjs';
import { filePeer, join, newLink, noProgram, serve } from './lib/program.mjs';

const skip = noProgram || noNamespaces || noFilter;
const browsers = [
    ['Chromium', noChromium, (t, url, options) => chromiumTab(t, url, { ...options, permissions: [] })],
    ['Firefox', noFirefox, (t, url, options) => firefoxTab(t, url, { ...options, hidden: true })],
];

/** As the firewall of a host usually is: answers come in, and multicast DNS. Counts the rest. */
function guard(ns) {
    const nft = (...args) => execFileSync('ip', ['netns', 'exec', ns, 'nft', ...args], { encoding: 'utf8' });
    nft('add', 'table', 'inet', 'lab');
    nft('add', 'chain', 'inet', 'lab', 'input', '{ type filter hook input priority 0; }');
    nft('add', 'rule', 'inet', 'lab', 'input', 'udp dport 5353 counter accept');
    nft('add', 'rule', 'inet', 'lab', 'input', 'meta l4proto udp ct state new counter drop');
    return () => [...nft('list', 'table', 'inet', 'lab').matchAll(/packets (\d+)/g)].map(([, n]) => Number(n));
}

/** A page and a terminal on one bridge, whose addresses are known to the hub alone. */
async function network(t) {
    const lab = new Lab(t);
    const server = await serve(t, { host: lab.hubIp, ns: lab.hub });
    const args = [`--unsafely-treat-insecure-origin-as-secure=${server.url}`];
    return { lab, server, link: newLink(server.url), options: { ns: lab.a, args } };
}

const field = (id) => `document.getElementById('${id}').value`;

for (const [name, noBrowser, open] of browsers) {
    test(`${name} and a terminal that nobody reaches unasked`, { skip: skip || noBrowser }, async (t) => {
        const { lab, link, options } = await network(t);
        const counts = guard(lab.b);
        const tab = await open(t, link.replace('/#', '/?editor=textarea#'), options);
        const other = filePeer(t, link, 'across the room', { ns: lab.b });
        await until('the text', async () => (await tab.text('textarea')) === 'across the room');
        await other.says(/connected, 10\.88\.3\.3 - 10\.88\.3\.2/);
        assert.equal(await tab.text('way'), '');
        const [asked, dropped] = counts();
        assert.ok(asked > 0, 'the name was answered');
        t.diagnostic(`${asked} datagrams of multicast DNS came in, ${dropped} others did not`);
    });

    // who answers by hand waits to be found
    test(`${name} answers the offer of a terminal on another host, by hand`, { skip: skip || noBrowser }, async (t) => {
        const { lab, link, options } = await network(t);
        const at = scratchFolder(t);
        const file = path.join(at, 'file');
        writeFileSync(file, 'carried by hand');
        const more = { data: path.join(at, 'data'), ns: lab.b, stdin: 'pipe', args: ['--by-hand'] };
        const other = join(t, link, file, more);
        const offer = (await other.line(/^offer /)).slice('offer '.length);
        const tab = await open(t, offer.replace('/#', '/?editor=textarea#'), options);
        const answer = await until('an answer', () => tab.evaluate(field('slip')));
        other.say(answer);
        await until('the text', async () => (await tab.text('textarea')) === 'carried by hand');
        assert.match(other.errors, /connected by hand, 10\.88\.3\.3 - 10\.88\.3\.2/);
    });
}
