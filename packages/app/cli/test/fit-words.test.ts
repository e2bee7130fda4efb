// The words of `dsbm fit`: short names of folders, and words that people can type again.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { readFitWords } from "../src/words/fit.js";

const root = scratch();
const at = (...parts: string[]) => join(root, ...parts);
for (const folder of ["a", "b"]) {
  mkdirSync(at(folder));
  for (const file of ["day 2.npy", "day_4.csv.gz"]) writeFileSync(at(folder, file), "");
}
const nameOf = (...args: string[]) =>
  readFitWords(args).tokens.find((word) => word.startsWith("name="));

test.each([
  [["a/day 2.npy", "b/day_4.csv.gz"], "name=day_2_to_day_4"],
  [["a/day 2.npy", "b/day 2.npy"], "name=a_day_2_to_b_day_2"],
])("%s is named %s", (places, name) => {
  expect(nameOf(...places.map((place) => at(place)))).toBe(name);
});

test("one file of two groups is named by both", () => {
  const groups = ["data.split_by=day", "data.source=x/1", "data.target=2"];
  expect(nameOf(at("a/day_4.csv.gz"), ...groups)).toBe("name=day_4_x_1_to_2");
});

test("the words to go on with are those that were typed", () => {
  const typed = [at("a/day 2.npy"), at("b/day 2.npy"), "sigma=0.3", "seed=1"];
  const words = readFitWords(typed);
  expect(words.typed(words.tokens)).toEqual(typed);
});

test("folders of pictures have a UNet where its keys are given", () => {
  const modelOf = (...settings: string[]) =>
    readFitWords([at("a"), at("b"), ...settings]).tokens.filter((word) => /^model=/.test(word));
  expect(modelOf("model.num_channels=16")).toEqual(["model=UNET"]);
  expect(modelOf("model.num_channels=16", "model=UNET_tiny")).toEqual(["model=UNET_tiny"]);
  expect(modelOf("lr=1e-3")).toEqual([]);
  const typed = [at("a"), at("b"), "model.num_channels=16"];
  const words = readFitWords(typed);
  expect(words.typed(words.tokens)).toEqual(typed);
});
