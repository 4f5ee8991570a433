// SPDX-License-Identifier: MIT
// For Node: the engine is loaded when this is imported. It is one CommonJS module, also for those who
// import it, so that a program that does both has one engine.

import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { initSync, useCrypto } from "./module.js";

export * from "./index.js";

useCrypto(webcrypto as Crypto);
initSync(readFileSync(join(__dirname, "lorikeet.wasm")));

/** Nothing to wait for; here so that one source works in browsers and in Node. */
export default async function init(): Promise<void> {}
