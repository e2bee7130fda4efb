// Training in several processes as a user starts it: nproc=…. Faults: a rank killed in a step
// or with a checkpoint.
import { type ChildProcess, execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readCsv, readMetrics } from "@dsbm/runs";
import { describe, expect, it, vi } from "vitest";
import { outcome } from "../../scripts/torture.mjs";
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
const images = [...three, "plot_level=0", "checkpoint_stride=6", "share_batch=true"];

describe("several processes", () => {
  it("leave the numbers of a Gaussian run as they are", async () => {
    const words = ["gaussian", ...small, "outer_iters=2", "log_every=1"];
    const one = await dsbm([...words, at("one")]);
    const two = await dsbm([...words, at("two"), "nproc=2", "share_batch=true"]);
    expect([one.code, two.code, two.stderr.match(/2 processes/g)?.length]).toEqual([0, 0, 1]);
    expect(farthest(lossesOf("one"), lossesOf("two"))).toBeLessThan(1e-5);
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
  // Rank 0 alone writes checkpoints.
  it.each<[what: string, victim: number, isThere: (name: string, said: string) => boolean]>([
    ["in a step", 1, (_, said) => /half-iteration 2\/3 f: \d thread/.test(said)],
    [
      "in a checkpoint",
      0,
      (name) => {
        const run = existsSync(join(root, name)) ? (folderOf(name) ?? root) : root;
        const folder = join(run, "checkpoints");
        return existsSync(folder) && readdirSync(folder).length > 0;
      },
    ],
  ])(
    "%s is named by the others, and the run goes on to the same bits",
    async (what, victim, isThere) => {
      untouched ??= dsbm([...images, at("untouched"), "nproc=2"]);
      expect((await untouched).code).toBe(0);
      const name = what.replaceAll(" ", "-");
      const { child, said, done } = launch([...images, at(name), "nproc=2"]);
      await vi.waitUntil(() => isThere(name, said.stderr), { timeout: 200_000, interval: 2 });
      process.kill(ranksOf(child)[victim] as number, "SIGKILL");
      const { code, stderr } = await done;
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`rank ${victim} was killed by SIGKILL`));
      const others = new RegExp(`dsbm: rank ${1 - victim}: .*rank ${victim} is gone`, "g");
      expect(stderr.match(others), stderr).toHaveLength(1);
      expect(stderr).not.toMatch(/this is a bug|\n\s+at /);
      const again = await dsbm([...images, at(name), "nproc=2"]);
      expect([again.code, again.stderr.match(/bug|rank/)]).toEqual([0, null]);
      expect(outcome(join(root, name))).toEqual(outcome(join(root, "untouched")));
    },
  );
});
