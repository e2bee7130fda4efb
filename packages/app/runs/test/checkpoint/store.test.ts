// What is saved is found again, and what is kept follows from the policy.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listCheckpoints } from "../../src/checkpoint/read.js";
import { runErrorOf, scratch } from "../support.js";
import { expectPoint, idOf, numbers, open, point, saveAll } from "./points.js";

const newFolder = () => join(scratch(), "run", "checkpoints");

describe("save and newest", () => {
  it("gives back facts and files of the point of the greatest order", () => {
    const folder = newFolder();
    const store = open(folder);
    expect(store.newest()).toEqual({ checkpoint: null, damaged: [] });
    expect(listCheckpoints(folder)).toEqual([]);
    const saved = store.save(point(1));
    expect([saved.removed, saved.warnings]).toEqual([[], []]);
    expectPoint(saved.checkpoint, 1);
    store.save(point(2));
    const again = open(folder);
    const { checkpoint, damaged } = again.newest();
    expectPoint(checkpoint, 2);
    expect(damaged).toEqual([]);
    expect(readdirSync(folder)).toEqual([idOf(1), idOf(2)]);
    expect(readdirSync(join(folder, idOf(1))).sort()).toEqual([
      "manifest.json",
      "net.safetensors",
      "random.json",
    ]);
  });

  it("writes a manifest that other tools can check the files by", () => {
    const store = open(newFolder(), { dsbm: "7.8.9" });
    const { checkpoint } = store.save(point(3, { milestone: true }));
    const manifest = JSON.parse(readFileSync(join(checkpoint.folder, "manifest.json"), "utf8"));
    expect(manifest).toMatchObject({
      format: 1,
      dsbm: "7.8.9",
      id: idOf(3),
      order: 3,
      serial: 1,
      milestone: true,
      facts: { step: 3, loss: "NaN", tail: [3, "Infinity"] },
    });
    expect(Date.now() - Date.parse(manifest.created)).toBeLessThan(60_000);
    for (const name of ["net.safetensors", "random.json"]) {
      const bytes = readFileSync(join(checkpoint.folder, name));
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      expect(manifest.files[name]).toEqual({ size: bytes.length, sha256 });
    }
  });

  it("takes a typed array by its own bytes, an empty file, and no file at all", () => {
    const store = open(newFolder());
    const view = new Float32Array([9, 1.5, 2]).subarray(1, 2);
    const { files } = store.save(
      point(1, { files: { view, empty: new Uint8Array(0) } }),
    ).checkpoint;
    expect(readFileSync(files.view!.path).readFloatLE(0)).toBe(1.5);
    expect([files.view!.size, files.empty!.size]).toEqual([4, 0]);
    store.save(point(2, { files: {} }));
    expect(store.newest().checkpoint).toMatchObject({ order: 2, bytes: 0, files: {} });
  });

  it("orders by order, whatever the names", () => {
    const folder = newFolder();
    const store = open(folder);
    for (const [id, order] of [
      ["z", 1],
      ["b", 9],
      ["a", 10],
    ] as const) {
      store.save(point(1, { id, order }));
    }
    expect(store.newest().checkpoint?.id).toBe("a");
    expect(listCheckpoints(folder).map((entry) => entry.id)).toEqual(["z", "b", "a"]);
  });

  it("refuses names that are paths, hidden or taken, before anything is written", () => {
    const folder = newFolder();
    const store = open(folder);
    const named = (name: string) => point(1, { files: { [name]: "x" } });
    for (const id of ["", "..", "a/b", ".hidden", "a b", "x".repeat(101), "a.b", "a\n"]) {
      expect(runErrorOf(() => store.save(point(1, { id }))).message).toMatch(/given the id/);
    }
    for (const name of ["", "../x", "a/b", "a\\b", ".x", "manifest.json", "__proto__x/", "a\0"]) {
      expect(runErrorOf(() => store.save(named(name))).message).toMatch(/given a file/);
    }
    for (const order of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(runErrorOf(() => store.save(point(1, { order }))).message).toMatch(/given the order/);
    }
    expect(existsSync(folder)).toBe(false);
  });

  it("passes on what a source of bytes throws, and leaves nothing of the point", () => {
    const folder = newFolder();
    const store = open(folder);
    store.save(point(1));
    function* broken(): Iterable<Uint8Array> {
      yield Buffer.alloc(100);
      throw new TypeError("no tensor");
    }
    expect(() => store.save(point(2, { files: { net: broken() } }))).toThrow(
      new TypeError("no tensor"),
    );
    const facts: Record<string, unknown> = {};
    facts.self = facts;
    expect(runErrorOf(() => store.save(point(2, { facts }))).code).toBe("bad_argument");
    const large = { text: "x".repeat(2 << 20) };
    expect(runErrorOf(() => store.save(point(2, { facts: large }))).message).toMatch(
      /manifest of \d+ bytes, expected at most 1048576: put what is large into a file/,
    );
    expect(readdirSync(folder)).toEqual([idOf(1)]);
    expectPoint(store.newest().checkpoint, 1);
  });
});

