// Set-ups that meet: one works, the others wait, and a dead one is not waited for.
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildNative } from "../../packages/engine/torch/addon/build.mjs";
import { cacheFolder, putCached, takeCached } from "../../packages/engine/torch/addon/cache.mjs";
import { withLock } from "../../packages/engine/torch/addon/lock.mjs";

const lockModule = resolve(
  dirname(fileURLToPath(import.meta.url)),
  "../../packages/engine/torch/addon/lock.mjs",
);

describe("the set-up's lock", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dsbm-lock-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A process that adds one to a counter, slowly: unlocked, most additions would be lost. */
  const increment = (counter: string) => {
    const program = `
      import { readFileSync, writeFileSync } from "node:fs";
      import { withLock } from ${JSON.stringify(lockModule)};
      await withLock(async () => {
        const n = Number(readFileSync(${JSON.stringify(counter)}, "utf8"));
        await new Promise((done) => setTimeout(done, 50));
        writeFileSync(${JSON.stringify(counter)}, String(n + 1));
      }, { folder: ${JSON.stringify(folder)} });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
    return new Promise((settle) => child.on("close", settle));
  };

  it("lets one process in at a time", async () => {
    const counter = join(folder, "counter");
    writeFileSync(counter, "0");
    const codes = await Promise.all(Array.from({ length: 5 }, () => increment(counter)));
    expect(codes).toEqual([0, 0, 0, 0, 0]);
    expect(readFileSync(counter, "utf8")).toBe("5");
    expect(existsSync(join(folder, "lock"))).toBe(false);
  });

  it("takes over from a process that died, and from one whose number was given to another", async () => {
    for (const dead of ["4194999 1", `${process.pid} 1`, "not a process"]) {
      writeFileSync(join(folder, "lock"), dead);
      expect(await withLock(async () => "in", { folder })).toBe("in");
      expect(existsSync(join(folder, "lock"))).toBe(false);
    }
  });
});

describe("the cache of addons", () => {
  let root: string;
  let folder: string;
  let addon: string;
  let target: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "dsbm-cache-"));
    folder = join(root, "cache/dsbm");
    addon = join(root, "built.node");
    target = join(root, "copy.node");
    writeFileSync(addon, "machine code");
    putCached("key", addon, folder);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const cached = () => join(folder, "addon-key.node");

  it("gives another project the same bytes, by its key alone", () => {
    expect(takeCached("other", target, folder)).toBe(false);
    expect(takeCached("key", target, folder)).toBe(true);
    expect(readFileSync(target, "utf8")).toBe("machine code");
    // Other users of the machine load it, as they load an addon that was linked here.
    expect(statSync(target).mode & 0o777).toBe(0o777 & ~process.umask());
    expect(readdirSync(folder).sort()).toEqual(["addon-key.node", "addon-key.node.sha256"]);
  });

  it.each([
    ["other bytes", () => writeFileSync(cached(), "other code")],
    ["no checksum", () => rmSync(`${cached()}.sha256`)],
    ["a folder that others may write", () => chmodSync(folder, 0o777)],
    [
      "a link",
      () => {
        renameSync(cached(), join(root, "elsewhere"));
        symlinkSync(join(root, "elsewhere"), cached());
      },
    ],
  ])("does not trust %s", (_, damage) => {
    damage();
    expect(takeCached("key", target, folder)).toBe(false);
    expect(existsSync(target)).toBe(false);
  });

  it("keeps what one project builds for the next", async () => {
    const source = join(root, "native");
    mkdirSync(source);
    writeFileSync(join(source, "small.cc"), 'extern "C" int answer() { return 42; }\n');
    const build = (out: string) => buildNative({ source, out: join(root, out), cache: folder });
    expect(await build("first")).toMatchObject({ compiled: 1, linked: true });
    const { file, ...work } = await build("second");
    expect(work).toEqual({ compiled: 0, linked: false });
    expect(readFileSync(file)).toEqual(readFileSync(join(root, "first/dsbm_torch.node")));
  });

  it("remembers a build that failed until its inputs change, or until it is forced", async () => {
    const source = join(root, "native");
    const calls = join(root, "calls");
    mkdirSync(source);
    const compiler = join(root, "counting-compiler");
    writeFileSync(compiler, `#!/bin/sh\necho "$@" >> ${calls}\nexec c++ "$@"\n`, { mode: 0o755 });
    const { CXX } = process.env;
    process.env.CXX = compiler;
    const compilations = () =>
      existsSync(calls)
        ? readFileSync(calls, "utf8")
            .split("\n")
            .filter((x) => / -c /.test(x)).length
        : 0;
    const build = (isForced = false) =>
      buildNative({ source, out: join(root, "out"), cache: null, isForced });
    try {
      writeFileSync(join(source, "small.cc"), "this is no C++\n");
      await expect(build()).rejects.toThrow(/failed to make small/);
      await expect(build()).rejects.toThrow(
        /are as before: change one of them, or remove .*failed/,
      );
      expect(compilations()).toBe(1);
      await expect(build(true)).rejects.toThrow(/failed to make small/);
      expect(compilations()).toBe(2);
      writeFileSync(join(source, "small.cc"), 'extern "C" int answer() { return 42; }\n');
      expect(await build()).toMatchObject({ compiled: 1, linked: true });
      expect(readdirSync(join(root, "out"))).not.toContain("dsbm_torch.failed");
    } finally {
      if (CXX === undefined) delete process.env.CXX;
      else process.env.CXX = CXX;
    }
  });

  it("lies below XDG_CACHE_HOME, and can be switched off", () => {
    const { XDG_CACHE_HOME, DSBM_ADDON_CACHE } = process.env;
    try {
      process.env.XDG_CACHE_HOME = root;
      expect(cacheFolder()).toBe(join(root, "dsbm"));
      process.env.DSBM_ADDON_CACHE = "off";
      expect(cacheFolder()).toBeNull();
      expect(takeCached("key", target, null)).toBe(false);
    } finally {
      for (const [name, value] of Object.entries({ XDG_CACHE_HOME, DSBM_ADDON_CACHE }))
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
    }
  });
});

