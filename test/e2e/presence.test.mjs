// What people show one another beside the document, a name and a cursor, where no channel leads from one to the
// other: by way of the server, and of a relay, which can read neither.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, test } from 'node:test';
import { chromiumTab, noChromium } from './lib/chromium.mjs';
import { scratchFolder, until } from './lib/cleanup.mjs';
import { memoryHolds } from './lib/memory.mjs';
import { Lab, dropUdp, noFilter, noNamespaces } from './lib/namespace.mjs';
import { Child, join, newLink, noProgram, program, serve } from './lib/program.mjs';

const terminals = { skip: noProgram || noNamespaces || noFilter, timeout: 120_000 };
const limits = { skip: terminals.skip || noChromium, timeout: 240_000 };

/** A page in each of the two namespaces. */
async function pages(t, { lab, server, link, before = async () => {} }) {
    const args = [`--unsafely-treat-insecure-origin-as-secure=${server.url}`];
    const page = async (ns, of) => {
        const tab = await chromiumTab(t, undefined, { ns, args });
        await before(tab);
        await tab.goto(of.replace('/#', '/?editor=textarea#'));
        await until('a document', () => tab.evaluate('Boolean(window.lorikeet)'));
        tab.present = (key, value) => tab.evaluate(`lorikeet.session.present('${key}', ${JSON.stringify(value)})`);
        tab.sees = (key, value) => until(`${key} as ${JSON.stringify(value)}`, async () => {
            const seen = await tab.evaluate(`lorikeet.session.presence['${key}']`);
            return JSON.stringify(seen) === JSON.stringify(value);
        });
        return tab;
    };
    const toRead = execFileSync(program, ['link', '--read', link], { encoding: 'utf8' }).trim();
    return [await page(lab.a, link), await page(lab.b, toRead)];
}

// side by side: most of it is waiting for somebody to be given up
describe('presence without a channel', { concurrency: true }, () => {
    test('one of two has no UDP: they see each other through the server, and who goes', limits, async (t) => {
        const lab = new Lab(t);
        const filter = dropUdp(lab.a);
        const server = await serve(t, { host: lab.hubIp, ns: lab.hub });
        const [a, b] = await pages(t, { lab, server, link: newLink(server.url) });
        await a.present('one', { name: 'Ada Lovelace', at: 1 });
        await b.present('two', { name: 'Grace Hopper' });
        await b.sees('one', { name: 'Ada Lovelace', at: 1 });
        await a.sees('two', { name: 'Grace Hopper' });
        assert.equal(await a.text('way'), 'through the server, sealed');
        for (let at = 2; at <= 40; at += 1) await a.present('one', { name: 'Ada Lovelace', at });
        await b.sees('one', { name: 'Ada Lovelace', at: 40 });
        for (const word of ['Lovelace', 'Hopper']) assert.ok(!memoryHolds(server.child, word));
        // from one way to the other, and past two repetitions, nobody is gone for a moment
        const watch = `globalThis.gone = 0;
            setInterval(() => (gone += !['one', 'two'].every((key) => key in lorikeet.session.presence)), 20)`;
        for (const tab of [a, b]) await tab.evaluate(watch);
        filter.lift();
        for (const tab of [a, b]) await until('a channel', async () => (await tab.text('peers')) === '1');
        await until('the server is not needed', async () => (await a.text('way')) === '');
        await a.page.waitForTimeout(22_000);
        for (const tab of [a, b]) assert.equal(await tab.evaluate('gone'), 0);
        dropUdp(lab.a);
        await until('the way back', async () => (await b.text('way')) === 'through the server, sealed', 90_000);
        await b.sees('one', { name: 'Ada Lovelace', at: 40 });
        await a.kill();
        await b.sees('one', undefined);
        await b.sees('two', { name: 'Grace Hopper' });
    });

    test('only a relay leads from one to the other: they see each other, and who goes', limits, async (t) => {
        const lab = new Lab(t);
        for (const port of ['ba', 'bb'])
            execFileSync('bridge', ['-n', lab.hub, 'link', 'set', 'dev', port, 'isolated', 'on']);
        const server = await serve(t, { host: lab.hubIp, ns: lab.hub });
        const link = newLink(server.url);
        const given = execFileSync(program, ['link', '--relay', link], { encoding: 'utf8' }).trim();
        const data = path.join(scratchFolder(t), 'data');
        const relay = new Child(t, program, ['join', '--relay', given, '--data', data], { ns: lab.hub });
        await relay.line(/^keeping the room$/);
        let refused = 0;
        const before = ({ page }) =>
            page.routeWebSocket(/\/rooms$/, (socket) => {
                refused += 1;
                void socket.close();
            });
        const [a, b] = await pages(t, { lab, server, link, before });
        await a.present('one', { name: 'Ada Lovelace' });
        await b.present('two', { name: 'Grace Hopper' });
        await b.sees('one', { name: 'Ada Lovelace' });
        await a.sees('two', { name: 'Grace Hopper' });
        await until('the server to refuse', () => refused > 1);
        assert.equal(await a.text('peers'), '0');
        for (const word of ['Lovelace', 'Hopper']) assert.ok(!memoryHolds(relay, word));
        await a.present('one', null);
        await b.sees('one', undefined);
        await a.present('one', { name: 'Ada Lovelace' });
        await b.sees('one', { name: 'Ada Lovelace' });
        // a page that is left says so: nobody has to miss it first, which takes 30 s
        const names = 'Object.keys(lorikeet.session.presence).filter((key) => /^[0-9a-f]{16}$/.test(key)).length';
        await until('both names', async () => (await b.evaluate(names)) === 2);
        await a.goto('about:blank');
        await until('one to go', async () => (await b.evaluate(names)) === 1, 10_000);
        await a.kill();
        await b.sees('one', undefined);
    });

    test('a terminal that ends says so through the server', terminals, async (t) => {
        const lab = new Lab(t);
        dropUdp(lab.a);
        const server = await serve(t, { host: lab.hubIp, ns: lab.hub });
        const link = newLink(server.url);
        const at = scratchFolder(t);
        const enter = (name, ns) => {
            const file = path.join(at, name);
            return join(t, link, file, { ns, data: `${file}.data`, args: ['--name', name] });
        };
        const [a, b] = [enter('Ada', lab.a), enter('Grace', lab.b)];
        await until('her to be seen', () => /Ada is here/.test(b.errors));
        await a.stop();
        await until('her to be missed', () => /Ada left/.test(b.errors), 10_000);
    });
});
