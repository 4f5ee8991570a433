// What a process has in its memory.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** Is that text anywhere in the memory of a Child? */
export function memoryHolds(child, text) {
    const process = `/proc/${child.process.pid}`;
    const needle = Buffer.from(text);
    const memory = openSync(`${process}/mem`);
    try {
        for (const line of readFileSync(`${process}/maps`, 'utf8').split('\n')) {
            const found = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
            if (!found) continue;
            const [from, to] = [found[1], found[2]].map((hex) => Number.parseInt(hex, 16));
            const bytes = Buffer.alloc(to - from);
            try {
                readSync(memory, bytes, 0, bytes.length, from);
            } catch {
                continue; // not everything that is mapped can be read
            }
            if (bytes.includes(needle)) return true;
        }
        return false;
    } finally {
        closeSync(memory);
    }
}

/** The most bytes of memory that a Child has taken at once. */
export function memoryPeak(child) {
    const status = readFileSync(`/proc/${child.process.pid}/status`, 'utf8');
    return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)[1]);
}