describe("a set-up without compiler and packages of the system", () => {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
  let clone: string;
  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), "dsbm-clone-"));
    for (const path of ["scripts/setup.mjs", "scripts/setup", "packages/engine/torch/addon"])
      cpSync(join(root, path), join(clone, path), { recursive: true });
    const files = {
      "package.json": "{}",
      "package-lock.json": '{ "packages": {} }',
      "tsconfig.json": "{}",
      "tsconfig.base.json": "{}",
      "bench/quality/tsconfig.json": "{}",
      "node_modules/.package-lock.json": '{ "packages": {} }',
      "node_modules/typescript/bin/tsc": "",
    };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(clone, name)), { recursive: true });
      writeFileSync(join(clone, name), text);
    }
  });
  afterEach(() => rmSync(clone, { recursive: true, force: true }));

  const setUp = (env: NodeJS.ProcessEnv, ...flags: string[]) =>
    spawnSync(process.execPath, [join(clone, "scripts/setup.mjs"), ...flags], {
      encoding: "utf8",
      env: { PATH: join(clone, "no-programs"), CXX: "/no-compiler", ...env },
    });

  it("compiles for the portable engine and says what libtorch would add", () => {
    const { status, stderr } = setUp({});
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/without libtorch, which adds images and speed: .*system packages: /);
    expect(stderr).toContain("TypeScript ready");
  });

  it("stops if libtorch was asked for", () => {
    for (const env of [{ DSBM_ENGINE: "libtorch" }, { LIBTORCH: "/no-libtorch" }]) {
      const { status, stderr } = setUp(env);
      expect(status).toBe(1);
      expect(stderr).toMatch(/set-up failed: system packages: /);
    }
  });

  it("does not look for libtorch after npm ci, and with DSBM_ENGINE=portable", () => {
    for (const { stderr } of [setUp({}, "--compile"), setUp({ DSBM_ENGINE: "portable" })]) {
      expect(stderr).not.toMatch(/system packages|native addon/);
      expect(stderr).toContain("set-up:");
    }
  });
});
