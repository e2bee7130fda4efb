// Training in several processes as a user starts it: nproc=…. Fault: the rank that saves is killed.
import { type ChildProcess, execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readJsonLines } from "@dsbm/runs";
import { expect, it, vi } from "vitest";
import { launch, onlyRun, scratch, stopAt, succeed, wordsOf } from "./cli.js";
import { squaresToCircles } from "./train.js";

const root = scratch();
const experimentsIn = (name: string) => `experiments_dir=${join(root, name)}`;
const folderOf = (name: string) => onlyRun(join(root, name)) as string;
const lossesOf = (name: string) =>
  readJsonLines(join(folderOf(name), "metrics.jsonl")).map(({ loss }) => loss as number);

/** The processes that a launcher of ranks has started, by rank. */
function ranksOf({ pid }: ChildProcess) {
  const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return children
    .trim()
    .split(/\s+/)
    .map(Number)
    .sort((a, b) => a - b);
}

const twoProcesses = ["nproc=2", "share_batch=true"];

it("an image run of two processes, stopped and then killed in a checkpoint, resumes in one process to the same numbers", async () => {
  // Each rank drops units of its own.
  const words = [
    ...squaresToCircles,
    ...wordsOf(`half_iterations=2 test_npar=16 metrics.judge=false log_every=1 model.dropout=0
      checkpoint_stride=6`),
  ];
  const pieces = [...words, experimentsIn("pieces")];
  await succeed([...words, experimentsIn("straight")]);
  const stopped = await stopAt([...pieces, ...twoProcesses], /half-iteration 2\/2 f: /);
  expect(stopped.code).toBe(130);
  expect(stopped.stderr).toMatch(/to resume: npx dsbm train dataset=synthetic/);
  expect(stopped.stderr).not.toMatch(/bug|\n\s+at |rank/);
  expect(stopped.stderr.match(/2 processes/g)).toHaveLength(1);
  const checkpoints = () => readdirSync(join(folderOf("pieces"), "checkpoints")).join();
  const before = checkpoints();
  const { child, done } = launch([...pieces, ...twoProcesses]);
  await vi.waitUntil(() => checkpoints() !== before, { timeout: 200_000, interval: 2 });
  // Rank 0 alone writes checkpoints.
  process.kill(ranksOf(child)[0], "SIGKILL");
  const { code, stderr } = await done;
  expect(code).toBe(1);
  expect(stderr).toMatch(/rank 0 was killed by SIGKILL/);
  expect(stderr.match(/dsbm: rank 1: .*rank 0 is gone/g), stderr).toHaveLength(1);
  expect(stderr).not.toMatch(/this is a bug|\n\s+at /);
  const rest = await succeed(pieces);
  expect(rest.stderr).toMatch(/resuming from checkpoint/);
  const losses = lossesOf("pieces");
  expect(losses).toHaveLength(24);
  for (const [i, loss] of lossesOf("straight").entries())
    expect(Math.abs(losses[i] / loss - 1)).toBeLessThan(1e-4);
  expect(readdirSync(join(folderOf("pieces"), "samples"))).toEqual(
    readdirSync(join(folderOf("straight"), "samples")),
  );
});

it("fit trains its files in two processes", async () => {
  const files = ["examples/data/winter.csv", "examples/data/summer.csv"];
  const words = wordsOf("data.exclude=river data.keep=id max_minutes=null num_iter=4 n_ipf=1");
  const { stderr } = await succeed(["fit", ...files, ...words, experimentsIn("fit"), "nproc=2"]);
  expect(stderr).toMatch(/2 processes share each batch/);
});
