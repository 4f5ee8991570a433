// The libraries that are measured under Node, each behind the same few calls. A document has a
// text, a map and a list:
//
//   insert(pos, text), remove(pos, len)   in the text, in UTF-16 code units
//   put(key, value), get(key)             in the map
//   add(pos, number), addText(string)     in the list; a text at its front
//   commit()                              ends a transaction; the update, if it `listens`
//   receive(update), receiveAll(updates)  from commit() of other documents
//   save(form)                            "update": everything; "snapshot": what takes less or
//                                         opens faster; "shallow snapshot": without the past;
//                                         undefined: it has no such form
//   open(saved, form)                     what another document saved, into this one, which is new
//   text(), content()                     of the whole document, as a plain object
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(import.meta.url);
const version = (name) =>
    JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;

/** To most, what was saved is an update like any other, and memory is the collector's. */
class Document {
    open(saved) {
        this.receive(saved);
    }
    receiveAll(updates) {
        for (const update of updates) this.receive(update);
    }
    free() {}
}

/** Lorikeet's package and loro-crdt: one API, two engines. */
function loroDocument({ LoroDoc, LoroText }) {
    return class extends Document {
        constructor(peer, listens = false) {
            super();
            this.doc = new LoroDoc();
            this.doc.setPeerId(BigInt(peer));
            this.shared = this.doc.getText('text');
            this.map = this.doc.getMap('map');
            this.list = this.doc.getList('list');
            if (listens) this.doc.subscribeLocalUpdates((update) => (this.update = update));
        }
        insert(pos, text) {
            this.shared.insert(pos, text);
        }
        remove(pos, len) {
            this.shared.delete(pos, len);
        }
        put(key, value) {
            this.map.set(key, value);
        }
        get(key) {
            return this.map.get(key);
        }
        add(pos, number) {
            this.list.insert(pos, number);
        }
        addText(string) {
            this.list.insertContainer(0, new LoroText()).insert(0, string);
        }
        commit() {
            this.doc.commit();
            return this.update;
        }
        receive(update) {
            this.doc.import(update);
        }
        receiveAll(updates) {
            this.doc.importBatch(updates);
        }
        save(form) {
            if (form !== 'shallow snapshot') return this.doc.export({ mode: form });
            return this.doc.export({ mode: 'shallow-snapshot', frontiers: this.doc.frontiers() });
        }
        text() {
            return this.shared.toString();
        }
        content() {
            return this.doc.toJSON();
        }
        free() {
            this.doc.free();
        }
    };
}

/** What Yjs and its port share. They keep no past; what takes less is their second encoding. */
const yDocument = (Y) =>
    class extends Document {
        receive(update) {
            Y.applyUpdate(this.doc, update);
        }
        save(form) {
            if (form === 'update') return Y.encodeStateAsUpdate(this.doc);
            return form === 'snapshot' ? Y.encodeStateAsUpdateV2(this.doc) : undefined;
        }
        open(saved, form) {
            (form === 'snapshot' ? Y.applyUpdateV2 : Y.applyUpdate)(this.doc, saved);
        }
        text() {
            return this.shared.toString();
        }
    };

/** Edits of a transaction are kept until it is committed, since Yjs runs it in a callback. */
function yjsDocument(Y) {
    return class extends yDocument(Y) {
        edits = [];
        constructor(peer, listens = false) {
            super();
            this.doc = new Y.Doc();
            this.doc.clientID = peer;
            this.shared = this.doc.getText('text');
            this.map = this.doc.getMap('map');
            this.list = this.doc.getArray('list');
            if (listens) this.doc.on('update', (update) => (this.update = update));
        }
        insert(pos, text) {
            this.edits.push(() => this.shared.insert(pos, text));
        }
        remove(pos, len) {
            this.edits.push(() => this.shared.delete(pos, len));
        }
        put(key, value) {
            this.edits.push(() => this.map.set(key, value));
        }
        get(key) {
            return this.map.get(key);
        }
        add(pos, number) {
            this.edits.push(() => this.list.insert(pos, [number]));
        }
        addText(string) {
            this.edits.push(() => this.list.insert(0, [new Y.Text(string)]));
        }
        commit() {
            this.doc.transact(() => {
                for (const edit of this.edits) edit();
            });
            this.edits.length = 0;
            return this.update;
        }
        receiveAll(updates) {
            this.doc.transact(() => super.receiveAll(updates));
        }
        content() {
            return { text: this.text(), map: this.map.toJSON(), list: this.list.toJSON() };
        }
        free() {
            this.doc.destroy();
        }
    };
}

