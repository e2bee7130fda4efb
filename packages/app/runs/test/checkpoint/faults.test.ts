// Saving breaks off at each of its operations in turn: the disk refuses, the process is killed, the
// power fails. The older points must be whole every time, and saving must work again after it.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { RunError } from "../../src/errors.js";
import * as disk from "./disk.js";
import { expectPoint, idOf, numbers, open, point, saveAll } from "./points.js";

vi.mock("node:fs", async (original) =>
  (await import("./disk.js")).failing(await original<typeof import("node:fs")>()),
);
// The processes that die here are all this one: their files count as those of an ended process.
vi.mock("../../src/files/process.js", async (original) => ({
  ...(await original<object>()),
  isAlive: () => false,
}));

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
const replaceSecond = (folder: string) =>
  open(folder, { keep_last: 2 }).save(point(2, { facts: { again: true } }));

describe("a disk that refuses", () => {
  it("leaves the older points and nothing of the new one when it is full", () => {
    let at = 0;
    for (; ; at++) {
      const { folder, returned, error, came } = breakAt(at, "full", saveThird(2));
      if (!came) break;
      const store = open(folder, { keep_last: 2 });
      const { checkpoint, damaged } = store.newest();
      expect(damaged).toEqual([]);
      if (error !== undefined) {
        expect(error).toBeInstanceOf(RunError);
        const { code, message } = error as RunError;
        expect(code).toBe("disk_full");
        expect(message).toMatch(
          /^cannot save checkpoint it0001_b_step00000003 in .*: the disk is full: free some space/,
        );
        expect(message).toMatch(/it needs 15\d\d\d bytes, \d+ of them were written; the 2 older/);
        expect(message).toMatch(/newest it0001_b_step00000002, are untouched and usable$/);
        expect(message).not.toContain("\n");
        expect(numbers(store)).toEqual(expect.arrayContaining([1, 2]));
      } else {
        // The point was on the disk; clearing up went wrong.
        expectPoint(checkpoint, 3);
        expect(returned).toMatchObject({ warnings: [expect.stringMatching(/^cannot remove /)] });
      }
      expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
      expectPoint(store.save(point(4)).checkpoint, 4);
    }
    expect(at).toBeGreaterThan(15);
  });

  it("reports a disk that became read-only, where the unfinished files cannot be removed", () => {
    const { folder, error } = breakAt(6, "read-only", saveThird(1));
    const { code, message } = error as RunError;
    expect(code).toBe("read_only");
    expect(message).toMatch(/untouched and usable; cannot remove .*\.tmp-.*: the file system is/);
    expect(numbers(open(folder))).toEqual([1, 2]);
  });
});

describe.each(["death", "power loss"] as const)("%s at any operation", (failure) => {
  it("of a save leaves the old points or the new one, and the next save works", () => {
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
      expect(readdirSync(folder)).toEqual(found.map(idOf));
      store.save(point(4));
      expect(numbers(store)).toEqual([4]);
    }
    expect(at).toBeGreaterThan(15);
    expect([...seen]).toEqual([2, 3]);
  });

  it("after it has returned finds the point", () => {
    const { folder, returned } = breakAt(1000, failure, saveThird(1));
    expect(returned).toMatchObject({ removed: [idOf(1), idOf(2)], warnings: [] });
    expect(numbers(open(folder))).toEqual([3]);
  });

  it("of a replacement leaves the old or the new point", () => {
    const seen = new Set<boolean>();
    for (let at = 0; ; at++) {
      const { folder, came } = breakAt(at, failure, replaceSecond);
      if (!came) break;
      const store = open(folder, { keep_last: 2 });
      const { checkpoint, damaged } = store.newest();
      expect(damaged).toEqual([]);
      expect(checkpoint?.id).toBe(idOf(2));
      seen.add(checkpoint?.facts.again === true);
      expect(readdirSync(folder)).toEqual([idOf(1), idOf(2)]);
    }
    expect([...seen].sort()).toEqual([false, true]);
  });

  it("of the first save leaves nothing or the point", () => {
    // By a relative path, and with a parent that is new as well.
    const inside = (run: string) => relative(process.cwd(), join(run, "new", "checkpoints"));
    const seen = new Set<number>();
    for (let at = 0; ; at++) {
      const first = (f: string) => open(inside(f)).save(point(1));
      const { folder, came, returned } = breakAt(at, failure, first);
      const store = open(inside(folder));
      const { checkpoint, damaged } = store.newest();
      expect(damaged).toEqual([]);
      if (checkpoint !== null) expectPoint(checkpoint, 1);
      if (returned !== undefined) expect(checkpoint?.order).toBe(1);
      seen.add(numbers(store).length);
      if (!came) break;
    }
    expect([...seen]).toEqual([0, 1]);
  });
});

it("the disk of these tests works until failAt is called", () => {
  const folder = join(mkdtempSync(join(root, "run-")), "checkpoints");
  mkdirSync(folder);
  saveAll(open(folder), [1, 2, 3]);
  expect(numbers(open(folder))).toEqual([1, 2, 3]);
});
