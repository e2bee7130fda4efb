// The arguments of `dsbm fit`: short names of folders, and arguments that people can type again.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fit, resolve } from "@dsbm/config";
import { expect, test } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { readFitArguments } from "../src/words/places.js";

const root = scratch();
const pathOf = (...parts: string[]) => join(root, ...parts);
for (const folder of ["a", "b", "Zürich 冬"]) {
  mkdirSync(pathOf(folder));
  for (const file of ["day 2.npy", "day_4.csv.gz"]) writeFileSync(pathOf(folder, file), "");
}

test.each([
  [["a/day 2.npy", "b/day_4.csv.gz"], "day_2_to_day_4"],
  [["a/day 2.npy", "b/day 2.npy"], "a_day_2_to_b_day_2"],
  [["Zürich 冬/day 2.npy", "b/day 2.npy"], "Zürich_冬_day_2_to_b_day_2"],
])("%s is named %s", (places, name) => {
  const paths = places.map((place) => pathOf(place));
  const settings = ["sigma=0.3", "seed=1"];
  const [source, target] = paths.map((path) => `table:${path}`);
  expect(readFitArguments([...paths, ...settings])).toMatchObject({
    base: { Dataset: source, Dataset_transfer: target, name },
    settings,
    overrides: { sigma: 0.3, seed: 1 },
    places: paths,
  });
});

test("one file is named by its groups or by its column of times", () => {
  const byTime = readFitArguments([pathOf("a/day_4.csv.gz"), "time=day"]);
  expect(byTime.base.name).toBe("day_4_by_day");
  const two = [pathOf("a/day 2.npy"), pathOf("b/day_4.csv.gz"), "time=day"];
  expect(() => readFitArguments(two)).toThrow(/time= names a column of one table, got 2 files/);
  const groups = ["data.split_by=day", "data.source=x/1", "data.target=2"];
  const { base, overrides } = readFitArguments([
    pathOf("a/day_4.csv.gz"),
    ...groups,
    "data.between=3,4",
  ]);
  expect([base.name, overrides["data.between"]]).toEqual(["day_4_x_1_to_2", [3, 4]]);
  const years = ["data.split_by=day", "data.source=1990..1999", "data.target=2000.."];
  expect(readFitArguments([pathOf("a/day_4.csv.gz"), ...years]).base.name).toBe(
    "day_4_1990-1999_to_2000-",
  );
});

test("folders of images have a UNet if its keys are given", () => {
  const modelOf = (...settings: string[]) =>
    readFitArguments([pathOf("a"), pathOf("b"), ...settings]).base.model;
  expect(modelOf("model.num_channels=16")).toBe("UNET");
  expect(modelOf("lr=1e-3")).toBeUndefined();
});

test.each([
  ["at=2,3,7", { times: [2, 3, 7] }],
  ["at=2,3,7 holdout=x.npy holdout_at=5", { times: [2, 3, 7], at: 5 }],
  ["times=0,1,4 holdout=x.npy,y.npy at=2,3", { times: [0, 1, 4], at: [2, 3] }],
  ["time=day holdout=x.npy holdout_at=5", { time: "day", at: 5 }],
  ["at=2,7,3", /times=\[2,7,3\]: expected rising numbers/],
  ["at=2,3,7 holdout=x.npy holdout_at=8", /holdout_at=8: expected times between 2 .* and 7 /],
  ["holdout=x.npy holdout_at=1.5", /holdout_at=1.5: expected times between 0 .* and 1 /],
])("the times of three datasets: %s", (words, expected) => {
  const path = pathOf("a/day 2.npy");
  const places = words.startsWith("time=") ? [path] : [path, path, path];
  const { base, settings } = readFitArguments([...places, ...words.split(" ")]);
  const config = () => resolve(fit, settings, { base }).members[0]?.config;
  if (expected instanceof RegExp) expect(config).toThrow(expected);
  else expect(config()).toMatchObject(expected);
});
