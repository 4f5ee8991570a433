// SPDX-License-Identifier: MIT
// For pages: an engine in a worker, and the package as it is seen from there. The engine itself is
// not in here.

import { attach, type EngineWorker, type WorkerLike } from "./remote.js";

export * from "./errors.js";
export type { EngineWorker, Received, Remote, RemoteLibrary, Reply, WorkerLike } from "./remote.js";

/** Start an engine in a worker: in one that runs `lorikeet-crdt/worker-engine`, if it is given. */
export function startWorker(
  worker: WorkerLike = new Worker(new URL("./worker_engine.js", import.meta.url), { type: "module" }),
): EngineWorker {
  return attach(worker);
}
