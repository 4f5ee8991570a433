// Messages of rooms, as they wait for a channel, and the modules of the page that look into them.
import * as engine from 'lorikeet-crdt/room';
import { load } from './load.mjs';

globalThis.engine = engine;
const shared = {
    name: 'shared',
    setup({ onResolve, onLoad }) {
        onResolve({ filter: /^lorikeet-crdt/ }, () => ({ path: 'engine', namespace: 'shared' }));
        onLoad({ filter: /.*/, namespace: 'shared' }, () => ({
            contents: 'export const { roomOf } = globalThis.engine;',
        }));
    },
};
export const loadWithEngine = (name) => load(name, [shared]);
const { varString, concat } = await load('frame');

export const FRAGMENT = 16 * 1024;
/** A fragment for document `name`, of so many bytes, the `index`th of it. */
export function message(name, index, bytes) {
    const head = concat(new TextEncoder().encode('%LOR'), varString(`room/${name}`));
    const whole = new Uint8Array(head.length + 3 + bytes);
    whole.set(head);
    whole.set([5, index >> 8, index & 255], head.length);
    return whole;
}
export const nameOf = (bytes) => engine.roomOf(bytes).slice('room/'.length);
export const indexOf = (bytes) => {
    const at = 4 + 1 + 'room/'.length + nameOf(bytes).length + 1;
    return bytes[at] * 256 + bytes[at + 1];
};
