// A real TURN server.
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { later, scratchFolder, until } from './cleanup.mjs';

function refusal() {
    try {
        execFileSync('turnserver', ['--version'], { stdio: 'ignore' });
        return false;
    } catch (error) {
        return error.code === 'ENOENT' && 'no coturn here: tests of relays skipped';
    }
}
export const noCoturn = refusal();

async function freePort(host) {
    const socket = createSocket('udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    return port;
}

/** A certificate for the address `host`, which is its own authority. */
function certificate(at, host) {
    const args = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test`.split(' ');
    args.push('-addext', `subjectAltName=IP:${host}`, '-keyout', `${at}/key.pem`, '-out', `${at}/cert.pem`);
    execFileSync('openssl', args, { stdio: 'ignore' });
    return [`--cert=${at}/cert.pem`, `--pkey=${at}/key.pem`];
}

/**
 * One on `host` of the network namespace `ns`, for whoever knows user:secret, or has credentials made
 * with `secret`; on the next port with TLS, if `tls`. Gives {address, log}: the second is what it has
 * said so far.
 */
export async function coturn(t, { host = '127.0.0.1', ns, port, secret, tls } = {}) {
    const at = scratchFolder(t);
    port ??= await freePort(host);
    const who = secret
        ? ['--use-auth-secret', `--static-auth-secret=${secret}`]
        : ['--lt-cred-mech', '--user=user:secret'];
    const args = ['-n', '--no-cli', '--no-dtls', '--no-multicast-peers', '--verbose'];
    args.push('--allow-loopback-peers', '--log-file=stdout', '--realm=lorikeet', ...who);
    args.push(`--listening-ip=${host}`, `--relay-ip=${host}`, `--listening-port=${port}`);
    args.push(`--pidfile=${at}/pid`, `--userdb=${at}/db`, '--max-allocate-lifetime=600');
    args.push(...(tls ? [...certificate(at, host), `--tls-listening-port=${port + 1}`] : ['--no-tls']));
    const [file, ...rest] = [...(ns ? ['ip', 'netns', 'exec', ns] : []), 'turnserver', ...args];
    const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'pipe'], cwd: at });
    let log = '';
    for (const out of [child.stdout, child.stderr]) out.setEncoding('utf8').on('data', (text) => (log += text));
    later(t, async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
    });
    await until('coturn', () => /UDP listener opened/i.test(log), 15_000).catch((error) => {
        throw new Error(`${error.message}\n${log}`);
    });
    return { address: `${host}:${port}`, port, log: () => log, authority: `${at}/cert.pem` };
}
