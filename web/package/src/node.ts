// SPDX-License-Identifier: MIT
// For Node: the engine is loaded when this is imported.

import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { initSync, useCrypto } from "./module.js";

export * from "./index.js";

useCrypto(webcrypto as Crypto);
initSync(readFileSync(new URL("./lorikeet.wasm", import.meta.url)));

/** Nothing to wait for; here so that one source works in browsers and in Node. */
export default async function init(): Promise<void> {}
