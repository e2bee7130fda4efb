// One bit that changes in a finished run: what follows from the rest is made again, and nothing goes on from what cannot be.
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { finishedRun, runTraining, sayRemade } from "@dsbm/experiment";
import { Bridge } from "@dsbm/inference";
import { isFinished, silentProgress } from "@dsbm/runs";
import { beforeAll, expect, it } from "vitest";
import { benchmarked } from "../../../../test/support/problem.js";
import { scratch } from "../../../../test/support/scratch.js";
import { wordsOf } from "../../../../test/support/words.js";
import { withLog } from "../src/terminal/run-log.js";

const root = scratch();

const config = benchmarked(
  ...wordsOf(`
  dim=2 n_train=64 n_test=32 inner_iters=4 outer_iters=1 num_steps=4 test_num_steps=4 batch_size=32 threads=1
`),
);
const whole = join(root, "whole");
const folder = join(root, "run");

function run(place: string): Promise<string[]> {
  const said: string[] = [];
  const line = (text: string) => void said.push(text);
  const progress = withLog({ ...silentProgress, line }, place);
  return runTraining(config, { folder: place, progress, resume: "npx dsbm gaussian" }).then(
    () => said,
  );
}

function flip(file: string): void {
  rmSync(folder, { recursive: true, force: true });
  cpSync(whole, folder, { recursive: true });
  const bytes = readFileSync(join(folder, file));
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(join(folder, file), bytes);
}

beforeAll(() => run(whole));

it.each(["x0_test.npy", "traj.npy", "figures/loss.png"])(
  "%s is made again, with a line",
  async (file) => {
    flip(file);
    expect(finishedRun(folder, config)).toBeNull();
    expect((await run(folder)).filter((line) => line.includes("damaged"))).toEqual([
      expect.stringMatching(new RegExp(`${file} is damaged .*: it is made again$`)),
    ]);
    expect(readFileSync(join(folder, file))).toEqual(readFileSync(join(whole, file)));
    expect(isFinished(folder)).toBe(true);
    expect(finishedRun(folder, config)?.rows).toHaveLength(1);
  },
);

it.each(["results.csv", "metrics.jsonl", "config.json", "models/1_b.safetensors"])(
  "%s is refused with one line",
  async (file) => {
    flip(file);
    const line = new RegExp(`^[^\n]*${file} is damaged [^\n]*$`);
    expect(() => finishedRun(folder, config)).toThrow(line);
    await expect(run(folder)).rejects.toThrow(line);
    copyFileSync(join(whole, file), join(folder, file));
    expect(finishedRun(folder, config)?.rows).toHaveLength(1);
  },
);

it("a damaged log is said, and goes on as it is", () => {
  flip("log.txt");
  const said: string[] = [];
  sayRemade(folder, (line) => said.push(line));
  expect(said).toEqual([expect.stringMatching(/log\.txt is damaged .*: it is a log, and goes on/)]);
  expect(finishedRun(folder, config)?.rows).toHaveLength(1);
});

it("damaged weights do not sample", () => {
  flip("models/1_b.safetensors");
  expect(() => Bridge.open(folder)).toThrow(/models\/1_b\.safetensors is damaged/);
});
