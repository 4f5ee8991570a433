// The libraries that are measured, each behind the same few calls. A text document:
//
//   insert(pos, text), remove(pos, len)   in UTF-16 code units
//   commit()                              ends a transaction; the update, if it `listens`
//   receive(update)                       one from commit() of another document
//   save(form)                            "update" or "snapshot"; undefined: it has no such form
//   open(saved)                           what another document saved, into this one, which is new
//   text()
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(import.meta.url);
const version = (name) =>
    JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;

/** To most, what was saved is an update like any other, and memory is the collector's. */
class Text {
    open(saved) {
        this.receive(saved);
    }
    free() {}
}

/** Lorikeet's package and loro-crdt: one API, two engines. */
function loroText({ LoroDoc }) {
    return class extends Text {
        constructor(peer, listens = false) {
            super();
            this.doc = new LoroDoc();
            this.doc.setPeerId(BigInt(peer));
            this.shared = this.doc.getText('text');
            if (listens) this.doc.subscribeLocalUpdates((update) => (this.update = update));
        }
        insert(pos, text) {
            this.shared.insert(pos, text);
        }
        remove(pos, len) {
            this.shared.delete(pos, len);
        }
        commit() {
            this.doc.commit();
            return this.update;
        }
        receive(update) {
            this.doc.import(update);
        }
        save(form) {
            return this.doc.export({ mode: form });
        }
        text() {
            return this.shared.toString();
        }
        free() {
            this.doc.free();
        }
    };
}

/** What Yjs and its port share. */
const yText = (Y) =>
    class extends Text {
        receive(update) {
            Y.applyUpdate(this.doc, update);
        }
        save(form) {
            return form === 'update' ? Y.encodeStateAsUpdate(this.doc) : undefined;
        }
        text() {
            return this.shared.toString();
        }
    };

/** Edits of a transaction are kept until it is committed, since Yjs runs it in a callback. */
function yjsText(Y) {
    return class extends yText(Y) {
        edits = [];
        constructor(peer, listens = false) {
            super();
            this.doc = new Y.Doc();
            this.doc.clientID = peer;
            this.shared = this.doc.getText('text');
            if (listens) this.doc.on('update', (update) => (this.update = update));
        }
        insert(pos, text) {
            this.edits.push([pos, 0, text]);
        }
        remove(pos, len) {
            this.edits.push([pos, len, '']);
        }
        commit() {
            this.doc.transact(() => {
                for (const [pos, removed, added] of this.edits)
                    removed > 0 ? this.shared.delete(pos, removed) : this.shared.insert(pos, added);
            });
            this.edits.length = 0;
            return this.update;
        }
        free() {
            this.doc.destroy();
        }
    };
}

function ywasmText(Y) {
    return class extends yText(Y) {
        constructor(peer, listens = false) {
            super();
            this.doc = new Y.YDoc({ clientID: peer });
            this.shared = this.doc.getText('text');
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
        commit() {
            this.transaction?.free();
            this.transaction = undefined;
            return this.update;
        }
        free() {
            this.doc.free();
        }
    };
}

/** All its documents begin as the same one, which holds an empty string. */
function jsonJoyText({ Model }, { Patch }) {
    const empty = Model.create(undefined, 65_536);
    empty.api.root('');
    empty.api.flush();
    const start = empty.toBinary();
    return class extends Text {
        constructor(peer, listens = false) {
            super();
            this.session = 100_000 + peer;
            this.listens = listens;
            this.#take(Model.load(start, this.session));
        }
        #take(model) {
            this.model = model;
            this.shared = model.api.str([]);
        }
        insert(pos, text) {
            this.shared.ins(pos, text);
        }
        remove(pos, len) {
            this.shared.del(pos, len);
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
            return this.model.view();
        }
    };
}

const loro = (module) => ({ Text: loroText(module), loro: module });

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
            return { Text: yjsText(yjs), yjs, awareness };
        },
    },
    'json-joy': {
        version: version('json-joy'),
        load: async () => ({
            Text: jsonJoyText(require('json-joy/lib/json-crdt'), require('json-joy/lib/json-crdt-patch')),
        }),
    },
    ywasm: {
        version: version('ywasm'),
        load: async () => ({ Text: ywasmText(require('ywasm')) }),
    },
};

/** Named in the table, so that nobody thinks they were forgotten. */
export const absent = {
    'loro, diamond-types, yrs, automerge (Rust)': 'their crates are not fetched here yet',
    '@automerge/automerge': 'takes minutes for what the others do in a second',
};
