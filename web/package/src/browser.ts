// SPDX-License-Identifier: MIT
// For browsers and bundlers: whoever imports this waits until the engine is loaded.

import init from "./web.js";

export * from "./web.js";
export { default } from "./web.js";

await init();
