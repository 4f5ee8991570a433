// Messages and presence, ours beside the published loro-protocol and EphemeralStore.
//
//   random message ─► their bytes ─► room_echo ─► the same bytes
//   damaged bytes  ─► what we read, they read too, to the same bytes
//   random states  ─► their update ─► room_echo ─► the same JSON; our bytes ─► their store ─► the same
//
// usage: [SEED=n] [COUNT=n] [ECHO=program] node room.mjs      Ends with "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EphemeralStore } from 'loro-crdt';
import { encode, tryDecode } from 'loro-protocol';
import { randomSource } from './history.mjs';

const random = randomSource(Number(process.env.SEED ?? 1));
const count = Number(process.env.COUNT ?? 2000);
const program =
    process.env.ECHO ?? fileURLToPath(new URL('../../build/test/room_echo', import.meta.url));

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const below = (n) => random.below(n);
const pick = (list) => list[below(list.length)];
const bytes = (max) => Uint8Array.from({ length: below(max + 1) }, () => below(256));
const letters = ['a', 'Z', ' ', '"', '\\', '\n', '\u0001', 'é', '漢', '🦜', '\u2028'];
const text = (max) => Array.from({ length: below(max + 1) }, () => pick(letters)).join('');
const batch = () => `0x${hex(Uint8Array.from({ length: 8 }, () => below(256)))}`;

/** A message of any type, with every field it can have. */
function message() {
    const type = below(9);
    const crdts = ['%LOR', '%EPH', '%EPS', '%YJS', '%YAW', '%ELO', '%FLO'];
    const base = { type, crdt: pick(crdts), roomId: text(20) };
    const number = () => pick([0, 1, 127, 128, 16383, 16384, below(2 ** 31)]);
    switch (type) {
        case 0: return { ...base, auth: bytes(200), version: bytes(200) };
        case 1: return { ...base, permission: pick(['read', 'write']), version: bytes(9), extra: bytes(9) };
        case 2: {
            const code = pick([0, 1, 2, 127]);
            const more = code === 1 ? { receiverVersion: bytes(9) } : { appCode: text(9) };
            return { ...base, code, message: text(30), ...(code % 126 === 1 ? more : {}) };
        }
        case 3: return { ...base, updates: Array.from({ length: below(5) }, () => bytes(300)), batchId: batch() };
        case 4: return { ...base, batchId: batch(), fragmentCount: number(), totalSizeBytes: number() };
        case 5: return { ...base, batchId: batch(), index: number(), fragment: bytes(300) };
        case 6: return { ...base, code: pick([1, 2, 127]), message: text(30) };
        case 8: return { ...base, refId: batch(), status: pick([0, 1, 3, 4, 5, 6, 7, 127]) };
        default: return base;
    }
}

function damaged(good) {
    const bad = Uint8Array.from(good);
    for (let n = 1 + below(3); n > 0; n--) bad[below(bad.length)] = pick([0, 1, 127, 128, 255, below(256)]);
    return below(2) ? bad : bad.slice(0, below(bad.length));
}

function value(depth) {
    const numbers = [0, -1, 1.5, 1e21, 5e-324, 0.1, 2 ** 53, -(2 ** 40), below(1000)];
    switch (below(depth > 0 ? 6 : 4)) {
        case 0: return pick([null, true, false]);
        case 1: return pick(numbers);
        case 2: return text(12);
        case 3: return bytes(5);
        case 4: return Array.from({ length: below(4) }, () => value(depth - 1));
        default: return Object.fromEntries(Array.from({ length: below(4) }, () => [text(4), value(depth - 1)]));
    }
}

/** Keys in order, binary as numbers: what both sides' JSON is compared as. */
function plain(v) {
    if (v instanceof Uint8Array) return Array.from(v);
    if (Array.isArray(v)) return v.map(plain);
    if (v === null || typeof v !== 'object') return v;
    return Object.fromEntries(Object.keys(v).sort().map((key) => [key, plain(v[key])]));
}
const same = (a, b) => JSON.stringify(plain(a)) === JSON.stringify(plain(b));

const cases = []; // { line, check(answer) }
for (let i = 0; i < count; i++) {
    const good = encode(message());
    cases.push({ line: `frame ${hex(good)}`, check: (answer) => answer === hex(good) });
    const bad = damaged(good);
    const check = (answer) => {
        if (answer === 'refused') return true;
        const theirs = tryDecode(bad);
        return theirs !== undefined && hex(encode(theirs)) === answer;
    };
    cases.push({ line: `frame ${hex(bad)}`, check });
}
const stores = [];
for (let i = 0; i < count / 4; i++) {
    const store = new EphemeralStore(60_000);
    stores.push(store);
    for (let n = below(5); n > 0; n--) store.set(text(5), value(3));
    if (below(3) === 0 && store.keys().length > 0) store.delete(pick(store.keys()));
    const check = (answer) => {
        const [ours, ...json] = answer.split(' ');
        const back = new EphemeralStore(60_000);
        stores.push(back);
        back.apply(Buffer.from(ours, 'hex'));
        const states = store.getAllStates();
        return same(JSON.parse(json.join(' ')), states) && same(back.getAllStates(), states);
    };
    cases.push({ line: `presence ${hex(store.encodeAll())}`, check });
}

const input = cases.map(({ line }) => `${line}\n`).join('');
const echo = spawnSync(program, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
const answers = echo.stdout.split('\n');
let failed = 0;
cases.forEach(({ line, check }, i) => {
    let ok = false;
    try {
        ok = check(answers[i] ?? '');
    } catch {
        ok = false;
    }
    if (!ok && ++failed <= 10) console.log(`failed: ${line}\n  answer: ${answers[i]}`);
});
for (const store of stores) store.destroy();
console.log(`${cases.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 && echo.status === 0 ? 0 : 1);
