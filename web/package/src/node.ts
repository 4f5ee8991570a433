// SPDX-License-Identifier: MIT
// For Node: the engine is loaded when this is imported. It is one CommonJS module, also for those who
// import it, so that a program that does both has one engine.

import { loadBeside } from "./node_load.js";

export * from "./index.js";

loadBeside("lorikeet.wasm");

/** Nothing to wait for; here so that one source works in browsers and in Node. */
export default async function init(): Promise<void> {}
