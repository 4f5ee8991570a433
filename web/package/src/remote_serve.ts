// SPDX-License-Identifier: MIT
// The worker's side: it keeps what the page holds on to, and does with it what the page asks for.

import {
  type Answer,
  type Failure,
  isPlain,
  type Mark,
  pack,
  type Port,
  type Request,
  unpack,
} from "./remote_message.js";

/** In place of a result that the page builds on already. */
class Failed {
  constructor(readonly error: unknown) {}
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { thrown: error };
  const { name, message, stack } = error;
  const { status, offset } = error as { status?: string; offset?: number };
  return { name, message, stack, ...(status && { status }), ...(offset !== undefined && { offset }) };
}

/** Does it stay here? Instances of classes and functions do; all else is copied. */
function stays(value: object): boolean {
  if (typeof value === "function") return true;
  const copied = Array.isArray(value) || value instanceof Map || ArrayBuffer.isView(value);
  return !copied && !(value instanceof Error) && !isPlain(value);
}

/** Bytes that nobody else sees are moved. */
function movable(value: unknown): Transferable[] {
  const bytes = value instanceof Uint8Array && value.byteLength > 0;
  return bytes && value.byteLength === value.buffer.byteLength ? [value.buffer as ArrayBuffer] : [];
}

/** Let the other end of `port` use `surface`. Returns what is kept, by number. */
export function serve(port: Port, surface: object): Map<number, unknown> {
  const kept = new Map<number, unknown>([[0, surface]]);
  let inner = 0; // of what lies inside results; results themselves have the number of their call
  const forgotten = new FinalizationRegistry((call: number) => port.postMessage({ call }, []));

  const keep = (value: object): Omit<Mark, "at"> | undefined => {
    if (!stays(value)) return undefined;
    kept.set(--inner, value);
    return { kept: inner };
  };

  const find = ({ kept: id, call }: Mark): unknown => {
    if (call === undefined) return get(id!);
    const told = (...args: unknown[]) => {
      const marks: Mark[] = [];
      port.postMessage({ call, args: pack(args, keep, marks), marks }, []);
    };
    forgotten.register(told, call);
    return told;
  };

  function get(id: number): unknown {
    const value = kept.get(id);
    if (value instanceof Failed) throw value.error;
    if (value === undefined) throw new Error("what this is called on was given back");
    return value;
  }

  function run({ on, path, how, args, marks }: Request): unknown {
    let self: unknown;
    let target = get(on) as any;
    for (const name of path) [self, target] = [target, target[name]];
    if (how === "get") return target;
    if (typeof target !== "function") throw new TypeError(`${path.join(".")} is not a function`);
    const given = unpack(args, marks, find) as unknown[];
    return how === "new" ? new target(...given) : target.apply(self, given);
  }

  function answer(id: number, value: unknown): void {
    const marks: Mark[] = [];
    const whole = typeof value === "object" || typeof value === "function" ? value : null;
    if (whole !== null && stays(whole)) {
      kept.set(id, whole);
      const at = {};
      port.postMessage({ id, value: at, marks: [{ at, kept: id }] } satisfies Answer, []);
      return;
    }
    const packed = pack(value, keep, marks);
    port.postMessage({ id, value: packed, marks } satisfies Answer, movable(packed));
  }

  function fail(id: number, error: unknown): void {
    kept.set(id, new Failed(error)); // until the page has heard of it
    port.postMessage({ id, failure: failureOf(error) } satisfies Answer, []);
  }

  port.onmessage = ({ data }: MessageEvent<Request | { drop: number }>) => {
    if ("drop" in data) {
      kept.delete(data.drop);
      return;
    }
    const { id } = data;
    try {
      const value = run(data);
      if (value instanceof Promise) {
        value.then((result) => answer(id, result)).catch((error) => fail(id, error));
      } else {
        answer(id, value);
      }
    } catch (error) {
      fail(id, error);
    }
  };
  return kept;
}
