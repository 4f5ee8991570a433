// Networks made of namespaces: one link, a bad one, and hosts behind NATs. All asks root.
import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { later } from '../e2e/lib/cleanup.mjs';

export const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
const words = (line) => line.split(' ');
const within = (ns, ...args) => ip('netns', 'exec', ns, ...args);
const badLink = process.env.BAD_LINK ?? fileURLToPath(new URL('../../build/test/bad_link', import.meta.url));

/** A datagram to port 9 of each host that is named. */
const KNOCK = `
    const socket = require('dgram').createSocket('udp4');
    const sent = process.argv.slice(1).map((host) => new Promise((done) => socket.send('?', 9, host, done)));
    Promise.all(sent).then(() => socket.close());
`;

let count = 0;
export function namespace(t, name) {
    const ns = `lk${process.pid}w${count++}${name}`;
    ip('netns', 'add', ns);
    later(t, () => ip('netns', 'del', ns));
    ip('-n', ns, 'link', 'set', 'lo', 'up');
    return ns;
}

/** Puts `addresses`, of IPv4 or IPv6, on a device that is there. */
function furnish(ns, device, addresses, mtu = 1500) {
    for (const address of addresses)
        ip('-n', ns, 'addr', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : []));
    ip('-n', ns, 'link', 'set', device, 'mtu', mtu, 'up');
}

/** Two hosts on one cable. `addresses`: those of each. */
export function cable(t, addresses) {
    const [a, b] = [namespace(t, 'a'), namespace(t, 'b')];
    ip('link', 'add', 'eth0', 'netns', a, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b);
    furnish(a, 'eth0', addresses[0]);
    furnish(b, 'eth0', addresses[1]);
    return { a, b };
}

/** Two hosts on a link as bad as said (bad_link.c), which can be told "down", "up" and "count". */
export async function badCable(t, addresses, { delay = 0, jitter = 0, loss = 0, copies = 0, mtu = 1500, seed = 1 }) {
    const [a, b] = [namespace(t, 'a'), namespace(t, 'b')];
    const child = spawn(badLink, [a, b, delay, jitter, loss, copies, seed].map(String), {
        stdio: ['pipe', 'pipe', 'inherit'],
    });
    later(t, () => child.kill());
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    if ((await lines.next()).value !== 'ready') throw new Error('bad_link does not start');
    furnish(a, 'bad0', addresses[0], mtu);
    furnish(b, 'bad0', addresses[1], mtu);
    const tell = async (word) => {
        child.stdin.write(`${word}\n`);
        return JSON.parse((await lines.next()).value);
    };
    return { a, b, tell };
}

/**
 * Two hosts, each behind a NAT of its own, and a server on the net between them:
 *
 *     a 192.168.51.2 ── 203.0.113.51 ──┬── 203.0.113.52 ── 192.168.52.2 b
 *                                      └── 203.0.113.1 wan
 *
 * A cone keeps the port of the host for all it speaks to; a symmetric one takes a new one for each.
 * Whoever comes unasked, as wan does to knock(), is dropped and counted: dropped().
 */
export function nats(t, kind) {
    const wan = namespace(t, 'wan');
    ip('-n', wan, 'link', 'add', 'br0', 'type', 'bridge');
    furnish(wan, 'br0', ['203.0.113.1/24']);
    const [a, b] = [51, 52].map((n) => behindNat(t, wan, n, kind));
    // coturn gives an allocation up that sends where no route leads, as to the hosts' own addresses
    ip('-n', wan, 'route', 'add', 'default', 'via', '203.0.113.51');
    const list = ({ nat }) => within(nat, 'nft', 'list', 'chain', 'ip', 'lab', 'unasked');
    const dropped = () => [a, b].map((side) => Number(/packets (\d+)/.exec(list(side))[1]));
    const knock = () => within(wan, process.execPath, '-e', KNOCK, '203.0.113.51', '203.0.113.52');
    return { wan, a: a.host, b: b.host, dropped, knock };
}

function behindNat(t, wan, n, kind) {
    const [host, nat] = [namespace(t, `h${n}`), namespace(t, `n${n}`)];
    ip('link', 'add', 'eth0', 'netns', host, 'type', 'veth', 'peer', 'name', 'lan', 'netns', nat);
    ip('link', 'add', 'out', 'netns', nat, 'type', 'veth', 'peer', 'name', `p${n}`, 'netns', wan);
    furnish(host, 'eth0', [`192.168.${n}.2/24`]);
    furnish(nat, 'lan', [`192.168.${n}.1/24`]);
    furnish(nat, 'out', [`203.0.113.${n}/24`]);
    ip('-n', wan, 'link', 'set', `p${n}`, 'master', 'br0', 'up');
    ip('-n', host, 'route', 'add', 'default', 'via', `192.168.${n}.1`);
    within(nat, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    const nft = (line, ...rest) => within(nat, 'nft', ...words(line), ...rest);
    nft('add table ip lab');
    nft('add chain ip lab post', '{ type nat hook postrouting priority 100; }');
    nft(`add rule ip lab post oifname out masquerade${kind === 'symmetric' ? ' fully-random' : ''}`);
    nft('add chain ip lab through', '{ type filter hook forward priority 0; policy drop; }');
    nft('add rule ip lab through iifname lan accept');
    nft('add rule ip lab through ct state established,related accept');
    // else a packet that comes early takes the mapping, and the host gets another port
    nft('add chain ip lab unasked', '{ type filter hook input priority 0; }');
    nft('add rule ip lab unasked iifname out ct state new counter drop');
    return { host, nat };
}
