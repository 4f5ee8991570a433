// SPDX-License-Identifier: MIT
// The smallest engine, for browsers and bundlers: whoever imports this waits until it is loaded.

import { nameAll } from "./compat.js";
import * as surface from "./lite_surface.js";
import { type EngineSource, load } from "./module.js";

export * from "./lite_surface.js";

/** Load the engine: from beside this file, or from where it is. */
export default function init(
  source: EngineSource = new URL("./lorikeet_lite.wasm", import.meta.url),
): Promise<void> {
  return load(source);
}

nameAll(surface);
await init();
