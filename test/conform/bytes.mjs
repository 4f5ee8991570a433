// A reader of Loro's bytes (docs/FORMAT.md) of its own: what a blob says, without what writers are free
// to choose. Loro walks hash maps, so that blocks, peers, names, dependencies and the entries of maps
// come in orders of chance; and how a block of a table is packed is taste.
//
//   blob ─► mode ─► updates:  blocks ──────────────────────────────────► changes, operations
//                └► snapshot: history, state, root ─► tables ─► pairs ─┴► states of containers

const utf8 = new TextDecoder('utf-8', { fatal: true });

class Reader {
    constructor(bytes) {
        this.bytes = bytes;
        this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        this.at = 0;
    }
    get left() {
        return this.bytes.length - this.at;
    }
    take(length) {
        if (length > this.left) throw new Error('the bytes end too early');
        this.at += length;
        return this.bytes.subarray(this.at - length, this.at);
    }
    u8() {
        return this.take(1)[0];
    }
    fixed(type, length, little = true) {
        this.take(length);
        return this.view[`get${type}`](this.at - length, little);
    }
    u16 = () => this.fixed('Uint16', 2);
    u32 = () => this.fixed('Uint32', 4);
    u64 = () => String(this.fixed('BigUint64', 8));
    /** A BigInt only where a number does not do. */
    leb(signed) {
        let value = 0n;
        let shift = 0n;
        let byte;
        do {
            byte = this.u8();
            value |= BigInt(byte & 0x7f) << shift;
            shift += 7n;
        } while (byte & 0x80);
        if (signed && byte & 0x40) value -= 1n << shift;
        const small = Number(value);
        return Number.isSafeInteger(small) ? small : value;
    }
    uleb = () => this.leb(false);
    sleb = () => this.leb(true);
    zigzag() {
        const n = BigInt(this.uleb());
        const value = n & 1n ? -(n + 1n) / 2n : n / 2n;
        const small = Number(value);
        return Number.isSafeInteger(small) ? small : value;
    }
    slice = () => this.take(this.uleb());
    sub = () => new Reader(this.slice());
    str = () => utf8.decode(this.slice());
    array(item) {
        return Array.from({ length: this.uleb() }, () => item(this));
    }
    rest(item) {
        const out = [];
        while (this.left > 0) out.push(item(this));
        return out;
    }
    expect(...numbers) {
        for (const number of numbers)
            if (this.uleb() !== number) throw new Error(`${number} columns or fields expected`);
    }
    done(what) {
        if (this.left > 0) throw new Error(`${this.left} bytes behind ${what}`);
    }
}

// ---- columns ----

const u8 = (r) => r.u8();
const uleb = (r) => r.uleb();
const zigzag = (r) => r.zigzag();

/** Rows of a column, one at a time. */
function anyRle(r, item) {
    let left = 0;
    let same;
    const next = () => {
        if (left === 0) {
            left = r.zigzag();
            if (left > 0) same = item(r);
        }
        if (left > 0) {
            left--;
            return same;
        }
        left++;
        return item(r);
    };
    next.more = () => left !== 0 || r.left > 0;
    return next;
}
function deltaRle(r) {
    const next = anyRle(r, zigzag);
    let value = 0;
    return Object.assign(() => (value += next()), { more: next.more });
}
function boolRle(r) {
    let left = r.left > 0 ? r.uleb() : 0;
    let value = false;
    return () => {
        while (left === 0) {
            value = !value;
            left = r.uleb();
        }
        left--;
        return value;
    };
}
const rows = (length, next) => Array.from({ length }, next);

