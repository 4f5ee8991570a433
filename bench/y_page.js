// The peer that dom_bench.mjs measures beside ours: Yjs over y-webrtc, bound to a <textarea> by the
// common prefix and suffix, which is what its users do.
import { WebrtcProvider } from 'y-webrtc';
import * as Y from 'yjs';

const doc = new Y.Doc();
const text = doc.getText('text');
const signaling = [new URLSearchParams(location.search).get('signalling')];
new WebrtcProvider('bench', doc, { signaling, peerOpts: { config: { iceServers: [] } } });

const area = document.querySelector('textarea');
let shown = '';
area.addEventListener('input', () => {
    const next = area.value;
    let start = 0;
    while (start < shown.length && start < next.length && shown[start] === next[start]) start++;
    let end = 0;
    const room = Math.min(shown.length, next.length) - start;
    while (end < room && shown[shown.length - 1 - end] === next[next.length - 1 - end]) end++;
    const removed = shown.length - start - end;
    const added = next.slice(start, next.length - end);
    shown = next;
    doc.transact(() => {
        if (removed > 0) text.delete(start, removed);
        if (added) text.insert(start, added);
    }, area);
});
text.observe((event) => {
    if (event.transaction.origin === area) return;
    shown = text.toString();
    area.value = shown;
});
