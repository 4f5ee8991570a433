// SPDX-License-Identifier: MIT
// Documents read as plain trees: with the ids of containers, as nodes that say what they are, or as
// a replacer wants them. All of it is put together from what containers say of themselves.

import { type Container, isContainer, isContainerId, type ContainerID } from "./container.js";
import { ERANGE, ESTATE, EVALUE } from "./errors.js";
import type { Delta } from "./event.js";
import { object, type TreeID, type Value } from "./value.js";

/** Kinds differ in methods, which `kind()` tells of. */
type Any = any;
type Find = (id: ContainerID) => Container | undefined;

function items(container: Any): (Value | Container)[] {
  return container.toArray();
}

/** `of` for each thing a map or list holds; what other kinds hold as it is. */
function content(container: Any, of: (item: Value | Container) => unknown): unknown {
  switch (container.kind()) {
    case "Map":
      return object(container.entries().map(([key, item]: [string, Value]) => [key, of(item)]));
    case "List":
    case "MovableList":
      return items(container).map(of);
    default:
      return container.toJSON();
  }
}

// ---- values with ids ----

export type ValueWithContainerID = { cid: ContainerID; value: Value };

export function withId(container: Container): ValueWithContainerID {
  if (!container.isAttached()) throw new ESTATE("a container in no document has no id");
  const value = content(container, itemWithId) as Value;
  return { cid: container.id, value };
}

function itemWithId(item: Value | Container): Value | ValueWithContainerID {
  return isContainer(item) ? withId(item) : item;
}

function clamp(bound: number, length: number): number {
  return Math.min(Math.max(Math.trunc(bound), 0), length);
}

/** Part of a list, containers resolved, or with their ids. */
export function rangeOf(list: Any, start: number, end: number, ids: boolean): Value[] {
  const all = items(list);
  const part = all.slice(clamp(start, all.length), clamp(end, all.length));
  return part.map((item) => (ids ? itemWithId(item) : isContainer(item) ? item.toJSON() : item));
}

// ---- trees of nodes ----

/** Texts as strings, or as deltas. */
export type ContainerTreeTextFormat = "plain" | "delta";
export interface ContainerTreeOptions<T extends ContainerTreeTextFormat = ContainerTreeTextFormat> {
  text?: T;
}
export interface DocumentContainerTreeOptions<
  T extends ContainerTreeTextFormat = ContainerTreeTextFormat,
> extends ContainerTreeOptions<T> {
  /** Only these roots, of those that there are. */
  roots?: readonly string[];
}

export type ValueNode = { type: "Value"; value: Value };
export type ContainerNode<T extends ContainerTreeTextFormat = ContainerTreeTextFormat> =
  | { type: "Map"; cid: ContainerID; value: Record<string, ContainerTreeNode<T>> }
  | { type: "List"; cid: ContainerID; value: ContainerTreeNode<T>[] }
  | { type: "MovableList"; cid: ContainerID; value: ContainerTreeNode<T>[] }
  | { type: "Text"; cid: ContainerID; value: T extends "delta" ? Delta<string>[] : string }
  | { type: "Tree"; cid: ContainerID; value: TreeNodeSnapshot<T>[] }
  | { type: "Counter"; cid: ContainerID; value: number };
export type NodeOfKind<T extends ContainerTreeTextFormat, Kind> = Extract<
  ContainerNode<T>,
  { type: Kind }
>;
export type ContainerTreeNode<T extends ContainerTreeTextFormat = ContainerTreeTextFormat> =
  ContainerNode<T> | ValueNode;
export interface TreeNodeSnapshot<T extends ContainerTreeTextFormat = ContainerTreeTextFormat> {
  id: TreeID;
  parent: TreeID | null;
  index: number;
  fractional_index: string;
  meta: Extract<ContainerNode<T>, { type: "Map" }>;
  children: TreeNodeSnapshot<T>[];
}
export interface ContainerTreeSlice<T extends ContainerTreeTextFormat = ContainerTreeTextFormat> {
  cid: ContainerID;
  start: number;
  totalLength: number;
  items: ContainerTreeNode<T>[];
}

/** The format of texts that options ask for; plain where they need not say. */
export type ContainerTreeText<O> = O extends { text: ContainerTreeTextFormat }
  ? O["text"]
  : "plain" | (O extends { text?: infer F } ? Extract<F, ContainerTreeTextFormat> : never);
/** What toContainerTree() of a document gives with such options. */
export type DocumentContainerTree<O> = O extends { roots: readonly (infer R extends string)[] }
  ? Partial<Record<R, ContainerNode<ContainerTreeText<O>>>>
  : Record<string, ContainerNode<ContainerTreeText<O>>>;

const DEPTH = 256;

/** @internal */
export function treeOptions(options: unknown, known: readonly string[]): Any {
  if (options === undefined || options === null) return {};
  if (typeof options !== "object") throw new EVALUE("Invalid toContainerTree options");
  for (const [key, value] of Object.entries(options)) {
    if (!known.includes(key)) throw new EVALUE(`Unknown toContainerTree option: ${key}`);
    const names = Array.isArray(value) && value.every((name) => typeof name === "string");
    const fits = key === "text" ? value === "plain" || value === "delta" : names;
    if (!fits) throw new EVALUE(`Invalid toContainerTree option: ${key}`);
  }
  return options;
}

