// The works of dmonad/crdt-benchmarks: B1, one peer edits and another follows; B2, two edit at
// once; B3, many do; B4, an editing trace, also ten and a hundred times into one document.
import { assertSame, cpu, each, numbers, readTrace, replay } from './work.mjs';
import { saveAndOpen, sequentialTraces, stored } from './work.mjs';

const COUNT = 6_000;
const CLIENTS = 1_540;
const START = 'a'.repeat(100);

/** How long the text (or the list) is, since not every library tells in no time. */
const lengthOf = new WeakMap();
function grow(doc, by) {
    const length = lengthOf.get(doc) ?? 0;
    lengthOf.set(doc, length + by);
    return length;
}
const letters = (random, count) =>
    Array.from({ length: count }, () => String.fromCharCode(97 + random(26))).join('');
const lettersIn = (random) => letters(random, 1);
const wordIn = (random) => letters(random, 2 + random(8));

function insertAnywhere(doc, random, text) {
    doc.insert(random(grow(doc, text.length) + 1), text);
}
function insertOrRemove(doc, random) {
    const length = grow(doc, 0);
    if (length < 10 || random(2) === 0) {
        insertAnywhere(doc, random, wordIn(random));
        return;
    }
    const pos = random(length);
    const len = Math.min(length - pos, 1 + random(9));
    grow(doc, -len);
    doc.remove(pos, len);
}

/** One peer's transactions, each of which goes to the other. */
function follow(transactions, transact) {
    return ({ Document }) => {
        const random = numbers(5);
        const a = new Document(1, true);
        const b = new Document(2, true);
        let bytes = 0;
        const [time, done] = each(transactions, (i) => {
            transact(a, random, i);
            const update = a.commit();
            bytes += update.length;
            b.receive(update);
        });
        if (done < transactions) return {};
        assertSame(a, b);
        const figures = {
            'made and received': [time * transactions, 'ms'],
            'bytes of an update': [bytes / transactions, 'bytes'],
            ...saveAndOpen(Document, a),
        };
        a.free();
        b.free();
        return figures;
    };
}

/** Both make one transaction of many edits; then each gets the other's. */
function atOnce(act) {
    return ({ Document }) => {
        const a = new Document(1, true);
        const b = new Document(2, true);
        a.insert(0, START);
        b.receive(a.commit());
        const updates = [a, b].map((doc, i) => {
            grow(doc, START.length);
            act(doc, numbers(6 + i));
            return doc.commit();
        });
        const time = cpu(() => {
            a.receive(updates[1]);
            b.receive(updates[0]);
        });
        assertSame(a, b);
        const figures = {
            'both receive': [time, 'ms'],
            'bytes of both updates': [updates[0].length + updates[1].length, 'bytes'],
            ...saveAndOpen(Document, a),
        };
        a.free();
        b.free();
        return figures;
    };
}
const repeat = (act) => (doc, random) => {
    for (let i = 0; i < COUNT; i++) act(doc, random);
};

/** Every client makes one transaction in a document of its own; one gets them all. */
function manyClients(transact) {
    return ({ Document }) => {
        const updates = Array.from({ length: CLIENTS }, (_, i) => {
            const client = new Document(i + 10, true);
            transact(client, i);
            const update = client.commit();
            client.free();
            return update;
        });
        const all = new Document(1);
        const time = cpu(() => {
            all.receiveAll(updates);
            all.content();
        });
        const single = new Document(2);
        const [oneByOne, done] = each(CLIENTS, (i) => single.receive(updates[i]));
        const figures = {
            'all received': [time, 'ms'],
            'received one by one, each': [oneByOne * 1000, 'us'],
            'bytes of all updates': [updates.reduce((sum, u) => sum + u.length, 0), 'bytes'],
            ...saveAndOpen(Document, all),
        };
        if (done === CLIENTS) assertSame(all, single);
        all.free();
        single.free();
        return figures;
    };
}

/** The trace so many times into one document, one transaction each. */
function traceTimes(name, times) {
    const trace = readTrace(name);
    return ({ Document }) => {
        const doc = new Document(1);
        const applied = cpu(() => {
            for (let i = 0; i < times; i++) replay(Document, trace, false, doc);
        });
        const [bytes, form] = stored(doc);
        const copy = new Document(2);
        const open = cpu(() => {
            copy.open(bytes, form);
            copy.text();
        });
        assertSame(doc, copy);
        const first = cpu(() => {
            copy.insert(3, 'x');
            copy.commit();
        });
        const figures = {
            applied: [applied, 'ms'],
            'open and read': [open, 'ms'],
            'open to first edit': [open + first, 'ms'],
            size: [bytes.length, 'bytes'],
        };
        doc.free();
        copy.free();
        return figures;
    };
}

const works = {
    'B1.1 append characters': follow(COUNT, (doc, random) =>
        doc.insert(grow(doc, 1), lettersIn(random)),
    ),
    'B1.2 insert a string of 6,000': follow(1, (doc, random) =>
        doc.insert(0, letters(random, COUNT)),
    ),
    'B1.3 prepend characters': follow(COUNT, (doc, random) => doc.insert(0, lettersIn(random))),
    'B1.4 insert characters anywhere': follow(COUNT, (doc, random) =>
        insertAnywhere(doc, random, lettersIn(random)),
    ),
    'B1.5 insert words anywhere': follow(COUNT, (doc, random) =>
        insertAnywhere(doc, random, wordIn(random)),
    ),
    'B1.7 insert and delete anywhere': follow(COUNT, insertOrRemove),
    'B1.8 append numbers': follow(COUNT, (doc, random) => doc.add(grow(doc, 1), random(1e9))),
    'B1.11 insert numbers anywhere': follow(COUNT, (doc, random) =>
        doc.add(random(grow(doc, 1) + 1), random(1e9)),
    ),
    'B2.1 two insert a string of 6,000': atOnce((doc, random) =>
        doc.insert(0, letters(random, COUNT)),
    ),
    'B2.2 two insert characters': atOnce(
        repeat((doc, random) => insertAnywhere(doc, random, lettersIn(random))),
    ),
    'B2.3 two insert words': atOnce(
        repeat((doc, random) => insertAnywhere(doc, random, wordIn(random))),
    ),
    'B2.4 two insert and delete': atOnce(repeat(insertOrRemove)),
    'B3.1 clients set a number': manyClients((doc, i) => doc.put('v', i)),
    'B3.3 clients set a string': manyClients((doc, i) => doc.put('v', `${i}`.repeat(CLIENTS))),
    'B3.4 clients insert a text in a list': manyClients((doc, i) => doc.addText(`${i}`)),
    'B3.5 clients insert text': manyClients((doc, i) => doc.insert(0, `${i}`)),
};
const everyone = (library) => library.Document !== undefined;

/** By name: who can do it, how it is made, and whether it is done only once. */
export const crdtBenchmarks = Object.fromEntries(
    Object.entries(works).map(([name, act]) => [name, { fits: everyone, make: () => act }]),
);
for (const name of sequentialTraces.filter((trace) => trace === 'automerge-paper')) {
    for (const times of [10, 100]) {
        const make = () => traceTimes(name, times);
        crdtBenchmarks[`B4 x ${times}`] = { fits: everyone, make, once: true };
    }
}
