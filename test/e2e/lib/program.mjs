// The `lorikeet` program as tests see it: a child process that prints lines.
import { spawn, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { later, scratchFolder, until } from './cleanup.mjs';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const program = process.env.LORIKEET ?? `${root}build/lorikeet`;
export const webFolder = process.env.LORIKEET_WEB ?? `${root}build/web`;
export const haveProgram = existsSync(program);
export const havePage = existsSync(`${webFolder}/index.html`);
const haveJoin = existsSync(`${root}app/cmd_join.c`);
export const noProgram = haveProgram && havePage && haveJoin ? false : 'not built yet';

export class Child {
    /** `ns`: the network namespace to run in; `stdin`: 'pipe' for something to say(). */
    constructor(t, command, args, { ns, env = {}, stdin = 'ignore' } = {}) {
        const prefix = ns ? ['ip', 'netns', 'exec', ns] : [];
        const [file, ...rest] = [...prefix, command, ...args];
        this.lines = [];
        this.errors = '';
        this.process = spawn(file, rest, {
            stdio: [stdin, 'pipe', 'pipe'],
            env: { ...process.env, ...env },
        });
        let unfinished = '';
        this.process.stdout.setEncoding('utf8').on('data', (text) => {
            const parts = (unfinished + text).split('\n');
            unfinished = parts.pop();
            this.lines.push(...parts);
        });
        this.process.stderr.setEncoding('utf8').on('data', (text) => (this.errors += text));
        this.ended = new Promise((resolve) => {
            this.process.on('error', (error) => resolve({ error }));
            this.process.on('close', (code, signal) => resolve({ code, signal }));
        });
        this.ended.then((how) => (this.how = how));
        later(t, () => this.stop('SIGKILL'));
    }

    /** The first line from index `from` on that `pattern` matches. */
    line(pattern, { from = 0, timeoutMs = 60_000 } = {}) {
        return until(
            `a line like ${pattern}`,
            () => {
                const found = this.lines.slice(from).find((line) => pattern.test(line));
                if (!found && this.how)
                    throw new Error(`ended: ${JSON.stringify(this.how)} ${this.errors}`);
                return found;
            },
            timeoutMs,
        );
    }

    say(line) {
        this.process.stdin.write(`${line}\n`);
    }

    stop(signal = 'SIGTERM') {
        if (!this.how) this.process.kill(signal);
        return this.ended;
    }
}

/** `lorikeet serve`; port 0 unless told, so that tests never meet. Gives {url, port, child}. */
export async function serve(t, { host = '127.0.0.1', port = 0, ns, args = [] } = {}) {
    const child = new Child(
        t,
        program,
        ['serve', '--listen', `${host}:${port}`, '--web', webFolder, ...args],
        { ns },
    );
    const line = await child.line(/^listening on http:\/\//);
    const url = line.slice('listening on '.length).trim();
    return { child, url, host, port: Number(new URL(url).port) };
}

export function newLink(url) {
    return execFileSync(program, ['link', '--server', url], { encoding: 'utf8' }).trim();
}

/** `lorikeet join LINK FILE --data DIR` */
export function join(t, link, file, { data, ns, env, stdin, args = [] } = {}) {
    const rest = [file, ...(data ? ['--data', data] : []), ...args].filter(Boolean);
    return new Child(t, program, ['join', link, ...rest], { ns, env, stdin });
}

/**
 * `lorikeet join` with a file, which holds `text` if that is given, and data in a folder of its own.
 * text(): what the file holds, '' before it is there.
 */
export function filePeer(t, link, text, { ns, env } = {}) {
    const at = scratchFolder(t);
    const file = path.join(at, 'file');
    if (text !== undefined) writeFileSync(file, text);
    const child = join(t, link, file, { data: path.join(at, 'data'), ns, env });
    const read = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
    const shows = (wanted) => until('the text', () => read() === wanted);
    const says = (what) => until(`${what}`, () => what.test(child.errors));
    return { child, file, text: read, shows, says, synced: (from) => child.line(/^synced$/, { from }) };
}
