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

/** A loro-crdt document made from what `tab` has stored; bytes that are no Loro blob are left out. */
export async function loroDocument(tab) {
    const doc = new LoroDoc();
    const magic = [...'loro'].map((character) => character.charCodeAt(0));
    for (const bytes of await tab.evaluate(STORED_BYTES))
        if (magic.every((byte, index) => bytes[index] === byte)) doc.import(new Uint8Array(bytes));
    return doc;
}