const STEPS = [
    [7, 63],
    [9, 255],
    [12, 2047],
    [21, 1048575],
];
/** Numbers whose differences differ little, in bits; all at once, for its end is known by reading. */
function deltaOfDelta(r, length) {
    const has = r.u8();
    const first = has ? r.zigzag() : undefined;
    const used = r.u8();
    let bit = 0;
    const { bytes, at } = r;
    const bits = (count) => {
        let value = 0n;
        for (; count > 0; count--, bit++)
            value = (value << 1n) | BigInt((bytes[at + (bit >> 3)] >> (7 - (bit & 7))) & 1);
        return value;
    };
    const out = has ? [first] : [];
    for (let delta = 0, value = first; out.length < length;) {
        let ones = 0;
        while (ones < 5 && bits(1)) ones++;
        if (ones === 5) delta += Number(BigInt.asIntN(64, bits(64)));
        else if (ones > 0) delta += Number(bits(STEPS[ones - 1][0])) - STEPS[ones - 1][1];
        out.push((value += delta));
    }
    r.take((bit + 7) >> 3);
    if (bit > 0 && ((bit - 1) & 7) + 1 !== used) throw new Error('bits behind a column');
    return out;
}

/** Prefix-compressed strings. */
function positions(r) {
    if (r.left === 0) return [];
    r.expect(1, 2);
    const shared = anyRle(r.sub(), uleb);
    const rests = r.sub();
    let last = '';
    return rests.array((rest) => {
        last = last.slice(0, 2 * shared()) + Buffer.from(rest.slice()).toString('hex');
        return last;
    });
}

// ---- change blocks ----

const KINDS = ['Map', 'List', 'Text', 'Tree', 'MovableList', 'Counter'];

/** A value of an operation. */
function opValue(r, keys) {
    const tag = r.u8();
    switch (tag) {
        case 0: return null;
        case 1: return true;
        case 2: return false;
        case 3: return { int: r.sleb() };
        case 4: return { float: r.fixed('Float64', 8, false) };
        case 5: return r.str();
        case 6: return r.slice();
        case 7: return r.array(() => opValue(r, keys));
        case 8: return Object.fromEntries(r.array(() => [keys[r.uleb()], opValue(r, keys)]));
        case 9: return { made: KINDS[r.u8()] };
        default: throw new Error(`no such value: ${tag}`);
    }
}

/** What stands in `values` for an operation, and in `deletes`. */
function payload(tag, { values: r, keys, peers, positions, nextDelete }, inMap) {
    const id = () => `${peers[r.uleb()]}:${r.uleb()}`;
    switch (tag) {
        case 0: return 'end';
        case 3: return r.sleb();
        case 4: return r.fixed('Float64', 8, false);
        case 5: return r.str();
        case 8: return 'deleted';
        case 9: return nextDelete();
        case 11: return opValue(r, keys);
        case 12: return [r.u8(), r.uleb(), keys[r.uleb()], opValue(r, keys)];
        case 14: return [r.uleb(), id()];
        case 15: return [id(), opValue(r, keys)];
        case 16: {
            const node = id();
            const position = positions[r.uleb()];
            const parent = r.u8() ? 'root' : id();
            return [node, parent, parent === '18446744073709551615:2147483647' || position];
        }
        default: throw new Error(`no such operation: ${tag} ${inMap}`);
    }
}

function changesOf(block, [header, meta], peers) {
    const { count } = block;
    const lengths = rows(count - 1, () => header.uleb());
    lengths.push(block.atoms - lengths.reduce((sum, length) => sum + length, 0));
    const onOwn = rows(count, boolRle(header));
    const others = rows(count, anyRle(header, uleb));
    const total = others.reduce((sum, n) => sum + n, 0);
    const depPeers = rows(total, anyRle(header, uleb)).map((index) => peers[index]);
    const depCounters = deltaOfDelta(header, total);
    const lamports = deltaOfDelta(header, count - 1);
    header.done('a header');
    const times = deltaOfDelta(meta, count);
    const messages = rows(count, anyRle(meta, uleb)).map((length) => utf8.decode(meta.take(length)));
    meta.done('what is said of changes');
    lamports.push(block.lamport + block.span - lengths[count - 1]);
    let dep = 0;
    return lengths.map((length, i) => ({
        length,
        lamport: lamports[i],
        time: times[i],
        message: messages[i],
        onOwn: onOwn[i],
        deps: rows(others[i], () => `${depCounters[dep]}@${depPeers[dep++]}`).sort(),
    }));
}

