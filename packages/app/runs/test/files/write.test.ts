// Files are whole whatever happens: SIGKILL, a full disk, a folder that cannot be written.
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openLineWriter } from "../../src/files/append.js";
import { sweepTemporaries } from "../../src/files/temporaries.js";
import {
  chunks,
  makeFolder,
  openFileReplacement,
  openFolderReplacement,
  writeFileAtomic,
} from "../../src/files/write.js";
import {
  kill,
  runErrorOf,
  runUnprivileged,
  scratch,
  script,
  startScript,
  tmpfs,
} from "../support.js";

const temporaries = (folder: string) =>
  readdirSync(folder).filter((name) => name.startsWith(".tmp-"));

it("cuts what is longer than a call of the system or of a hash takes", () => {
  const bytes = Uint8Array.from({ length: 10 }, (_, i) => i);
  const cut = (data: Parameters<typeof chunks>[0]) =>
    Array.from(chunks(data, 4), (part) => [...part]);
  const parts = [
    [2, 3, 4, 5],
    [6, 7, 8, 9],
  ];
  expect(cut(bytes.subarray(2))).toEqual(parts);
  expect(cut([bytes.subarray(0, 2), bytes.subarray(2)])).toEqual([[0, 1], ...parts]);
  expect(cut(new Uint16Array([0x100, 0x302, 0x504]))).toEqual([
    [0, 1, 2, 3],
    [4, 5],
  ]);
});

