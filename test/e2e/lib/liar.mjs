// A server in front of the true one: passes the page on, and signalling as `lie` has it.
import http from 'node:http';
import WebSocket, { WebSocketServer } from 'ws';
import { later } from './cleanup.mjs';

/**
 * `lie(message)`: what is said to a client instead of the message that the true server at `url` says, a
 * list. `lieBinary(bytes)`: the same of binary messages. `came(client)`: a connection was made, and may
 * be told more. Gives the address of the liar.
 */
export async function liar(t, url, lie, lieBinary = (bytes) => [bytes], came = () => undefined) {
    const server = http.createServer((request, response) => {
        http.get(url + request.url, (answer) => {
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        }).on('error', () => response.destroy());
    });
    new WebSocketServer({ server }).on('connection', (client, request) => {
        const up = new WebSocket(url.replace('http', 'ws') + request.url);
        const unsaid = [];
        came(client);
        client.on('message', (data, binary) => {
            const said = binary ? data : data.toString();
            if (up.readyState === WebSocket.OPEN) up.send(said);
            else unsaid.push(said);
        });
        up.on('open', () => unsaid.forEach((said) => up.send(said)));
        up.on('message', (data, binary) => {
            if (binary) return lieBinary(data).forEach((one) => client.send(one));
            const text = data.toString();
            const told = text === 'pong' ? [text] : lie(JSON.parse(text)).map((m) => JSON.stringify(m));
            told.forEach((one) => client.send(one));
        });
        up.on('close', () => client.close());
        client.on('close', () => up.close());
        for (const end of [up, client]) end.on('error', () => undefined);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    later(t, () => {
        server.closeAllConnections();
        server.close();
    });
    return `http://127.0.0.1:${server.address().port}`;
}
