// SPDX-License-Identifier: MIT
// Documents on this device: update blobs in IndexedDB, one row each, folded into one row now and
// then. Several tabs may have a document open at once. Each appends rows of its own and folds only
// rows whose content it holds, in one transaction, so whatever order they do it in, every update is
// in some row.
//
//   rows      id ─► {room, bytes}                     what the document is made of
//   documents room ─► {key, title, changed, alone}    what to list, and how much nobody else has

export interface DocumentNote {
  room: string;
  key: string;
  title: string;
  /** Milliseconds since 1970. */
  changed: number;
  /** Changes made here that no other peer is known to have. */
  alone: number;
}

interface Row {
  room: string;
  bytes: Uint8Array;
}

// Opening a document reads all of its rows; past this many, one row is cheaper than the rest.
const FOLD_AT = 256;

export class Store {
  /** Rows whose content the document of this tab holds. */
  private held: number[] = [];
  /** What could not be written so far; tried again with the next write. */
  private unwritten: Uint8Array[] = [];

  private constructor(
    private readonly database: IDBDatabase | null,
    private readonly room: string,
    private readonly onTrouble: (trouble: string) => void,
  ) {}

  /** Never fails: without a database the store forgets everything when the tab is closed. */
  static async open(room: string, onTrouble: (trouble: string) => void): Promise<Store> {
    try {
      return new Store(await openDatabase(), room, onTrouble);
    } catch {
      onTrouble(
        "This browser does not let the page keep documents (a private window?). " +
          "What you write stays in this tab until someone else is here.",
      );
      return new Store(null, room, onTrouble);
    }
  }

  async load(): Promise<Uint8Array[]> {
    if (!this.database) return [];
    const index = this.database.transaction("rows").objectStore("rows").index("room");
    const [ids, rows] = await Promise.all([
      result(index.getAllKeys(this.room)),
      result(index.getAll(this.room) as IDBRequest<Row[]>),
    ]);
    this.held = ids as number[];
    return rows.map((row) => row.bytes);
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
      const transaction = this.database.transaction(stores, "readwrite");
      if (note) transaction.objectStore("documents").put(note);
      const rows = transaction.objectStore("rows");
      const requests = unlessThrown(transaction, () =>
        all.map((bytes) => rows.add({ room: this.room, bytes } satisfies Row)),
      );
      await committed(transaction);
      for (const request of requests) this.held.push(request.result as number);
      return true;
    } catch (error) {
      this.unwritten = all.concat(this.unwritten);
      this.onTrouble(describe(error));
      return false;
    }
  }

  /** Replaces the rows held by one, if there are many. `whole` says all of the document. */
  async fold(whole: () => Uint8Array): Promise<void> {
    if (!this.database || this.held.length < FOLD_AT || this.unwritten.length > 0) return;
    const old = this.held;
    this.held = [];
    try {
      const transaction = this.database.transaction("rows", "readwrite");
      const rows = transaction.objectStore("rows");
      const request = rows.add({ room: this.room, bytes: whole() } satisfies Row);
      for (const id of old) rows.delete(id);
      await committed(transaction);
      this.held.push(request.result as number);
    } catch {
      this.held = old.concat(this.held);
    }
  }
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open("lorikeet", 1);
  request.onupgradeneeded = () => {
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
    ? "The browser has no room left for this document. New changes stay in this tab only."
    : "The browser could not keep the last changes. They stay in this tab and are tried again.";
}
