// Bad input: one clear line, an exit code that is not 0, and never a stack trace.
import { closeSync, existsSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readRun } from "@dsbm/runs";
import { describe, expect, it } from "vitest";
import { dsbm, expectLine, onlyRun, refuse, scratch, small, succeed } from "./cli.js";

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
    const { stderr, stdout } = await refuse(args, [expected], { cwd: root });
    expect([stdout, stderr.trim().split("\n").length]).toEqual(["", 1]);
  });

  it("a folder that is a file", async () => {
    writeFileSync(join(root, "occupied"), "");
    const place = `experiments_dir=${join(root, "occupied")}`;
    expect((await refuse(["gaussian", ...small, place], ["occupied"])).code).toBe(1);
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
    const broken = (file: string, ...words: string[]) =>
      dsbm(words, { env: { DSBM_TORCH_ADDON: join(root, file) }, cwd: root });
    writeFileSync(join(root, "broken.node"), "not a library");
    for (const file of ["nothing.node", "broken.node"]) {
      const { code, stderr } = await broken(file, "gaussian", ...small);
      expect(code).toBe(1);
      const line = `^dsbm: the engine of DSBM_TORCH_ADDON cannot be loaded: .*${file}.*\n$`;
      expect(stderr).toMatch(new RegExp(line));
    }
    const doctor = await broken("nothing.node", "doctor");
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toContain("DSBM_TORCH_ADDON cannot be loaded");
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
      const few = ["inner_iters=4", "outer_iters=1", `experiments_dir=${join(root, "full")}`];
      const args = ["gaussian", ...small, ...few];
      await succeed(args, { stdio: ["ignore", "pipe", full] });
      expect(readRun(onlyRun(join(root, "full")) as string).info.state).toBe("finished");
      const unprinted = await dsbm(args, { stdio: ["ignore", full, "pipe"] });
      expect(unprinted.code).toBe(1);
      expectLine(unprinted.stderr, ["cannot print the result: ENOSPC"]);
    } finally {
      closeSync(full);
    }
  },
);
