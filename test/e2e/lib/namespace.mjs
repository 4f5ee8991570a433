// Hosts in network namespaces on one bridge, with a real link each that can be taken down.
//
//     a 10.88.3.2 ──┐
//                   ├── bridge in `hub` 10.88.3.1 (signalling lives here)
//     b 10.88.3.3 ──┘
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { later } from './cleanup.mjs';

const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();

function refusal() {
    if (process.getuid?.() !== 0) return 'not root: tests over real links skipped';
    const probe = `lkprobe${process.pid}`;
    try {
        ip('netns', 'add', probe);
        try {
            ip('-n', probe, 'link', 'add', 'lk0', 'type', 'bridge');
        } finally {
            ip('netns', 'del', probe);
        }
        return false;
    } catch {
        return 'no network namespaces or bridges here: tests over real links skipped';
    }
}
export const noNamespaces = refusal();

function withoutFilter() {
    try {
        execFileSync('nft', ['--version'], { stdio: 'ignore' });
        return false;
    } catch {
        return 'no nft here: tests of NATs, and of networks without UDP, skipped';
    }
}
export const noFilter = withoutFilter();

/** No datagram enters or leaves `ns` any more. `dropped()` says how many have tried. */
export function dropUdp(ns) {
    const nft = (...args) => ip('netns', 'exec', ns, 'nft', ...args);
    nft('add', 'table', 'inet', 'lab');
    for (const [hook, device] of [['input', 'iifname'], ['output', 'oifname']]) {
        nft('add', 'chain', 'inet', 'lab', hook, `{ type filter hook ${hook} priority 0; }`);
        nft('add', 'rule', 'inet', 'lab', hook, `${device} != lo meta l4proto udp counter drop`);
    }
    const counted = () => nft('list', 'table', 'inet', 'lab').matchAll(/counter packets (\d+)/g);
    const dropped = () => [...counted()].reduce((sum, [, packets]) => sum + Number(packets), 0);
    return { dropped, lift: () => nft('delete', 'table', 'inet', 'lab') };
}

/** A port here that leads to `port` on the loopback of `ns`. */
export async function doorTo(t, ns, port) {
    const pipe = `const s = require('net').connect(${port}, '127.0.0.1'); process.stdin.pipe(s).pipe(process.stdout)`;
    const args = ['netns', 'exec', ns, process.execPath, '-e', pipe];
    const door = createServer((socket) => {
        const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
        socket.pipe(child.stdin).on('error', () => {});
        child.stdout.pipe(socket).on('error', () => {});
        socket.on('close', () => child.kill());
    });
    door.listen(0, '127.0.0.1');
    await once(door, 'listening');
    later(t, () => door.close());
    return door.address().port;
}

let labs = 0;
export class Lab {
    constructor(t, names = ['a', 'b']) {
        const prefix = `lk${process.pid}n${labs++}`;
        this.hub = `${prefix}hub`;
        this.hubIp = '10.88.3.1';
        this.add(t, this.hub);
        ip('-n', this.hub, 'link', 'add', 'br0', 'type', 'bridge');
        ip('-n', this.hub, 'addr', 'add', '10.88.3.1/24', 'dev', 'br0');
        ip('-n', this.hub, 'link', 'set', 'br0', 'up');
        names.forEach((name, index) => {
            const ns = `${prefix}${name}`;
            this.add(t, ns);
            this[name] = ns;
            const port = `b${name}`;
            const peer = ['peer', 'name', port, 'netns', this.hub];
            ip('link', 'add', 'eth0', 'netns', ns, 'type', 'veth', ...peer);
            ip('-n', this.hub, 'link', 'set', port, 'master', 'br0', 'up');
            ip('-n', ns, 'addr', 'add', `10.88.3.${index + 2}/24`, 'dev', 'eth0');
            this.up(ns);
        });
    }
    add(t, ns) {
        ip('netns', 'add', ns);
        later(t, () => ip('netns', 'del', ns));
        ip('-n', ns, 'link', 'set', 'lo', 'up');
    }
    /** Cut `ns` off from everybody. */
    down(ns) {
        ip('-n', ns, 'link', 'set', 'eth0', 'down');
        if (this.reaches(ns)) throw new Error('the link is down and packets still pass');
    }
    up(ns) {
        ip('-n', ns, 'link', 'set', 'eth0', 'up');
        ip('-n', ns, 'route', 'replace', 'default', 'via', this.hubIp);
    }
    /** Whether the kernel still has a way from `ns` to the hub. */
    reaches(ns) {
        try {
            return /dev eth0/.test(ip('-n', ns, 'route', 'get', this.hubIp));
        } catch {
            return false;
        }
    }
}
