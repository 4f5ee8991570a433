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

class Server {
  readonly kept: Map<number, unknown>;
  /** Of what lies inside results; results themselves have the number of their call. */
  private _inner = 0;
  private readonly _forgotten = new FinalizationRegistry((call: number) =>
    this._port.postMessage({ call }, []),
  );

  constructor(
    private readonly _port: Port,
    surface: object,
  ) {
    this.kept = new Map<number, unknown>([[0, surface]]);
    _port.onmessage = ({ data }: MessageEvent<Request | { drop: number }>) => {
      if ("drop" in data) this.kept.delete(data.drop);
      else this._hear(data);
    };
  }

  private readonly _keep = (value: object): Omit<Mark, "at"> | undefined => {
    if (!stays(value)) return undefined;
    this.kept.set(--this._inner, value);
    return { kept: this._inner };
  };

  private readonly _find = ({ kept: id, call }: Mark): unknown => {
    if (call === undefined) return this._get(id!);
    const told = (...args: unknown[]) => {
      const marks: Mark[] = [];
      this._port.postMessage({ call, args: pack(args, this._keep, marks), marks }, []);
    };
    this._forgotten.register(told, call);
    return told;
  };

  private _get(id: number): unknown {
    const value = this.kept.get(id);
    if (value instanceof Failed) throw value.error;
    if (value === undefined) throw new Error("what this is called on was given back");
    return value;
  }

  private _run({ on, path, how, args, marks }: Request): unknown {
    let self: unknown;
    let target = this._get(on) as any;
    for (const name of path) [self, target] = [target, target[name]];
    if (how === "get") return target;
    if (typeof target !== "function") throw new TypeError(`${path.join(".")} is not a function`);
    const given = unpack(args, marks, this._find) as unknown[];
    return how === "new" ? new target(...given) : target.apply(self, given);
  }

  private _answer(id: number, value: unknown): void {
    const marks: Mark[] = [];
    const whole = typeof value === "object" || typeof value === "function" ? value : null;
    if (whole !== null && stays(whole)) {
      this.kept.set(id, whole);
      const at = {};
      this._port.postMessage({ id, value: at, marks: [{ at, kept: id }] } satisfies Answer, []);
      return;
    }
    const packed = pack(value, this._keep, marks);
    this._port.postMessage({ id, value: packed, marks } satisfies Answer, movable(packed));
  }

  private _fail(id: number, error: unknown): void {
    this.kept.set(id, new Failed(error)); // until the page has heard of it
    this._port.postMessage({ id, failure: failureOf(error) } satisfies Answer, []);
  }

  private _hear(request: Request): void {
    const { id } = request;
    try {
      const value = this._run(request);
      if (value instanceof Promise) {
        value.then((result) => this._answer(id, result)).catch((error) => this._fail(id, error));
      } else {
        this._answer(id, value);
      }
    } catch (error) {
      this._fail(id, error);
    }
  }
}

/** Let the other end of `port` use `surface`. Returns what is kept, by number. */
export function serve(port: Port, surface: object): Map<number, unknown> {
  return new Server(port, surface).kept;
}
