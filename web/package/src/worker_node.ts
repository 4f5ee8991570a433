// SPDX-License-Identifier: MIT
// The same for Node: the engine runs in a worker thread.

import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { attach, type EngineWorker, type WorkerLike } from "./remote.js";

export * from "./errors.js";

export function startWorker(
  worker: WorkerLike = new Worker(join(__dirname, "worker_engine.cjs")),
): EngineWorker {
  return attach(worker);
}
