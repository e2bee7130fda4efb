// Interrupted by Ctrl-C or killed, a run goes on to the same weights as one that was never touched.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { readRun } from "@dsbm/runs";
import { expect, it } from "vitest";
import { dsbm, launch, scratch, small } from "./cli.js";

const root = scratch();
const options = (experiments: string) => [
  "gaussian",
  ...small,
  "inner_iters=300",
  "outer_iters=4",
  `experiments_dir=${join(root, experiments)}`,
];
const folderOf = (experiments: string) => {
  const base = join(root, experiments, "gaussian");
  return join(base, readdirSync(base)[0] as string, "3");
};
const weights = (experiments: string) =>
  createHash("sha256")
    .update(readFileSync(join(folderOf(experiments), "state.safetensors")))
    .digest("hex");

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("waited in vain");
}
const rows = (experiments: string) => {
  try {
    return readRun(folderOf(experiments)).results.length;
  } catch {
    return 0;
  }
};

it("resumes after Ctrl-C and after kill -9 to bit-identical weights", async () => {
  expect((await dsbm(options("whole"))).code).toBe(0);

  const stopped = launch(options("stopped"));
  await until(() => rows("stopped") >= 2);
  stopped.child.kill("SIGINT");
  const after = await stopped.done;
  expect(after.code).toBe(130);
  expect(after.stderr).toContain("to go on: npx dsbm gaussian");
  expect(readRun(folderOf("stopped")).info.state).toBe("interrupted");
  const resumed = await dsbm(options("stopped"));
  expect(resumed.code).toBe(0);
  expect(resumed.stderr).toMatch(/going on after half-iteration [1-3] of 4/);
  expect(weights("stopped")).toBe(weights("whole"));

  const killed = launch(options("killed"));
  await until(() => rows("killed") >= 4);
  killed.child.kill("SIGKILL");
  expect((await killed.done).signal).toBe("SIGKILL");
  expect((await dsbm(options("killed"))).code).toBe(0);
  expect(weights("killed")).toBe(weights("whole"));
  const numbers = (e: string) => readRun(folderOf(e)).results.map(({ seconds: _, ...row }) => row);
  expect(numbers("killed")).toEqual(numbers("whole"));
  expect(numbers("stopped")).toEqual(numbers("whole"));
});

it("names a damaged state and says what to do; --again starts over", async () => {
  const run = launch(options("damaged"));
  await until(() => rows("damaged") >= 2);
  run.child.kill("SIGINT");
  await run.done;
  const state = join(folderOf("damaged"), "state.safetensors");
  expect(existsSync(state)).toBe(true);
  truncateSync(state, 1000);
  const broken = await dsbm(options("damaged"));
  expect(broken.code).toBe(2);
  expect(
    broken.stderr
      .trim()
      .split("\n")
      .filter((line) => line.startsWith("dsbm:")).length,
  ).toBe(1);
  expect(broken.stderr).toContain("state.safetensors");
  expect(broken.stderr).toContain("--again");
  expect((await dsbm([...options("damaged"), "outer_iters=1", "--again"])).code).toBe(0);
});
