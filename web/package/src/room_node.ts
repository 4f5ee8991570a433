// SPDX-License-Identifier: MIT
// Everything and rooms, for Node: an engine of its own, loaded when this is imported.

import { loadBeside } from "./node_load.js";

export * from "./index.js";
export * from "./guard.js";
export * from "./room.js";

loadBeside("lorikeet_room.wasm");

/** Nothing to wait for; here so that one source works in browsers and in Node. */
export default async function init(): Promise<void> {}
