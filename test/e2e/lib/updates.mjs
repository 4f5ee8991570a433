// What the published loro-crdt makes of the updates a page has stored.
import { LoroDoc } from 'loro-crdt';

// Every run of bytes in every IndexedDB database of the page, as arrays of numbers: this test does
// not know how the page files them.
const STORED_BYTES = `(async () => {
    const wait = (request) => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    const found = [];
    const collect = (value) => {
        if (value instanceof ArrayBuffer) found.push([...new Uint8Array(value)]);
        else if (ArrayBuffer.isView(value)) found.push([...value]);
        else if (value && typeof value === 'object') Object.values(value).forEach(collect);
    };
    for (const { name } of await indexedDB.databases()) {
        const database = await wait(indexedDB.open(name));
        for (const store of database.objectStoreNames)
            collect(await wait(database.transaction(store).objectStore(store).getAll()));
        database.close();
    }
    return found;
})()`;

/** What is stored is signed: 'lksg', a version, a signature, and the blob with its length. */
function* blobs(bytes) {
    const begins = (magic) => [...magic].every((letter, i) => bytes[i] === letter.charCodeAt(0));
    while (begins('lksg')) {
        let at = 4 + 1 + 64;
        let length = 0;
        for (let shift = 0; ; shift += 7) {
            length += (bytes[at] & 127) << shift;
            if (bytes[at++] < 128) break;
        }
        yield bytes.slice(at, at + length);
        bytes = bytes.slice(at + length);
    }
    if (begins('loro')) yield bytes;
}

/** A loro-crdt document made from what `tab` has stored; bytes that are no Loro blob are left out. */
export async function loroDocument(tab) {
    const doc = new LoroDoc();
    for (const bytes of await tab.evaluate(STORED_BYTES))
        for (const blob of blobs(bytes)) doc.import(new Uint8Array(blob));
    return doc;
}
