// Files are whole whatever happens, and temporary files of killed processes disappear.
import { execFileSync, spawnSync } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import {
  makeFolder,
  openAppendFile,
  readPlainFile,
  removeFolder,
  sha256OfFile,
  stageFile,
  stageFolder,
  sweepTemporaries,
  temporaryPath,
  writeFileAtomic,
} from "../src/index.js";
import { renamePath } from "../src/write.js";
import { age, codeOf, deadName, scratch, start } from "./support.js";

it("writes texts, views by their own bytes and chunks, makes parents, and replaces a link alone", () => {
  const folder = join(scratch(), "a", "b");
  writeFileAtomic(join(folder, "text"), "Schrödinger");
  writeFileAtomic(join(folder, "view"), new Float32Array([9, 1, 2]).subarray(1));
  writeFileAtomic(join(folder, "chunks"), [Buffer.from("head "), Buffer.from("body")]);
  symlinkSync(join(folder, "text"), join(folder, "link"));
  writeFileAtomic(join(folder, "link"), "new");
  const texts = ["text", "chunks", "link"].map((name) => readFileSync(join(folder, name), "utf8"));
  expect(texts).toEqual(["Schrödinger", "head body", "new"]);
  expect(readFileSync(join(folder, "view")).readFloatLE(4)).toBe(2);
  expect(readdirSync(folder).sort()).toEqual(["chunks", "link", "text", "view"]);
});

it.each([
  ["win32", "EPERM", 2, 3],
  ["win32", "EBUSY", 1, 2],
  ["win32", "ENOENT", 1, 1],
  ["linux", "EPERM", 1, 1],
])(
  "on %s a rename that fails with %s %i times is tried %i times",
  (platform, code, failures, tries) => {
    const usual = Object.getOwnPropertyDescriptor(process, "platform") as PropertyDescriptor;
    onTestFinished(() => void Object.defineProperty(process, "platform", usual));
    Object.defineProperty(process, "platform", { value: platform });
    let calls = 0;
    const rename = () => {
      if (++calls <= failures) throw Object.assign(new Error(code), { code });
    };
    const attempt = () => renamePath("a", "b", rename);
    if (tries > failures) attempt();
    else expect(attempt).toThrow(code);
    expect(calls).toBe(tries);
  },
);

it("leaves a whole file when its writer is killed, and the next writer removes the rest", async () => {
  const folder = scratch();
  const path = join(folder, "state");
  for (let round = 0; round < 3; round++) {
    const kill = await start(
      `for (let k = 0; ; k++) { files.writeFileAtomic(process.argv[1], Buffer.alloc(1 << 20, k % 250)); console.log(k); }`,
      path,
    );
    await sleep(15 + 22 * round);
    await kill();
    const bytes = readFileSync(path);
    expect(bytes.equals(Buffer.alloc(1 << 20, bytes[0]))).toBe(true);
  }
  sweepTemporaries(folder);
  expect(readdirSync(folder)).toEqual(["state"]);
});

it("keeps the old content if the source of the new content throws", () => {
  const path = join(scratch(), "weights");
  writeFileAtomic(path, "old");
  function* broken(): Iterable<Uint8Array> {
    yield Buffer.from("half");
    throw new TypeError("no tensor");
  }
  expect(() => writeFileAtomic(path, broken())).toThrow(new TypeError("no tensor"));
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(join(path, ".."))).toEqual(["weights"]);
});

it("merges a staged folder into its place at commit, and discards one", () => {
  const out = join(scratch(), "out");
  for (const [name, text] of [
    ["a", "1"],
    ["b", "2"],
    ["a", "3"],
  ]) {
    const staged = stageFolder(out);
    mkdirSync(join(staged.temporary, "deep"));
    writeFileSync(join(staged.temporary, "deep", name), text);
    staged.commit();
    staged.discard();
  }
  const staged = stageFile(join(out, "not"));
  writeFileSync(staged.temporary, "");
  staged.discard();
  expect(readdirSync(out, { recursive: true }).sort()).toEqual(["deep", "deep/a", "deep/b"]);
  expect(readFileSync(join(out, "deep", "a"), "utf8")).toBe("3");
  removeFolder(out);
  expect(readdirSync(join(out, ".."))).toEqual([]);
});

