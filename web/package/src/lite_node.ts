// SPDX-License-Identifier: MIT
// The smallest engine, for Node: one of its own, loaded when this is imported.

import { nameAll } from "./compat.js";
import * as surface from "./lite_surface.js";
import { loadBeside } from "./node_load.js";

export * from "./lite_surface.js";

nameAll(surface);
loadBeside("lorikeet_lite.wasm");

/** Nothing to wait for; here so that one source works in browsers and in Node. */
export default async function init(): Promise<void> {}
