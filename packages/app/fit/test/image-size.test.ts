// Sizes of image networks within a time: smaller in little time, chosen again for one iteration.
import type { Datasets } from "@dsbm/datasets";
import { expect, test } from "vitest";
import { Choices } from "../src/choices.js";
import { describeTrainingForecast, describeTrainingTime } from "../src/forecast.js";
import { sizeImages } from "../src/image-size.js";
import { chooseOptions } from "../src/options.js";

const facts = {
  shape: [3, 32, 32],
  rows: [400, 400],
  heldOut: [100, 100],
  transport: 1,
  spread: 1,
};

/** The choices for images of a machine with `budget` seconds, a step of a microsecond for each channel and image. */
async function sizedIn(budget: number, overrides: Record<string, number> = {}) {
  const base = { Dataset: "mnist_2", Dataset_transfer: "mnist_3", model: "UNET" };
  const choices = new Choices({ base, overrides });
  const datasets = { columns: null } as unknown as Datasets;
  chooseOptions(choices, datasets, { facts, hasPaths: false });
  const step = () => {
    const { batch_size, model } = choices.configuration.config;
    return 1e-6 * batch_size * (model as { num_channels: number }).num_channels;
  };
  await sizeImages(choices, {
    measure: async () => ({ step: step(), pair: 0.001 }),
    // Pairs of the second iteration are simulated, which takes most of the time.
    stepsAt: ({ step: seconds }) => {
      const { half_iterations } = choices.configuration.config;
      return Math.floor(budget / half_iterations / (half_iterations > 2 ? 10 * seconds : seconds));
    },
  });
  const { n_ipf, batch_size, num_steps, model } = choices.configuration.config;
  const { num_channels } = model as { num_channels: number };
  return { n_ipf, batch_size, num_steps, num_channels, keys: choices.list.map(({ key }) => key) };
}

test("images have the largest sizes if the time allows, and the smallest in little time", async () => {
  expect(await sizedIn(100)).toMatchObject({
    n_ipf: 2,
    batch_size: 64,
    num_channels: 32,
    num_steps: 30,
  });
  expect(await sizedIn(0.01)).toMatchObject({ batch_size: 8, num_channels: 16, num_steps: 10 });
});

test("sizes after a dropped iteration equal the sizes of one iteration", async () => {
  const { keys, ...dropped } = await sizedIn(0.5);
  const { keys: _, ...once } = await sizedIn(0.5, { n_ipf: 1 });
  expect(dropped).toEqual(once);
  expect(dropped).toMatchObject({ n_ipf: 1, num_steps: 30 });
  expect(dropped.batch_size).toBeGreaterThan(8);
  // One iteration simulates no pairs.
  expect(keys).not.toContain("cache_npar");
});

test.each([
  { what: "images", effect: "the style will hardly change" },
  { what: "fields", effect: "the bridge will hardly learn" },
])("a forecast says what few steps do to $what, and what enough steps need", ({ what, effect }) => {
  const network = { network: "UNET", parameters: 3_000_000, batch: 16, rows: 1600 };
  const ten = { ...network, what, minutes: 10 };
  expect(describeTrainingForecast({ ...ten, steps: 400 })).toBe(
    `forecast: 10 minutes give each direction 400 steps of a UNET of 3 million parameters, 4 passes over the ${what}: ${effect}; about 1000 steps need max_minutes=25`,
  );
  expect(describeTrainingForecast({ ...ten, steps: 4000 })).not.toContain("hardly");
});

test.each([
  { what: "images", channels: null },
  { what: "fields", channels: {} },
])("reasons for the options of $what name them", ({ what, channels }) => {
  const base = { Dataset: "mnist_2", Dataset_transfer: "mnist_3", model: "UNET" };
  const choices = new Choices({ base, overrides: {} });
  const datasets = { columns: null, channels } as unknown as Datasets;
  chooseOptions(choices, datasets, { facts, hasPaths: false });
  const reasonOf = (name: string) => choices.list.find(({ key }) => key === name)?.reason;
  expect(reasonOf("num_steps")).toBe(`it is usual for ${what}`);
  const cells = what === "fields" ? "cells" : "pixels";
  expect(reasonOf("model.num_channels")).toBe(`32×32 ${cells}`);
});

test.each([
  { what: "time for training", spent: 5, training: 14, line: null },
  { what: "time for half of the least training", spent: 17, training: 5, line: null },
  {
    what: "no time for training",
    spent: 25,
    training: 5,
    line: "forecast: no time is left for training, since reading and preparing took 25s, with a limit of 30s: the bridge will hardly learn; max_minutes=3 leaves a minute",
  },
])("a forecast of a run with $what says if training learns", ({ line, ...seconds }) =>
  expect(describeTrainingTime({ all: 30, reserve: 10.5, ...seconds })).toBe(line),
);
