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
import { lockHolder } from "@dsbm/files";
import { findSweeps, type Row, readCsv, readRun, readTraces, sweepPaths } from "@dsbm/runs";
import { describe, expect, it, vi } from "vitest";
import { dsbm, launch, refuse, scratch, small, succeed, wordsOf } from "./cli.js";
import { fakeSlurm } from "./slurm.js";
import { quick } from "./train.js";

const root = scratch();
const keys = small.filter((word) => !/^(seed|inner_iters|n_train)=/.test(word));
const gaussian = (experiments: string, ...words: string[]) => [
  "gaussian",
  ...keys,
  ...wordsOf("inner_iters=8 outer_iters=2 n_train=128 seed=1,2 -m"),
  ...words,
  `experiments_dir=${experiments}`,
];
/** The same with steps for minutes. */
const long = (experiments: string, inner: number, outer: number) =>
  gaussian(experiments).map((word) =>
    word
      .replace("inner_iters=8", `inner_iters=${inner}`)
      .replace("outer_iters=2", `outer_iters=${outer}`),
  );
const sweepIn = (experiments: string) => findSweeps(experiments)[0] as string;
const runsIn = (experiments: string) => {
  const [name = ""] = readdirSync(join(experiments, "gaussian"));
  return ["1", "2"].map((seed) => join(experiments, "gaussian", name, seed));
};
const statesIn = (experiments: string) =>
  runsIn(experiments).map((folder) => readRun(folder).info.state);
const statesOf = (stdout: string) =>
  [...stdout.matchAll(/^ *\d+ .*\b(waiting|running|done|failed|interrupted)\b/gm)].map(
    ([, state]) => state,
  );
const withoutSeconds = (row: Row) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith("seconds")));

/** All results below a folder without times, by run. */
function resultsIn(experiments: string): Record<string, Row[]> {
  const files = readdirSync(join(experiments, "gaussian"), { recursive: true, encoding: "utf8" });
  const tables = files.filter((path) => path.endsWith("results.csv")).sort();
  return Object.fromEntries(
    tables.map((path) => [
      path,
      readCsv(join(experiments, "gaussian", path)).rows.map(withoutSeconds),
    ]),
  );
}

const until = (isSo: () => boolean) => vi.waitUntil(isSo, { timeout: 100_000, interval: 20 });
/** Waits until both members of a sweep train. */
const bothBegin = ({ said }: ReturnType<typeof launch>) =>
  until(() => [1, 2].every((n) => new RegExp(`${n}/2 .*half-iteration 1/`).test(said.stdout)));

describe("whatever the launcher", () => {
  const local = join(root, "local");
  const slurm = join(root, "slurm");
  const fake = fakeSlurm(join(root, "fake"), { runs: true });
  const words = ["lr=1e-3,1e30"];
  const launched = gaussian(slurm, ...words, "launcher=slurm_cpu", "launcher.mem_gb=1");

  it("sweeps give the same numbers and tables; members fail alone", async () => {
    const here = await dsbm(gaussian(local, ...words));
    expect(here.code).toBe(1);
    expect(here.stdout).toContain("4 runs, 2 at once");
    expect(here.stdout).toContain("2 finished, 0 finished before, 2 failed");
    expect(here.stderr).toMatch(/^dsbm: .* failed: .*loss became/m);
    const there = await dsbm(launched, { env: fake.env });
    expect(there.code).toBe(1);
    expect(there.stdout).toContain("4 runs, 4 submitted as Slurm job 1, 0 finished before");
    const numbers = resultsIn(local);
    expect(resultsIn(slurm)).toEqual(numbers);
    const [ours, theirs] = [local, slurm].map((folder) => {
      const { summary_csv, summary_png, summary_svg } = sweepPaths(sweepIn(folder));
      expect(existsSync(summary_png)).toBe(true);
      expect(readFileSync(summary_svg, "utf8")).toContain("5 steps");
      return readCsv(summary_csv).rows.map(withoutSeconds);
    });
    expect(theirs).toEqual(ours);
    const last = Object.values(numbers)
      .filter((rows) => rows.length > 0)
      .map((rows) => rows.at(-1)?.var as number);
    const [first, second] = last as [number, number];
    expect(ours?.at(-1)).toMatchObject({ half_iteration: 2, steps: 10, seeds: 2 });
    expect(ours?.at(-1)?.var_mean).toBeCloseTo((first + second) / 2, 12);
    expect(ours?.at(-1)?.var_std).toBeCloseTo(Math.abs(first - second) / Math.SQRT2, 12);
  });

  it("a status shows what is done and why the rest failed, from every folder above", async () => {
    for (const place of [slurm, sweepIn(slurm)]) {
      const { stdout } = await succeed(["sweep", "status", place], { env: fake.env });
      expect(stdout).toContain("0 waiting, 0 running, 2 done, 2 failed, 0 interrupted");
      expect(statesOf(stdout)).toEqual(["done", "failed", "done", "failed"]);
      expect(stdout.match(/failed .*the loss became NaN/g)).toHaveLength(2);
      expect(stdout).toMatch(/to run unfinished members: npx dsbm gaussian .*-m/);
    }
    const { stdout } = await dsbm(["sweep", "table", sweepIn(slurm)]);
    expect(stdout).toMatch(/0\.0010? .* 2 .*±/);
  });

  it("only what is not done is started again", async () => {
    const here = await dsbm(gaussian(local, ...words));
    expect(here.stdout).toContain("0 finished, 2 finished before, 2 failed");
    const again = await dsbm(launched, { env: fake.env });
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
    const texts = ["2 members of this sweep wait or run in Slurm (job 1): ", "scancel 1"];
    await refuse(gaussian(folder), texts, { env: fake.env });
  });

  it("continues in Slurm when Ctrl-C ends the wait, and says how to look and to cancel", async () => {
    const run = launch(gaussian(folder, "launcher=slurm_cpu"), { env: fake.env });
    await until(() => run.said.stderr.includes("sweep: "));
    run.child.kill("SIGINT");
    const { code, stdout } = await run.done;
    expect(code).toBe(130);
    expect(stdout).toMatch(/continues; to look: npx dsbm sweep status .*; to cancel: scancel 1/);
  });

  it("shows why members were ended, and starts them again", async () => {
    fake.queue(["1 1 OUT_OF_MEMORY None", "1 2 CANCELLED None"]);
    const status = await dsbm(["sweep", "status", folder], { env: fake.env });
    expect(status.stdout).toMatch(/failed .*out of memory: increase launcher.mem_gb/);
    expect(status.stdout).toMatch(/failed .*the job was cancelled/);
    const again = await dsbm(submit, { env: fake.env });
    expect(again.stdout).toContain("2 submitted as Slurm job 2");
  });

  it("needs an sbatch, whose refusal is said, and nothing stays submitted", async () => {
    const words = (name: string) => gaussian(join(root, name), "launcher=slurm_cpu");
    await refuse(words("none"), ["Slurm's sbatch is not on PATH", "launcher=local"], {
      env: { PATH: "/nowhere" },
    });
    const bin = join(root, "refusing");
    mkdirSync(bin);
    const problem = "Batch job submission failed: Invalid partition name specified";
    writeFileSync(join(bin, "sbatch"), `#!/bin/sh\necho "sbatch: error: ${problem}" >&2\nexit 1\n`);
    chmodSync(join(bin, "sbatch"), 0o755);
    const env = { PATH: `${bin}:${fake.env.PATH}` };
    await refuse(words("refused"), ["sbatch refused the sweep", problem], { env });
  });
});

