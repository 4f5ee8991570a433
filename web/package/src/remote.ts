// SPDX-License-Identifier: MIT
// The page's side of an engine in a worker. What lives there is a proxy here, on which everything is
// a call that returns a promise. Such a promise can be called on before it is kept: requests arrive
// in the order in which they were made, and a result has the number of its request.

import * as errors from "./errors.js";
import {
  type Answer,
  type Failure,
  type Mark,
  pack,
  type Port,
  type Request,
  type Told,
  unpack,
} from "./remote_message.js";
import type { Callable, RemoteLibrary } from "./remote_types.js";

export type { Received, Remote, RemoteLibrary, Reply } from "./remote_types.js";

/** As far as both browsers and Node have it. */
export interface WorkerLike {
  postMessage(message: any, transfer?: any): void;
  terminate(): unknown;
}

/** An engine in a worker. */
export interface EngineWorker {
  /** The package, as it is seen from here. */
  readonly loro: RemoteLibrary;
  /** End the worker: calls that were not answered reject, and so do all that follow. */
  terminate(): void;
}

/** Something in the worker; its number is given back when nothing stands for it any more. */
interface Owner {
  id: number;
}

/** What a proxy stands for: a result, or if there is a path, a member of it. */
interface Place {
  owner: Owner;
  path: string[];
  /** Of the result, if it was not here when it was asked for. */
  reply?: Promise<unknown>;
}

const BUILT_IN = { TypeError, RangeError, SyntaxError, ReferenceError };

function errorOf({ thrown, name, message, stack, status, offset }: Failure): unknown {
  if (message === undefined) return thrown;
  const made = errors[status as keyof typeof errors] as typeof errors.LorikeetError | undefined;
  const error = made
    ? new made(message, offset)
    : new (BUILT_IN[name as keyof typeof BUILT_IN] ?? Error)(message);
  return Object.assign(error, stack !== undefined && { stack });
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The end of the page. */
class Connection {
  /** Of the proxies. */
  private readonly _places = new WeakMap<object, Place>();
  readonly loro: RemoteLibrary = this._proxy({ owner: { id: 0 }, path: [] });
  /** Requests by number, until they are answered. */
  private readonly _waiting = new Map<number, Waiting>();
  /** Functions of the page that the worker may call. */
  private readonly _calls = new Map<number, Callable>();
  private readonly _owned = new WeakSet<Owner>();
  private readonly _gone = new FinalizationRegistry((id: number) => this._drop(id));
  private _ended: { error: unknown } | undefined;
  private _last = 0;

  constructor(private readonly _port: Port) {
    _port.onmessage = ({ data }: MessageEvent<Answer | Told>) =>
      "call" in data ? this._told(data) : this._answered(data);
  }

  /** From now on all calls reject. */
  readonly fail = (error: unknown): void => {
    this._ended ??= { error };
    for (const { reject } of this._waiting.values()) reject(error);
    this._waiting.clear();
  };

  private _drop(id: number): void {
    this._port.postMessage({ drop: id }, []);
  }

  private _own(owner: Owner, reply?: Promise<unknown>): void {
    reply?.catch(() => {});
    if (this._owned.has(owner)) return;
    this._owned.add(owner);
    this._gone.register(owner, owner.id);
  }

  /** What is called on has to be there still, and whoever only does that did not lose its failure. */
  private _hold({ owner, reply }: Place): number {
    if (reply !== undefined) this._own(owner, reply);
    return owner.id;
  }

  /** What the worker gets in place of an argument. */
  private _keep(value: object): Omit<Mark, "at"> | undefined {
    const place = this._places.get(value);
    if (place !== undefined) return { kept: this._hold(place) };
    if (typeof value !== "function") return undefined;
    this._calls.set(++this._last, value as Callable);
    return { call: this._last };
  }

  /** What stands here for something in the worker: `from` is the owner of the result it is in. */
  private _find({ kept }: Mark, from?: Owner): unknown {
    const owner = from?.id === kept ? from! : { id: kept! };
    this._own(owner);
    return this._proxy({ owner, path: [] });
  }

  private _request(id: number, place: Place, how: Request["how"], args: unknown[]): Promise<Answer> {
    const marks: Mark[] = [];
    return new Promise((resolve, reject) => {
      if (this._ended !== undefined) throw this._ended.error;
      const on = this._hold(place);
      const given = pack(args, (value) => this._keep(value), marks) as unknown[];
      const request: Request = { id, on, path: place.path, how, args: given, marks };
      this._port.postMessage(request, []);
      this._waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
    });
  }

  private _ask(
    place: Place,
    how: Request["how"],
    args: unknown[],
  ): Place & { reply: Promise<unknown> } {
    const owner = { id: ++this._last };
    const reply = this._request(owner.id, place, how, args).then(({ value, marks }) =>
      unpack(value, marks!, (mark) => this._find(mark, owner)),
    );
    return { owner, path: [], reply };
  }

  private _proxy(place: Place): any {
    const { path, reply } = place;
    const result = reply !== undefined && path.length === 0; // members may be called, results are not
    const made = new Proxy(result ? {} : function () {}, {
      get: (_, name) => {
        if (typeof name === "symbol") return undefined;
        if (name === "then" || name === "catch" || name === "finally") {
          const promise = path.length > 0 ? this._ask(place, "get", []).reply : reply;
          return promise?.[name].bind(promise);
        }
        return this._proxy({ ...place, path: [...path, name] });
      },
      apply: (_, _self, args) => this._proxy(this._ask(place, "call", args)),
      construct: (_, args) => {
        const { owner, reply: made } = this._ask(place, "new", args);
        this._own(owner, made);
        return this._proxy({ owner, path: [] });
      },
    });
    this._places.set(made, place);
    return made;
  }

  private _told({ call, args, marks }: Told): void {
    if (args === undefined) this._calls.delete(call); // nobody there can call it any more
    else this._calls.get(call)?.(...(unpack(args, marks!, (mark) => this._find(mark)) as unknown[]));
  }

  private _answered(answer: Answer): void {
    const { id, failure } = answer;
    const { resolve, reject } = this._waiting.get(id)!;
    this._waiting.delete(id);
    if (failure === undefined) return resolve(answer);
    this._drop(id);
    reject(errorOf(failure));
  }
}

/** Use what serve() offers at the other end of `port`. */
export function connect(port: Port): Connection {
  return new Connection(port);
}

/** Use the engine that `worker` serves. */
export function attach(worker: WorkerLike): EngineWorker {
  const { port1, port2 } = new MessageChannel();
  const { loro, fail } = connect(port1);
  const failed = (error: { message?: string }) =>
    fail(error instanceof Error ? error : new errors.ESTATE(error.message || "the worker does not start"));
  const { addEventListener: listen = (worker as any).on } = worker as any;
  listen.call(worker, "error", failed);
  listen.call(worker, "messageerror", failed);
  worker.postMessage({ port: port2 }, [port2]);
  return {
    loro,
    terminate() {
      fail(new errors.ESTATE("the worker was ended"));
      port1.close();
      worker.terminate();
    },
  };
}
