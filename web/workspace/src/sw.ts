// SPDX-License-Identifier: MIT
// The service worker: keeps the files of the page, so that it opens with no network at all.
// Documents are not its business, they are in IndexedDB.
//
// Files other than the page itself have their content's hash in their name, so one that is kept is
// the right one for ever. The page is asked for anew if the server answers soon.

/// <reference lib="webworker" />

declare const FILES: string[];
declare const VERSION: string;

const worker = self as unknown as ServiceWorkerGlobalScope;
const CACHE = `lorikeet-${VERSION}`;
const PAGE = "./";
const PAGE_WITHIN_MS = 2_000;

worker.addEventListener("install", (event) => {
  event.waitUntil(keepFiles());
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(takeOver());
});

worker.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate") event.respondWith(answerPage());
  else if (FILES.includes(url.pathname.split("/").at(-1) ?? "")) event.respondWith(answerFile(url));
});

async function keepFiles(): Promise<void> {
  const cache = await caches.open(CACHE);
  const wanted = [PAGE, ...FILES].map((path) => new Request(path, { cache: "reload" }));
  await cache.addAll(wanted);
  await worker.skipWaiting();
}

async function takeOver(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith("lorikeet-") && name !== CACHE) await caches.delete(name);
  }
  await worker.clients.claim();
}

async function answerPage(): Promise<Response> {
  try {
    const signal = AbortSignal.timeout(PAGE_WITHIN_MS);
    const response = await fetch(PAGE, { cache: "no-cache", signal });
    if (response.ok) return response;
  } catch {
    // No network, or as good as none.
  }
  return (await caches.match(PAGE)) ?? Response.error();
}

async function answerFile(url: URL): Promise<Response> {
  return (await caches.match(url)) ?? fetch(url);
}
