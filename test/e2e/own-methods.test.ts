// Methods of one's own through the command line: registered under a name, they are trained, stopped, resumed, evaluated
// again and sampled like the ones of the library.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { methods } from "@dsbm/bridge";
import { readRun } from "@dsbm/runs";
import { io } from "@dsbm/torch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../packages/cli/src/main.js";
import { fitted, online } from "../support/own-methods.js";
import { onlyRun, scratch } from "./cli.js";

const root = scratch();
beforeAll(() => {
  Object.assign(methods, { online, fitted });
});
afterAll(() => {
  for (const name of ["online", "fitted"]) delete methods[name];
});

const words = (method: string, experiments: string) => [
  ...["train", "dataset=gaussian", `method=${method}`, "data.dim=2", "data.a=0.5", "sigma=1"],
  ...["data.n_train=2000", "data.n_test=2000", "batch_size=192", "lr=3e-3", "ema_rate=0.98"],
  ...["fb_sequence=[b]", "threads=1", "seed=2", "plot_level=0", "LOGGER=NONE"],
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
    const { results } = readRun(folderOf(method));
    const last = ["b", "f"].map((d) => results.findLast((row) => row.direction === d));
    for (const row of last) {
      expect(Math.abs(Number(row?.mean) - Number(row?.exact_mean))).toBeLessThan(0.1);
      expect(Math.abs(Number(row?.var) - 1)).toBeLessThan(0.15);
      expect(Math.abs(Number(row?.cov) - Number(row?.exact_cov))).toBeLessThan(0.08);
    }
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
    using file = io.npy.open(out);
    expect(file.shape).toEqual([3000, 2]);
    const x = io.fromRaw(file.rows(0, 3000));
    expect(Math.abs(x.mean().item() - 0.5)).toBeLessThan(0.1);
    expect(Math.abs(x.std().item() - 1)).toBeLessThan(0.12);
  });
});

it("an unknown method is answered with the names there are, own ones included", async () => {
  const errors: string[] = [];
  const error = console.error;
  console.error = (line: string) => errors.push(line);
  try {
    expect(await main(["train", "dataset=gaussian", "method=onlin"])).toBe(2);
  } finally {
    console.error = error;
  }
  expect(errors.join("\n")).toContain('did you mean "online"');
});
