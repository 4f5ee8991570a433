// SPDX-License-Identifier: MIT
// What runs in a worker thread of Node.

import { parentPort } from "node:worker_threads";
import { serve } from "./remote_serve.js";

parentPort!.once("message", ({ port }) => serve(port, require("./node.cjs")));