it("images are swept, summarised by metrics of images, and listed by seeds", async () => {
  const experiments = join(root, "images");
  const less = wordsOf(
    "n_ipf=1 first_num_iter=2 num_iter=2 test_npar=16 plot_level=0 metrics.judge=false",
  );
  const own = quick.filter((word) => !word.startsWith("seed="));
  const words = [...own, ...less, "seed=1,2", "-m", `experiments_dir=${experiments}`];
  const { stdout } = await succeed(words);
  expect(stdout).toContain("2 finished, 0 finished before, 0 failed");
  const { rows } = readCsv(sweepPaths(sweepIn(experiments)).summary_csv);
  expect(rows.map(({ direction, seeds }) => `${direction}${seeds}`)).toEqual(["b2", "f2"]);
  for (const { msd_mean, msd_std } of rows)
    for (const value of [msd_mean, msd_std]) expect(Number(value)).toBeGreaterThan(0);
});

it("Ctrl-C of the terminal, which reaches the group, stops all members at their step boundaries", async () => {
  const experiments = join(root, "stopped");
  const run = launch(long(experiments, 400, 50), { detached: true });
  await bothBegin(run);
  process.kill(-(run.child.pid as number), "SIGINT");
  const { code, stdout } = await run.done;
  expect(code).toBe(130);
  expect(stdout).toContain("0 finished, 0 finished before, 0 failed, 2 not finished");
  expect(statesIn(experiments)).toEqual(["interrupted", "interrupted"]);
});

it("waits for members that outlive a killed sweep, and counts what they finish", async () => {
  const experiments = join(root, "outlived");
  const words = long(experiments, 150, 4);
  const run = launch(words);
  await bothBegin(run);
  run.child.kill("SIGKILL");
  await run.done;
  const again = await succeed(words);
  expect(again.stdout).toMatch(/1\/2 seed=1\] is running in process \d+: waiting for it/);
  expect(again.stdout).toContain("2 finished, 0 finished before, 0 failed, 0 not finished");
  expect(statesIn(experiments)).toEqual(["finished", "finished"]);
});

it("a sweep whose processes are killed shows each of them as such", async () => {
  const folder = join(root, "killed");
  const words = long(folder, 600, 40);
  const first = launch(words);
  await bothBegin(first);
  await refuse(words, ["this sweep is running already, in process"]);
  const status = async () => (await succeed(["sweep", "status", folder])).stdout;
  expect(statesOf(await status())).toEqual(["running", "running"]);
  const [one, two] = runsIn(folder).map((run) => lockHolder(join(run, ".lock"))) as [
    number,
    number,
  ];
  process.kill(one, "SIGKILL");
  const { journal } = sweepPaths(sweepIn(folder));
  await until(() => readTraces(journal).get(1)?.phase === "ended");
  expect(await status()).toMatch(/1 +1 +failed +killed by SIGKILL/);
  first.child.kill("SIGKILL");
  await first.done;
  process.kill(two, "SIGKILL");
  await until(() => !existsSync(`/proc/${two}`));
  const after = await status();
  expect(after).toMatch(/2 +2 +interrupted +it was killed/);
  expect(after).toContain("to run unfinished members: ");
});
