// Compared runs: differences of configurations, seeds as one column, the best of each metric, readable values.
import { describe, expect, it } from "vitest";
import { placesOf } from "../src/page/runs/columns.js";
import {
  compareGrades,
  compareMetrics,
  compareRuns,
  isShared,
  readable,
} from "../src/page/runs/comparison.js";
import { History } from "../src/runs/live.js";
import type { ComparedMetric, RunDetail, RunGrade } from "../src/shared/api.js";

const w2: ComparedMetric = {
  title: "sliced W2",
  direction: "f",
  value: 1,
  better: "lower",
  floor: 0.2,
  ceiling: 9,
  target: null,
};

const grade = (name: RunGrade["grade"], rank: number): RunGrade => ({
  direction: "f",
  grade: name,
  rank,
  text: name,
  bar: { width: 96, height: 16, text: name, lines: [], dot: { x: "12.0", y: 8 } },
});

function detail(
  config: Record<string, unknown>,
  {
    value = 1,
    grades = [],
    given = ["sigma", "seed"],
    ...metric
  }: Partial<ComparedMetric> & {
    grades?: RunGrade[];
    given?: string[];
  } = {},
): RunDetail {
  const { seed = 1, name = "moons", data = "moons" } = config;
  return {
    row: {
      id: `${name}/${JSON.stringify(config)}/${seed}`,
      name: `${name}`,
      data: `${data}`,
      seed: `${seed}`,
      ...{ state: "finished", reason: null, started: null, seconds: 1, method: "dsbm" },
      ...{
        half: 1,
        halves: 1,
        step: 1,
        loss: null,
        metrics: [],
        progress: null,
        note: "",
        problems: [],
      },
      given: Object.fromEntries(given.map((key) => [key, String(config[key] ?? "")])),
      grades,
    },
    config: Object.entries(config).map(([key, one]) => [key, JSON.stringify(one)]),
    metrics: [{ ...w2, value, ...metric }],
    ...{
      command: null,
      fit: null,
      choices: [{ key: "lr", value: 1, reason: "", given: false }],
      results: { rows: [], references: [] },
      verdicts: [],
    },
    ...{ pictures: [], hasReport: false, log: null, problems: [], models: 0, hasCheckpoint: false },
    ...{ outputs: [], evaluations: [], fields: [] },
    ...{ exportRefusal: null, extendRefusal: null, resumeRefusal: null },
    history: new History().part(),
  };
}

const sigmas = [2, 0.5, 1, 0.1, 4, 0.25];

describe("the place of a run in the table", () => {
  const rows = [
    detail({ sigma: 0.5, seed: 1 }),
    detail({ sigma: 2, seed: 1 }),
    detail({ sigma: 2, seed: 2 }),
    detail({ sigma: 2, seed: 1, name: "alone" }),
  ].map(({ row }) => row);

  it("is what tells it from others of its name without the seed, or else its last folders", () =>
    expect([...placesOf(rows).values()]).toEqual([
      "sigma=0.5",
      "sigma=2",
      "sigma=2",
      expect.stringMatching(/sigma.*\/1$/),
    ]));
});

describe("compared runs", () => {
  it("of a sweep of six sigmas are six sigmas, in order, without keys that follow from sigma", () => {
    const runs = sigmas.map((sigma) => detail({ sigma, gamma_max: sigma ** 2, seed: 1 }));
    const { groups, labels, keys, derived } = compareRuns(runs);
    expect(groups.map(({ label }) => label)).toEqual(
      [0.1, 0.25, 0.5, 1, 2, 4].map((sigma) => `sigma ${sigma}`),
    );
    expect(labels[0]).toBe("sigma 2");
    expect(keys).toEqual(["sigma"]);
    expect(derived).toEqual(["gamma_max"]);
  });

  it.each([
    [{ sigma: 1, Dataset: "a", dim: 2 }, { sigma: 2, Dataset: "b", dim: 3 }, ["sigma", "Dataset"]],
    [{ sigma: 1, lr: 1, dim: 2 }, { sigma: 1, lr: 2, dim: 3 }, ["lr"]],
    [{ sigma: 1, p: 1, dim: 2 }, { sigma: 1, p: 2, dim: 3 }, ["p", "dim"]],
    [{ method: "dsb", dim: 2 }, { method: "dsbm", dim: 3 }, ["method", "dim"]],
  ])("%j and %j differ in %j", (one, other, keys) =>
    expect(compareRuns([detail(one), detail(other)]).keys).toEqual(keys),
  );

  it("of several seeds are one column with their mean and deviation", () => {
    const runs = [1, 2, 3].map((seed) => detail({ sigma: 1, seed }, { value: seed }));
    const comparison = compareRuns(runs);
    expect(comparison.groups).toEqual([{ label: "moons", members: [0, 1, 2] }]);
    expect(comparison.labels).toEqual(["moons, seed 1", "moons, seed 2", "moons, seed 3"]);
    const [{ cells }] = compareMetrics(runs, comparison);
    expect(cells).toEqual([{ value: 2, spread: 1, floor: expect.closeTo(0.2, 12), isBest: false }]);
  });

  it("with many differences have the names of the runs", () => {
    const runs = ["a", "b"].map((name, i) =>
      detail({ name, p: i, q: i, r: i, s: i }, { given: ["p", "q", "r", "s"] }),
    );
    expect(compareRuns(runs).groups.map(({ label }) => label)).toEqual(["a", "b"]);
  });

  it("with equal labels have their folders, too", () => {
    const runs = [1, 2].map((w) => detail({ p: 1, q: 1, r: 1, s: 1, t: w }, { given: [] }));
    expect(compareRuns(runs).groups.map(({ label }) => label)).toEqual(["t 1", "t 2"]);
    const many = [1, 2].map((w) => detail({ a: 1, b: 1, c: 1, z: w }, { given: ["a"] }));
    expect(compareRuns(many).groups).toHaveLength(2);
  });
});

