// The runs of a browser, file by file in IndexedDB.
import type { FitFile } from "./messages.js";

const database = "dsbm";
const table = "files";

/** A run of this browser. */
export interface StoredRun {
  name: string;
  bytes: number;
  files: number;
}

const resultOf = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function withFiles<T>(
  mode: IDBTransactionMode,
  use: (files: IDBObjectStore) => Promise<T>,
): Promise<T> {
  const opening = indexedDB.open(database, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(table);
  const db = await resultOf(opening);
  try {
    return await use(db.transaction(table, mode).objectStore(table));
  } finally {
    db.close();
  }
}

/** Keys [name, path] of a run. */
const keysOf = (name: string): IDBKeyRange => IDBKeyRange.bound([name], [name, []]);

/**
 * Writes changed files of a run.
 * @throws {DOMException} of the browser, such as for a full disk.
 */
export const storeFiles = (name: string, files: readonly FitFile[]): Promise<void> =>
  withFiles("readwrite", async (store) => {
    const writes = files.map(
      ([path, bytes]): Promise<unknown> =>
        bytes ? resultOf(store.put(bytes, [name, path])) : resultOf(store.delete([name, path])),
    );
    await Promise.all(writes);
  });

/**
 * The files of a run; [] for an unknown one.
 * @throws {DOMException} of the browser.
 */
export const storedFiles = (name: string): Promise<FitFile[]> =>
  withFiles("readonly", async (store) => {
    const [keys, values] = await Promise.all([
      resultOf(store.getAllKeys(keysOf(name))),
      resultOf<Uint8Array[]>(store.getAll(keysOf(name))),
    ]);
    return values.map((bytes, i) => [String((keys[i] as string[])[1]), bytes] as const);
  });

/**
 * The runs of this browser, by name.
 * @throws {DOMException} of the browser.
 */
export const storedRuns = (): Promise<StoredRun[]> =>
  withFiles("readonly", async (store) => {
    const runs = new Map<string, StoredRun>();
    const cursor = store.openCursor();
    await new Promise<void>((resolve, reject) => {
      cursor.onerror = () => reject(cursor.error);
      cursor.onsuccess = () => {
        const { result } = cursor;
        if (!result) return resolve();
        const [name] = result.key as string[];
        const run = runs.get(name) ?? { name, bytes: 0, files: 0 };
        run.bytes += (result.value as Uint8Array).length;
        run.files += 1;
        runs.set(name, run);
        result.continue();
      };
    });
    return [...runs.values()];
  });

/**
 * Forgets a run.
 * @throws {DOMException} of the browser.
 */
export const removeStoredRun = (name: string): Promise<void> =>
  withFiles("readwrite", async (store) => void (await resultOf(store.delete(keysOf(name)))));
