// Several documents of one room in the page: the row of them, and that they share one connection with
// each other, with other tabs and with a program.
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import path from 'node:path';
import { after, test as plainTest } from 'node:test';
import { noChromium } from './lib/chromium.mjs';
import { scratchFolder, until } from './lib/cleanup.mjs';
import { openBed } from './lib/pages.mjs';
import { havePage, haveProgram, join } from './lib/program.mjs';

const skip = noChromium || (!(havePage && haveProgram) && 'not built: run ./dev build');
const test = (name, body) => plainTest(name, { skip, timeout: 180_000 }, body);
const bed = skip ? undefined : await openBed({ after });
const at = scratchFolder({ after });

const editor = (tab) => tab.page.locator('[data-testid="editor"]:visible');
const row = (tab) => tab.page.locator('#document-list a');
const write = async (tab, text) => {
    await editor(tab).focus();
    await tab.page.keyboard.type(text);
};
const shows = (tab, text) =>
    until(`"${text}" shown`, async () => (await editor(tab).innerText()).trim() === text);
const lists = (tab, names) =>
    until(`${names}`, async () => String(await row(tab).allInnerTexts()) === String(names));
const go = (tab, name) => row(tab).filter({ hasText: name }).click();
async function add(tab, name) {
    await tab.page.locator('[data-testid="document-name"]').fill(name);
    await tab.press('Enter');
    await until(`${name} shown`, async () =>
        (await tab.page.locator('#document-list [aria-current]').innerText()) === name,
    );
}
/** Connections that were ever begun here, and channels that anything went over. */
const connections = (tab) => tab.seen('configs.length + " " + window.seen.channels.length');

test('documents are added, listed, switched, and share one channel with a tab and a program', async (t) => {
    const link = bed.link();
    const a = await bed.open(t, link);
    await write(a, 'the first');
    assert.equal(await a.page.locator('[data-testid="documents"]').isVisible(), false);
    await a.page.locator('#menu summary').click();
    await a.click('open-document');
    await add(a, 'to do: größe');
    assert.match(new URL(a.page.url()).hash, /&d=to%20do%3A%20gr%C3%B6%C3%9Fe$/);
    assert.equal(await a.page.title(), 'to do: größe - Lorikeet');
    await write(a, 'milk');
    await lists(a, ['Untitled', 'to do: größe']);

    const b = await bed.open(t, link);
    await shows(b, 'the first');
    await lists(b, ['Untitled', 'to do: größe']);
    assert.equal(await connections(b), '1 1');
    await go(b, 'to do');
    await shows(b, 'milk');
    await write(b, 'oat ');
    await shows(a, 'oat milk');
    await go(b, 'Untitled');
    await shows(b, 'the first');
    await write(b, 'here is ');
    await go(a, 'Untitled');
    await shows(a, 'here is the first');
    assert.deepEqual([await connections(a), await connections(b)], ['1 1', '1 1']);

    const files = [path.join(at, 'first'), path.join(at, 'todo')];
    const args = ['--doc', `to do: größe=${files[1]}`, '--doc', 'from a terminal'];
    const child = join(t, link, files[0], { data: path.join(at, 'data'), args });
    await child.line(/^synced$/);
    assert.equal(fs.readFileSync(files[1], 'utf8'), 'oat milk');
    await lists(a, ['Untitled', 'from a terminal', 'to do: größe']);
    fs.appendFileSync(files[1], ', bread');
    await go(a, 'to do');
    await shows(a, 'oat milk, bread');
    assert.deepEqual(await child.stop(), { code: 0, signal: null });
});

test('a link may be one to another document, and what is there stays without a network', async (t) => {
    const link = bed.link();
    const a = await bed.open(t, `${link}&d=plans`);
    await lists(a, ['Untitled', 'plans']);
    await write(a, 'secret');
    await until('it to be stored', async () => (await a.text('unsynced')).includes('not yet with'));
    await a.reload();
    await shows(a, 'secret');
    await a.page.getByRole('button', { name: 'Share' }).click();
    assert.equal(await a.page.locator('[data-testid="link"]').inputValue(), `${link}&d=plans`);
    await a.page.locator('[data-testid="may-read"]').check();
    const readers = await a.page.locator('[data-testid="link"]').inputValue();
    assert.match(readers, /\?v=[\w-]{86}&d=plans$/);
    const r = await bed.open(t, readers);
    await shows(r, 'secret');
    assert.equal(await r.page.locator('[data-testid="document-name"]').isVisible(), false);
    // The program takes such a link, too: its file is that document.
    const file = path.join(at, 'plans');
    const child = join(t, `${link}&d=plans`, file, { data: path.join(at, 'plans.data') });
    await until('the file', () => fs.existsSync(file) && fs.readFileSync(file, 'utf8') === 'secret');
    fs.appendFileSync(file, '!');
    await shows(a, 'secret!');
    await shows(r, 'secret!');
    await child.stop();
    // A name that is none is refused.
    await a.page.locator('[data-testid="document-name"]').fill('a/b');
    await a.press('Enter');
    assert.equal(await a.evaluate(`document.querySelector('#document-name').validity.valid`), false);
    await lists(a, ['Untitled', 'plans']);
});

test('who looks at one document keeps all of them', async (t) => {
    const link = bed.link();
    const b = await bed.open(t, link);
    const a = await bed.open(t, `${link}&d=left here`);
    await write(a, 'for whoever comes');
    await a.says('unsynced', 'all changes synced');
    await a.page.close();
    await go(b, 'left here');
    await shows(b, 'for whoever comes');
    assert.equal(await connections(b), '1 1');
});

test('a large paste in one document lets others through', async (t) => {
    const link = bed.link();
    const [a, b] = [await bed.open(t, `${link}&d=much`), await bed.open(t, link)];
    await lists(b, ['Untitled', 'much']);
    await go(b, 'much');
    await a.says('status', 'live');
    await until('both there', async () => (await a.text('peers')) === '1');
    await a.evaluate(`void lorikeet.session.edit(() =>
        lorikeet.doc.getText('editor-buffer').insert(0, 'much '.repeat(1_000_000)))`);
    await go(a, 'Untitled');
    await go(b, 'Untitled');
    await write(a, 'quick');
    await shows(b, 'quick');
    await go(b, 'much');
    await until('all of it', async () =>
        (await b.evaluate(`lorikeet.doc.getText('editor-buffer').length`)) === 5_000_000,
    );
});
