// WebSockets as signalling tests see them: messages that arrive wait until somebody hears them.
import { spawn } from 'node:child_process';
import WebSocket from 'ws';
import { program } from './program.mjs';

/** An open WebSocket to the server at `url`. */
export async function socket(url, where = '/signal') {
    const ws = new WebSocket(url.replace('http', 'ws') + where);
    const heard = [];
    const waiting = [];
    ws.on('message', (data) => {
        const text = data.toString();
        if (waiting.length > 0) waiting.shift()(text);
        else heard.push(text);
    });
    const closed = new Promise((resolve) => ws.on('close', (code) => resolve(code)));
    await new Promise((resolve, reject) => {
        ws.on('open', resolve);
        ws.on('error', reject);
    });
    const hearText = (ms = 10_000) => {
        if (heard.length > 0) return Promise.resolve(heard.shift());
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`nothing came in ${ms} ms`)), ms);
            waiting.push((text) => {
                clearTimeout(timer);
                resolve(text);
            });
        });
    };
    return {
        ws,
        closed,
        hearText,
        hear: async (ms) => JSON.parse(await hearText(ms)),
        raw: (data) => ws.send(data),
        say: (message) => ws.send(JSON.stringify(message)),
        /** Everything said before has been worked on when this is over. */
        async settle() {
            ws.send('ping');
            const text = await hearText();
            if (text !== 'pong') throw new Error(`heard ${text} instead of pong`);
        },
        close() {
            ws.close();
            return closed;
        },
    };
}

/** A name for a signalling peer: 22 characters that sort by `n`. */
export const peerName = (n) => String(n).padStart(22, '0');

/** Run the program to its end: {code, stdout, stderr}. */
export async function finish(...args) {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    const code = await new Promise((resolve) => child.on('close', resolve));
    return { code, stdout, stderr };
}