describe("writeFileAtomic", () => {
  it("writes text, typed arrays by their own bytes, and chunks, and makes parent folders", () => {
    const folder = join(scratch(), "a", "b");
    writeFileAtomic(join(folder, "text"), "Schrödinger");
    writeFileAtomic(join(folder, "view"), new Float32Array([9, 1, 2]).subarray(1));
    writeFileAtomic(join(folder, "chunks"), [Buffer.from("head "), Buffer.from("body")]);
    expect(readFileSync(join(folder, "text"), "utf8")).toBe("Schrödinger");
    const bytes = readFileSync(join(folder, "view"));
    expect([bytes.length, bytes.readFloatLE(0), bytes.readFloatLE(4)]).toEqual([8, 1, 2]);
    expect(readFileSync(join(folder, "chunks"), "utf8")).toBe("head body");
    expect(temporaries(folder)).toEqual([]);
  });

  it("leaves a whole file when the writer is killed in the middle of writing", async () => {
    const target = join(scratch(), "state");
    const writer = script(
      `import { writeFileAtomic } from "./runs/files/write.js";
       for (let k = Number(process.argv[3]); ; k++) {
         writeFileAtomic(process.argv[2], Buffer.alloc(1 << 20, k % 250));
         console.log(k);
       }`,
    );
    const seen = new Set<number>();
    for (let round = 0; round < 3; round++) {
      const child = await startScript(writer, target, String(40 * round));
      await sleep(15 + 22 * round);
      await kill(child);
      const bytes = readFileSync(target);
      expect(bytes.length).toBe(1 << 20);
      expect(bytes.equals(Buffer.alloc(1 << 20, bytes[0]))).toBe(true);
      seen.add(bytes[0] as number);
    }
    expect(seen.size).toBe(3);
    sweepTemporaries(join(target, ".."));
    expect(readdirSync(join(target, ".."))).toEqual(["state"]);
  });

  it("keeps the old file and names the disk when it is full", ({ skip }) => {
    const folder = tmpfs("size=256k", skip);
    const path = join(folder, "weights");
    writeFileAtomic(path, "old");
    const error = runErrorOf(() => writeFileAtomic(path, Buffer.alloc(1 << 20, 1)));
    expect(error.code).toBe("disk_full");
    expect(error.message).toContain(path);
    expect(error.message).toMatch(/free some space/);
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(temporaries(folder)).toEqual([]);

    const lines = openLineWriter(join(folder, "log"));
    const full = runErrorOf(() => {
      for (let i = 0; i < 1000; i++) lines.append("x".repeat(5000));
    });
    expect(full.code).toBe("disk_full");
    const text = readFileSync(join(folder, "log"), "utf8");
    expect(text.length).toBeGreaterThan(5001);
    expect(text.length % 5001).toBe(0);
    lines.close();
  });

  it("names the remedy on a read-only file system", ({ skip }) => {
    const folder = tmpfs("ro", skip);
    for (const write of [
      () => writeFileAtomic(join(folder, "f"), "x"),
      () => makeFolder(join(folder, "a", "b")),
      () => writeFileAtomic(join(folder, "a", "f"), "x"),
    ]) {
      const error = runErrorOf(write);
      expect(error.code).toBe("read_only");
      expect(error.message).toMatch(/read-only: remount it/);
    }
  });

  it("ends where the working folder is gone", () => {
    const gone = join(scratch(), "gone");
    mkdirSync(gone);
    const path = script(
      `import { rmSync } from "node:fs";
      import { makeFolder } from "./runs/files/write.js";
      process.chdir(process.argv[2]);
      process.cwd();
      rmSync(process.argv[2], { recursive: true });
      try { makeFolder("a/b"); console.log("made"); } catch (error) { console.log(error.name); }`,
    );
    const { stdout, signal } = spawnSync(process.execPath, [path, gone], {
      encoding: "utf8",
      timeout: 20_000,
      killSignal: "SIGKILL",
    });
    expect(signal).toBeNull();
    expect(stdout).toMatch(/^(made|RunError)\n$/);
  });

  it("names the remedy in a folder without permission", () => {
    const folder = scratch();
    chmodSync(folder, 0o555);
    const said = runUnprivileged(
      `import { writeFileAtomic } from "./runs/files/write.js";
       try { writeFileAtomic(process.argv[2], "x"); console.log("written"); }
       catch (error) { console.log(error.name, error.code, error.message); }`,
      join(folder, "f"),
    );
    expect(said).toMatch(/^RunError permission cannot write .*f: no permission: change its owner/);
    expect(said.trim().split("\n")).toHaveLength(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("refuses a path through a file and a path that is a folder", () => {
    const folder = scratch();
    writeFileSync(join(folder, "file"), "");
    mkdirSync(join(folder, "folder"));
    const code = (path: string) => runErrorOf(() => writeFileAtomic(join(folder, path), "")).code;
    expect(["file/x", "file/x/y"].map(code)).toEqual(["not_a_folder", "not_a_folder"]);
    expect(code("folder")).toBe("not_a_file");
    expect(temporaries(folder)).toEqual([]);
  });

  it("leaves the old file when the source of the bytes throws", () => {
    const folder = scratch();
    const path = join(folder, "weights");
    writeFileAtomic(path, "old");
    function* broken(): Iterable<Uint8Array> {
      yield Buffer.from("half");
      throw new TypeError("no tensor");
    }
    expect(() => writeFileAtomic(path, broken())).toThrow(new TypeError("no tensor"));
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(temporaries(folder)).toEqual([]);
  });
});

describe("sweepTemporaries", () => {
  it("removes temporary files of ended processes and old ones, and nothing else", () => {
    const folder = scratch();
    mkdirSync(join(folder, "models"));
    const dead = join(folder, "models", ".tmp-999999999-0123abcd");
    const mine = join(folder, `.tmp-${process.pid}-0123abcd`);
    const old = join(folder, `.tmp-${process.pid}-0123abce`);
    const user = join(folder, ".tmp-notes");
    for (const path of [dead, mine, old, user]) writeFileSync(path, "");
    utimesSync(old, 1e9, 1e9);
    // A link goes, what it leads to stays.
    const link = join(folder, ".tmp-999999999-0123abcf");
    symlinkSync(user, link);
    expect(sweepTemporaries(folder).sort()).toEqual([dead, old, link].sort());
    expect(readdirSync(folder).sort()).toEqual(
      [`.tmp-${process.pid}-0123abcd`, ".tmp-notes", "models"].sort(),
    );
  });
});

it("the first file that is written into a folder removes what killed processes left there", () => {
  const folder = scratch();
  const mine = `.tmp-${process.pid}-0123abcd`;
  for (const name of [".tmp-999999999-0123abcd", mine]) writeFileSync(join(folder, name), "");
  writeFileAtomic(join(folder, "quality.json"), "{}");
  expect(readdirSync(folder).sort()).toEqual([mine, "quality.json"].sort());
});

describe("a replacement", () => {
  it.each([openFileReplacement, openFolderReplacement])("removes what killed ones left", (open) => {
    const folder = scratch();
    mkdirSync(join(folder, ".tmp-999999999-0123abcd"));
    writeFileSync(join(folder, ".tmp-999999999-0123abcd", "f"), "");
    open(join(folder, "new")).discard();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("openLineWriter", () => {
  it("removes a cut last line, however long, and continues after the whole ones", () => {
    const path = join(scratch(), "log");
    writeFileSync(path, `one\ntwo\n${"x".repeat(10_000)}`);
    const lines = openLineWriter(path);
    lines.append("three");
    lines.close();
    expect(readFileSync(path, "utf8")).toBe("one\ntwo\nthree\n");
    writeFileSync(path, "cut");
    openLineWriter(path).close();
    expect(readFileSync(path, "utf8")).toBe("");
  });

  it("appends where others may look and refuses after closing", () => {
    const path = join(scratch(), "log");
    const lines = openLineWriter(path);
    lines.append("a");
    expect(readFileSync(path, "utf8")).toBe("a\n");
    appendFileSync(path, "b\n");
    lines.append("c");
    lines.flush();
    lines.close();
    lines.close();
    expect(readFileSync(path, "utf8")).toBe("a\nb\nc\n");
    expect(runErrorOf(() => lines.append("d")).code).toBe("closed");
  });
});
