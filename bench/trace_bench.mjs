// Editing traces replayed in Node: Lorikeet's package and loro-crdt, turn and turn about. TRACES names
// a folder of traces in the format of josephg/editing-traces (*.json.gz); without it nothing is run.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const ROUNDS = 3;
const libraries = {
    ours: await import('../web/package/dist/node.js'),
    theirs: await import('loro-crdt'),
};

function replay({ LoroDoc }, trace) {
    const doc = new LoroDoc();
    const text = doc.getText('text');
    for (const { patches } of trace.txns) {
        for (const [at, removed, added] of patches) {
            if (removed > 0) text.delete(at, removed);
            if (added) text.insert(at, added);
        }
        doc.commit();
    }
    return doc;
}

const timed = (act) => {
    const start = performance.now();
    const result = act();
    return [performance.now() - start, result];
};

function round(library, trace) {
    const [replayed, doc] = timed(() => replay(library, trace));
    assert.equal(doc.getText('text').toString(), trace.endContent);
    const [exported, update] = timed(() => doc.export({ mode: 'update' }));
    const other = new library.LoroDoc();
    const [imported] = timed(() => {
        other.import(update);
        return other.getText('text').toString();
    });
    return { replayed: replayed, exported: exported, imported: imported, bytes: update.length };
}

const median = (samples) => samples.sort((a, b) => a - b)[samples.length >> 1];

const folder = process.env.TRACES;
for (const file of folder ? readdirSync(folder).filter((name) => name.endsWith('.json.gz')) : []) {
    const trace = JSON.parse(gunzipSync(readFileSync(join(folder, file))));
    if (
        trace.kind === 'concurrent' ||
        typeof trace.endContent !== 'string' ||
        !trace.txns[0]?.patches
    )
        continue;
    if (trace.txns.some((txn) => txn.parents && txn.parents.length > 1)) continue;
    const samples = { ours: [], theirs: [] };
    for (let i = 0; i < ROUNDS; i++)
        for (const side of ['ours', 'theirs']) samples[side].push(round(libraries[side], trace));
    const name = file.replace('.json.gz', '');
    for (const what of ['replayed', 'exported', 'imported', 'bytes']) {
        const [ours, theirs] = ['ours', 'theirs'].map((side) =>
            median(samples[side].map((sample) => sample[what])),
        );
        const unit = what === 'bytes' ? 'bytes' : 'ms';
        console.log(
            `trace ${name}, beside loro-crdt: ${what === 'bytes' ? 'update' : what}\t` +
                `${ours.toFixed(unit === 'ms' ? 2 : 0)}\t${theirs.toFixed(unit === 'ms' ? 2 : 0)}\t${unit}`,
        );
    }
}
