// Damage behind a checksum that is right: xxHash32 as docs/FORMAT.md section 2 has it.
const [P1, P2, P3, P4, P5] = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1];
const turned = (x, by) => (x << by) | (x >>> (32 - by));

function hash(bytes, seed) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let sum = seed + P5;
  if (bytes.length >= 16) {
    const lanes = [seed + P1 + P2, seed + P2, seed, seed - P1];
    for (; at + 16 <= bytes.length; at += 16) {
      for (let i = 0; i < 4; i++) {
        const word = view.getUint32(at + 4 * i, true);
        lanes[i] = Math.imul(turned(lanes[i] + Math.imul(word, P2), 13), P1);
      }
    }
    sum = [1, 7, 12, 18].reduce((all, by, i) => all + turned(lanes[i], by), 0);
  }
  sum = (sum + bytes.length) | 0;
  for (; at + 4 <= bytes.length; at += 4) {
    sum = Math.imul(turned(sum + Math.imul(view.getUint32(at, true), P3), 17), P4);
  }
  for (; at < bytes.length; at++) sum = Math.imul(turned(sum + Math.imul(bytes[at], P5), 11), P1);
  sum = Math.imul(sum ^ (sum >>> 15), P2);
  sum = Math.imul(sum ^ (sum >>> 13), P3);
  return (sum ^ (sum >>> 16)) >>> 0;
}

/** Put the right checksum into a blob. */
export function mended(blob) {
  const sum = hash(blob.subarray(20), 0x4f524f4c);
  new DataView(blob.buffer, blob.byteOffset).setUint32(16, sum, true);
  return blob;
}
