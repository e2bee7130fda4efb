// Training in several processes as a user starts it: nproc=…, or a launcher's variables. Faults: a rank killed in a step
// or a cache, ranks that differ, come late or find the port taken.
import { type ChildProcess, execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { readCsv, readMetrics } from "@dsbm/runs";
import { describe, expect, it, vi } from "vitest";
import { outcome } from "../../scripts/torture.mjs";
import { freePort } from "../support/ranks.js";
import { dsbm, launch, type Outcome, onlyRun, scratch, small, stopAt } from "./cli.js";
import { quick } from "./train.js";

const root = scratch();
const at = (name: string) => `experiments_dir=${join(root, name)}`;

const folderOf = (name: string) => onlyRun(join(root, name)) as string;

const lossesOf = (name: string) =>
  readMetrics(join(folderOf(name), "metrics.jsonl")).map(({ loss }) => loss as number);
const farthest = (a: readonly number[], b: readonly number[]): number => {
  expect(b).toHaveLength(a.length);
  return Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number)) / Math.abs(x)));
};

/** Starts ranks as a launcher would; `change` alters the variables or arguments of one. */
async function launched(
  n: number,
  words: readonly string[],
  change: (rank: number) => { env?: Record<string, string>; words?: string[] } = () => ({}),
): Promise<Outcome[]> {
  const port = await freePort();
  return Promise.all(
    Array.from({ length: n }, (_, rank) => {
      const { env, words: more = [] } = change(rank);
      const place = { RANK: `${rank}`, LOCAL_RANK: `${rank}`, WORLD_SIZE: `${n}` };
      const meeting = { MASTER_ADDR: "127.0.0.1", MASTER_PORT: `${port}` };
      return dsbm([...words, ...more], {
        env: { ...place, ...meeting, DSBM_CORES: "1", ...env },
      });
    }),
  );
}

/** The processes that a launcher of ranks has started, by rank. */
function ranksOf({ pid }: ChildProcess): number[] {
  const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return children
    .trim()
    .split(/\s+/)
    .map(Number)
    .sort((a, b) => a - b);
}

/** Three half-iterations, of which the last has caches. */
const three = [...quick, "half_iterations=3", "test_npar=16", "metrics.judge=false"];
const images = [
  ...three,
  "plot_level=0",
  "checkpoint_stride=6",
  "share_batch=true",
  // Caches of several batches, for time to be killed in one.
  "cache_batch_size=8",
];

describe("several processes", () => {
  it("leave the numbers of a Gaussian run as they are", async () => {
    const words = ["gaussian", ...small, "outer_iters=2", "log_every=1"];
    const one = await dsbm([...words, at("one")]);
    const two = await dsbm([...words, at("two"), "nproc=2", "share_batch=true"]);
    expect([one.code, two.code, two.stderr.match(/2 processes/g)?.length]).toEqual([0, 0, 1]);
    expect(farthest(lossesOf("one"), lossesOf("two"))).toBeLessThan(1e-5);
    const whole = await dsbm([...words, at("whole"), "nproc=2", "share_batch=false"]);
    expect(whole.stderr).toMatch(/a training step, all of whose rows are trained on in each/);
    expect(lossesOf("whole")).toEqual(lossesOf("one"));
    const numbers = (name: string) =>
      readCsv(join(folderOf(name), "results.csv")).rows.flatMap(({ mean, var: v, cov }) => [
        mean as number,
        v as number,
        cov as number,
      ]);
    expect(farthest(numbers("one"), numbers("two"))).toBeLessThan(1e-4);
    expect(two.stdout).toBe(one.stdout.replaceAll(join(root, "one"), join(root, "two")));
    // A finished run is not run again in several processes.
    const again = await dsbm([...words, at("two"), "nproc=2"]);
    expect([again.code, again.stderr]).toEqual([0, ""]);
    expect(again.stdout).toMatch(/is finished already/);
  });

  it("train, evaluate and draw an image run, which goes on in another number of processes", async () => {
    // Each rank drops units of its own.
    const words = [...three, "log_every=1", "model.dropout=0"];
    const ranked = ["nproc=2", "share_batch=true"];
    const straight = await dsbm([...words, at("straight")]);
    expect(straight.code).toBe(0);
    const stopped = await stopAt([...words, at("pieces"), ...ranked], /half-iteration 2\/3 f: /);
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/to resume: npx dsbm train dataset=synthetic/);
    expect(stopped.stderr).not.toMatch(/bug|\n\s+at |rank/);
    const rest = await dsbm([...words, at("pieces")]);
    expect(rest.code).toBe(0);
    expect(rest.stderr).toMatch(/resuming from checkpoint/);
    expect(farthest(lossesOf("straight"), lossesOf("pieces"))).toBeLessThan(1e-4);
    expect(readdirSync(join(folderOf("pieces"), "samples"))).toEqual(
      readdirSync(join(folderOf("straight"), "samples")),
    );
  });
});

