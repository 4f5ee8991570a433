/** Text that does not compress: `lines` times 64 characters. */
export function noise(lines) {
    let state = 7;
    const next = () => (state = Math.imul(state, 1664525) + 1013904223) >>> 24;
    const line = () => String.fromCharCode(...Array.from({ length: 63 }, () => 33 + (next() % 90)), 10);
    return Array.from({ length: lines }, line).join('');
}
