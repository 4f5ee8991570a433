// SPDX-License-Identifier: MIT
// What the package's types are from outside its worker: everything is a call that returns a promise, and
// what stays there is stood for.

import type * as library from "./index.js";

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

export type Callable = (...args: any[]) => unknown;
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