describe("a rank killed with SIGKILL", () => {
  let untouched: Promise<Outcome> | null = null;
  it.each([
    ["in a step", /half-iteration 2\/3 f: \d thread/],
    ["in a cache", /simulating pairs/],
  ])("%s is named by the others, and the run goes on to the same bits", async (what, moment) => {
    untouched ??= dsbm([...images, at("untouched"), "nproc=2"]);
    expect((await untouched).code).toBe(0);
    const name = what.replaceAll(" ", "-");
    const { child, done } = launch([...images, at(name), "nproc=2"]);
    const stop = AbortSignal.timeout(60_000);
    let seen = "";
    child.stderr?.on("data", (text) => {
      seen += text;
    });
    const folder = () => (existsSync(join(root, name)) ? folderOf(name) : null);
    const isThere = () => {
      if (what === "in a step") return moment.test(seen);
      // The cache's file has a temporary name until it is whole.
      const path = join(folder() ?? root, "cache");
      return existsSync(path) && readdirSync(path).some((file) => file.startsWith(".tmp-"));
    };
    while (!isThere() && !stop.aborted) await new Promise((next) => setTimeout(next, 2));
    const [, second] = ranksOf(child);
    process.kill(second as number, "SIGKILL");
    const { code, stderr } = await done;
    expect(code).toBe(1);
    expect(stderr).toMatch(/rank 1 was killed by SIGKILL/);
    expect(stderr.match(/dsbm: rank 0: .*rank 1 is gone/g)).toHaveLength(1);
    expect(stderr).not.toMatch(/this is a bug|\n\s+at /);
    const again = await dsbm([...images, at(name), "nproc=2"]);
    expect([again.code, again.stderr.match(/bug|rank/)]).toEqual([0, null]);
    expect(outcome(join(root, name))).toEqual(outcome(join(root, "untouched")));
  });
});

describe("ranks that do not fit together", () => {
  const words = ["gaussian", ...small, "outer_iters=1"];
  const line = (text: RegExp) => new RegExp(`^dsbm: rank \\d: .*${text.source}[^\\n]*\\n$`);

  it("are refused with the key in which they differ", async () => {
    const all = await launched(2, [...words, at("differ")], (rank) => ({
      words: [`lr=${rank === 0 ? 1e-4 : 2e-4}`],
    }));
    for (const { code, stderr } of all) {
      expect(code).toBe(1);
      expect(stderr).toMatch(line(/has lr=0.000[12], rank \d has lr=0.000[12]: start all ranks/));
    }
    expect(existsSync(join(root, "differ"))).toBe(false);
  });

  it("are named where they do not come, come late or count otherwise", async () => {
    const few = await launched(2, [...words, at("few"), "dist_timeout=8"], () => ({
      env: { WORLD_SIZE: "3" },
    }));
    for (const { code, stderr } of few) {
      expect(code).toBe(1);
      expect(stderr).toMatch(line(/rank 2 of 3 did not come within \d+ ms/));
    }
    const unlike = await launched(2, [...words, at("unlike")], (rank) => ({
      env: { WORLD_SIZE: String(2 + rank) },
    }));
    for (const { code, stderr } of unlike) {
      expect(code).toBe(1);
      expect(stderr).toMatch(line(/has WORLD_SIZE=[23], rank \d has WORLD_SIZE=[23]/));
    }
  });

  it("say that another job has the port, and listen on the loopback alone", async () => {
    const env = { WORLD_SIZE: "2", RANK: "0", MASTER_PORT: String(await freePort()) };
    const job = (name: string) =>
      launched(1, [...words, at("port"), "dist_timeout=15", `name=${name}`], () => ({ env }));
    const first = job("first");
    // The second one starts when the first has the port, however long that took.
    const pointer = join(tmpdir(), `dsbm-ranks-${userInfo().uid}`, `port-${env.MASTER_PORT}`);
    await vi.waitUntil(() => existsSync(pointer), { timeout: 60_000, interval: 50 });
    const both = (await Promise.all([first, job("second")])).flat();
    expect(both.map(({ code }) => code)).toEqual([1, 1]);
    const taken = new RegExp(`port ${env.MASTER_PORT} is in use by process.*set MASTER_PORT`);
    const said = both.map(({ stderr }) => stderr);
    expect(said.filter((text) => line(taken).test(text))).toHaveLength(1);
    expect(said.filter((text) => /rank 1 of 2 did not come/.test(text))).toHaveLength(1);
  });

  it("refuse a sweep", async () => {
    const [sweep] = await launched(1, [...words, "lr=1e-4,2e-4", "-m", at("sweep")], () => ({
      env: { WORLD_SIZE: "2" },
    }));
    expect(sweep?.stderr).toMatch(/gaussian -m works in one process, but torchrun started 2/);
  });
});
