// Saving breaks off at each of its operations in turn: the disk refuses, the process is killed, the
// power fails. The older points must be whole every time, and saving must work again after it.
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError } from "@dsbm/files";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as disk from "./disk.js";
import { expectPoint, idOf, numbers, open, point, saveAll } from "./points.js";

vi.mock("node:fs", async (original) =>
  (await import("./disk.js")).failing(await original<typeof import("node:fs")>()),
);
const realFs = await vi.importActual<typeof import("node:fs")>("node:fs");

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "dsbm-runs-"));
  saveAll(open(join(root, "points"), { keep_last: 2 }), [1, 2]);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A run with the points 1 and 2 whose disk fails at operation `at` of what `work` does. */
function breakAt(at: number, failure: disk.Failure, work: (folder: string) => unknown) {
  const run = mkdtempSync(join(root, "run-"));
  const folder = join(run, "checkpoints");
  cpSync(join(root, "points"), folder, { recursive: true });
  let returned: unknown;
  let error: unknown;
  disk.failAt(at, failure);
  try {
    returned = work(folder);
  } catch (caught) {
    error = caught;
  }
  const came = disk.repair(realFs, run);
  return { folder, returned, error, came };
}

/** Saves point 3 and keeps `keep_last`. */
const saveThird = (keep_last: number) => (folder: string) =>
  open(folder, { keep_last }).save(point(3));

/**
 * The points of a folder. Leftovers of a dead process have a temporary name; here the live process
 * is this one.
 */
const namesIn = (folder: string) => readdirSync(folder).filter((name) => !name.startsWith("."));

describe("a disk that refuses", () => {
  it.each([
    ["full", "disk_full", /the disk is full/],
    ["read-only", "read_only", /mounted read-only/],
  ] as const)("that is %s leaves older checkpoints", (failure, code, cure) => {
    let at = 0;
    for (; ; at++) {
      const { folder, returned, error, came } = breakAt(at, failure, saveThird(2));
      if (!came) break;
      const store = open(folder, { keep_last: 2 });
      const { checkpoint, damaged } = store.newest();
      expect(damaged).toEqual([]);
      if (error === undefined) {
        // The point was on the disk; clearing up went wrong.
        expectPoint(checkpoint, 3);
        expect(returned).toMatchObject({ warnings: [expect.stringMatching(/^cannot remove /)] });
      } else if (error instanceof FileError) {
        expect([error.code, error.message]).toEqual([code, expect.stringMatching(cure)]);
        expect(error.message).toMatch(/; older checkpoints are intact$/);
        expect(numbers(store)).toEqual(expect.arrayContaining([1, 2]));
      } else throw error;
      expectPoint(store.save(point(4)).checkpoint, 4);
    }
    expect(at).toBeGreaterThan(10);
  });
});

describe.each(["death", "power loss"] as const)("%s at any operation", (failure) => {
  it("of a save leaves the old checkpoints or the new one, and the next save works", () => {
    const seen = new Set<unknown>();
    let at = 0;
    for (; ; at++) {
      const { folder, came } = breakAt(at, failure, saveThird(1));
      if (!came) break;
      const store = open(folder, { keep_last: 1 });
      const { checkpoint, damaged } = store.newest();
      expect(damaged).toEqual([]);
      const found = numbers(store);
      expect([[1, 2], [1, 2, 3], [1, 3], [2, 3], [3]]).toContainEqual(found);
      expectPoint(checkpoint, found.at(-1) as number);
      seen.add(checkpoint?.order);
      // Nothing else is there: neither halves nor temporary names.
      expect(namesIn(folder)).toEqual(found.map(idOf));
      store.save(point(4));
      expect(numbers(store)).toEqual([4]);
    }
    expect(at).toBeGreaterThan(10);
    expect([...seen]).toEqual([2, 3]);
  });

  it("of the first save in a new folder leaves no checkpoint or the whole, and the next save works", () => {
    const deep = (folder: string) => open(join(folder, "new", "deep"));
    let at = 0;
    for (; ; at++) {
      const { folder, came } = breakAt(at, failure, (place) => deep(place).save(point(1)));
      if (!came) break;
      const store = deep(folder);
      expect(store.newest().damaged).toEqual([]);
      store.save(point(2));
      expectPoint(store.newest().checkpoint, 2);
    }
    expect(at).toBeGreaterThan(10);
  });
});
