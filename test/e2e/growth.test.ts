// `dsbm fit` of datasets with masses: two clusters that move up, of which one divides. Weights of samples, the growth of the
// clusters, total mass, and what is refused.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Quality, readQuality } from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fit } from "../../packages/command/cli/src/index.js";
import { onlyRun, scratch } from "./cli.js";
import { runWell } from "./sample.js";

type Bridge = Awaited<ReturnType<typeof fit>>;

const root = scratch();
const pathOf = (name: string) => join(root, name);

/**
 * Rows of a left and a right cluster at a height; the numbers are spread evenly, without
 * randomness.
 */
const clusters = (left: number, right: number, height: number) =>
  Array.from({ length: left + right }, (_, i) => [
    (i < left ? 0 : 6) + 0.3 * Math.sin(7 * i),
    height + 0.3 * Math.cos(5 * i),
  ]);
const isLeft = ([x]: readonly number[]) => (x as number) < 3;

/** Three quarters of a mass that doubles are on the left: it trebles there, and stays on the right. */
const sets = {
  day0: clusters(60, 60, 0),
  day1: clusters(72, 48, 0.5),
  day2: clusters(90, 30, 1),
};
const shortFit = {
  max_minutes: null,
  num_iter: 150,
  num_steps: 6,
  batch_size: 64,
  lr: 1e-2,
  test_npar: 24,
  plot_level: 0,
  threads: 1,
  delta: 1.5,
  model: { hidden: "32,32" },
  data: { standardise: "none", test_fraction: 0.1 },
} as const;

beforeAll(() => {
  setNumThreads(1);
  const add = (name: string, rows: number[][], names: string, cells: (row: number[]) => number[]) =>
    writeFileSync(
      pathOf(`${name}.csv`),
      `x,y,${names}\n${rows.map((row) => [...row, ...cells(row)].join()).join("\n")}\n`,
    );
  // Equally many rows of both sides, of which the left ones weigh more on the last day.
  add("w0", clusters(60, 60, 0), "w", () => [1]);
  add("w2", clusters(60, 60, 1), "w", (row) => [isLeft(row) ? 3 : 1]);
  for (const day of [0, 2] as const)
    add(`rates${day}`, sets[`day${day}`], "b,d", (row) => [
      isLeft(row) ? Math.log(3) + 0.2 : 0.2,
      0.2,
    ]);
  for (const [name, rows] of Object.entries(sets))
    writeFileSync(pathOf(`${name}.csv`), `x,y\n${rows.map((row) => row.join()).join("\n")}\n`);
});

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe.each([
  [
    "wfr of masses along splines",
    // A batch of both intervals, more than the rows of one.
    { method: "wfr", interpolant: "spline", mass: [1, 1.3333, 2], batch_size: 150 },
    ["day0", "day1", "day2"],
  ],
  ["wfr_bridge of weights", { method: "wfr_bridge", sigma: 0.3, weights: "w" }, ["w0", "w2"]],
  [
    "vgfm of rates of birth and death",
    { method: "wfr", growth_coupling: "vgfm", birth: "b", death: "d" },
    ["rates0", "rates2"],
  ],
] as const)("%s", (name, method, days) => {
  const experiments = pathOf(name.replaceAll(" ", "_"));
  const hasLeaveOneOut = days.length > 2;

  let bridge: Bridge;
  beforeAll(async () => {
    bridge = await fit({
      ...shortFit,
      ...method,
      marginals: days.map((day) => pathOf(`${day}.csv`)),
      paths: { data_dir_name: pathOf("data"), experiments_dir_name: experiments },
    });
  });
  afterAll(() => bridge.dispose());

  it("learns where mass grows, both ways", async () => {
    for (const direction of ["f", "b"] as const) await expectGrowth(bridge, direction);
    const metrics = ["mass", "ess_ratio"];
    const { rows } = await bridge.evaluate({ n: 24, exact: 24, metrics });
    expect(new Set(rows.map((row) => row.name))).toEqual(new Set(metrics));
    // Of 12 held-out rows on two sides, so that it depends much on which rows these are.
    for (const row of rows.filter((one) => one.name === "mass"))
      expect(Math.abs(Math.log(row.value))).toBeLessThan(Math.log(2));
  });

  it("has leave-one-out in its quality and report with three datasets", () => {
    const run = onlyRun(experiments) as string;
    const { rows } = readQuality(run) as Quality;
    const left = rows.filter(({ group }) => group === "loo");
    const names = ["a_w1", "a_debiased_w1", "a_variance_ratio", "nearest_w1"];
    expect(left.map((row) => [row.name, row.at])).toEqual(
      hasLeaveOneOut ? names.map((one) => [`loo_${one}`, "time 0.5"]) : [],
    );
    for (const { value, floor, interval } of left) {
      expect(floor).toBeLessThan(1.5 * value + 0.2);
      expect(interval?.[0]).toBeLessThanOrEqual(value);
    }
    if (hasLeaveOneOut)
      expect(readFileSync(join(run, "report.html"), "utf8")).toMatch(
        /Without time 0\.5[:.].* 1-Wasserstein .* The bridge is (better than|no better than)[\s\S]*<b>exact 1-Wasserstein at time 0\.5, from time 0</,
      );
  });

  it("gives samples their weights, and cells an interval of growth around the truth", async () => {
    const run = onlyRun(experiments) as string;
    const out = pathOf(`${name}.csv`);
    await runWell("sample", run, pathOf("day0.csv"), out, "direction=f");
    expect(readFileSync(out, "utf8")).toMatch(/^x,y,weight\n(-?[\d.]+,?){3}\n/);
    await runWell("annotate", run, pathOf("day0.csv"), out, "overwrite=true", "draws=2");
    const [names, ...lines] = readFileSync(out, "utf8").trim().split("\n");
    const place = (column: string) => names.split(",").indexOf(column);
    const truth = days.length > 2 ? Math.log(1.6) / 0.5 : Math.log(3);
    const cells = lines.map((text) => text.split(",").map(Number));
    const isIn = cells.filter((row) => {
      const rate = isLeft(row) ? truth : 0;
      const [low, high] = ["growth_low", "growth_high"].map((one) => row[place(one)]);
      return low - 0.1 <= rate && rate <= high + 0.1;
    });
    expect(isIn.length / cells.length).toBeGreaterThan(0.7);
  });
});

/** Rows on the left grow by 3 from the first day to the last, and stay on their side. */
async function expectGrowth(bridge: Bridge, direction: "f" | "b") {
  const start = direction === "f" ? sets.day0 : sets.day2;
  const { x, weights } = await bridge.sample(start, { direction, seed: 1 });
  const grown = (left: boolean) =>
    mean((weights as number[]).filter((_, i) => isLeft(start[i]) === left));
  const way = direction === "f" ? 1 : -1;
  expect(Math.abs(Math.log(grown(true)) * way - Math.log(3))).toBeLessThan(0.25);
  expect(Math.abs(Math.log(grown(false)))).toBeLessThan(0.25);
  // Rows stay on their side, and arrive at the height of the other day.
  expect(x.every((row, i) => isLeft(row) === isLeft(start[i]))).toBe(true);
  const height = mean(x.map((row) => row[1]));
  expect(Math.abs(height - (direction === "f" ? 1 : 0))).toBeLessThan(0.2);
}
