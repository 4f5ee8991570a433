// Two hosts on a real link: it goes down, both edit on, it comes up. Nothing is lost, nothing is
// doubled, and a caret moves by exactly what was inserted before it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import test from 'node:test';
import { chromiumTab, noChromium } from './lib/chromium.mjs';
import { sleep, until } from './lib/cleanup.mjs';
import { Lab, noNamespaces } from './lib/namespace.mjs';
import { filePeer, newLink, noProgram, serve } from './lib/program.mjs';

/** Longer than consent takes to expire (30 s, RFC 7675) when `long`. */
async function apart(lab, ns, edit, long) {
    lab.down(ns);
    await edit();
    await sleep(long ? 40_000 : 3_000);
    lab.up(ns);
}

for (const [name, long] of [
    ['a short cut', false],
    ['a cut longer than consent', true],
])
    test(`two terminals, ${name}`, { skip: noProgram || noNamespaces }, async (t) => {
        const lab = new Lab(t);
        const server = await serve(t, { host: lab.hubIp, ns: lab.hub });
        const link = newLink(server.url);
        const a = filePeer(t, link, undefined, { ns: lab.a });
        const b = filePeer(t, link, undefined, { ns: lab.b });
        await a.synced();
        await b.synced();
        writeFileSync(a.file, 'middle\n');
        await until('the first line to arrive', () => b.text() === 'middle\n');
        await apart(
            lab,
            lab.b,
            async () => {
                writeFileSync(a.file, 'from a\nmiddle\n');
                writeFileSync(b.file, 'middle\nfrom b\n');
                await sleep(500);
                assert.equal(a.text(), 'from a\nmiddle\n');
                assert.equal(b.text(), 'middle\nfrom b\n');
            },
            long,
        );
        const both = 'from a\nmiddle\nfrom b\n';
        await until('both to hold both', () => a.text() === both && b.text() === both, 90_000);
    });

test('two tabs, a cut, and a caret', { skip: noProgram || noNamespaces || noChromium }, async (t) => {
    const lab = new Lab(t);
    const server = await serve(t, { host: lab.hubIp, ns: lab.hub });
    const link = newLink(server.url).replace('/#', '/?editor=textarea#');
    // A page from a private address is no secure context, unless told so.
    const args = [`--unsafely-treat-insecure-origin-as-secure=${server.url}`];
    const a = await chromiumTab(t, link, { ns: lab.a, args });
    const b = await chromiumTab(t, link, { ns: lab.b, args });
    for (const tab of [a, b])
        await until('two in the room', async () => (await tab.text('peers')) === '1');
    await a.click('textarea');
    await a.type('the quick fox');
    await until('the text to arrive', async () => (await b.text('textarea')) === 'the quick fox');
    const area = `document.querySelector('[data-testid="textarea"]')`;
    await b.click('textarea');
    await b.evaluate(`${area}.setSelectionRange(13, 13)`);
    await apart(lab, lab.b, async () => {
        await a.evaluate(`${area}.setSelectionRange(4, 4)`);
        await a.type('very ');
        await b.type(' jumps');
        await b.evaluate(`${area}.setSelectionRange(10, 13)`);
    });
    const both = 'the very quick fox jumps';
    for (const tab of [a, b])
        await until('both to hold both', async () => (await tab.text('textarea')) === both, 90_000);
    const caret = await b.evaluate(`[${area}.selectionStart, ${area}.selectionEnd]`);
    assert.deepEqual(caret, [15, 18], 'the caret moved by the five characters before it');
});