it("refuses with a code and one line with the cure", () => {
  const folder = scratch();
  writeFileSync(join(folder, "file"), "12345");
  mkdirSync(join(folder, "folder"));
  symlinkSync(join(folder, "folder"), join(folder, "link"));
  symlinkSync(join(folder, "file"), join(folder, "alias"));
  const path = (name: string) => join(folder, name);
  linkSync(join(folder, "file"), join(folder, "other name"));
  execFileSync("mkfifo", [path("pipe")]);
  const closed = openAppendFile(path("log"));
  closed.close();
  closed.close();
  const table: [operation: () => unknown, expected: RegExp][] = [
    [() => writeFileAtomic(path("file/x"), ""), /^not_a_folder: .*a file has the name/],
    [() => writeFileAtomic(path("file/x/y"), ""), /^not_a_folder: /],
    [() => makeFolder(path("file")), /^not_a_folder: .*EEXIST/],
    [() => writeFileAtomic(path("folder"), ""), /^not_a_file: .*EISDIR/],
    [() => stageFolder(path("link")).commit(), /^not_a_folder: .*it is a link/],
    [() => readPlainFile(path("file"), { limit: 4 }), /^too_large: .*5 bytes, expected at most 4/],
    [() => readPlainFile(path("alias"), { limit: 9 }), /^not_a_file: .*link/],
    [() => readPlainFile(path("folder"), { limit: 9 }), /^not_a_file: .*plain file/],
    [() => openAppendFile(path("alias")), /^not_a_file: .*link/],
    [() => openAppendFile(path("other name")), /^is_link: .*2 names.*copy/],
    [() => openAppendFile(path("pipe")), /^not_a_file: .*plain file/],
    [() => readPlainFile(path("pipe"), { limit: 9 }), /^not_a_file: .*plain file/],
    [() => closed.append("x"), /^closed: /],
    [() => sha256OfFile(path("missing")), /^not_found: .*check the path/],
    [() => writeFileAtomic(path("x".repeat(300)), ""), /^bad_argument: .*shorten/],
    [() => writeFileAtomic("/proc/dsbm/x", ""), /^(not_found|permission|read_only): /],
  ];
  for (const [operation, expected] of table) expect(codeOf(operation)).toMatch(expected);
  expect(readFileSync(path("file"), "utf8")).toBe("12345");
  expect(readdirSync(folder).filter((name) => name.startsWith(".tmp-"))).toEqual([]);
});

it("keeps the complete records of a growing file", () => {
  const path = join(scratch(), "log");
  writeFileSync(path, `one\ntwo\n${"x".repeat(10_000)}`);
  const file = openAppendFile(path);
  file.append("three\n");
  expect(readFileSync(path, "utf8")).toBe("one\ntwo\nthree\n");
  file.append(Buffer.from("four"));
  file.close();
  openAppendFile(path).close();
  expect(readFileSync(path, "utf8")).toBe("one\ntwo\nthree\n");
});

it("removes temporary files of processes that are gone and old ones, and nothing else", () => {
  const folder = scratch();
  mkdirSync(join(folder, "deep"));
  const dead = join(folder, "deep", `.tmp-${deadName}-0123abcd.npy`);
  const old = join(folder, ".tmp-00000000-1-5-0123abce");
  const link = join(folder, `.tmp-${deadName}-0123abcf`);
  const kept = [
    temporaryPath(folder, ".npy"),
    join(folder, ".tmp-00000000-1-5-0123abcd"),
    join(folder, ".tmp-notes"),
  ];
  for (const path of [dead, old, ...kept]) writeFileSync(path, "");
  age(old, 4000);
  symlinkSync(join(folder, ".tmp-notes"), link);
  sweepTemporaries(folder, { deep: true });
  expect(
    readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name))),
  ).toEqual(expect.arrayContaining([...kept, join(folder, "deep")]));
  expect(readdirSync(folder, { recursive: true })).toHaveLength(4);
});

it("names the cure when the disk is full or read-only, and keeps the old file", ({ skip }) => {
  const mount = (options: string) => {
    const folder = scratch();
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
    if (mounted.status !== 0) skip("a tmpfs cannot be mounted here");
    onTestFinished(() => void spawnSync("umount", ["--lazy", folder]));
    return folder;
  };
  const full = mount("size=256k");
  const path = join(full, "weights");
  writeFileAtomic(path, "old");
  const big = Buffer.alloc(1 << 20, 1);
  expect(codeOf(() => writeFileAtomic(path, big))).toMatch(/^disk_full: .*free some space/);
  expect(readFileSync(path, "utf8")).toBe("old");
  const log = openAppendFile(join(full, "log"));
  log.append("line\n");
  expect(codeOf(() => log.append(big))).toMatch(/^disk_full/);
  expect(readFileSync(join(full, "log"), "utf8")).toBe("line\n");
  log.close();
  const readOnly = mount("ro");
  for (const write of [
    () => writeFileAtomic(join(readOnly, "f"), "x"),
    () => makeFolder(join(readOnly, "a", "b")),
  ])
    expect(codeOf(write)).toMatch(/^read_only: .*remount it/);
});
