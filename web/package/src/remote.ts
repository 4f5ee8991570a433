// SPDX-License-Identifier: MIT
// The page's side of an engine in a worker. What lives there is a proxy here, on which everything is
// a call that returns a promise. Such a promise can be called on before it is kept: requests arrive
// in the order in which they were made, and a result has the number of its request.

import * as errors from "./errors.js";
import type * as library from "./index.js";
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

/** What stays in the worker. */
type Kept =
  | library.LoroDoc
  | library.LoroText
  | library.LoroMap
  | library.LoroList
  | library.LoroMovableList
  | library.LoroTree
  | library.LoroTreeNode
  | library.LoroCounter
  | library.Cursor
  | library.VersionVector
  | library.UndoManager
  | library.EphemeralStore
  | library.Awareness
  | library.ChangeModifier;

type Callable = (...args: any[]) => unknown;
declare const STANDS: unique symbol;
interface Standing<T> {
  /** Never there: for the compiler. */
  readonly [STANDS]?: T;
}

type Members<T> = {
  readonly [K in keyof T]: T[K] extends Callable ? Called<T[K]> : Reply<T[K]>;
};
type Called<T> = T extends (...args: infer A) => infer R
  ? A extends [...infer Before, infer Last]
    ? // who puts a container into another one gets one of the same kind
      [library.Container, Last] extends [Last & R, library.Container]
      ? <C extends library.Container>(...args: [...Sent<Before>, Standing<C>]) => Reply<C>
      : (...args: Sent<A>) => Reply<Awaited<R>>
    : (...args: Sent<A>) => Reply<Awaited<R>>
  : never;
type Made<T> = T extends abstract new (...args: infer A) => infer I
  ? (new (...args: Sent<A>) => Remote<I>) & Members<Omit<T, "prototype">>
  : never;

/** Arguments: in place of what stays in the worker goes what stands for it. */
type Sent<A extends unknown[]> = { [K in keyof A]: Passed<A[K]> };
type Passed<T> = 0 extends 1 & T
  ? any
  : T extends Kept
    ? Standing<T>
    : T extends Callable | Uint8Array | Map<any, any> | string | number | bigint | boolean | null | undefined
      ? T
      : T extends object
        ? { [K in keyof T]: Passed<T[K]> }
        : T;

/** What stands for something in the worker. */
export type Remote<T> = T extends Callable ? Called<T> : Members<T> & Standing<T>;

/** What a promise of it is kept with. */
export type Received<T> = 0 extends 1 & T
  ? any
  : T extends Kept | Callable
  ? Remote<T>
  : T extends Uint8Array | string | number | bigint | boolean | null | undefined
    ? T
    : T extends Map<infer K, infer V>
      ? Map<K, Received<V>>
      : T extends object
        ? { [K in keyof T]: Received<T[K]> }
        : T;

/** A promise that can be called on at once, if it will be kept with something in the worker. */
export type Reply<T> = Promise<Received<T>> & (NonNullable<T> extends Kept ? Remote<NonNullable<T>> : unknown);

/** The classes and functions of the package. */
export type RemoteLibrary = {
  readonly [K in keyof typeof library]: (typeof library)[K] extends abstract new (...args: any[]) => unknown
    ? Made<(typeof library)[K]>
    : (typeof library)[K] extends Callable
      ? Called<(typeof library)[K]>
      : Reply<(typeof library)[K]>;
};

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

/** Use what serve() offers at the other end of `port`. After fail() all calls reject. */
export function connect(port: Port): { loro: RemoteLibrary; fail(error: unknown): void } {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  const calls = new Map<number, Callable>();
  const places = new WeakMap<object, Place>();
  const drop = (id: number) => port.postMessage({ drop: id }, []);
  const gone = new FinalizationRegistry(drop);
  let ended: { error: unknown } | undefined;
  let last = 0;

  const keep = (value: object): Omit<Mark, "at"> | undefined => {
    const place = places.get(value);
    if (place !== undefined) return { kept: hold(place) };
    if (typeof value !== "function") return undefined;
    calls.set(++last, value as Callable);
    return { call: last };
  };

  /** What is called on has to be there still, and whoever only does that did not lose its failure. */
  function hold({ owner, reply }: Place): number {
    if (reply !== undefined) own(owner, reply);
    return owner.id;
  }

  const owned = new WeakSet<Owner>();
  function own(owner: Owner, reply?: Promise<unknown>): void {
    reply?.catch(() => {});
    if (owned.has(owner)) return;
    owned.add(owner);
    gone.register(owner, owner.id);
  }

  const find = ({ kept }: Mark, from?: Owner): unknown => {
    const owner = from?.id === kept ? from! : { id: kept! };
    own(owner);
    return proxy({ owner, path: [] });
  };

  function ask(place: Place, how: Request["how"], args: unknown[]): Place & { reply: Promise<unknown> } {
    const owner = { id: ++last };
    const marks: Mark[] = [];
    const reply = new Promise<unknown>((resolve, reject) => {
      if (ended !== undefined) throw ended.error;
      const on = hold(place);
      const given = pack(args, keep, marks) as unknown[];
      port.postMessage({ id: owner.id, on, path: place.path, how, args: given, marks } satisfies Request, []);
      waiting.set(owner.id, { resolve, reject });
    });
    return {
      owner,
      path: [],
      reply: reply.then((value) => {
        const { value: result, marks: inside } = value as Answer;
        return unpack(result, inside!, (mark) => find(mark, owner));
      }),
    };
  }

  function proxy(place: Place): any {
    const { path, reply } = place;
    const result = reply !== undefined && path.length === 0; // members may be called, results are not
    const made = new Proxy(result ? {} : function () {}, {
      get(_, name) {
        if (typeof name === "symbol") return undefined;
        if (name === "then" || name === "catch" || name === "finally") {
          const promise = path.length > 0 ? ask(place, "get", []).reply : reply;
          return promise?.[name].bind(promise);
        }
        return proxy({ ...place, path: [...path, name] });
      },
      apply: (_, _self, args) => proxy(ask(place, "call", args)),
      construct(_, args) {
        const { owner, reply: made } = ask(place, "new", args);
        own(owner, made);
        return proxy({ owner, path: [] });
      },
    });
    places.set(made, place);
    return made;
  }

  port.onmessage = ({ data }: MessageEvent<Answer | Told>) => {
    if ("call" in data) {
      const { call, args, marks } = data;
      if (args === undefined) calls.delete(call); // nobody there can call it any more
      else calls.get(call)?.(...(unpack(args, marks!, (mark) => find(mark)) as unknown[]));
      return;
    }
    const { id, failure } = data;
    const { resolve, reject } = waiting.get(id)!;
    waiting.delete(id);
    if (failure === undefined) {
      resolve(data);
    } else {
      drop(id);
      reject(errorOf(failure));
    }
  };

  function fail(error: unknown): void {
    ended ??= { error };
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }
  return { loro: proxy({ owner: { id: 0 }, path: [] }), fail };
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