function containersOf(r, peers, keys) {
    return r.array(() => {
        r.expect(4);
        const root = r.u8();
        const kind = KINDS[r.u8()];
        const peer = r.uleb();
        const n = r.zigzag();
        return root ? `${keys[n]}:${kind}` : `${n}@${peers[peer]}:${kind}`;
    });
}

/** [container, prop, tag, length, payload]; an insert that goes on where the last one ended is part of it. */
function addOp(ops, op) {
    const last = ops[ops.length - 1];
    const [container, prop, tag, length, what] = op;
    const inserts = tag === 5 || (tag === 11 && typeof prop === 'number');
    if (inserts && last?.[0] === container && last[2] === tag && last[1] + last[3] === prop) {
        last[3] += length;
        last[4] = last[4].concat(what);
    } else ops.push(op);
}

function opsOf(r, cids, tables) {
    r.expect(1, 4);
    const [containers, props, tags, atoms] = rows(4, () => r.sub());
    r.done('operations');
    const nexts = [deltaRle(containers), deltaRle(props), anyRle(tags, u8), anyRle(atoms, uleb)];
    const out = [];
    for (let covered = 0; covered < tables.atoms;) {
        const [cid, prop, tag, length] = nexts.map((next) => next());
        const container = cids[cid];
        const keyed = container.endsWith(':Map');
        const what = payload(tag, tables, container);
        covered += length;
        addOp(out, [container, keyed ? tables.keys[prop] : prop, tag, length, what]);
    }
    tables.values.done('values');
    return out;
}

function deletesOf(r, peers) {
    if (r.left === 0) return undefined;
    r.expect(1, 3);
    const [peer, counter, length] = rows(3, () => deltaRle(r.sub()));
    return () => [peers[peer()], counter(), length()];
}

function changeBlock(r) {
    const [counter, atoms, lamport, span, count] = rows(5, () => r.uleb());
    const sections = rows(8, () => r.sub());
    r.done('a block');
    const [header, , cids, strings, sorted, ops, deletes, values] = sections;
    const peers = header.array(() => header.u64());
    const keys = strings.rest(() => strings.str());
    const changes = changesOf({ atoms, lamport, span, count }, sections, peers);
    const nextDelete = deletesOf(deletes, peers);
    const tables = { atoms, values, keys, peers, positions: positions(sorted), nextDelete };
    const containers = containersOf(cids, peers, keys);
    // which names there are, not where they stand
    const names = [...peers.slice(1), ...keys, ...containers, ...tables.positions];
    return { peer: peers[0], counter, atoms, changes, ops: opsOf(ops, containers, tables), names };
}

/** Blocks by author and counter; those that follow one another are one. */
function joinedBlocks(blocks) {
    const out = [];
    blocks.sort((a, b) => (a.peer < b.peer ? -1 : a.peer > b.peer ? 1 : a.counter - b.counter));
    for (const block of blocks) {
        const last = out[out.length - 1];
        if (last?.peer === block.peer && last.counter + last.atoms === block.counter) {
            last.atoms += block.atoms;
            last.changes.push(...block.changes);
            for (const op of block.ops) addOp(last.ops, op);
            last.names.push(...block.names);
        } else out.push(block);
    }
    for (const block of out) block.names = [...new Set(block.names)].sort();
    return out;
}

// ---- tables ----

/** An LZ4 frame of independent blocks. */
function unpacked(bytes) {
    const r = new Reader(bytes);
    if (r.u32() !== 0x184d2204) throw new Error('not an LZ4 frame');
    r.take(3);
    const out = [];
    for (let size; (size = r.u32()) !== 0;) {
        const stored = r.take(size & 0x7fffffff);
        if (size >>> 31) out.push(...stored);
        else unpackBlock(new Reader(stored), out);
    }
    r.done('a frame');
    return Uint8Array.from(out);
}
function unpackBlock(r, out) {
    const long = (n) => {
        for (let more = n === 15 ? 255 : 0; more === 255; n += more) more = r.u8();
        return n;
    };
    while (r.left > 0) {
        const token = r.u8();
        out.push(...r.take(long(token >> 4)));
        if (r.left === 0) return;
        const from = out.length - r.u16();
        const length = long(token & 15) + 4;
        for (let i = 0; i < length; i++) out.push(out[from + i]);
    }
}

