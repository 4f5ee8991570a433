// A STUN server (RFC 8489) that sees everybody at 192.0.2.7.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { later } from './cleanup.mjs';

/** Binding success with XOR-MAPPED-ADDRESS 192.0.2.7:`port`. */
function reflect(request, port) {
    const answer = Buffer.alloc(32);
    answer.writeUInt32BE(0x0101000c, 0);
    request.copy(answer, 4, 4, 20);
    answer.writeUInt32BE(0x00200008, 20);
    answer.writeUInt16BE(1, 24);
    answer.writeUInt16BE(port ^ 0x2112, 26);
    answer.writeUInt32BE((0xc0000207 ^ 0x2112a442) >>> 0, 28);
    return answer;
}

/** Answers with `port`, but for the first `lost` requests. Gives {address, requests()}. */
export async function stun(t, port, { lost = 0 } = {}) {
    const server = createSocket('udp4');
    later(t, () => server.close());
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    let requests = 0;
    server.on('message', (request, from) => {
        if (requests++ >= lost) server.send(reflect(request, port), from.port, from.address);
    });
    return { address: `127.0.0.1:${server.address().port}`, requests: () => requests };
}