function ywasmDocument(Y) {
    return class extends yDocument(Y) {
        constructor(peer, listens = false) {
            super();
            this.doc = new Y.YDoc({ clientID: peer });
            this.shared = this.doc.getText('text');
            this.map = this.doc.getMap('map');
            this.list = this.doc.getArray('list');
            if (listens) this.doc.onUpdate((update) => (this.update = update));
        }
        #open() {
            return (this.transaction ??= this.doc.beginTransaction());
        }
        insert(pos, text) {
            this.shared.insert(pos, text, undefined, this.#open());
        }
        remove(pos, len) {
            this.shared.delete(pos, len, this.#open());
        }
        put(key, value) {
            this.map.set(key, value, this.#open());
        }
        get(key) {
            return this.map.get(key, this.transaction);
        }
        add(pos, number) {
            this.list.insert(pos, [number], this.#open());
        }
        addText(string) {
            this.list.insert(0, [new Y.YText(string)], this.#open());
        }
        commit() {
            this.transaction?.free();
            this.transaction = undefined;
            return this.update;
        }
        content() {
            return { text: this.text(), map: this.map.toJson(), list: this.list.toJson() };
        }
        free() {
            this.doc.free();
        }
    };
}

/** All its documents begin as the same one, which holds the three containers. */
function jsonJoyDocument({ Model }, { Patch, s }) {
    const empty = Model.create(undefined, 65_536);
    empty.api.root({ text: '', map: {}, list: [] });
    empty.api.flush();
    const start = empty.toBinary();
    return class extends Document {
        constructor(peer, listens = false) {
            super();
            this.session = 100_000 + peer;
            this.listens = listens;
            this.#take(Model.load(start, this.session));
        }
        #take(model) {
            this.model = model;
            this.shared = model.api.str(['text']);
        }
        insert(pos, text) {
            this.shared.ins(pos, text);
        }
        remove(pos, len) {
            this.shared.del(pos, len);
        }
        put(key, value) {
            this.model.api.obj(['map']).set({ [key]: value });
        }
        get(key) {
            return this.model.api.obj(['map']).node.get(key)?.view();
        }
        add(pos, number) {
            this.model.api.arr(['list']).ins(pos, [number]);
        }
        addText(string) {
            this.model.api.arr(['list']).ins(0, [s.str(string)]);
        }
        commit() {
            const patch = this.model.api.flush();
            return this.listens ? patch.toBinary() : undefined;
        }
        receive(update) {
            this.model.applyPatch(Patch.fromBinary(update));
        }
        open(saved) {
            this.#take(Model.load(saved, this.session));
        }
        save(form) {
            return form === 'snapshot' ? this.model.toBinary() : undefined;
        }
        text() {
            return this.shared.view();
        }
        content() {
            return this.model.view();
        }
    };
}

/** All its documents begin as the same one, too. Changes are made in a callback. */
function automergeDocument(A) {
    const start = A.save(A.from({ text: '', map: {}, list: [] }, '00'));
    const actor = (peer) => peer.toString(16).padStart(8, '0');
    return class extends Document {
        edits = [];
        constructor(peer, listens = false) {
            super();
            this.actor = actor(peer);
            this.listens = listens;
            this.doc = A.load(start, this.actor);
        }
        insert(pos, text) {
            this.edits.push((doc) => A.splice(doc, ['text'], pos, 0, text));
        }
        remove(pos, len) {
            this.edits.push((doc) => A.splice(doc, ['text'], pos, len));
        }
        put(key, value) {
            this.edits.push((doc) => (doc.map[key] = value));
        }
        get(key) {
            return this.doc.map[key];
        }
        add(pos, number) {
            this.edits.push((doc) => A.insertAt(doc.list, pos, number));
        }
        addText(string) {
            this.edits.push((doc) => A.insertAt(doc.list, 0, string));
        }
        commit() {
            this.doc = A.change(this.doc, (doc) => {
                for (const edit of this.edits) edit(doc);
            });
            this.edits.length = 0;
            return this.listens ? A.getLastLocalChange(this.doc) : undefined;
        }
        receive(update) {
            this.receiveAll([update]);
        }
        receiveAll(updates) {
            [this.doc] = A.applyChanges(this.doc, updates);
        }
        open(saved) {
            A.free(this.doc);
            this.doc = A.load(saved, this.actor);
        }
        save(form) {
            return form === 'snapshot' ? A.save(this.doc) : undefined;
        }
        text() {
            return this.doc.text;
        }
        content() {
            return A.toJS(this.doc);
        }
        free() {
            A.free(this.doc);
        }
    };
}

const loro = (module) => ({ Document: loroDocument(module), loro: module });

/** By name: how it is loaded, and its version. */
export const libraries = {
    Lorikeet: {
        version: 'this tree',
        load: async () => loro(await import('../web/package/dist/node.js')),
    },
    'loro-crdt': {
        version: version('loro-crdt'),
        load: async () => loro(await import('loro-crdt')),
    },
    yjs: {
        version: version('yjs'),
        load: async () => {
            const yjs = await import('yjs');
            const awareness = await import('y-protocols/awareness');
            return { Document: yjsDocument(yjs), yjs, awareness };
        },
    },
    'json-joy': {
        version: version('json-joy'),
        load: async () => {
            const patch = require('json-joy/lib/json-crdt-patch');
            return { Document: jsonJoyDocument(require('json-joy/lib/json-crdt'), patch) };
        },
    },
    ywasm: {
        version: version('ywasm'),
        load: async () => ({ Document: ywasmDocument(require('ywasm')) }),
    },
    automerge: {
        version: version('@automerge/automerge'),
        load: async () => ({ Document: automergeDocument(await import('@automerge/automerge')) }),
    },
};
