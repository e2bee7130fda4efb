// Sweeps as they are typed, with each launcher: the same numbers, finished runs are not run again, and the status shows
// states and reasons of failures.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { findSweeps, type Row, readCsv, readRun, readTraces, sweepPaths } from "@dsbm/runs";
import { describe, expect, it, vi } from "vitest";
import { dsbm, launch, scratch, small, succeed, wordsOf } from "./cli.js";
import { fakeSlurm } from "./slurm.js";
import { quick } from "./train.js";

const root = scratch();
const keys = [
  ...small.filter((word) => !/^(seed|inner_iters|n_train)=/.test(word)),
  ...wordsOf("inner_iters=8 outer_iters=2 n_train=128"),
];
const gaussian = (experiments: string, ...words: string[]) => [
  "gaussian",
  ...keys,
  "seed=1,2",
  ...words,
  `experiments_dir=${experiments}`,
  "-m",
];
/** An image run of a second: one iteration, no pictures, no classifier. */
const toy = [
  ...quick.filter((word) => !/^(seed|n_ipf|first_num_iter|num_iter)=/.test(word)),
  ...["n_ipf=1", "first_num_iter=4", "num_iter=4", "plot_level=0", "metrics.judge=false"],
];
const sweepIn = (experiments: string) => findSweeps(experiments)[0] as string;
const statesOf = (stdout: string) =>
  [...stdout.matchAll(/^ *\d+ .*\b(waiting|running|done|failed|interrupted)\b/gm)].map(
    ([, s]) => s,
  );

/** All results below a folder without what is a matter of time, by run. */
function resultsIn(experiments: string): Record<string, Row[]> {
  const runs = readdirSync(join(experiments, "gaussian"), { recursive: true, encoding: "utf8" });
  const tables = runs.filter((path) => path.endsWith("results.csv")).sort();
  return Object.fromEntries(
    tables.map((path) => {
      const { rows } = readCsv(join(experiments, "gaussian", path));
      return [path, rows.map(({ seconds: _, seconds_per_batch: __, ...row }) => row)];
    }),
  );
}

describe("whatever the launcher", () => {
  const local = join(root, "local");
  const slurm = join(root, "slurm");
  const fake = fakeSlurm(join(root, "fake"), { runs: true });
  const words = ["lr=1e-3,1e30"];

  it("sweeps give the same numbers, tables and pictures", async () => {
    const here = await succeed(gaussian(local, "lr=1e-3"));
    expect(here.stdout).toContain("2 finished, 0 finished before, 0 failed, 0 not finished");
    const launched = [...words, "launcher=slurm_cpu", "launcher.mem_gb=1"];
    const there = await dsbm(gaussian(slurm, ...launched), { env: fake.env });
    expect(there.code).toBe(1);
    expect(there.stdout).toContain("4 runs, 4 submitted as Slurm job 1, 0 finished before");
    expect(fake.submitted()).toEqual(["1-4"]);
    const numbers = resultsIn(local);
    expect(Object.keys(numbers)).toHaveLength(2);
    const done = Object.entries(resultsIn(slurm)).filter(([, rows]) => rows.length > 0);
    expect(Object.fromEntries(done)).toEqual(numbers);
    const [a, b] = [local, slurm].map((folder) => {
      const { summary_csv, summary_png, summary_svg } = sweepPaths(sweepIn(folder));
      expect(existsSync(summary_png)).toBe(true);
      expect(readFileSync(summary_svg, "utf8")).toContain("5 steps");
      return readCsv(summary_csv).rows.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith("seconds"))),
      );
    });
    expect(b).toEqual(a?.map((row) => ({ lr: 0.001, ...row })));
    // The two seeds, by hand.
    const last = Object.values(numbers).map((rows) => rows.at(-1)?.var as number);
    const [p, q] = last as [number, number];
    expect(a?.at(-1)).toMatchObject({ half_iteration: 2, steps: 10, seeds: 2 });
    expect(a?.at(-1)?.var_mean).toBeCloseTo((p + q) / 2, 12);
    expect(a?.at(-1)?.var_std).toBeCloseTo(Math.abs(p - q) / Math.SQRT2, 12);
  });

  it("a status shows what is done and why the rest failed, from every folder above", async () => {
    for (const place of [slurm, sweepIn(slurm)]) {
      const { stdout } = await succeed(["sweep", "status", place], { env: fake.env });
      expect(stdout).toContain("0 waiting, 0 running, 2 done, 2 failed, 0 interrupted");
      expect(statesOf(stdout)).toEqual(["done", "failed", "done", "failed"]);
      expect(stdout.match(/failed .*the loss became NaN/g)).toHaveLength(2);
      expect(stdout).toMatch(/to run what is not done: npx dsbm gaussian .*-m/);
    }
    const { stdout } = await dsbm(["sweep", "table", sweepIn(slurm)]);
    expect(stdout).toMatch(/0\.0010? .* 2 .*±/);
  });

  it("only what is not done is started again", async () => {
    const launched = gaussian(slurm, ...words, "launcher=slurm_cpu");
    const again = await dsbm(launched, { env: fake.env });
    expect(again.code).toBe(1);
    expect(again.stdout).toContain("4 runs, 2 submitted as Slurm job 2, 2 finished before");
    expect(fake.submitted()).toEqual(["1-4", "2,4"]);
    // Lists in another order are the same sweep, and its members keep their numbers.
    const turned = gaussian(slurm, "lr=1e30,1e-3", "launcher=slurm_cpu", "launcher.wait=false");
    const idle = fakeSlurm(join(root, "fake-idle"), { runs: false });
    await succeed(turned, { env: idle.env });
    expect(idle.submitted()).toEqual(["2,4"]);
    expect(findSweeps(slurm)).toHaveLength(1);
  });
});

