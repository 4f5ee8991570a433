// A room too large for everybody to be linked with everybody: terminals and tabs, some of which die,
// and a server that forgets.
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { noChromium } from './lib/chromium.mjs';
import { until } from './lib/cleanup.mjs';
import { openBed } from './lib/pages.mjs';
import { filePeer, havePage, haveProgram } from './lib/program.mjs';

const MANY = 24;
const LINKS = 16;
const WITHIN_MS = 90_000;

const skip = noChromium || (!(havePage && haveProgram) && 'not built: run ./dev build');
const bed = skip ? undefined : await openBed({ after });

/** Everyone shows the same, which matches. */
const allShow = (terminals, tabs, pattern) =>
    until(
        `${terminals.length} terminals and ${tabs.length} tabs to show ${pattern}`,
        async () => {
            const texts = terminals.map(({ text }) => text());
            for (const tab of tabs) texts.push(await tab.read());
            const lacking = texts.filter((text) => !pattern.test(text)).length;
            if (lacking > 0) throw new Error(`${lacking} do not`);
            return new Set(texts).size === 1;
        },
        WITHIN_MS,
    );

test('24 terminals and two tabs', { skip, timeout: 400_000 }, async (t) => {
    const link = bed.link();
    const one = await bed.open(t, link);
    const tabs = [one, await bed.open(t, link, 'textarea')];
    await one.write('begin ');
    const terminals = Array.from({ length: MANY }, () => filePeer(t, link));
    await allShow(terminals, tabs, /begin/);

    // nobody is linked with all: it takes others to tell them
    for (const tab of tabs) {
        const peers = Number(await tab.text('peers'));
        assert.ok(peers >= 2 && peers <= LINKS, `${peers} peers`);
    }
    const met = terminals.map(({ child }) => child.errors.match(/connected/g)?.length ?? 0);
    assert.ok(Math.max(...met) <= MANY, `${met}`);

    const [first, ...rest] = terminals;
    appendFileSync(first.file, 'from a terminal ');
    await allShow(terminals, tabs, /from a terminal/);

    for (const { child } of rest.splice(0, 6)) await child.stop('SIGKILL');
    await one.write('after six died ');
    await allShow([first, ...rest], tabs, /after six died/);

    await bed.stop();
    await bed.start(); // remembers nothing: all have new names, and other neighbours
    const late = filePeer(t, link);
    await allShow([first, ...rest, late], tabs, /after six died/);
    await one.write('and met again');
    await allShow([first, ...rest, late], tabs, /and met again/);
});
