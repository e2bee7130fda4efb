// What the data set tests share: folders, IDX files written byte by byte, and the shape of an error.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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
    return put(folder, files);
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
export function put(folder: string, files: Readonly<Record<string, Uint8Array>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** Runs something without the permissions of root. */
export async function asNobody(run: () => void | Promise<void>): Promise<void> {
  const root = process.getuid!() === 0;
  if (root) process.seteuid!(65534);
  try {
    await run();
  } finally {
    if (root) process.seteuid!(0);
  }
}

/** A DatasetError of a code, of one line that matches. */
export const refusal = (code: string, message: RegExp | string = "") =>
  expect.objectContaining({
    name: "DatasetError",
    code,
    message: expect.toSatisfy(
      (text: string) =>
        !text.includes("\n") &&
        (typeof message === "string" ? text.includes(message) : message.test(text)),
      `one line with ${message}`,
    ),
  });