function blockPairs(bytes, first, pairs) {
    const r = new Reader(bytes);
    const count = r.view.getUint16(bytes.length - 2, true);
    const end = bytes.length - 2 - 2 * count;
    const starts = rows(count, (_, i) => r.view.getUint16(end + 2 * i, true));
    starts.forEach((start, i) => {
        const entry = new Reader(bytes.subarray(start, starts[i + 1] ?? end));
        let key = first;
        if (i > 0) {
            const shared = entry.u8();
            key = Buffer.concat([first.subarray(0, shared), entry.take(entry.u16())]);
        }
        pairs.push([key, entry.take(entry.left)]);
    });
}

/** Pairs of a table, in order. */
function pairsOf(bytes) {
    if (bytes.length === 0) return [];
    const r = new Reader(bytes);
    if (utf8.decode(r.take(4)) !== 'LORO' || r.u8() !== 0) throw new Error('not a table');
    r.at = r.view.getUint32(bytes.length - 4, true);
    const index = r.at;
    const metas = rows(r.u32(), () => {
        const start = r.u32();
        const key = r.take(r.u16());
        const flags = r.u8();
        if ((flags & 0x80) === 0) r.take(r.u16());
        return { start, key, flags };
    });
    const pairs = [];
    metas.forEach(({ start, key, flags }, i) => {
        const stored = bytes.subarray(start, (metas[i + 1]?.start ?? index) - 4);
        const body = flags & 0x7f ? unpacked(stored) : stored;
        if (flags & 0x80) pairs.push([key, body]);
        else blockPairs(body, key, pairs);
    });
    return pairs;
}

// ---- states ----

// Kinds are numbered otherwise in ids.
const ID_KINDS = ['Text', 'Map', 'List', 'MovableList', 'Tree', 'Counter'];

function containerId(r) {
    if (r.u8() === 0) {
        const name = r.str();
        return `${name}:${ID_KINDS[r.u8()]}`;
    }
    const peer = r.uleb();
    return `${r.zigzag()}@${peer}:${ID_KINDS[r.u8()]}`;
}

function stateValue(r) {
    const tag = r.u8();
    switch (tag) {
        case 0: return null;
        case 1: return Boolean(r.u8());
        case 2: return { float: r.fixed('Float64', 8) };
        case 3: return { int: r.zigzag() };
        case 4: return r.str();
        case 5: return r.array(stateValue);
        case 6: return Object.fromEntries(r.array(() => [r.str(), stateValue(r)]));
        case 7: return { container: containerId(r) };
        case 8: return r.slice();
        default: throw new Error(`no such value: ${tag}`);
    }
}

const peersOf = (r) => r.array(() => r.u64());

/** Columns of ids: peer, counter, Lamport time. */
function idColumns(r, peers) {
    const [peer, counter, ahead] = rows(3, () => deltaRle(r.sub()));
    return () => {
        const at = counter();
        return `${at}@${peers[peer()]}/${at + ahead()}`;
    };
}
function stampColumns(r, peers) {
    r.expect(2);
    const [peer, lamport] = rows(2, () => deltaRle(r.sub()));
    return () => `${lamport()}@${peers[peer()]}`;
}

/** Text that goes on where the last of it ended is part of it. */
function addSpan(spans, span) {
    const last = spans[spans.length - 1];
    const goes =
        last?.length > 0 &&
        span.length > 0 &&
        last.peer === span.peer &&
        last.counter + last.length === span.counter &&
        last.ahead === span.ahead;
    if (goes) last.length += span.length;
    else spans.push(span);
}