describe("which points stay", () => {
  const tenSaves = (options: object, reopen: boolean) => {
    const folder = newFolder();
    const removed: string[] = [];
    let store = open(folder, options);
    for (let n = 1; n <= 10; n++) {
      if (reopen) store = open(folder, options);
      removed.push(...store.save(point(n, { milestone: n === 4 })).removed);
    }
    const kept = numbers(store);
    expect([...removed, ...kept.map(idOf)].sort()).toEqual(
      Array.from({ length: 10 }, (_, i) => idOf(i + 1)),
    );
    return kept;
  };

  it.each([false, true])("newest, milestones and each k-th (reopened: %s)", (reopen) => {
    expect(tenSaves({}, reopen)).toEqual([4, 8, 9, 10]);
    expect(tenSaves({ keep_last: 1 }, reopen)).toEqual([4, 10]);
    expect(tenSaves({ keep_last: 2, keep_every: 3 }, reopen)).toEqual([3, 4, 6, 9, 10]);
    expect(tenSaves({ keep_last: 100 }, reopen)).toHaveLength(10);
  });

  it("refuses a policy that keeps nothing", () => {
    const folder = newFolder();
    for (const keep_last of [0, -1, 1.5, Number.NaN]) {
      expect(runErrorOf(() => open(folder, { keep_last })).message).toMatch(/^keep_last is/);
    }
    for (const keep_every of [0, 2.5]) {
      expect(runErrorOf(() => open(folder, { keep_every })).message).toMatch(/^keep_every is/);
    }
  });

  it("does not count damaged points and does not remove them", () => {
    const folder = newFolder();
    saveAll(open(folder, { keep_last: 9 }), [1, 2, 3, 4]);
    // Of the right size, but with another SHA-256.
    writeFileSync(join(folder, idOf(1), "random.json"), '{"seed":7}');
    writeFileSync(join(folder, idOf(4), "random.json"), '{"seed":7}');
    writeFileSync(join(folder, idOf(3), "net.safetensors"), "short");
    const store = open(folder, { keep_last: 2 });
    expect(store.save(point(5)).removed).toEqual([]);
    expect(numbers(store)).toEqual([2, 5]);
    expect(store.save(point(6)).removed).toEqual([idOf(2)]);
    expect(readdirSync(folder)).toEqual([1, 3, 4, 5, 6].map(idOf));
  });
});

describe("continuing from an older checkpoint", () => {
  it("refuses a checkpoint before a whole one, which would be found first", () => {
    const folder = newFolder();
    const store = open(folder);
    saveAll(store, [1, 2, 3]);
    const error = runErrorOf(() => store.save(point(2, { id: "other" })));
    expect(error.code).toBe("bad_argument");
    expect(error.message).toMatch(/other has order 2, but it0001_b_step00000003 has 3.*dropAfter/);
    // A damaged one is never found, so it does not matter.
    writeFileSync(join(folder, idOf(3), "random.json"), '{"seed":7}');
    open(folder).save(point(2, { id: "other", order: 2.5 }));
    expect(open(folder).newest().checkpoint?.id).toBe("other");
  });

  it("drops what comes after, milestones too", () => {
    const store = open(newFolder(), { keep_last: 9 });
    saveAll(store, [1, 2]);
    store.save(point(3, { milestone: true }));
    store.save(point(4));
    expect(store.dropAfter(2)).toEqual([idOf(4), idOf(3)]);
    expect(numbers(store)).toEqual([1, 2]);
    expect(store.dropAfter(2)).toEqual([]);
  });

  it("replaces a whole point of the same name and sets a damaged one aside", () => {
    const folder = newFolder();
    const store = open(folder);
    saveAll(store, [1, 2]);
    const second = store.save(point(2, { files: { new: "content" } }));
    expect([second.removed, second.warnings]).toEqual([[], []]);
    expect(readdirSync(folder)).toEqual([idOf(1), idOf(2)]);
    const { checkpoint } = open(folder).newest();
    expect(readFileSync(checkpoint!.files.new!.path, "utf8")).toBe("content");
    expect(checkpoint?.serial).toBe(2);

    writeFileSync(join(folder, idOf(2), "new"), "CONTENT");
    const third = open(folder).save(point(2));
    expect(third.warnings).toEqual([
      expect.stringMatching(/00000002 was damaged and was set aside/),
    ]);
    expectPoint(open(folder).newest().checkpoint, 2);
    const aside = readdirSync(folder).find((name) => name.includes("damaged")) as string;
    expect(readFileSync(join(folder, aside, "new"), "utf8")).toBe("CONTENT");
    const entry = listCheckpoints(folder).find(({ id }) => id === aside);
    expect(entry?.damage?.reason).toMatch(/the id .*, expected the folder's name/);
  });
});

describe("opening", () => {
  it("removes the files of ended processes, and not those of living ones", () => {
    const folder = newFolder();
    saveAll(open(folder), [1, 2]);
    const dead = 999_999_999;
    const living = `.tmp-${process.pid}-0123abcd`;
    for (const name of [`.tmp-${dead}-0123abcd`, living]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "net.safetensors"), "half");
    }
    // Killed when it had moved the old point away and not yet the new one in, and when it had both.
    renameSync(join(folder, idOf(2)), join(folder, `.old-${dead}-0123abcd-${idOf(2)}`));
    mkdirSync(join(folder, `.old-${dead}-0123abce-${idOf(1)}`));
    writeFileSync(join(folder, "notes"), "mine");
    const store = open(folder);
    expect(readdirSync(folder).sort()).toEqual([living, idOf(1), idOf(2), "notes"].sort());
    expect(numbers(store)).toEqual([1, 2]);
  });

  it("changes nothing and makes nothing where there is nothing", () => {
    const folder = newFolder();
    open(folder);
    expect(existsSync(folder)).toBe(false);
  });
});
