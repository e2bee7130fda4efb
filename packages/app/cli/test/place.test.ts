// Where runs lie: files of one's own name the folder, presets and typed names stay.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { presets, resolve, train } from "@dsbm/config";
import { expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { placeOfRun } from "../src/words/place.js";

const experiments = scratch();

/** The run folders of some arguments, below the folder of all runs. */
const placeOf = (...words: string[]) => {
  const { members } = resolve(train, [...words, `experiments_dir=${experiments}`], {
    dirs: [presets],
  });
  const [member] = members as [(typeof members)[number]];
  const place = placeOfRun(member.config, member).slice(experiments.length + 1);
  return { folder: place.split("/")[0], place };
};

const own = ["Dataset=folder:photos/day", "Dataset_transfer=folder:photos/night"];

it.each([
  [own, "day_to_night"],
  [["Dataset=folder:a/cats", "Dataset_transfer=folder:b/cats"], "a_cats_to_b_cats"],
  [["Dataset=folder:day", "Dataset_transfer=mnist_2"], "day_to_mnist_2"],
  [["Dataset=folder:day", "transfer=false"], "day"],
  [[...own, "name=mine"], "mine"],
  [["dataset=vectors", "Dataset=array:a.npy", "Dataset_transfer=array:b.npy"], "vectors"],
  [["Dataset=mnist_2", "Dataset_transfer=mnist_3"], "mnist_transfer"],
  [["dataset=mnist_2to3"], "mnist_2to3"],
])("%j is below %s", (words, folder) => {
  expect(placeOf(...words).folder).toBe(folder);
});

it("a run that was begun below the preset's name goes on there", () => {
  const now = placeOf(...own, "seed=5").place;
  const before = now.replace("day_to_night", "mnist_transfer");
  mkdirSync(join(experiments, before), { recursive: true });
  writeFileSync(join(experiments, before, "run.json"), "{}");
  expect(placeOf(...own, "seed=5").place).toBe(before);
  expect(placeOf(...own, "seed=6").folder).toBe("day_to_night");
});
