// SPDX-License-Identifier: MIT
// Documents on this device: update blobs in IndexedDB, one row each, folded into one row now and
// then. Several tabs may have a document open at once. Each appends rows of its own and folds only
// rows whose content it holds, in one transaction, so whatever order they do it in, every update is
// in some row. A row that cannot be read is set aside, under a room of its own: no program of ours
// throws away what another one might still read.
//
//   rows      id ─► {room, bytes}                     what the document is made of
//             id ─► {"damaged/" + room, bytes}        what was set aside
//   documents room ─► {key, reads, title, changed, alone}    what to list, and how much nobody else has

export interface DocumentNote {
  room: string;
  /** As it stands in the link, */
  key: string;
  /** which may be one to read. */
  reads?: boolean;
  title: string;
  /** Milliseconds since 1970. */
  changed: number;
  /** Changes made here that no other peer is known to have. */
  alone: number;
}

export interface Row {
  id: IDBValidKey;
  /** Of a row that was damaged this may be anything. */
  bytes: Uint8Array;
}

export interface StoreEvents {
  trouble(text: string): void;
  /** What that text said is over. */
  relief(text: string): void;
}

// What is acknowledged outlives a power cut, too.
const SAFE: IDBTransactionOptions = { durability: "strict" };

// Chromium adds this: a database that it found damaged as a whole it has thrown away. (A write that is
// torn when the browser is killed can do that: the next one goes behind it, and the one after the
// next start finds what no checksum fits.)
type Upgrade = IDBVersionChangeEvent & { dataLoss?: string };

// Opening a document reads all of its rows; past this many, one row is cheaper than the rest.
const FOLD_AT = 256;

export class Store {
  /** Rows that came since all were folded. */
  private grown = 0;
  /** What could not be written so far; tried again with the next write. */
  private unwritten: Uint8Array[] = [];
  /** What was said about that. */
  private trouble = "";

  private constructor(
    private readonly database: IDBDatabase | null,
    private readonly room: string,
    private readonly on: StoreEvents,
  ) {}

  /** Never fails: without a database the store forgets everything when the tab is closed. */
  static async open(room: string, on: StoreEvents): Promise<Store> {
    const lost = () =>
      on.trouble(
        "This browser has lost what it kept. Documents come back from those who have them, " +
          "once they are here.",
      );
    try {
      return new Store(await openDatabase(lost), room, on);
    } catch {
      on.trouble(
        "This browser does not let the page keep documents (a private window?). " +
          "What you write stays in this tab until someone else is here.",
      );
      return new Store(null, room, on);
    }
  }

  /** The oldest first. */
  async load(): Promise<Row[]> {
    if (!this.database) return [];
    const rows = await rowsOf(this.database.transaction("rows").objectStore("rows"), this.room);
    this.grown = rows.length;
    return rows;
  }

  /** Keeps rows that could not be read where they are in nobody's way. */
  async setAside(damaged: Row[]): Promise<void> {
    if (!this.database || damaged.length === 0) return;
    try {
      const transaction = this.database.transaction("rows", "readwrite", SAFE);
      const rows = transaction.objectStore("rows");
      for (const { id, bytes } of damaged) rows.put({ room: `damaged/${this.room}`, bytes }, id);
      await committed(transaction);
    } catch {
      // Then they are in the way once more the next time.
    }
  }

  async note(): Promise<DocumentNote | undefined> {
    if (!this.database) return undefined;
    return result(this.database.transaction("documents").objectStore("documents").get(this.room));
  }

  /** Documents on this device, the last changed first. */
  async list(): Promise<DocumentNote[]> {
    if (!this.database) return [];
    const store = this.database.transaction("documents").objectStore("documents");
    const notes: DocumentNote[] = await result(store.getAll());
    return notes.sort((a, b) => b.changed - a.changed);
  }

  /**
   * Keeps `blobs`, and the note if there is one. Resolves when everything given so far is written,
   * to false if it could not be. The request is on its way when this returns, so that closing the
   * tab does not stop it.
   */
  async append(blobs: Uint8Array[], note: DocumentNote | null): Promise<boolean> {
    if (!this.database) return true;
    const all = this.unwritten.concat(blobs);
    this.unwritten = [];
    try {
      const stores = note ? ["rows", "documents"] : ["rows"];
      const transaction = this.database.transaction(stores, "readwrite", SAFE);
      if (note) transaction.objectStore("documents").put(note);
      const rows = transaction.objectStore("rows");
      unlessThrown(transaction, () => {
        for (const bytes of all) rows.add({ room: this.room, bytes });
      });
      await committed(transaction);
      this.grown += all.length;
      if (this.unwritten.length === 0 && this.trouble) this.on.relief(this.trouble);
      return true;
    } catch (error) {
      this.unwritten = all.concat(this.unwritten);
      this.trouble = describe(error);
      this.on.trouble(this.trouble);
      return false;
    }
  }

  /**
   * Replaces the rows that the document `holds` by one, if there are many. `whole` says all that
   * those say.
   */
  async fold(whole: () => Uint8Array, holds: (bytes: Uint8Array) => boolean): Promise<void> {
    if (!this.database || this.grown < FOLD_AT || this.unwritten.length > 0) return;
    this.grown = 0;
    try {
      const transaction = this.database.transaction("rows", "readwrite", SAFE);
      const rows = transaction.objectStore("rows");
      const old = (await rowsOf(rows, this.room)).filter(({ bytes }) => holds(bytes));
      unlessThrown(transaction, () => {
        rows.add({ room: this.room, bytes: whole() });
        for (const { id } of old) rows.delete(id);
      });
      await committed(transaction);
    } catch {
      // All rows are as they were.
    }
  }
}

async function rowsOf(rows: IDBObjectStore, room: string): Promise<Row[]> {
  const index = rows.index("room");
  const [ids, values] = await Promise.all([
    result(index.getAllKeys(room)),
    result(index.getAll(room) as IDBRequest<{ bytes: Uint8Array }[]>),
  ]);
  return ids.map((id, i) => ({ id, bytes: values[i].bytes }));
}

function openDatabase(lost: () => void): Promise<IDBDatabase> {
  const request = indexedDB.open("lorikeet", 1);
  request.onupgradeneeded = (event: Upgrade) => {
    if (event.dataLoss === "total") lost();
    const rows = request.result.createObjectStore("rows", { autoIncrement: true });
    rows.createIndex("room", "room");
    request.result.createObjectStore("documents", { keyPath: "room" });
  };
  return result(request);
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** What `body` asks of `transaction`. If it throws, nobody waits behind what was asked before. */
function unlessThrown<T>(transaction: IDBTransaction, body: () => T): T {
  try {
    return body();
  } catch (error) {
    transaction.abort();
    throw error;
  }
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    // Without this the browser waits for the page to be done with the requests, and drops the
    // transaction if the page is closed before that.
    transaction.commit();
  });
}

function describe(error: unknown): string {
  const full = error instanceof DOMException && error.name === "QuotaExceededError";
  return full
    ? "The browser has no room left for this document. New changes stay in this tab until there is."
    : "The browser could not keep the last changes. They stay in this tab and are tried again.";
}