describe("the best of a metric", () => {
  const best = (changes: Partial<ComparedMetric>[], data = ["d", "d", "d"]) => {
    const runs = changes.map((change, i) => detail({ sigma: i, data: data[i] }, change));
    const [{ cells }] = compareMetrics(runs, compareRuns(runs));
    return cells.map(({ isBest }) => isBest);
  };

  it.each<[string, Partial<ComparedMetric>[], boolean[]]>([
    ["the lowest", [{ value: 3 }, { value: 1 }, { value: 2 }], [false, true, false]],
    [
      "the highest",
      [3, 1, 2].map((value) => ({ value, better: "higher" as const })),
      [true, false, false],
    ],
    [
      "the closest to the value of real data",
      [0.5, 1.3, 1.1].map((value) => ({ value, better: "target" as const, floor: 0.9, target: 1 })),
      [false, false, true],
    ],
    ["none of equal ones", [{ value: 1 }, { value: 1 }, { value: 1 }], [false, false, false]],
    [
      "none without a known order",
      [3, 1, 2].map((value) => ({ value, better: null })),
      [false, false, false],
    ],
    [
      "not one that is no number",
      [{ value: Number.NaN }, { value: 2 }, { value: 3 }],
      [false, true, false],
    ],
  ])("is %s", (_, changes, marks) => expect(best(changes)).toEqual(marks));

  it.each([
    [0.5, false],
    [0.1, true],
  ])("is marked only above the spread of seeds: ±%s, %s", (apart, isBest) => {
    const runs = [1, 1.2].flatMap((value, sigma) =>
      [-1, 1].map((sign) => detail({ sigma, seed: sign }, { value: value + (sign * apart) / 2 })),
    );
    const [{ cells }] = compareMetrics(runs, compareRuns(runs));
    expect(cells.map((cell) => cell.isBest)).toEqual([isBest, false]);
  });

  it("is the closest to the mean floor of its seeds", () => {
    const runs = [0.7, 1.02].flatMap((value, sigma) =>
      [0.86, 1].map((floor, seed) =>
        detail({ sigma, seed }, { value, better: "target", floor, target: 1 }),
      ),
    );
    const [{ cells }] = compareMetrics(runs, compareRuns(runs));
    expect(cells.map((cell) => cell.isBest)).toEqual([false, true]);
  });

  it("is not marked between runs of different data", () =>
    expect(best([{ value: 1 }, { value: 2 }], ["a", "b"])).toEqual([false, false]));
});

it.each([
  [[1, 2], true],
  [[1, null], false],
  [[null], true],
])("a line of the values %j is shown: %s", (values, isShown) => {
  const cells = values.map((value) => ({ value, spread: null, floor: null, isBest: false }));
  expect(isShared({ title: "W2", direction: null, cells })).toBe(isShown);
});

it("verdicts of seeds are counted, with the colour of the worst and the bar of each", () => {
  const runs = [grade("good", 0), grade("good", 0), grade("poor", 4)].map((one, seed) =>
    detail({ sigma: 1, seed }, { grades: [one] }),
  );
  const { groups } = compareRuns(runs);
  const [compared] = compareGrades(runs, groups, "f");
  expect(compared).toMatchObject({ grade: "poor", text: "2 × good, 1 × poor" });
  expect(compared?.bars.map(({ text }) => text)).toEqual(["good", "good", "poor"]);
  expect(compareGrades(runs, groups, "b")).toEqual([null]);
});

it.each([
  ["0.00034999999", "3.5 × 10⁻⁴"],
  ["[128,0.12345678]", "128, 0.1235"],
  ["true", "yes"],
  ["null", "none"],
  ["moons", "moons"],
  [undefined, "–"],
])("the value %s of a configuration reads %s", (value, text) => expect(readable(value)).toBe(text));
