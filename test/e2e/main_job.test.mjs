// The main job: two browser tabs and a terminal edit one document, with nobody in the middle. One
// thousand keystrokes go in on all three sides at once, and the server dies halfway.
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join as path } from 'node:path';
import test from 'node:test';
import { chromiumTab, noChromium } from './lib/chromium.mjs';
import { scratchFolder, sleep, until } from './lib/cleanup.mjs';
import { firefoxTab, noFirefox } from './lib/firefox.mjs';
import { join, newLink, noProgram, serve } from './lib/program.mjs';
import { loroDocument } from './lib/updates.mjs';

const KEYSTROKES = 1000;

/** `count` characters of `alphabet`, in order, so that a loss or a double shows. */
const letters = (alphabet, count) =>
    Array.from({ length: count }, (_, i) => alphabet[i % alphabet.length]).join('');
/** What one writer wrote: its letters, in the order in which they stand. */
const only = (alphabet, text) => [...text].filter((c) => alphabet.includes(c)).join('');

const LEFT = 'abcdefgh';
const RIGHT = 'ABCDEFGH';
const NATIVE = '01234567';

/** Type in a tab, one key at a time. */
async function typeInTab(tab, text, progress) {
    await tab.click('editor');
    for (const key of text) {
        await tab.type(key);
        progress();
        await sleep(10);
    }
}

/** Type in a terminal: each keystroke is written at the end of the file. */
async function typeInFile(file, text, progress) {
    for (const key of text) {
        appendFileSync(file, key);
        progress();
        await sleep(15);
    }
}

async function mainJob(t, openRight) {
    const server = await serve(t);
    const link = newLink(server.url);
    const folder = scratchFolder(t);
    const file = path(folder, 'notes.txt');
    writeFileSync(file, '');
    const left = await chromiumTab(t, link);
    const right = await openRight(t, link);
    const native = join(t, link, file, { data: path(folder, 'data') });
    for (const tab of [left, right])
        await until('three in the room', async () => (await tab.text('peers')) === '2');
    await native.line(/^synced$/);

    let typed = 0;
    const progress = () => {
        if (++typed === KEYSTROKES / 2) server.child.stop('SIGKILL');
    };
    await Promise.all([
        typeInTab(left, letters(LEFT, 334), progress),
        typeInTab(right, letters(RIGHT, 333), progress),
        typeInFile(file, letters(NATIVE, 333), progress),
    ]);
    assert.equal(typed, KEYSTROKES);
    assert.equal((await server.child.ended).signal, 'SIGKILL');

    const texts = async () => [
        await left.text('editor'),
        await right.text('editor'),
        readFileSync(file, 'utf8'),
    ];
    const complete = (text) => text.length >= KEYSTROKES;
    await until('all three to be the same', async () => {
        const [a, b, c] = await texts();
        return complete(a) && a === b && b === c;
    }).catch(async (error) => {
        error.message += `\n${(await texts()).join('\n')}`;
        throw error;
    });
    const [text] = await texts();
    assert.equal(only(LEFT, text), letters(LEFT, 334));
    assert.equal(only(RIGHT, text), letters(RIGHT, 333));
    assert.equal(only(NATIVE, text), letters(NATIVE, 333));
    assert.equal(text.length, KEYSTROKES, 'nothing else');
    for (const tab of [left, right]) {
        const doc = await until('the page to store it all', async () => {
            const stored = await loroDocument(tab);
            return stored.getText('editor-buffer').length >= KEYSTROKES && stored;
        });
        assert.equal(doc.getText('editor-buffer').toString(), text, 'what loro-crdt makes of it');
        assert.deepEqual(tab.errors, []);
    }
}

test('two Chromium tabs and a terminal', { skip: noProgram || noChromium }, (t) =>
    mainJob(t, chromiumTab),
);
test('Chromium, Firefox and a terminal', { skip: noProgram || noChromium || noFirefox }, (t) =>
    mainJob(t, firefoxTab),
);
