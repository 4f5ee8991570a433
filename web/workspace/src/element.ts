// SPDX-License-Identifier: MIT

/** The element of index.html that has this id. */
export function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}
