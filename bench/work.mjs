// What all works need: the clock, the same numbers for everyone, traces, and what documents are
// saved as.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** The CPU time of `act`, in milliseconds. */
export function cpu(act) {
    const start = process.cpuUsage();
    act();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
}

/** Whoever needs more than this for what is done over and over is stopped there. */
export const PATIENCE_MS = 10_000;

/**
 * Act `count` times, or as often as PATIENCE_MS allows: the CPU time of one in milliseconds, and
 * how many they were.
 */
export function each(count, act) {
    let spent = 0;
    let done = 0;
    while (done < count && spent < PATIENCE_MS) {
        const end = Math.min(count, done + Math.max(1, count >> 6));
        spent += cpu(() => {
            for (; done < end; done++) act(done);
        });
    }
    return [spent / done, done];
}

/** The same numbers on every run and for every library. */
export function numbers(seed) {
    return (below) => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
        return (seed >>> 8) % below;
    };
}

// ---- traces ----

const folder = process.env.TRACES;
const files = folder ? readdirSync(folder).filter((name) => name.endsWith('.json.gz')) : [];
const names = files.map((name) => name.replace('.json.gz', ''));

export const readTrace = (name) =>
    JSON.parse(gunzipSync(readFileSync(join(folder, `${name}.json.gz`))));
export const concurrentTraces = names.filter((name) => name.endsWith('_concurrent'));
export const sequentialTraces = names.filter((name) => !name.endsWith('_concurrent'));

export function edit(doc, patches) {
    for (const [pos, removed, added] of patches) {
        if (removed > 0) doc.remove(pos, removed);
        if (added) doc.insert(pos, added);
    }
}

export function replay(Document, trace, commitEach, doc = new Document(1)) {
    for (const { patches } of trace.txns) {
        edit(doc, patches);
        if (commitEach) doc.commit();
    }
    doc.commit();
    return doc;
}

// ---- documents that are saved ----

export const assertSame = (a, b) => assert.deepEqual(a.content(), b.content());

/** A document saved in the first of these forms that its library has, and which that is. */
export function stored(doc, forms = ['snapshot', 'update']) {
    for (const form of forms) {
        const bytes = doc.save(form);
        if (bytes !== undefined) return [bytes, form];
    }
    return undefined;
}

/** Save in every one of these forms there is, and open that and read it. */
export function saveAndOpen(Document, doc, forms = ['update', 'snapshot']) {
    const figures = {};
    for (const form of forms) {
        let bytes;
        const save = cpu(() => (bytes = doc.save(form)));
        if (bytes === undefined) continue;
        const copy = new Document(2, true);
        const open = cpu(() => {
            copy.open(bytes, form);
            copy.content();
        });
        assertSame(doc, copy);
        copy.free();
        figures[`${form}, save`] = [save, 'ms'];
        figures[`${form}, open and read`] = [open, 'ms'];
        figures[`${form}, size`] = [bytes.length, 'bytes'];
    }
    return figures;
}
