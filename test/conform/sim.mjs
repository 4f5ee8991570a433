// Simulated rooms, judged by the published loro-crdt: what peers on a network that breaks came to
// must be what it makes of the same updates. A fifth as many play over datagrams.
//
//   room_sim_test --record ─► updates ─► LoroDoc ─► the same JSON and version
//
// usage: [SEED=n] [COUNT=n] [SIM=program] node sim.mjs      Ends with "N passed, N failed".
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LoroDoc } from 'loro-crdt';

const seed = process.env.SEED ?? String(Date.now());
const count = Number(process.env.COUNT ?? 20);
const program =
    process.env.SIM ?? fileURLToPath(new URL('../../build/test/room_sim_test', import.meta.url));

let passed = 0;
let failed = 0;

function judge({ json, version, updates }) {
    const doc = new LoroDoc();
    // Roots that were opened are in the JSON, written to or not, and every peer opened these.
    doc.getText('text');
    doc.getMovableList('list');
    doc.getMap('map');
    const status = doc.importBatch(updates.map((hex) => Buffer.from(hex, 'hex')));
    assert.equal(status.pending, null);
    assert.deepEqual(doc.toJSON(), json);
    assert.deepEqual(Object.fromEntries(doc.version().toJSON()), version);
}

async function play(over, count) {
    const child = spawn(program, ['--record', over, '--seeds', String(count), seed], {
        stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const played = new Set(); // a seed may have several documents
    for await (const line of readline.createInterface({ input: child.stdout })) {
        const run = JSON.parse(line);
        played.add(run.seed);
        try {
            judge(run);
            passed++;
        } catch (error) {
            failed++;
            console.log(`failed: ${over} seed ${run.seed}, ${run.peers} peers: ${error.message}`);
        }
    }
    if ((await ended) !== 0 || played.size !== count) failed++;
}

await play('--messages', count);
await play('--network', Math.ceil(count / 5));
console.log(`conform: simulated rooms beside loro-crdt, ${count} seeds from ${seed}`);
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
