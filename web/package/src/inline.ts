// SPDX-License-Identifier: MIT
// With the engine inside, for bundlers that dislike assets and for whoever cannot wait.

import wasm from "../dist/lorikeet.wasm";
import { initSync } from "./module.js";

export * from "./index.js";

initSync(wasm);

/** Nothing to wait for; here so that one source works everywhere. */
export default async function init(): Promise<void> {}
