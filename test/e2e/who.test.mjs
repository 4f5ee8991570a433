// Who is here: names beside the number of others, and where they write. What others show may be anything.
import assert from 'node:assert/strict';
import { after, test as plainTest } from 'node:test';
import { noChromium } from './lib/chromium.mjs';
import { scratchFolder, sleep, until } from './lib/cleanup.mjs';
import { firefoxTab, noFirefox } from './lib/firefox.mjs';
import { openBed } from './lib/pages.mjs';
import { havePage, haveProgram, join } from './lib/program.mjs';

const skip = noChromium || (!(havePage && haveProgram) && 'not built: run ./dev build');
const test = (name, body) => plainTest(name, { skip, timeout: 180_000 }, body);
const bed = skip ? undefined : await openBed({ after });

/** The names in the header. */
const names = (tab) =>
    tab.evaluate(`[...document.querySelectorAll('#here [role=img]')].map((face) => face.title)`);
/** `name|where it is in its line`, of each caret that is shown. */
const carets = (tab) =>
    tab.evaluate(`[...document.querySelectorAll('.caret')].filter((caret) => caret.offsetParent).map((caret) => {
        const before = document.createRange();
        before.setStart(caret.closest('.cm-line'), 0);
        before.setEndBefore(caret);
        return caret.dataset.name + '|' + before;
    })`);
const chosen = (tab) =>
    tab.evaluate(`[...document.querySelectorAll('.chosen')].map((mark) => mark.textContent).join('')`);
const own = (tab) => tab.evaluate(`document.querySelector('#own-name').value`);
const rename = async (tab, name) => {
    await tab.page.locator('#menu summary').click();
    await tab.page.locator('#own-name').fill(name);
    await tab.press('Enter');
    await tab.press('Escape');
};

async function shows(what, tab, expected) {
    let found;
    await until(`${what.name} to be ${JSON.stringify(expected)}`, async () => {
        found = await what(tab);
        return JSON.stringify(found) === JSON.stringify(expected);
    }).catch((error) => {
        error.message += `: ${JSON.stringify(found)}`;
        throw error;
    });
}

/** Counts what the page of `tab` tells of itself. */
const count = (tab) =>
    tab.evaluate(`(() => {
        const { session } = lorikeet;
        const present = session.present;
        window.told = 0;
        session.present = (...args) => { window.told += 1; present.apply(session, args); };
    })()`);

test('two see each other by name, and where each writes', async (t) => {
    const [a, b] = await bed.pair(t);
    assert.match(await own(a), /^[A-Z]\w+ [A-Z]\w+$/);
    await shows(names, b, [await own(a)]);
    await rename(a, '  Ada \u202e Lovelace\n');
    await shows(names, b, ['Ada Lovelace']);
    assert.equal(await b.text('here'), 'AL');
    await a.write('one two three');
    await b.shows('one two three');
    await shows(carets, b, ['Ada Lovelace|one two three']);
    await a.caret(4);
    await shows(carets, b, ['Ada Lovelace|one ']);
    await count(a);
    await b.caret(0);
    await b.type('zero ');
    await shows(carets, b, ['Ada Lovelace|zero one ']);
    await a.shows('zero one two three');
    await a.type('and ');
    await b.shows('zero one and two three');
    await shows(carets, b, ['Ada Lovelace|zero one and ']);
    await sleep(300);
    assert.equal(await a.evaluate('told'), 0, 'its place is the same');
    assert.deepEqual(await carets(a), [`${await own(b)}|zero `]);
    await a.select(3);
    await until('a selection', async () => (await chosen(b)) === 'two');
    await shows(carets, b, ['Ada Lovelace|zero one and two']);
    for (const tab of [a, b]) assert.equal(await tab.read(), 'zero one and two three');
    await a.page.locator('[data-testid="title"]').focus();
    await shows(carets, b, []);
    await shows(names, b, ['Ada Lovelace']);
    await a.reload();
    assert.equal(await own(a), 'Ada Lovelace');
    await shows(names, b, ['Ada Lovelace']);
    await a.caret(2);
    await shows(carets, b, ['Ada Lovelace|ze']);
    await a.page.context().close();
    await shows(names, b, []);
    assert.deepEqual(await carets(b), []);
    assert.deepEqual(b.errors, []);
});

test('one types where the other is: both know who stands in front', async (t) => {
    const [a, b] = await bed.pair(t);
    await rename(a, 'Ada');
    await a.write('ab🦜cd');
    await b.shows('ab🦜cd');
    await a.caret(2);
    await shows(carets, b, ['Ada|ab']);
    await b.caret(2);
    await b.type('xyz');
    await a.shows('abxyz🦜cd');
    await sleep(500);
    assert.deepEqual(await carets(b), ['Ada|ab']);
    await a.type('!');
    await b.shows('ab!xyz🦜cd');
    await shows(carets, b, ['Ada|ab!']);
    await a.press('Control+a');
    await a.press('Delete');
    await shows(carets, b, ['Ada|']);
});

test('Firefox and Chromium show each other', async (t) => {
    if (noFirefox) return t.skip(noFirefox);
    const link = bed.link();
    const a = await bed.open(t, link);
    const fox = await firefoxTab(t, link);
    await rename(a, 'Ada');
    await shows(names, fox, ['Ada']);
    await shows(names, a, [await own(fox)]);
    await a.write('one two');
    await shows(carets, fox, ['Ada|one two']);
    await a.caret(4);
    await shows(carets, fox, ['Ada|one ']);
    await a.select(3);
    await until('a selection', async () => (await chosen(fox)) === 'two');
    await fox.evaluate('void (document.hasFocus = () => true)'); // which no desktop gives its window here
    await fox.click('editor');
    await fox.press('End');
    await fox.type('!');
    await a.shows('one two!');
    await shows(carets, a, [`${await own(fox)}|one two!`]);
    await fox.press('Home');
    await shows(carets, a, [`${await own(fox)}|`]);
    await fox.close();
    await shows(names, a, []);
});

