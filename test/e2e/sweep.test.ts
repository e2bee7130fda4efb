// Sweeps as they are typed, with each launcher: the same numbers, finished runs are not run again, and the status shows
// states and reasons of failures.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { lockHolder } from "@dsbm/files";
import { findSweeps, type Row, readCsv, sweepPaths } from "@dsbm/runs";
import { describe, expect, it, vi } from "vitest";
import { dsbm, launch, refuse, scratch, smallGaussian, succeed, wordsOf } from "./cli.js";
import { fakeSlurm } from "./slurm.js";

const root = scratch();
const keys = smallGaussian.filter((word) => !/^(seed|inner_iters|n_train)=/.test(word));
const gaussian = (experiments: string, ...words: string[]) => [
  "gaussian",
  ...keys,
  ...wordsOf("inner_iters=8 outer_iters=2 n_train=128 plot_level=0 -m"),
  ...words,
  `experiments_dir=${experiments}`,
];
/** The same with steps for minutes. */
const longSweep = (experiments: string, inner: number, outer: number) =>
  gaussian(experiments, "seed=1,2").map((word) =>
    word
      .replace("inner_iters=8", `inner_iters=${inner}`)
      .replace("outer_iters=2", `outer_iters=${outer}`),
  );
const sweepIn = (experiments: string) => findSweeps(experiments)[0];
const runsIn = (experiments: string) => {
  const [name = ""] = readdirSync(join(experiments, "gaussian"));
  return ["1", "2"].map((seed) => join(experiments, "gaussian", name, seed));
};
const statesOf = (stdout: string) =>
  [...stdout.matchAll(/^ *\d+ .*\b(waiting|running|finished|failed|interrupted)\b/gm)].map(
    ([, state]) => state,
  );
const withoutSeconds = (row: Row) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith("seconds")));

/** All results below a folder without times, by run. */
function resultsIn(experiments: string) {
  const files = readdirSync(join(experiments, "gaussian"), { recursive: true, encoding: "utf8" });
  const tables = files.filter((path) => path.endsWith("results.csv")).sort();
  return Object.fromEntries(
    tables.map((path) => [
      path,
      readCsv(join(experiments, "gaussian", path)).rows.map(withoutSeconds),
    ]),
  );
}

const waitUntil = (isSo: () => boolean) => vi.waitUntil(isSo, { timeout: 250_000, interval: 20 });
/** Waits until both members of a sweep train. */
const bothBegin = ({ said }: ReturnType<typeof launch>) =>
  waitUntil(() =>
    [1, 2].every((n) => new RegExp(`seed=${n}\\] half-iteration 1/`).test(said.stdout)),
  );

describe("whatever the launcher", () => {
  const local = join(root, "local");
  const slurm = join(root, "slurm");
  const fake = fakeSlurm(join(root, "fake"), { runs: true });
  const words = ["lr=1e-3,1e30", "seed=1"];
  const launched = gaussian(slurm, ...words, "launcher=slurm_cpu", "launcher.mem_gb=1");
  const states = "0 waiting, 0 running, 1 finished, 1 failed, 0 interrupted";

  it("sweeps give the same numbers and tables; members fail alone", async () => {
    const here = await dsbm(gaussian(local, ...words));
    expect(here.code).toBe(1);
    expect(here.stdout).toContain("2 runs, 2 to start");
    expect(here.stdout).toContain("2 at once");
    expect(here.stdout).toContain(states);
    const there = await dsbm(launched, { env: fake.env });
    expect(there.code).toBe(1);
    expect(there.stdout).toContain("Submitted batch job 1");
    expect(there.stdout).toContain(states);
    expect(resultsIn(slurm)).toEqual(resultsIn(local));
    const [ours, theirs] = [local, slurm].map((folder) => {
      const { summary_csv } = sweepPaths(sweepIn(folder));
      return readCsv(summary_csv).rows.map(withoutSeconds);
    });
    expect(theirs).toEqual(ours);
    expect(ours?.at(-1)).toMatchObject({ half_iteration: 2, steps: 10, seeds: 1 });
  });

  it("a status shows finished members and the reasons of failures, from every folder above", async () => {
    for (const place of [slurm, sweepIn(slurm)]) {
      const { stdout } = await succeed(["sweep", "status", place]);
      expect(stdout).toContain(states);
      expect(statesOf(stdout)).toEqual(["finished", "failed"]);
      expect(stdout.match(/failed .*the loss became NaN/g)).toHaveLength(1);
      expect(stdout).toMatch(/to run unfinished members: npx dsbm gaussian .*-m/);
    }
    const { stdout } = await dsbm(["sweep", "table", sweepIn(slurm)]);
    expect(stdout).toMatch(/0\.0010? .* 1 /);
  });

  it("only unfinished members start again", async () => {
    const here = await dsbm(gaussian(local, ...words));
    expect(here.stdout).toContain("2 runs, 1 to start");
    await dsbm(launched, { env: fake.env });
    expect(fake.submitted()).toEqual(["1,2", "2"]);
  });
});

describe("a sweep that waits in Slurm", () => {
  const folder = join(root, "waits");
  const fake = fakeSlurm(join(root, "fake-queue"), { runs: false });
  const submit = gaussian(folder, "seed=1,2", "launcher=slurm_cpu", "launcher.wait=false");

  it("is left to Slurm at once with launcher.wait=false, and not submitted twice", async () => {
    const first = await succeed(submit, { env: fake.env });
    expect(first.stdout).toContain("to cancel: scancel 1");
    const status = await succeed(["sweep", "status", folder]);
    expect(statesOf(status.stdout)).toEqual(["waiting", "waiting"]);
    fake.queue([1]);
    await refuse(submit, ["waits or runs in Slurm already", "scancel 1"], { env: fake.env });
    fake.queue([]);
  });

  it("continues in Slurm when Ctrl-C ends the wait, and says how to cancel", async () => {
    const run = launch(gaussian(folder, "seed=1,2", "launcher=slurm_cpu"), { env: fake.env });
    await waitUntil(() => run.said.stdout.includes("Submitted batch job"));
    run.child.kill("SIGINT");
    const { code, stdout } = await run.done;
    expect(code).toBe(130);
    expect(stdout).toContain("to cancel: scancel 2");
  });

  it("needs an sbatch", async () => {
    const words = gaussian(join(root, "none"), "seed=1,2", "launcher=slurm_cpu");
    await refuse(words, ["Slurm's sbatch is not on PATH", "launcher=local"], {
      env: { PATH: "/nowhere" },
    });
  });
});

it("members outlive a killed sweep, and show when they are killed", async () => {
  const folder = join(root, "killed");
  const words = longSweep(folder, 600, 40);
  const first = launch(words);
  await bothBegin(first);
  await refuse(words, ["this folder is in use by process"]);
  first.child.kill("SIGKILL");
  await first.done;
  const status = async () => (await succeed(["sweep", "status", folder])).stdout;
  expect(statesOf(await status())).toEqual(["running", "running"]);
  const again = await dsbm(words);
  expect(again.code).toBe(1);
  expect(again.stdout).toContain("seed=1 is running already in another process");
  for (const run of runsIn(folder)) {
    const pid = lockHolder(join(run, ".lock")) as number;
    process.kill(pid, "SIGKILL");
    await waitUntil(() => !existsSync(`/proc/${pid}`));
  }
  expect(await status()).toMatch(/2 +2 +interrupted +the process ended without a message/);
});
