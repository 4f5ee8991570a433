// SPDX-License-Identifier: MIT

import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { initSync, useCrypto } from "./module.js";

/** Load the engine of this name, which is beside the bundle. */
export function loadBeside(name: string): void {
  useCrypto(webcrypto as Crypto);
  initSync(readFileSync(join(__dirname, name)));
}
