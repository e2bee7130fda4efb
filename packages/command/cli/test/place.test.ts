// Where runs lie: files of one's own name the folder, presets and typed names stay.
import { resolve, train } from "@dsbm/config";
import { expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { placeOfRun } from "../src/words/places.js";

const experiments = scratch();

/** The folder of the run of some arguments, below the folder of all runs. */
const placeOf = (...words: string[]) => {
  const { members } = resolve(train, [...words, `experiments_dir=${experiments}`]);
  const [member] = members;
  return placeOfRun(member.config, member)
    .slice(experiments.length + 1)
    .split("/")[0];
};

const folderOptions = ["Dataset=folder:photos/day", "Dataset_transfer=folder:photos/night"];

it.each([
  [folderOptions, "day_to_night"],
  [["Dataset=folder:a/cats", "Dataset_transfer=folder:b/cats"], "a_cats_to_b_cats"],
  [["Dataset=folder:day", "Dataset_transfer=mnist_2"], "day_to_mnist_2"],
  [["Dataset=folder:day", "transfer=false"], "day"],
  [[...folderOptions, "name=mine"], "mine"],
  [["dataset=vectors", "Dataset=array:a.npy", "Dataset_transfer=array:b.npy"], "vectors"],
  [["Dataset=mnist_2", "Dataset_transfer=mnist_3"], "mnist_transfer"],
  [["dataset=mnist_2to3"], "mnist_2to3"],
])("%j is below %s", (words, folder) => expect(placeOf(...words)).toBe(folder));
