// Saved checkpoints are read again, the policy keeps some of them, and a damaged or hostile
// folder is skipped.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { sha256 } from "@dsbm/files";
import { describe, expect, it } from "vitest";
import { listCheckpoints } from "../../src/checkpoint/checkpoints.js";
import { scratch } from "../support.js";
import { expectPoint, idOf, numbers, open, point, saveAll } from "./points.js";

const newFolder = () => join(scratch(), "run", "checkpoints");

describe("save and newest", () => {
  it("give back facts and files of the greatest order, whatever the names", () => {
    const folder = newFolder();
    const store = open(folder);
    expect(store.newest()).toEqual({ checkpoint: null, damaged: [] });
    expect(existsSync(folder)).toBe(false);
    const saved = store.save(point(1));
    expect(saved.warnings).toEqual([]);
    expectPoint(saved.checkpoint, 1);
    store.save(point(2));
    expectPoint(open(folder).newest().checkpoint, 2);
    store.save(point(3, { id: "a" }));
    expect(open(folder).newest().checkpoint?.id).toBe("a");
    expect(readdirSync(folder)).toEqual(["a", idOf(1), idOf(2)]);
  });

  it("write a manifest that other tools can check the files by", () => {
    const { checkpoint } = open(newFolder(), { dsbm: "7.8.9" }).save(point(3));
    const manifest = JSON.parse(readFileSync(join(checkpoint.folder, "manifest.json"), "utf8"));
    expect(manifest).toMatchObject({
      format: 1,
      dsbm: "7.8.9",
      id: idOf(3),
      order: 3,
      facts: { step: 3, loss: "NaN", tail: [3, "Infinity"] },
    });
    for (const name of ["net.safetensors", "random.json"]) {
      const bytes = readFileSync(join(checkpoint.folder, name));
      expect(manifest.files[name]).toEqual({ size: bytes.length, sha256: sha256(bytes) });
    }
  });

  it("keep a checkpoint of the same name until the new one is complete", () => {
    const folder = newFolder();
    const store = open(folder);
    saveAll(store, [1, 2]);
    const second = store.save(point(2, { files: { new: "content" } }));
    expect(second.checkpoint.id).toBe(`${idOf(2)}+2`);
    expect(open(folder).newest().checkpoint).toEqual(second.checkpoint);
    expect(numbers(store)).toEqual([1, 2]);
  });

  it("drop later checkpoints", () => {
    const store = open(newFolder(), { keep_last: 9 });
    saveAll(store, [1, 2, 3, 4]);
    store.dropAfter(2);
    expect(numbers(store)).toEqual([1, 2]);
  });

  it("leave nothing of a checkpoint that cannot be written", () => {
    const store = open(newFolder());
    saveAll(store, [3]);
    function* broken(): Iterable<Uint8Array> {
      yield Buffer.alloc(100);
      throw new TypeError("no tensor");
    }
    expect(() => store.save(point(4, { files: { net: broken() } }))).toThrow(TypeError);
    expect(readdirSync(store.folder)).toEqual([idOf(3)]);
  });
});

describe("the policy of checkpoints", () => {
  it.each([
    [{}, [8, 9, 10]],
    [{ keep_last: 1 }, [10]],
  ])("of ten with %j: %j", (policy, kept) => {
    for (const isReopened of [false, true]) {
      const folder = newFolder();
      let store = open(folder, policy);
      for (let n = 1; n <= 10; n++) {
        if (isReopened) store = open(folder, policy);
        store.save(point(n));
      }
      expect(numbers(store)).toEqual(kept);
    }
  });

  it("neither counts nor removes damaged checkpoints", () => {
    const folder = newFolder();
    saveAll(open(folder, { keep_last: 9 }), [1, 2, 3, 4]);
    for (const n of [1, 3, 4]) writeFileSync(join(folder, idOf(n), "net.safetensors"), "short");
    const store = open(folder, { keep_last: 2 });
    store.save(point(5));
    expect(numbers(store)).toEqual([2, 5]);
    store.save(point(6));
    expect(readdirSync(folder)).toEqual([1, 3, 4, 5, 6].map(idOf));
  });
});

interface Scene {
  folder: string;
  /** The folder of point 2, its manifest and one of its files. */
  at: string;
  manifest: string;
  net: string;
  /** A folder next to the run. */
  outside: string;
}

function scene() {
  const root = scratch();
  const folder = join(root, "run", "checkpoints");
  const outside = join(root, "outside");
  mkdirSync(outside);
  saveAll(open(folder), [1, 2]);
  const at = join(folder, idOf(2));
  return {
    folder,
    at,
    outside,
    manifest: join(at, "manifest.json"),
    net: join(at, "net.safetensors"),
  };
}