const STATES = {
    Map(r) {
        const live = Object.fromEntries(r.array(() => [r.str(), stateValue(r)]));
        const keys = [...Object.keys(live), ...r.array(() => r.str())];
        const order = keys.map((key) => Buffer.from(key)).sort(Buffer.compare);
        const peers = peersOf(r);
        const writers = order.map((key) => [String(key), peers[r.uleb()], r.uleb()]);
        return { live, writers };
    },
    List(r) {
        const values = r.array(stateValue);
        const peers = peersOf(r);
        r.expect(1, 3);
        return { values, ids: rows(values.length, idColumns(r, peers)) };
    },
    Text(r) {
        const text = r.str();
        const peers = peersOf(r);
        r.expect(3, 4);
        const columns = rows(4, () => r.sub());
        const [peer, counter, ahead, length] = columns.map((column) => deltaRle(column));
        const spans = [];
        const keys = r.array(() => r.str());
        const marks = r.array(() => {
            r.expect(3);
            return [keys[r.uleb()], stateValue(r), r.u8()];
        });
        while (length.more()) {
            const span = { peer: peers[peer()], counter: counter(), ahead: ahead(), length: length() };
            addSpan(spans, span);
        }
        return { text, spans, keys: keys.sort(), marks };
    },
    Tree(r) {
        const peers = peersOf(r);
        r.expect(4, 2);
        const [peer, counter] = rows(2, () => deltaRle(r.sub()));
        r.expect(5);
        const parent = deltaRle(r.sub());
        const moves = idColumns(r, peers);
        const places = r.sub();
        const sorted = positions(r.sub());
        r.slice();
        return places.array(() => ({
            node: `${counter()}@${peers[peer()]}`,
            parent: parent(),
            move: moves(),
            position: sorted[places.uleb()],
        }));
    },
    MovableList(r) {
        const values = r.array(stateValue);
        const peers = peersOf(r);
        r.expect(4, 3);
        const [empty, first, unset] = [deltaRle(r.sub()), boolRle(r.sub()), boolRle(r.sub())];
        r.expect(3);
        const ids = idColumns(r, peers);
        const elements = stampColumns(r, peers);
        const writers = stampColumns(r, peers);
        return rows(values.length + 1, (_, i) => {
            const [after, asInserted, asFirst] = [empty(), first(), unset()];
            if (i === 0) return { after: rows(after, ids) };
            return {
                value: values[i - 1],
                id: ids(),
                element: asInserted || elements(),
                writer: asFirst || writers(),
                after: rows(after, ids),
            };
        });
    },
    Counter: (r) => (r.left > 0 ? r.fixed('Float64', 8) : 0),
};

function stateOf(bytes) {
    const r = new Reader(bytes);
    const kind = KINDS[r.u8()];
    const depth = r.uleb();
    const parent = r.u8() ? containerId(r) : undefined;
    const state = STATES[kind](r);
    r.done(`the state of a ${kind}`);
    return { kind, depth, parent, state };
}

// ---- all ----

const vv = (bytes) =>
    Object.fromEntries(new Reader(bytes).array((r) => [`peer ${r.uleb()}`, r.zigzag()]));
const name = (key) => Buffer.from(key).toString('hex');

function history(bytes) {
    const out = {};
    const blocks = [];
    for (const [key, value] of pairsOf(bytes)) {
        if (key.length === 2) out[utf8.decode(key)] = vv(value);
        else blocks.push(changeBlock(new Reader(value)));
    }
    return { ...out, blocks: joinedBlocks(blocks) };
}
/** Does nothing stand in the state of a container that is not a root? */
const isBlank = ({ depth, state }) =>
    depth > 1 &&
    (state === 0 || !/[^[\]{}:,"]/.test(JSON.stringify(state).replace(/"[a-z]+":/g, '')));

function states(bytes) {
    if (bytes.length === 1) return utf8.decode(bytes);
    const out = {};
    for (const [key, value] of pairsOf(bytes)) {
        const state = key.length === 2 ? vv(value) : stateOf(value);
        if (key.length === 2 || !isBlank(state)) out[name(key)] = state;
    }
    return out;
}

/** What a blob says. */
export function blobOf(bytes) {
    const r = new Reader(bytes);
    r.take(20);
    const mode = r.fixed('Uint16', 2, false);
    if (mode === 3) {
        const [log, state, root] = rows(3, () => r.take(r.u32()));
        r.done('a snapshot');
        return { history: history(log), state: states(state), root: states(root) };
    }
    return { blocks: joinedBlocks(r.rest(() => changeBlock(r.sub()))) };
}
