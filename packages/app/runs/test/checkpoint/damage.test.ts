// A damaged or hostile folder: the checkpoint is passed over with the reason, nothing outside is read,
// nothing hangs, and the one before is used.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listCheckpoints, newestCheckpoint } from "../../src/checkpoint/read.js";
import { scratch } from "../support.js";
import { expectPoint, idOf, open, point, saveAll } from "./points.js";

interface Scene {
  /** The folder of point 2. */
  at: string;
  /** A folder beside the run. */
  outside: string;
}

/** Changes the manifest of point 2 as text or as an object. */
function edit({ at }: Scene, change: (manifest: Record<string, unknown>) => unknown): void {
  const path = join(at, "manifest.json");
  const changed = change(JSON.parse(readFileSync(path, "utf8")));
  writeFileSync(path, typeof changed === "string" ? changed : JSON.stringify(changed));
}

/** A manifest that names a file of the right size and SHA-256 somewhere else. */
function pointOutside(scene: Scene, name: string): void {
  const bytes = Buffer.from("secret");
  writeFileSync(join(scene.outside, "secret"), bytes);
  const file = { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  edit(scene, (m) => {
    const files = JSON.stringify({ ...(m.files as object), NAME: file });
    return JSON.stringify({ ...m, files: "FILES" }).replace(
      '"FILES"',
      files.replace('"NAME"', JSON.stringify(name)),
    );
  });
}

const net = ({ at }: Scene) => join(at, "net.safetensors");
const manifest = ({ at }: Scene) => join(at, "manifest.json");

/** Changed entries of the manifest. */
const edits: Record<string, [object, RegExp]> = {
  "an older format": [{ format: 0 }, /format 0, expected 1/],
  "another id": [{ id: "x" }, /id x, expected the folder's name/],
  "no order": [{ order: "9" }, /the order 9, expected a number/],
  "an endless order": [{ order: "Infinity" }, /the order Infinity, expected a number/],
  "no serial": [{ serial: 1.5 }, /the serial 1\.5/],
  "a milestone of words": [{ milestone: "no" }, /milestone no/],
  "no facts": [{ facts: [] }, /facts is not a plain value/],
  "no list of files": [{ files: null }, /files is null/],
  "a file without sha256": [
    { files: { a: { size: 1, sha256: "A".repeat(64) } } },
    /gives no size or no sha256 for a/,
  ],
  "a negative size": [
    { files: { a: { size: -1, sha256: "a".repeat(64) } } },
    /gives no size or no sha256 for a/,
  ],
  "control characters": [{ id: "\u001b[2J\nfine" }, /the id \?\[2J\?fine, expected/],
};

/** Puts something else in the place of a file. */
const instead = (path: string, make: (path: string) => void) => {
  rmSync(path);
  make(path);
};

const damages: Record<string, [(scene: Scene) => void, RegExp]> = {
  "a missing file": [(s) => rmSync(net(s)), /^net\.safetensors is missing$/],
  "a short file": [(s) => truncateSync(net(s), 10), /has 10 bytes, expected 15000$/],
  "a long file": [(s) => appendFileSync(net(s), "x"), /has 15001 bytes, expected 15000$/],
  "a changed byte": [
    (s) => {
      const bytes = readFileSync(net(s));
      bytes[7777]! ^= 1;
      writeFileSync(net(s), bytes);
    },
    /^net\.safetensors has sha256 [0-9a-f]{12}…, expected [0-9a-f]{12}…$/,
  ],
  "no manifest": [(s) => rmSync(manifest(s)), /^manifest\.json is missing$/],
  "a cut manifest": [(s) => truncateSync(manifest(s), 100), /manifest\.json is not valid JSON/],
  "an empty manifest": [(s) => truncateSync(manifest(s), 0), /manifest\.json is not valid JSON/],
  "a manifest of brackets": [
    (s) => edit(s, () => "[".repeat(100_000) + "]".repeat(100_000)),
    /manifest\.json is not valid JSON/,
  ],
  "a huge manifest": [
    (s) => edit(s, () => " ".repeat((1 << 20) + 1)),
    /manifest\.json has 1048577 bytes, expected at most 1048576/,
  ],
  "a manifest without content": [(s) => edit(s, () => "null"), /it is null, expected an object/],
  "a file outside": [
    (s) => pointOutside(s, "../../../outside/secret"),
    /names a file \.\.\/\.\.\/\.\.\/outside\/secret, expected a plain name inside/,
  ],
  "an absolute path": [
    (s) => pointOutside(s, join(s.outside, "secret")),
    /names a file \/.*, expected a plain name inside the folder/,
  ],
  "a prototype": [(s) => pointOutside(s, "__proto__"), /names a file __proto__/],
  "a link in place of a file": [
    (s) => {
      renameSync(net(s), join(s.outside, "net"));
      symlinkSync(join(s.outside, "net"), net(s));
    },
    /^net\.safetensors is a link, expected a plain file$/,
  ],
  "a link to nowhere": [
    (s) => instead(net(s), (path) => symlinkSync("/nowhere", path)),
    /^net\.safetensors is a link/,
  ],
  "a folder in place of a file": [
    (s) => instead(net(s), (path) => mkdirSync(path)),
    /^net\.safetensors is not a plain file$/,
  ],
  "a link in place of the manifest": [
    (s) => {
      renameSync(manifest(s), join(s.outside, "m"));
      symlinkSync(join(s.outside, "m"), manifest(s));
    },
    /^manifest\.json is a link/,
  ],
  "a folder in place of the manifest": [
    (s) => instead(manifest(s), (path) => mkdirSync(path)),
    /^manifest\.json is not a plain file$/,
  ],
  "a link in place of the point": [
    (s) => {
      cpSync(s.at, join(s.outside, "whole"), { recursive: true });
      rmSync(s.at, { recursive: true });
      symlinkSync(join(s.outside, "whole"), s.at);
    },
    /^it is a link, expected a folder$/,
  ],
};

function scene(): Scene & { folder: string } {
  const root = scratch();
  const [folder, outside] = [join(root, "run", "checkpoints"), join(root, "outside")];
  mkdirSync(outside);
  saveAll(open(folder), [1, 2]);
  return { folder, outside, at: join(folder, idOf(2)) };
}

for (const [name, [change, reason]] of Object.entries(edits))
  damages[name] = [(s) => edit(s, (m) => ({ ...m, ...change })), reason];

describe("a damaged or hostile point", () => {
  it.each(Object.entries(damages))("%s is named and passed over", (_, [harm, reason]) => {
    const place = scene();
    harm(place);
    const store = open(place.folder);
    const { checkpoint, damaged } = store.newest();
    expectPoint(checkpoint, 1);
    expect(damaged).toHaveLength(1);
    expect(damaged[0]).toMatchObject({ id: idOf(2), folder: place.at, code: "corrupt" });
    expect(damaged[0]?.reason).toMatch(reason);
    const listed = listCheckpoints(place.folder, { verify: true });
    expect(listed.filter((entry) => entry.damage !== null)).toHaveLength(1);

    const outside = readdirSync(place.outside);
    const narrow = open(place.folder, { keep_last: 1 });
    expect(narrow.save(point(3)).removed).toEqual([idOf(1)]);
    expectPoint(narrow.newest().checkpoint, 3);
    expect(readdirSync(place.folder)).toEqual([idOf(2), idOf(3)]);
    expect(readdirSync(place.outside)).toEqual(outside);
  });

  it("a pipe in place of a file does not keep the reader waiting", ({ skip }) => {
    const place = scene();
    rmSync(net(place));
    const made = spawnSync("sh", ["-c", 'mkfifo "$0"', net(place)]);
    if (made.status !== 0) return skip("there is no mkfifo");
    expect(open(place.folder).newest().damaged[0]?.reason).toMatch(/is not a plain file/);
  });

  it("a newer format is refused by the name of the version that wrote it", () => {
    const place = scene();
    edit(place, (m) => ({ format: 2, dsbm: "9.8.7", order: m.order, other: "things" }));
    const { checkpoint, damaged } = open(place.folder).newest();
    expectPoint(checkpoint, 1);
    expect(damaged[0]).toMatchObject({
      code: "newer_format",
      reason: "it was written by dsbm 9.8.7, format 2; this version reads up to 1",
    });
  });

  it("folders of names that no point has are not points", () => {
    const { folder } = scene();
    const others = ["\u001b[31mred", "two words", "it0001\nnewline", ".hidden", "x".repeat(150)];
    for (const name of others) mkdirSync(join(folder, name));
    expect(listCheckpoints(folder).map(({ id }) => id)).toEqual([idOf(1), idOf(2)]);
    expect(open(folder).newest().damaged).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(7);
  });

  it("with verify: false sizes are compared and contents are not", () => {
    const place = scene();
    writeFileSync(join(place.at, "random.json"), '{"seed":7}');
    expect(newestCheckpoint(place.folder, { verify: false }).checkpoint?.order).toBe(2);
    expect(newestCheckpoint(place.folder).checkpoint?.order).toBe(1);
    truncateSync(net(place), 1);
    expect(newestCheckpoint(place.folder, { verify: false }).checkpoint?.order).toBe(1);
  });

  it("is passed over only where it is newer, or of unknown place", () => {
    const { folder, at } = scene();
    saveAll(open(folder), [3]);
    truncateSync(join(at, "net.safetensors"), 1);
    expect(open(folder).newest().damaged).toEqual([]);
    truncateSync(join(at, "manifest.json"), 1);
    expect(open(folder).newest().damaged).toMatchObject([{ id: idOf(2), order: null }]);
  });

  it("leaves nothing to use where all are damaged", () => {
    const { folder } = scene();
    for (const n of [1, 2]) truncateSync(join(folder, idOf(n), "random.json"), 0);
    const { checkpoint, damaged } = open(folder).newest();
    expect(checkpoint).toBeNull();
    expect(damaged.map(({ id }) => id)).toEqual([idOf(2), idOf(1)]);
  });
});
