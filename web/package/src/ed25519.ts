// SPDX-License-Identifier: MIT
// Signatures (RFC 8032, Ed25519), as OpenSSL makes and takes them in programs (src/host/seal.c). The
// only file that knows @noble/ed25519 and its SHA-512. A page cannot do with the browser's: it answers
// later, and over plain HTTP there is none.
//
// What is signed is a head and a blob, one behind the other.

import { etc, getPublicKey, hashes, Point, sign as signMessage } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";

export const KEY = 32;
export const SIGNATURE = 64;

const ORDER = Point.CURVE().n;
hashes.sha512 = sha512;

/** Bytes as a number, the least significant first. */
function number(bytes: Uint8Array): bigint {
  return BigInt(`0x${etc.bytesToHex(Uint8Array.from(bytes).reverse())}`);
}

/** The key that checks what is signed with this one. */
export const publicKey: (seed: Uint8Array) => Uint8Array = getPublicKey;

export function sign(seed: Uint8Array, head: Uint8Array, blob: Uint8Array): Uint8Array {
  return signMessage(etc.concatBytes(head, blob), seed);
}

/** Takes what OpenSSL takes, and nothing else.
 *
 *  RFC 8032, 5.1.7 leaves open whether the cofactor is multiplied in. @noble/ed25519's own verify()
 *  does, OpenSSL does not, so whoever has the seed could make signatures that pages take and programs
 *  refuse. Here the group is the library's, and the equation OpenSSL's: it makes R again and compares
 *  bytes. A key's y is read modulo p, as OpenSSL reads it. */
export function verify(
  key: Uint8Array,
  head: Uint8Array,
  blob: Uint8Array,
  signature: Uint8Array,
): boolean {
  const [r, s] = [signature.subarray(0, KEY), signature.subarray(KEY)];
  const hash = sha512.create().update(r).update(key).update(head).update(blob).digest();
  try {
    const ours = Point.BASE.multiplyUnsafe(number(s));
    const theirs = Point.fromBytes(key, true).multiplyUnsafe(number(hash) % ORDER);
    return ours.subtract(theirs).toBytes().every((byte, i) => byte === r[i]);
  } catch {
    return false; // s is not below the order, or the key no point
  }
}
