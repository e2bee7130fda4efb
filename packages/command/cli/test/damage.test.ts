// One bit that changes in a finished run: nothing continues from it.
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { finishedRun, runTraining } from "@dsbm/experiment";
import { Bridge } from "@dsbm/inference";
import { silentProgress } from "@dsbm/runs";
import { beforeAll, expect, it } from "vitest";
import { gaussianConfig } from "../../../../test/support/problem.js";
import { scratch } from "../../../../test/support/scratch.js";
import { wordsOf } from "../../../../test/support/words.js";
import { withLog } from "../src/experiment/run-log.js";

const root = scratch();

const config = gaussianConfig(
  ...wordsOf(`
  dim=2 n_train=64 n_test=32 inner_iters=4 outer_iters=1 num_steps=4 test_num_steps=4 batch_size=32 threads=1
`),
);
const wholeRun = join(root, "whole");
const folder = join(root, "run");

function run(place: string) {
  const said: string[] = [];
  const line = (text: string) => void said.push(text);
  const progress = withLog({ ...silentProgress, line }, place);
  return runTraining(config, { folder: place, progress, resume: "npx dsbm gaussian" }).then(
    () => said,
  );
}

function flip(file: string) {
  rmSync(folder, { recursive: true, force: true });
  cpSync(wholeRun, folder, { recursive: true });
  const bytes = readFileSync(join(folder, file));
  const at = bytes.length >> 1;
  bytes[at] = bytes[at] ^ 1;
  writeFileSync(join(folder, file), bytes);
}

beforeAll(() => run(wholeRun));

it.each(["config.yaml", "config.json", "models/1_b.safetensors"])(
  "%s is refused with one line",
  async (file) => {
    flip(file);
    const line = new RegExp(`^[^\n]*${file} is damaged [^\n]*$`);
    expect(() => finishedRun(folder, config)).toThrow(line);
    await expect(run(folder)).rejects.toThrow(line);
    copyFileSync(join(wholeRun, file), join(folder, file));
    expect(finishedRun(folder, config)).toHaveLength(1);
  },
);

it("damaged weights do not sample", () => {
  flip("models/1_b.safetensors");
  expect(() => Bridge.open(folder)).toThrow(/models\/1_b\.safetensors is damaged/);
});