test('moving and typing are told ten times a second at most', async (t) => {
    const [a, b] = await bed.pair(t);
    await a.write('word '.repeat(40));
    await b.shows('word '.repeat(40));
    await sleep(300);
    await count(a);
    const began = Date.now();
    for (let i = 0; i < 40; i += 1) await a.press('ArrowLeft');
    const most = Math.ceil((Date.now() - began) / 100) + 1;
    await sleep(300);
    const told = await a.evaluate('told');
    assert.ok(told > 0 && told <= most, `${told} of ${most}`);
});

test('each document of a room has its own', async (t) => {
    const [a, b, link] = await bed.pair(t);
    await rename(a, 'Ada');
    await shows(names, b, ['Ada']);
    await a.evaluate(`void (location.hash += '&d=notes')`);
    await shows(names, b, []);
    await b.evaluate(`void (location.hash += '&d=notes')`);
    await shows(names, b, ['Ada']);
    const c = await bed.open(t, link, 'textarea');
    await sleep(1000);
    assert.deepEqual(await names(c), []);
    await rename(b, 'Eve');
    await b.evaluate(`void (location.hash = ${JSON.stringify(new URL(link).hash)})`);
    await shows(names, c, ['Eve']);
    await c.write('in a text area');
    await shows(names, b, [await own(c)]);
    assert.deepEqual(await carets(b), []);
});

test('a terminal is seen by its name, and told who comes and goes', async (t) => {
    const link = bed.link();
    const a = await bed.open(t, link);
    await rename(a, 'Ada \u{1f99c}');
    const data = () => scratchFolder(t);
    const grace = join(t, link, undefined, { data: data(), args: ['--name', ' Grace\n Hopper'] });
    const nobody = join(t, link, undefined, { data: data() });
    await shows(names, a, ['Grace Hopper']);
    await a.says('peers', '2');
    const says = (child, what) => until(what, () => child.errors.includes(`lorikeet join: ${what}\n`));
    await says(grace, 'Ada \u{1f99c} is here');
    await says(nobody, 'Ada \u{1f99c} is here');
    await says(nobody, 'Grace Hopper is here');
    assert.ok(!grace.errors.includes('Grace'));
    await a.reload();
    await a.says('peers', '2');
    await sleep(6000);
    assert.doesNotMatch(nobody.errors, /Ada.*(left|is here)[^]*Ada/);
    await grace.stop();
    await shows(names, a, []);
    await says(nobody, 'Grace Hopper left');
    await a.page.context().close();
    await says(nobody, 'Ada \u{1f99c} left');
    for (const args of [['--name', '\u0007 '], ['--name', 'R', '--relay']]) {
        const refused = join(t, link, undefined, { data: data(), args });
        assert.equal((await refused.ended).code, 64);
    }
});

test('what is no presence shows nobody, and breaks nothing', async (t) => {
    const [a, b] = await bed.pair(t);
    await rename(a, 'Ada');
    await a.write('text');
    await shows(carets, b, ['Ada|text']);
    await a.evaluate(`(() => {
        const { doc, session } = lorikeet;
        const strange = {
            number: 1, text: 'name', list: [1, 'name'], bytes: new Uint8Array(9), none: {},
            names: { name: 7 }, nested: { name: { name: 'Bob' } }, empty: { name: ' ' },
            unseen: { name: '\\u202e\\u0007\\u200d\\u2066\\ufeff' },
        };
        for (const [key, value] of Object.entries(strange)) session.present(key, value);
        session.edit(() => {
            doc.getMap('m').set('k', 1);
            doc.getList('l').insert(0, 1);
            doc.getText('other').insert(0, 'other text');
        });
        const cursors = [
            doc.getList('l').getCursor(0).encode(), doc.getText('other').getCursor(3).encode(),
            new Uint8Array(0), new Uint8Array(5000), new Uint8Array([1, 255, 255, 255]), 'text', 5, [300], [{}],
            [1, 7, 9, 0, 13, ...new TextEncoder().encode('editor-buffer'), 0, 1, 0],
        ];
        for (const [i, cursor] of cursors.entries())
            session.present('c' + i, { name: 'C' + i, colour: ['red;}', -1, 1.5, 99][i % 4], cursor, anchor: cursor });
        session.present('long', { name: 'a\\u0301\\u0301\\u0301\\u0301\\u0301'.repeat(2000), colour: 3 });
        session.present('html', { name: '<img src=x onerror="window.hit = 1">' });
    })()`);
    await until('the row', async () => (await b.text('here')).endsWith('+9'));
    await b.shows('text');
    await shows(carets, b, ['Ada|text']);
    const shown = (await names(b)).join(', ').split(', ');
    assert.equal(shown.length, 13);
    assert.ok(shown.every((name) => [...name].length <= 40), shown.join());
    assert.ok(!shown.some((name) => /[\u202e\u0007]/.test(name)));
    const classes = await b.evaluate(`[...document.querySelectorAll('#here [class]')].map((face) => face.className)`);
    assert.ok(classes.every((name) => /^(who-[0-7])?$/.test(name)), classes.join());
    await b.caret(4);
    await b.type(' goes on');
    await a.shows('text goes on');
    assert.equal(await b.evaluate('window.hit'), undefined);
    assert.deepEqual([...a.errors, ...b.errors], []);
});