const edit = ({ manifest }: Scene, changes: object) =>
  writeFileSync(
    manifest,
    JSON.stringify({ ...JSON.parse(readFileSync(manifest, "utf8")), ...changes }),
  );

/** Moves a path outside and leaves a link in its place. */
const linkOut = ({ outside }: Scene, path: string) => {
  cpSync(path, join(outside, "moved"), { recursive: true });
  rmSync(path, { recursive: true });
  symlinkSync(join(outside, "moved"), path);
};

const wholeFile = { size: 1, sha256: "a".repeat(64) };
const damages: [string, (scene: Scene) => void, RegExp][] = [
  ["a missing file", ({ net }) => rmSync(net), /net\.safetensors: it does not exist/],
  ["a short file", ({ net }) => truncateSync(net, 10), /has 10 bytes, expected 15000$/],
  [
    "a changed byte",
    ({ net }) => {
      const bytes = readFileSync(net);
      bytes[7777] ^= 1;
      writeFileSync(net, bytes);
    },
    /^the sha256 of .*net\.safetensors is not [0-9a-f]{12}…$/,
  ],
  ["no manifest", ({ manifest }) => rmSync(manifest), /manifest\.json: it does not exist/],
  ["a cut manifest", ({ manifest }) => truncateSync(manifest, 100), /is not valid JSON/],
  [
    "a manifest of brackets",
    ({ manifest }) => writeFileSync(manifest, "[".repeat(100_000) + "]".repeat(100_000)),
    /is not (valid JSON|as expected)/,
  ],
  [
    "a huge manifest",
    ({ manifest }) => writeFileSync(manifest, " ".repeat((1 << 20) + 1)),
    /has 1048577 bytes, expected at most 1048576/,
  ],
  ["a newer format", (s) => edit(s, { format: 2, dsbm: "9.8.7" }), /by dsbm 9\.8\.7 in format 2/],
  ["another id", (s) => edit(s, { id: "x" }), /its id is not it0001/],
  ["no order", (s) => edit(s, { order: "9" }), /\(order: /],
  ["no facts", (s) => edit(s, { facts: [] }), /\(facts: /],
  [
    "a file without sha256",
    (s) => edit(s, { files: { a: { size: 1, sha256: "A".repeat(64) } } }),
    /\(files\.a\.sha256: /,
  ],
  ["a file outside", (s) => edit(s, { files: { "../../../x": wholeFile } }), /\(files\./],
  ["control characters", (s) => edit(s, { files: { "\u001b[2J\nx": wholeFile } }), /\?\[2J\?x/],
  ["a link to a file", (s) => linkOut(s, s.net), /it is a symbolic link/],
  ["a link to the manifest", (s) => linkOut(s, s.manifest), /it is a symbolic link/],
  ["a link to the point", (s) => linkOut(s, s.at), /is a link, expected a folder$/],
  [
    "a pipe in place of a file",
    ({ net }) => {
      rmSync(net);
      expect(spawnSync("mkfifo", [net]).status).toBe(0);
    },
    /expected a plain file$/,
  ],
];

describe("a damaged or hostile checkpoint", () => {
  it.each(damages)("with %s is named and skipped", (_, harm, reason) => {
    const place = scene();
    harm(place);
    const { checkpoint, damaged } = open(place.folder).newest();
    expectPoint(checkpoint, 1);
    expect(damaged).toEqual([expect.objectContaining({ id: idOf(2), checkpoint: null })]);
    expect(damaged[0]?.damage).toMatch(reason);
    const outside = readdirSync(place.outside);
    const narrow = open(place.folder, { keep_last: 1 });
    narrow.save(point(3));
    expectPoint(narrow.newest().checkpoint, 3);
    expect(existsSync(join(place.folder, idOf(1)))).toBe(false);
    expect(readdirSync(place.outside)).toEqual(outside);
  });

  it("is named only if it is newer, or of unknown order; other folders are no checkpoints", () => {
    const { folder, at } = scene();
    for (const name of ["\u001b[31mred", "two words", ".hidden", "x".repeat(150)])
      mkdirSync(join(folder, name));
    saveAll(open(folder), [3]);
    truncateSync(join(at, "net.safetensors"), 1);
    expect(open(folder).newest().damaged).toEqual([]);
    truncateSync(join(at, "manifest.json"), 1);
    expect(open(folder).newest().damaged).toMatchObject([{ id: idOf(2) }]);
    expect(listCheckpoints(folder).map(({ id }) => id)).toEqual([1, 3, 2].map(idOf));
  });

  it("is not used: no checkpoint is left if all are damaged", () => {
    const { folder } = scene();
    for (const n of [1, 2]) truncateSync(join(folder, idOf(n), "random.json"), 0);
    const { checkpoint, damaged } = open(folder).newest();
    expect([checkpoint, damaged.map(({ id }) => id)]).toEqual([null, [idOf(2), idOf(1)]]);
  });
});
