// Two peers that meet without any server: one offer and one answer are carried by hand, and nobody hurries.
// WAIT=n: so many seconds lie between an answer and its use.
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { once } from 'node:events';
import { after, test } from 'node:test';
import encodeQR from '../../web/workspace/node_modules/qr/index.js';
import decodeQR from '../../web/workspace/node_modules/qr/decode.js';
import { chromiumTab, noChromium } from './lib/chromium.mjs';
import { scratchFolder, sleep, until } from './lib/cleanup.mjs';
import { firefoxTab, noFirefox } from './lib/firefox.mjs';
import { havePage, join, newLink, noProgram, webFolder } from './lib/program.mjs';

// Longer than any session that a server introduces takes to give up.
const WAIT = Number(process.env.WAIT ?? 40) * 1000;
const bed = { after }; // what pairs need outlives the test that makes them
const at = scratchFolder(bed);
let names = 0;

/** Files, and nothing else: no signalling. */
const types = { js: 'text/javascript', css: 'text/css', html: 'text/html', wasm: 'application/wasm' };
const files = http.createServer((request, response) => {
    const name = path.join(webFolder, new URL(request.url, 'http://x').pathname);
    const file = name.endsWith('/') ? `${name}index.html` : name;
    if (!fs.existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': types[file.split('.').at(-1)] ?? 'image/svg+xml' });
    response.end(fs.readFileSync(file));
});
files.listen(0, '127.0.0.1');
await once(files, 'listening');
after(() => files.close());
const url = `http://127.0.0.1:${files.address().port}`;

const field = (id) => `document.getElementById('${id}').value`;
const setField = (id, value) => `{
    const field = document.getElementById('${id}');
    field.value = ${JSON.stringify(value)};
    field.dispatchEvent(new Event('input'));
}`;

/** A peer in a browser: {offer(link), answer(offer), take(answer), write(text), shows(text)}. */
class PagePeer {
    constructor(t, open) {
        Object.assign(this, { t, open });
    }
    async visit(link) {
        this.tab = await this.open(this.t, link);
        await until('the page', () => this.tab.evaluate('!!window.lorikeet'));
    }
    async offer(link) {
        await this.visit(link);
        await this.tab.evaluate(`document.getElementById('connect').click()`);
        return until('an offer', () => this.tab.evaluate(field('slip')));
    }
    async answer(offer) {
        await this.visit(offer);
        return until('an answer', () => this.tab.evaluate(field('slip')));
    }
    take(answer) {
        return this.tab.evaluate(`void (() => ${setField('their-slip', answer)})()`);
    }
    write(text) {
        const edit = `lorikeet.doc.getText('editor-buffer').insert(0, ${JSON.stringify(text)})`;
        return this.tab.evaluate(`void lorikeet.session.edit(() => ${edit})`);
    }
    async text() {
        return this.tab.evaluate(`lorikeet.doc.getText('editor-buffer').toString()`);
    }
}
/** The same at a terminal. */
class ProgramPeer {
    constructor(t) {
        this.t = t;
        this.file = path.join(at, `file${++names}`);
        this.data = `${this.file}.data`;
    }
    run(link, ...args) {
        const { data } = this;
        this.child = join(this.t, link, this.file, { data, stdin: 'pipe', args: ['--loopback', ...args] });
    }
    async offer(link) {
        this.run(link, '--by-hand');
        return (await this.child.line(/^offer /)).slice(6);
    }
    async answer(offer) {
        this.run(offer);
        return this.child.line(/^answer /); // as people copy it
    }
    take(answer) {
        this.child.say(answer);
    }
    write(text) {
        fs.writeFileSync(this.file, text + this.text());
    }
    text() {
        return fs.existsSync(this.file) ? fs.readFileSync(this.file, 'utf8') : '';
    }
}
const kinds = {
    program: { skip: noProgram, make: (t) => new ProgramPeer(t) },
    Chromium: { skip: noChromium, make: (t) => new PagePeer(t, chromiumTab) },
    Firefox: { skip: noFirefox, make: (t) => new PagePeer(t, firefoxTab) },
};

const pairs = [
    ['program', 'program'],
    ['program', 'Chromium'],
    ['Chromium', 'program'],
    ['program', 'Firefox'],
    ['Firefox', 'program'],
    ['Chromium', 'Chromium'],
    ['Chromium', 'Firefox'],
    ['Firefox', 'Chromium'],
    ['Firefox', 'Firefox'],
].map((names) => ({ names, skip: names.map((name) => kinds[name].skip).find(Boolean) || !havePage }));

test('offers are made and answered, and short enough for a QR code', { timeout: 240_000 + WAIT }, async () => {
    for (const pair of pairs) {
        if (pair.skip) continue;
        const [a, b] = pair.names.map((name) => kinds[name].make(bed));
        const offer = await a.offer(newLink(url));
        const answer = await b.answer(offer);
        assert.ok(offer.length < 500 && answer.length < 400, `${offer}\n${answer}`);
        Object.assign(pair, { a, b, answer });
    }
    await sleep(WAIT);
});

for (const pair of pairs)
    test(`${pair.names[0]} offered, ${pair.names[1]} answered, ${WAIT / 1000} s passed: they meet`,
        { skip: pair.skip, timeout: 120_000 }, async () => {
        const { a, b, answer } = pair;
        const shows = (peer, text) => until(text, async () => (await peer.text()) === text, 30_000);
        await a.take(answer);
        await a.write('from the one');
        await shows(b, 'from the one');
        await b.write('and the other, ');
        await shows(a, 'and the other, from the one');
    });

test('what is no answer is told from one', { skip: noProgram || noChromium }, async (t) => {
    const link = newLink(url);
    const a = new PagePeer(t, chromiumTab);
    const says = (pattern) => until(pattern, async () => pattern.test(await a.tab.text('by-hand-state')));
    const first = await a.offer(link);
    const old = await new ProgramPeer(t).answer(first);
    const elsewhere = await new ProgramPeer(t).answer(await new ProgramPeer(t).offer(newLink(url)));
    await a.tab.evaluate(`document.getElementById('close-by-hand').click()`);
    await a.tab.evaluate(`document.getElementById('connect').click()`);
    const second = await until('another offer', async () => {
        const offer = await a.tab.evaluate(field('slip'));
        return offer !== first && offer;
    });
    await a.take(old);
    await says(/earlier/);
    for (const wrong of [elsewhere, old.slice(0, -1), old.slice(1), 'nonsense', '%'])  {
        await a.take(wrong);
        await says(/not for this document/);
    }
    const b = new ProgramPeer(t);
    await a.take(await b.answer(second));
    await a.write('after all');
    await until('the text', () => b.text() === 'after all');

    const c = new ProgramPeer(t);
    await c.offer(link);
    c.child.say(elsewhere);
    c.child.say('');
    await until('another offer', () => c.child.lines.filter((line) => line.startsWith('offer ')).length === 2);
    assert.match(c.child.errors, /not for this room/);
});

test('the picture says what the text says', { skip: noProgram || noChromium }, async (t) => {
    const a = new PagePeer(t, chromiumTab);
    const offer = await a.offer(newLink(url));
    await a.tab.page.locator('#qr svg path').waitFor();
    const { data, width, height } = await a.tab.evaluate(`(async () => {
        const svg = document.querySelector('#qr svg').cloneNode(true);
        const side = svg.viewBox.baseVal.width * 4;
        svg.setAttribute('width', side);
        svg.setAttribute('height', side);
        const image = new Image();
        image.src = 'data:image/svg+xml,' + encodeURIComponent(new XMLSerializer().serializeToString(svg));
        await image.decode();
        const context = new OffscreenCanvas(side, side).getContext('2d');
        context.fillStyle = 'white';
        context.fillRect(0, 0, side, side);
        context.drawImage(image, 0, 0);
        return { data: [...context.getImageData(0, 0, side, side).data], width: side, height: side };
    })()`);
    assert.equal(decodeQR({ data: Uint8ClampedArray.from(data), width, height }), offer);
});

/** A film of one frame that shows the QR code of `text`, as Chromium's make-believe camera wants it. */
function film(text) {
    const rows = encodeQR(text, 'raw', { ecc: 'low', border: 4 });
    const [width, height] = [640, 480];
    const side = Math.floor(height / rows.length);
    const luma = Buffer.alloc(width * height, 235);
    for (let y = 0; y < side * rows.length; y += 1)
        for (let x = 0; x < side * rows.length; x += 1)
            if (rows[Math.floor(y / side)][Math.floor(x / side)]) luma[y * width + x] = 16;
    const header = `YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\nFRAME\n`;
    return Buffer.concat([Buffer.from(header), luma, Buffer.alloc((width * height) / 2, 128)]);
}

test('a camera reads the answer', { skip: noProgram || noChromium, timeout: 120_000 }, async (t) => {
    const seen = path.join(at, 'camera.y4m');
    const args = ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${seen}`];
    const permissions = ['microphone', 'camera'];
    const a = new PagePeer(t, (t, link) => chromiumTab(t, link, { args, permissions }));
    const b = new ProgramPeer(t);
    fs.writeFileSync(seen, film(await b.answer(await a.offer(newLink(url)))));
    await a.tab.evaluate(`document.getElementById('scan').click()`);
    await a.write('seen');
    await until('the text', () => b.text() === 'seen', 30_000);
    assert.equal(await a.tab.evaluate(`document.getElementById('camera').hidden`), true);
});
