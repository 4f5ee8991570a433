// rtc_native_test.mjs - two native peers over real UDP on loopback: node test/net/rtc_native_test.mjs
import { strict as assert } from "node:assert";
import { createSocket } from "node:dgram";
import { NativePeer } from "./rtc_peers.mjs";

async function connect(optionsA, optionsB) {
  const a = new NativePeer("offer", ...optionsA);
  const b = new NativePeer("answer", ...optionsB);
  a.onSignal = (message) => b.say(message);
  b.onSignal = (message) => a.say(message);
  await Promise.all([a.wait("open"), b.wait("open")]);
  return [a, b];
}

async function close(a, b) {
  a.say({ type: "close" });
  assert.equal((await a.wait("closed")).why, "closed");
  assert.equal((await b.wait("closed")).why, "the other side closed the channel");
  assert.deepEqual(await Promise.all([a.ended, b.ended]), [0, 0]);
}

async function checkMessages(hosts) {
  const options = hosts.flatMap((host) => ["--host", host]);
  const started = performance.now();
  const [a, b] = await connect(options, options);
  console.log(`${hosts.join(" and ")}: open after ${(performance.now() - started).toFixed(0)} ms`);
  await b.echo(false);
  for (const len of [0, 1, 1200, 65536, 262144]) {
    b.say({ type: "send", len, count: 1 });
    assert.equal((await b.wait("sent")).status, 0);
    assert.equal((await a.wait("message")).len, len);
    assert.equal((await b.wait("message")).len, len);
  }
  return [a, b];
}

async function checkPing([a, b]) {
  await b.echo(true);
  a.say({ type: "ping", len: 100, count: 3000 });
  const { p50_us, p99_us } = await a.wait("pinged");
  console.log(`round trip of 100 bytes: p50 ${p50_us.toFixed(0)} us, p99 ${p99_us.toFixed(0)} us`);
}

async function checkBulk([a, b]) {
  await b.echo(false);
  await a.echo(false);
  const started = performance.now();
  a.say({ type: "send", len: 65536, count: 1000 });
  assert.equal((await a.wait("sent")).status, 0);
  for (let i = 0; i < 1000; i++) await b.wait("message");
  const seconds = (performance.now() - started) / 1000;
  console.log(`64 MB in messages of 64 KiB: ${(65.536 / seconds).toFixed(1)} MB/s`);
}

// A STUN server that says every client comes from 192.0.2.7:7777.
async function checkReflexive() {
  const server = createSocket("udp4");
  await new Promise((resolve) => server.bind(0, "127.0.0.1", resolve));
  server.on("message", (request, from) => {
    const attribute = Buffer.from([0, 0x20, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0]);
    attribute.writeUInt16BE(7777 ^ 0x2112, 6);
    attribute.writeUInt32BE((0xc0000207 ^ 0x2112a442) >>> 0, 8);
    const header = Buffer.from(request.subarray(0, 20));
    header.writeUInt16BE(0x0101, 0);
    header.writeUInt16BE(attribute.length, 2);
    server.send(Buffer.concat([header, attribute]), from.port, from.address);
  });
  const peer = new NativePeer("offer", "--stun", `127.0.0.1:${server.address().port}`);
  const candidates = [];
  await new Promise((resolve) => {
    peer.onSignal = ({ type, candidate }) => {
      if (type !== "candidate") return;
      candidates.push(candidate);
      if (candidate === "") resolve();
    };
  });
  assert.equal(candidates.length, 2);
  assert.match(candidates[0], /^candidate:\d+ 1 udp \d+ 192\.0\.2\.7 7777 typ srflx raddr 127\.0\.0\.1 rport \d+$/);
  peer.stop();
  server.close();
}

const pair = await checkMessages(["127.0.0.1"]);
await checkPing(pair);
await checkBulk(pair);
await close(...pair);
await close(...(await checkMessages(["::1", "127.0.0.1"])));
await checkReflexive();
console.log("rtc_native_test: ok");