function metaNodes(rows: Any[], node: (id: ContainerID) => unknown): unknown {
  return rows.map((row) => ({ ...row, meta: node(row.meta), children: metaNodes(row.children, node) }));
}

/** @internal */
export function nodeOf(
  container: Any,
  find: Find,
  options: ContainerTreeOptions,
  depth = 1,
): Any {
  if (!container.isAttached()) throw new ESTATE("toContainerTree requires an attached container");
  if (depth > DEPTH) throw new ERANGE(`containers are nested deeper than ${DEPTH}`);
  const below = (item: Any) => nodeOf(item, find, options, depth + 1);
  const type = container.kind();
  let value: unknown;
  if (type === "Tree") value = metaNodes(container.getShallowValue(), (id) => below(find(id)));
  else if (type === "Text" && options.text === "delta") value = container.toDelta();
  else {
    value = content(container, (item) => (isContainer(item) ? below(item) : { type: "Value", value: item }));
  }
  return { type, cid: container.id, value };
}

/** @internal */
export function sliceOf(list: Any, find: Find, bounds: [number, number], options: unknown): Any {
  if (bounds.some((bound) => !(Number.isInteger(bound) && bound >= 0 && bound < 2 ** 32))) {
    throw new ERANGE("Slice bounds must be nonnegative u32 integers");
  }
  const whole = nodeOf(list, find, treeOptions(options, ["text"]));
  const totalLength = whole.value.length;
  const [start, end] = bounds.map((bound) => Math.min(bound, totalLength)) as [number, number];
  return { cid: list.id, start, totalLength, items: whole.value.slice(start, end) };
}

/** @internal JSON has neither binary values nor NaN. */
export function nodesToJson(nodes: unknown): string {
  return JSON.stringify(nodes, (_, value) => {
    const lost = value instanceof Uint8Array || (typeof value === "number" && !isFinite(value));
    if (lost) throw new EVALUE("JSON has no binary values, nor numbers that are not finite");
    return value;
  });
}

// ---- replaced ----

export type Replacer = (
  key: string | number,
  value: Value | Container,
) => Value | Container;

/** @internal Containers are told as such first; what the replacer leaves alone is looked into. */
export function replaced(roots: Record<string, ContainerID>, find: Find, replacer: Replacer): Value {
  const seen = new Set<string>();
  const plain = (value: Value | Container | undefined): Value | undefined => {
    if (isContainer(value)) throw new EVALUE("a replacer returned another container");
    return value;
  };
  const inside = (value: Any): Value | undefined =>
    typeof value === "object" && value !== null ? layer(value) : value;
  const visit = (key: string | number, value: Any): Value | undefined => {
    if (typeof value === "string" && isContainerId(value) && !seen.has(value)) {
      seen.add(value);
      const container: Any = find(value);
      if (container === undefined) throw new EVALUE(`ContainerID not found: ${value}`);
      const answer = replacer(key, container);
      return inside(answer === container ? container.getShallowValue() : plain(answer));
    }
    return typeof value === "object" && value !== null ? layer(value) : plain(replacer(key, value));
  };
  const layer = (value: Any): Value => {
    if (Array.isArray(value)) {
      return value.map((item, index) => visit(index, item)).filter((item) => item !== undefined);
    }
    const entries = Object.entries(value).map(([key, item]) => [key, visit(key, item)] as const);
    return object(entries.filter(([, item]) => item !== undefined) as [string, Value][]);
  };
  return layer(roots);
}

// ---- by path ----

const DIGITS = /^\d+$/;
const NODE = /^\d+@\d+$/;

/** Below a tree: indices among siblings, or one id of a node; then into its data. As in loro-crdt an
 *  index that is the last step finds nothing when it is the first, too. */
function dataBelow(tree: Any, steps: string[]): Container | undefined {
  if (NODE.test(steps[0]!)) return tree.getNodeByID(steps.shift()!)?.data;
  let nodes: Any[] = tree.roots();
  let node: Any;
  let taken = 0;
  for (; steps.length > 0 && DIGITS.test(steps[0]!); taken++) {
    node = nodes[Number(steps.shift())];
    if (node === undefined) return undefined;
    nodes = node.children() ?? [];
  }
  return taken === 1 && steps.length === 0 ? undefined : node?.data;
}

/** @internal What is at "key/0/key" below `at`. */
export function below(at: Value | Container | undefined, path: string[]): Any {
  const steps = [...path];
  while (steps.length > 0) {
    if (!isContainer(at)) return undefined;
    const container: Any = at;
    const kind = container.kind();
    if (kind === "Tree") {
      at = dataBelow(container, steps);
      continue;
    }
    const step = steps.shift()!;
    if (kind === "Map") at = container.get(step);
    else if (!DIGITS.test(step)) return undefined;
    else if (kind === "Text") at = container.toString()[Number(step)];
    else at = container.get?.(Number(step));
  }
  return at;
}
