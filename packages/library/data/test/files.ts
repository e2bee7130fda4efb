// What the dataset tests share: folders, IDX files written byte by byte, and the shape of an error.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openRows, type ReadOptions, type RowRequest } from "@dsbm/data";
import { setNumThreads } from "@dsbm/torch";
import { afterAll, beforeAll, expect } from "vitest";

/** Makes new folders, with files, for the tests of a file; they are deleted afterwards. Runs the tests on one thread. */
export function testFolders(): (files?: Readonly<Record<string, Uint8Array>>) => string {
  let root = "";
  let count = 0;
  beforeAll(() => {
    setNumThreads(1);
    root = mkdtempSync(join(tmpdir(), "dsbm-data-"));
  });
  afterAll(() => rmSync(root, { recursive: true }));
  return (files = {}) => {
    const folder = join(root, String(count++));
    mkdirSync(folder);
    return writeFiles(folder, files);
  };
}

/** An IDX file of bytes. */
export function idx(shape: number[], data: ArrayLike<number>, type = 8): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, type, shape.length]);
  const view = new DataView(bytes.buffer);
  shape.forEach((size, d) => {
    view.setUint32(4 + 4 * d, size);
  });
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

/** Writes files into a folder, with the folders above them. */
export function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** A .npy file whose numbers are said to stand column after column. */
export function fortran(npy: Uint8Array): Buffer {
  const bytes = Buffer.from(npy);
  bytes.write("True ", bytes.indexOf("False"));
  return bytes;
}

/** All that a request gives of a table, and what the table says of itself. */
export async function readAll(path: string, request: RowRequest, options: ReadOptions = {}) {
  const source = await openRows(path, options);
  try {
    const numbers: number[][] = (request.numbers ?? []).map(() => []);
    const texts: string[][] = (request.texts ?? []).map(() => []);
    let first = 0;
    for await (const batch of source.batches(request)) {
      expect(batch.first).toBe(first);
      first += batch.count;
      for (const [k, column] of batch.numbers.entries()) {
        expect(column.length).toBe(batch.count);
        numbers[k].push(...column);
      }
      for (const [k, column] of batch.texts.entries()) texts[k].push(...column);
    }
    return { numbers, texts, source };
  } finally {
    source.close();
  }
}

/** A DatasetError of a code, of one line that matches. */
export const refusal = (code: string, message: RegExp | string = "") =>
  expect.objectContaining({
    name: "DatasetError",
    code,
    message: expect.toSatisfy(
      (text) =>
        !text.includes("\n") &&
        (typeof message === "string" ? text.includes(message) : message.test(text)),
      `one line with ${message}`,
    ),
  });

/** Whether h5py is there, which writes what no library of JavaScript does. */
export const hasH5py = (() => {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import h5py"], { stdio: "ignore" });
    return true;
  } catch {
    console.log("skipped: /usr/bin/python3 has no h5py (apt-get install python3-h5py)");
    return false;
  }
})();
