// Bad input: one clear line, an exit code that is not 0, and never a stack trace.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { loadTable } from "@dsbm/data";
import { readRun } from "@dsbm/runs";
import { io, ones } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { dsbm, expectLine, onlyRun, scratch, small } from "./cli.js";

const root = scratch();

describe("one clear line", () => {
  it.each([
    ["an unknown key", ["gaussian", "inner_iter=5"], 'did you mean "inner_iters"'],
    ["a wrong type", ["gaussian", "dim=five"], "dim"],
    ["a dimension of 0", ["gaussian", "dim=0"], "dim"],
    ["a learning rate that is NaN", ["gaussian", "lr=nan"], "lr"],
    ["an infinite learning rate", ["gaussian", "lr=inf"], "lr"],
    ["a batch larger than the data", ["gaussian", "batch_size=500", "n_train=100"], "batch_size"],
    ["a list without -m", ["gaussian", "dim=5,20"], "-m"],
    ["an unknown method", ["gaussian", "model_name=dsmb"], "dsbm"],
    ["an unknown command", ["gausian"], 'did you mean "gaussian"'],
    ["an unknown option", ["gaussian", "--mm"], "--mm"],
  ])("%s", async (_, args, expected) => {
    const { code, stderr, stdout } = await dsbm(args, { cwd: root });
    expect(code).not.toBe(0);
    expect(stdout).toBe("");
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expectLine(stderr, [expected]);
  });

  it("a folder that is a file", async () => {
    writeFileSync(join(root, "occupied"), "");
    const { code, stderr } = await dsbm([
      "gaussian",
      ...small,
      `experiments_dir=${join(root, "occupied")}`,
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("occupied");
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it.skipIf(process.getuid?.() !== 0)("a folder without permission", async () => {
    const locked = join(root, "locked");
    mkdirSync(locked, { mode: 0o700 });
    const { code, stderr } = await dsbm(
      ["gaussian", ...small, `experiments_dir=${locked}/experiments`],
      { uid: 65534, gid: 65534, cwd: "/" },
    );
    expect(code).toBe(1);
    expect(stderr).toContain("permission");
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it("a loss that is not finite, with the step and the last losses", async () => {
    const experiments = join(root, "nan");
    const words = ["lr=1e30", "outer_iters=1", `experiments_dir=${experiments}`];
    const { code, stderr } = await dsbm(["gaussian", ...small, ...words]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/loss became (NaN|Infinity) at step \d+ of half-iteration 1/);
    const { info } = readRun(onlyRun(experiments) as string);
    expect(info.state).toBe("failed");
    expect(info.reason).toContain("loss became");
  });

  it("an engine that is missing or broken", async () => {
    const missing = await dsbm(["gaussian", ...small], {
      env: { DSBM_TORCH_ADDON: join(root, "nothing.node") },
      cwd: root,
    });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(
      /^dsbm: the engine of DSBM_TORCH_ADDON cannot be loaded: .*nothing\.node.*\n$/,
    );
    writeFileSync(join(root, "broken.node"), "not a library");
    const broken = await dsbm(["gaussian", ...small], {
      env: { DSBM_TORCH_ADDON: join(root, "broken.node") },
      cwd: root,
    });
    expect(broken.code).toBe(1);
    expect(broken.stderr.trim().split("\n").length).toBe(1);
    const doctor = await dsbm(["doctor"], {
      env: { DSBM_TORCH_ADDON: join(root, "nothing.node") },
    });
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toContain("DSBM_TORCH_ADDON cannot be loaded");
  });
});

describe("files that cannot be read", () => {
  it("a .npy that is cut, or none", () => {
    const path = join(root, "x.npy");
    writeFileSync(path, io.encodeNpy(ones([4, 3])));
    const load = (name: string) => loadTable(`array:${name}`, { split: "train" });
    expect(load(path).x.shape).toEqual([2, 3]);
    truncateSync(path, 140);
    expect(() => load(path)).toThrow(/x\.npy/);
    expect(() => load(join(root, "none.npy"))).toThrow(/none\.npy/);
    writeFileSync(path, "hello");
    expect(() => load(path)).toThrow(/x\.npy/);
  });

  it("a safetensors file that is cut", () => {
    const path = join(root, "w.safetensors");
    writeFileSync(path, io.encodeTensors(new Map([["w", ones([8, 8])]])));
    truncateSync(path, readFileSync(path).length - 5);
    expect(() => io.loadTensors(path)).toThrow(/w\.safetensors/);
  });
});

it("the doctor finds this machine well", async () => {
  const { code, stdout } = await dsbm(["doctor"]);
  expect(stdout).toContain("libtorch");
  expect(stdout).toContain("BLAS");
  expect(code, stdout).toBe(0);
});

it.skipIf(!existsSync("/dev/full"))(
  "a run goes on where nobody reads its progress; a table that cannot be printed is an error",
  async () => {
    const full = openSync("/dev/full", "w");
    try {
      const args = [
        "gaussian",
        ...small,
        "inner_iters=4",
        "outer_iters=1",
        `experiments_dir=${join(root, "full")}`,
      ];
      const unread = await dsbm(args, { stdio: ["ignore", "pipe", full] });
      expect(unread.code).toBe(0);
      expect(readRun(onlyRun(join(root, "full")) as string).info.state).toBe("finished");
      const unprinted = await dsbm(args, { stdio: ["ignore", full, "pipe"] });
      expect(unprinted.code).toBe(1);
      expectLine(unprinted.stderr, ["cannot print the result: ENOSPC"]);
    } finally {
      closeSync(full);
    }
  },
);
