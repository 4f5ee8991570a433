// SPDX-License-Identifier: MIT
// Everything and rooms, for browsers, when you say so: `await init()` once, before the first document.

import { type EngineSource, load } from "./module.js";

export * from "./index.js";
export * from "./guard.js";
export * from "./room.js";

/** Load the engine: from beside this file, or from where it is. */
export default function init(
  source: EngineSource = new URL("./lorikeet_room.wasm", import.meta.url),
): Promise<void> {
  return load(source);
}
