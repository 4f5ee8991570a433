// A store that a disk damaged: what is wrong, what is left, and how the rest comes back. And networks.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { scratchFolder, until } from './lib/cleanup.mjs';
import { coturn, noCoturn } from './lib/coturn.mjs';
import { Child, join, newLink, program, serve } from './lib/program.mjs';
import { finish } from './lib/socket.mjs';
import { stun } from './lib/stun.mjs';

const server = await serve({ after });
const at = scratchFolder({ after });
const file = (name) => path.join(at, name);
const says = (name, text) => until(text, () => fs.readFileSync(file(name), 'utf8') === text, 20_000);

/** Write each text, one after the other, in a room that another peer keeps too; gives the store's path. */
async function filled(t, link, ...texts) {
    fs.writeFileSync(file('a'), '');
    fs.writeFileSync(file('b'), '');
    const a = join(t, link, file('a'), { data: file('a.data') });
    const b = join(t, link, file('b'), { data: file('b.data') });
    await Promise.all([a.line(/^synced$/), b.line(/^synced$/)]);
    for (const text of texts) {
        fs.writeFileSync(file('a'), text);
        await says('b', text);
    }
    await Promise.all([a.stop(), b.stop()]);
    return path.join(file('a.data'), `${link.split('#/')[1].split('?')[0]}.db`);
}
/** Change a byte of the blob that holds `text`. */
function damage(store, text) {
    const bytes = fs.readFileSync(store);
    const where = bytes.indexOf(text);
    assert.ok(where > 0);
    bytes[where] ^= 1;
    fs.writeFileSync(store, bytes);
}

test('a damaged blob is named, the rest is kept, and what is lost comes back', async (t) => {
    const link = newLink(server.url);
    const text = 'first words\nmiddle words\nlast words\n';
    const store = await filled(t, link, text.slice(0, 12), text.slice(0, 25), text);
    const well = await finish('doctor', store);
    assert.deepEqual([well.code, well.stderr], [0, '']);
    assert.match(well.stdout, /^\S+: well, \d+ blobs of \d+ bytes, which hold \d+ operations of 1 peer$/m);

    damage(store, 'middle words');
    const before = fs.readFileSync(store);
    const ill = await finish('doctor', store);
    assert.equal(ill.code, 3);
    assert.match(ill.stdout, /^blob \d+, of \d+ bytes: byte \d+: .*checksum/m);
    assert.match(ill.stdout, /: damaged, \d+ blobs/);
    assert.match(ill.stdout, /some wait for others/);
    assert.match(ill.stderr, /--repair/);
    const refused = await finish('join', link, file('a'), '--data', file('a.data'));
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /see lorikeet doctor/);

    const repaired = await finish('doctor', store, '--repair');
    assert.deepEqual([repaired.code, repaired.stderr], [0, '']);
    assert.deepEqual(fs.readFileSync(`${store}.damaged`), before);
    assert.equal((await finish('doctor', store)).code, 0);

    const b = join(t, link, file('b'), { data: file('b.data') });
    const a = join(t, link, undefined, { data: file('a.data') });
    await Promise.all([a.line(/^synced$/), b.line(/^synced$/)]);
    await a.stop();
    fs.rmSync(file('a'));
    join(t, link, file('a'), { data: file('a.data') });
    await until('the text', () => fs.existsSync(file('a')));
    await says('a', text);
});

test('a page of the database that is overwritten costs what stood there', async (t) => {
    const link = newLink(server.url);
    const long = `${'0123456789'.repeat(3000)}\n`;
    const store = await filled(t, link, 'first\n', `first\n${long}`, `first\n${long}end\n`);
    const bytes = fs.readFileSync(store);
    const where = bytes.lastIndexOf('0123456789012345678901234567890123456789');
    bytes.fill(0xff, where - (where % 4096), where - (where % 4096) + 4096);
    fs.writeFileSync(store, bytes);
    assert.equal((await finish('doctor', store)).code, 3);
    const repaired = await finish('doctor', store, '--repair');
    assert.equal(repaired.code, 0, repaired.stderr);
    assert.equal((await finish('doctor', store)).code, 0);
});