describe("a sweep that waits in Slurm", () => {
  const folder = join(root, "waits");
  const fake = fakeSlurm(join(root, "fake-queue"), { runs: false });
  const submit = gaussian(folder, "launcher=slurm_cpu", "launcher.wait=false");

  it("is left to Slurm at once with launcher.wait=false, and not submitted twice", async () => {
    const first = await succeed(submit, { env: fake.env });
    expect(first.stdout).toContain("2 runs, 2 submitted as Slurm job 1");
    expect(first.stdout).toContain("to cancel: scancel 1");
    fake.queue(["1 1 RUNNING None", "1 2 PENDING JobArrayTaskLimit"]);
    const status = await dsbm(["sweep", "status", folder], { env: fake.env });
    expect(statesOf(status.stdout)).toEqual(["running", "waiting"]);
    expect(status.stdout).toContain("Slurm job 1: cancel it with scancel 1");
    const second = await dsbm(submit, { env: fake.env });
    expect(second.stdout).toContain("2 of 2 wait or run in Slurm already (job 1)");
    expect(fake.submitted()).toHaveLength(1);
    const here = await dsbm(gaussian(folder), { env: fake.env });
    expect(here.code).toBe(2);
    expect(here.stderr).toMatch(
      /2 members of this sweep wait or run in Slurm \(job 1\): .*scancel 1/,
    );
  });

  it("goes on in Slurm when Ctrl-C ends the wait, and says how to look and to cancel", async () => {
    const run = launch(gaussian(folder, "launcher=slurm_cpu"), { env: fake.env });
    await new Promise<void>((ready) => {
      run.child.stderr?.on("data", (chunk) => `${chunk}`.includes("sweep: ") && ready());
    });
    run.child.kill("SIGINT");
    const { code, stdout } = await run.done;
    expect(code).toBe(130);
    expect(stdout).toMatch(/goes on; to look: npx dsbm sweep status .*; to cancel: scancel 1/);
  });

  it("shows why members were ended, and starts those again", async () => {
    fake.queue(["1 1 OUT_OF_MEMORY None", "1 2 CANCELLED None"]);
    const status = await dsbm(["sweep", "status", folder], { env: fake.env });
    expect(status.stdout).toMatch(/failed .*out of memory: give it more by launcher.mem_gb/);
    expect(status.stdout).toMatch(/failed .*the job was cancelled/);
    const again = await dsbm(submit, { env: fake.env });
    expect(again.stdout).toContain("2 submitted as Slurm job 2");
  });
});

const until = (isSo: () => boolean) => vi.waitUntil(isSo, { timeout: 100_000, interval: 20 });

it("a sweep whose processes are killed shows them as such, and goes on", async () => {
  const folder = join(root, "killed");
  const long = gaussian(folder).map((word) =>
    word.replace("inner_iters=8", "inner_iters=600").replace("outer_iters=2", "outer_iters=40"),
  );
  const first = launch(long);
  const paths = () => sweepPaths(sweepIn(folder));
  const runs = () =>
    ["1", "2"].map((seed) =>
      join(folder, "gaussian", readdirSync(join(folder, "gaussian"))[0] as string, seed),
    );
  const pidOf = (run: string) =>
    (JSON.parse(readFileSync(join(run, ".lock"), "utf8")) as { pid: number }).pid;
  const has = (n: number) => new RegExp(`${n}/2 .*half-iteration 1`).test(first.said.stdout);
  await until(() => has(1) && has(2));
  const twice = await dsbm(long);
  expect(twice.code).toBe(2);
  expect(twice.stderr).toMatch(/this sweep is being run already, by process \d+: /);
  const running = await dsbm(["sweep", "status", paths().folder]);
  expect(statesOf(running.stdout)).toEqual(["running", "running"]);
  const [one, two] = runs() as [string, string];
  const other = pidOf(two);
  process.kill(pidOf(one), "SIGKILL");
  await until(() => readTraces(paths().journal).get(1)?.phase === "ended");
  const half = await dsbm(["sweep", "status", paths().folder]);
  expect(half.stdout).toMatch(/1 +1 +failed +killed by SIGKILL/);
  // Its launcher is killed: the other member lives on, and is then killed too.
  first.child.kill("SIGKILL");
  await first.done;
  process.kill(other, "SIGKILL");
  await until(() => !existsSync(`/proc/${other}`));
  const status = await dsbm(["sweep", "status", folder]);
  expect(status.stdout).toMatch(/2 +2 +interrupted +it was killed/);
  expect(status.stdout).toContain("to run what is not done: ");
  expect(readRun(two).info.state).toBe("interrupted");
});

