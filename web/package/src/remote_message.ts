// SPDX-License-Identifier: MIT
// What goes between a page and the engine in its worker. Plain data is copied. What lives on the
// other side is an empty object in it, beside which a mark says what it stands for; copying a
// message keeps which object is which.

/** Either side; the same in browsers and in Node. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

/** In place of `at`: something kept in the worker under a number, or a function of the page. */
export interface Mark {
  at: object;
  kept?: number;
  call?: number;
}

/** To the worker: read a member of something kept, call it, or make one with `new`. */
export interface Request {
  id: number;
  on: number;
  path: string[];
  how: "get" | "call" | "new";
  args: unknown[];
  marks: Mark[];
}

export interface Failure {
  thrown?: unknown;
  name?: string;
  message?: string;
  stack?: string | undefined;
  status?: string;
  offset?: number;
}

/** To the page. */
export interface Answer {
  id: number;
  value?: unknown;
  marks?: Mark[];
  failure?: Failure;
}

/** To the page: call a function of it, or without arguments, forget that function. */
export interface Told {
  call: number;
  args?: unknown[];
  marks?: Mark[];
}

/** `value` with empty objects in place of what `keep` names; they are listed in `marks`. */
export function pack(
  value: unknown,
  keep: (value: object) => Omit<Mark, "at"> | undefined,
  marks: Mark[],
): unknown {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return value;
  const mark = keep(value);
  if (mark !== undefined) {
    const at = {};
    marks.push({ at, ...mark });
    return at;
  }
  return each(value, (inner) => pack(inner, keep, marks));
}

/** The other way round. */
export function unpack(value: unknown, marks: Mark[], find: (mark: Mark) => unknown): unknown {
  if (marks.length === 0) return value;
  const found = new Map(marks.map((mark) => [mark.at, find(mark)]));
  const walk = (inner: unknown): unknown =>
    typeof inner !== "object" || inner === null ? inner : found.get(inner) ?? each(inner, walk);
  return walk(value);
}

function each(value: object, change: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [key, change(inner)]));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner)]));
}

export function isPlain(value: object): boolean {
  const made = Object.getPrototypeOf(value);
  return made === Object.prototype || made === null;
}