test('what a relay keeps is looked at without its key, and repaired', async (t) => {
    const link = newLink(server.url);
    const data = file('relay.data');
    const given = execFileSync(program, ['link', '--relay', link], { encoding: 'utf8' }).trim();
    const keep = async () => {
        const child = new Child(t, program, ['join', '--relay', given, '--data', data]);
        await child.line(/^keeping the room$/);
        return child;
    };
    const relay = await keep();
    fs.writeFileSync(file('c'), 'kept\n');
    const c = join(t, link, file('c'), { data: file('c.data') });
    await c.line(/^synced$/);
    await Promise.all([c.stop(), relay.stop()]);
    const store = path.join(data, fs.readdirSync(data).find((name) => name.endsWith('.sealed')));
    const well = await finish('doctor', store);
    assert.deepEqual([well.code, well.stderr], [0, '']);
    assert.match(well.stdout, /: well, \d+ blobs of \d+ bytes, which hold \d+ operations of \d peers?, sealed$/m);

    const bytes = fs.readFileSync(store);
    bytes[bytes.indexOf('lorikeet-1') - 1]++; // how long it is
    fs.writeFileSync(store, bytes);
    const ill = await finish('doctor', store, '--repair');
    assert.equal(ill.code, 0, ill.stderr);
    assert.match(ill.stdout, /^blob \d+, of \d+ bytes: byte \d+: /m);
    assert.match((await finish('doctor', store)).stdout, /: well, /);

    const again = await keep();
    const back = join(t, link, file('c'), { data: file('c.data') });
    await back.line(/^synced$/);
    await back.stop();
    const d = join(t, link, file('d'), { data: file('d.data') });
    await until('the text', () => fs.existsSync(file('d')));
    await says('d', 'kept\n');
    await Promise.all([d.stop(), again.stop()]);
});

test('a relay', { skip: noCoturn }, async (t) => {
    const relay = await coturn(t, { secret: 'shared' });
    fs.writeFileSync(file('secret'), 'shared\n');
    fs.writeFileSync(file('other'), 'another\n');
    const tell = async (secret) => {
        const args = ['--turn', relay.address, '--turn-secret', file(secret)];
        return finish('doctor', newLink((await serve(t, { args })).url));
    };
    const good = await tell('secret');
    assert.equal(good.code, 0, good.stdout);
    assert.match(good.stdout, /^a relay gives 127\.0\.0\.1, port \d+$/m);
    const bad = await tell('other');
    assert.equal(bad.code, 1);
    assert.match(bad.stdout, /^no relay lets us in$/m);
});

test('what is no store is said to be none, and left alone', async () => {
    const missing = await finish('doctor', file('missing'));
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /No such file/);
    assert.equal(fs.existsSync(file('missing')), false);
    fs.writeFileSync(file('text'), 'no database at all '.repeat(100));
    const other = await finish('doctor', file('text'), '--repair');
    assert.equal(other.code, 3);
    assert.match(other.stderr, /not a database/);
    assert.equal((await finish('doctor')).code, 64);
});

test('the network: the server, the addresses, and how others see them', async (t) => {
    const link = newLink(server.url);
    const plain = await finish('doctor', link);
    assert.deepEqual([plain.code, plain.stderr], [0, '']);
    assert.match(plain.stdout, /^the server answers\naddresses here: .*127\.0\.0\.1.*\nno STUN server is named/);

    const named = await serve(t, { args: ['--stun', (await stun(t, 7777)).address] });
    const seen = await finish('doctor', newLink(named.url));
    assert.equal(seen.code, 0, seen.stdout);
    assert.match(seen.stdout, /^127\.0\.0\.1 is seen from outside as 192\.0\.2\.7, port 7777$/m);
    assert.match(seen.stdout, /^every server that was asked answers$/m);

    const { address: other } = await stun(t, 8888);
    const symmetric = await finish('doctor', newLink(named.url), '--stun', other);
    assert.equal(symmetric.code, 1);
    assert.match(symmetric.stdout, /symmetric NAT/);

    const { address: deaf } = await stun(t, 7777, { lost: Infinity });
    const silent = await finish('doctor', link, '--stun', deaf);
    assert.equal(silent.code, 1);
    assert.match(silent.stdout, /a STUN or TURN server does not answer/);

    const nobody = await finish('doctor', link.replace(/:\d+\//, ':1/'));
    assert.equal(nobody.code, 1);
    assert.match(nobody.stdout, /the server is not there/);
});