it("images: a table by direction, of runs that were launched by Slurm", async () => {
  const folder = join(root, "images");
  const fake = fakeSlurm(join(root, "fake-images"), { runs: true });
  const { code, stdout, stderr } = await dsbm(
    [...toy, "seed=1,2", `experiments_dir=${folder}`, "launcher=slurm_cpu", "-m"],
    { env: fake.env },
  );
  expect([code, stderr.includes("dsbm:")]).toEqual([0, false]);
  expect(stdout).toMatch(/half_iteration +direction +steps +seeds +sliced_w2/);
  const { rows, columns } = readCsv(sweepPaths(sweepIn(folder)).summary_csv);
  expect(columns.slice(0, 5)).toEqual(["half_iteration", "direction", "step", "steps", "seeds"]);
  expect(rows.map(({ direction, seeds }) => [direction, seeds])).toEqual([
    ["b", 2],
    ["f", 2],
  ]);
  expect(rows.every(({ end_var_std }) => Number(end_var_std) > 0)).toBe(true);
  const { summary_png, summary_svg } = sweepPaths(sweepIn(folder));
  expect(existsSync(summary_png)).toBe(true);
  expect(readFileSync(summary_svg, "utf8")).toContain(">reference<");
});

describe("one clear line", () => {
  it.each([
    [["launcher=slurm_cpu", "launcher.partitoin=x"], 2, /did you mean "launcher.partition"\?/],
    [["launcher=slurm"], 2, /there are: local, slurm_cpu, slurm_gpu/],
    [
      ["threads=1", "-m", "launcher=slurm_cpu"],
      2,
      /Slurm's sbatch is not on PATH: .*launcher=local/,
    ],
  ])("%j", async (words, code, problem) => {
    const env = { PATH: "/nowhere" };
    const outcome = await dsbm(gaussian(join(root, "wrong"), ...words), { env });
    expect(outcome.code).toBe(code);
    expect(outcome.stderr.trim().split("\n")).toHaveLength(1);
    expect(outcome.stderr).toMatch(problem);
  });

  it("what sbatch says when it refuses", async () => {
    const fake = fakeSlurm(join(root, "fake-refuses"), { runs: false });
    const refusing = { PATH: `${join(root, "refusing")}:${fake.env.PATH}` };
    mkdirSync(join(root, "refusing"));
    const sbatch = join(root, "refusing", "sbatch");
    const says = "sbatch: error: Batch job submission failed: Invalid partition name specified";
    writeFileSync(sbatch, `#!/bin/sh\necho ${says} >&2\nexit 1\n`);
    chmodSync(sbatch, 0o755);
    const words = ["launcher=slurm_cpu", "launcher.partition=nope"];
    const { code, stderr } = await dsbm(gaussian(join(root, "refused"), ...words), {
      env: refusing,
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^dsbm: sbatch refused the sweep: Batch job submission failed: Invalid partition name specified; /,
    );
  });

  it.each([
    [["sweep", "statsu", root], /unknown word "statsu" .*did you mean "status"\?/],
    [["sweep", "status"], /takes one folder, got 0: write dsbm sweep status experiments/],
    [["sweep", "status", join(root, "nowhere")], /there is no folder .*nowhere/],
    [["swep", "status", root], /did you mean "sweep"\?/],
  ])("%j", async (args, problem) => {
    const { code, stderr } = await dsbm(args);
    expect(code).not.toBe(0);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(problem);
  });

  it("members that would share a folder", async () => {
    const words = [...toy, "log_every=1,2", `experiments_dir=${join(root, "shared")}`, "-m"];
    const { code, stderr } = await dsbm(words);
    expect(code).toBe(2);
    expect(stderr).toMatch(/two runs of this sweep would share .*: log_every=1 and log_every=2 /);
  });
});
