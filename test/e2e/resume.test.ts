// Interrupted by Ctrl-C or killed in the middle of a half-iteration, the benchmark resumes and ends
// with the weights of an uninterrupted run.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readRun } from "@dsbm/runs";
import { expect, it, vi } from "vitest";
import { launch, onlyRun, scratch, small, succeed, wordsOf } from "./cli.js";

const root = scratch();
const options = (experiments: string) => [
  "gaussian",
  ...small,
  ...wordsOf("inner_iters=300 outer_iters=4 checkpoint_stride=70"),
  `experiments_dir=${join(root, experiments)}`,
];
const folderOf = (experiments: string) => onlyRun(join(root, experiments)) as string;
/** Hashes of all weights, by file. */
const weights = (experiments: string) => {
  const folder = join(folderOf(experiments), "models");
  return readdirSync(folder).map((file) => [
    file,
    createHash("sha256")
      .update(readFileSync(join(folder, file)))
      .digest("hex"),
  ]);
};

const until = (isSo: () => boolean) => vi.waitUntil(isSo, { timeout: 110_000, interval: 10 });
const read = (experiments: string) => {
  try {
    return readRun(folderOf(experiments));
  } catch {
    return null;
  }
};

it("resumes after Ctrl-C and after kill -9 to bit-identical weights", async () => {
  await succeed(options("whole"));

  const stopped = launch(options("stopped"));
  await until(() => (read("stopped")?.results.length ?? 0) >= 2);
  stopped.child.kill("SIGINT");
  const after = await stopped.done;
  expect(after.code).toBe(130);
  expect(after.stderr).toContain("to resume: npx dsbm gaussian");
  expect(read("stopped")?.info.state).toBe("interrupted");
  const resumed = await succeed(options("stopped"));
  expect(resumed.stderr).toMatch(/resuming from checkpoint it000[12]_[bf]_step/);
  expect(weights("stopped")).toEqual(weights("whole"));

  const killed = launch(options("killed"));
  // In the middle of the third half-iteration.
  await until(() => read("killed")?.checkpoints.some(({ id }) => /it0002_b/.test(id)) === true);
  killed.child.kill("SIGKILL");
  expect((await killed.done).signal).toBe("SIGKILL");
  const again = await succeed(options("killed"));
  expect(again.stderr).toMatch(/resuming from checkpoint it0002_b_step00000/);
  expect(weights("killed")).toEqual(weights("whole"));
  const numbers = (e: string) =>
    read(e)?.results.map(({ seconds: _, seconds_per_batch: __, ...row }) => row);
  expect(numbers("killed")).toEqual(numbers("whole"));
  expect(numbers("stopped")).toEqual(numbers("whole"));
});
