// Methods of one's own through the command line: registered under a name, they are trained, stopped, resumed, evaluated
// again and sampled like the ones of the library.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { methods } from "@dsbm/bridge";
import { readRun } from "@dsbm/runs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../packages/app/cli/src/main.js";
import { fitted, online } from "../support/own-methods.js";
import { onlyRun, scratch } from "./cli.js";
import { words as common, expectExact, expectSamples } from "./exact-bridge.js";
import { commandHere } from "./sample.js";

const root = scratch();
beforeAll(() => {
  Object.assign(methods, { online, fitted });
});
afterAll(() => {
  for (const name of ["online", "fitted"]) delete methods[name];
});

const words = (method: string, experiments: string) => [
  ...common,
  `method=${method}`,
  "sigma=1",
  "batch_size=192",
  "lr=3e-3",
  "fb_sequence=[b]",
  ...(method === "online"
    ? ["half_iterations=2", "first_num_iter=250", "num_iter=120", "num_steps=10"]
    : ["half_iterations=1", "num_iter=1", "first_num_iter=1", "num_steps=50"]),
  `experiments_dir=${join(root, experiments)}`,
];
const folderOf = (experiments: string) => onlyRun(join(root, experiments)) as string;
const weights = (experiments: string) => {
  const { models } = readRun(folderOf(experiments));
  return readFileSync((models.at(-1) as (typeof models)[number]).path);
};

describe.each(["online", "fitted"])("method=%s", (method) => {
  it("trains towards the exact bridge, in both directions with one model", async () => {
    expect(await main(words(method, method))).toBe(0);
    expectExact(folderOf(method));
  });

  it("goes on from where it was stopped to the same weights", async () => {
    const stopping = main(words(method, `${method}-stopped`));
    // The first half-iteration of the online method is in progress, or the fitted model is being evaluated.
    await new Promise((resolve) => setTimeout(resolve, method === "online" ? 1500 : 300));
    process.emit("SIGINT");
    const code = await stopping;
    expect([0, 130]).toContain(code);
    expect(await main(words(method, `${method}-stopped`))).toBe(0);
    expect(weights(`${method}-stopped`).equals(weights(method))).toBe(true);
  });

  it("samples new points from its folder", async () => {
    const out = join(root, `${method}.npy`);
    expect(await main(["sample", folderOf(method), "gaussian:3000", out, "direction=f"])).toBe(0);
    expectSamples(out);
  });
});

it("an unknown method is answered with the names there are, own ones included", async () => {
  const { code, stderr } = await commandHere("train", "dataset=gaussian", "method=onlin");
  expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean "online"')]);
});
