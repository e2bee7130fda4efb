// The commands that a verdict names: another fit with options from the columns of a run, and a longer training.
import type { Datasets } from "@dsbm/datasets";
import type { RunRequest } from "@dsbm/runs";
import { describe, expect, it } from "vitest";
import { fitSteps, verdictCommands } from "../../src/verdict/facts.js";

type Columns = NonNullable<Datasets["columns"]>;

const fitRequest: RunRequest = {
  command: "fit",
  arguments: ["a.csv", "b.csv"],
  overrides: { max_minutes: 2 },
};

/** Columns x of numbers, n and m of whole numbers, k of one value, and the levels of a category. */
const columns = (limits: Partial<Columns["limits"]> = {}, standardise = "columns") =>
  ({
    names: ["x", "n", "m", "k", "c=u", "c=v"],
    categories: [{ name: "c", levels: ["u", "v"] }],
    bounds: {
      all: [
        { min: 0, max: 1.5 },
        { min: 0, max: 9 },
        { min: -3, max: 4 },
        { min: 7, max: 7 },
        { min: 0, max: 1 },
        { min: 0, max: 1 },
      ],
      whole: [false, true, true, true, true, true],
    },
    limits: {
      min: [0, ...Array(5).fill(Number.NEGATIVE_INFINITY)],
      max: Array(6).fill(Number.POSITIVE_INFINITY),
      whole: Array(6).fill(false),
      ...limits,
    },
    transform: { standardise },
  }) as unknown as Columns;

const noSteps = { rounding: null, rescaling: null };

it.each<[string, RunRequest | null, Columns | null]>([
  ["another command than fit", { ...fitRequest, command: "train" }, columns()],
  ["a run without a command", null, columns()],
])("%s has no further fit", (_, request, own) => {
  const steps = fitSteps(request, { columns: own });
  expect(steps).toMatchObject(noSteps);
  expect(steps.ranging?.(["x"])).toBeNull();
});

it("data without columns are neither rounded nor rescaled", () =>
  expect(fitSteps(fitRequest, { columns: null })).toMatchObject(noSteps));

it("columns of whole numbers are rounded, without constant columns and levels of categories", () => {
  const { rounding } = fitSteps(fitRequest, { columns: columns() });
  expect(rounding?.reason).toMatch(/^n, m have whole numbers/);
  expect(rounding?.command).toBe(
    "npx dsbm fit a.csv b.csv max_minutes=2 'data.integer=[n,m]' --again",
  );
});

it("columns that are rounded already stay rounded, and are no reason", () => {
  const one = columns({ whole: [false, true, false, false, false, false] });
  const { rounding } = fitSteps(fitRequest, { columns: one });
  expect(rounding?.reason).toMatch(/^m has whole numbers/);
  expect(rounding?.command).toContain("'data.integer=[n,m]'");
  const both = columns({ whole: [false, true, true, false, false, false] });
  expect(fitSteps(fitRequest, { columns: both }).rounding).toBeNull();
});

it("ranges of the run stay, and open columns get the range of the data", () => {
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const half = columns({
    min: [0, low, -3, low, low, low],
    max: [1, 9, high, high, high, high],
  });
  const ranging = fitSteps(fitRequest, { columns: half }).ranging?.(["m"]);
  expect(ranging?.reason).toMatch(/^m has generated values outside the range of the data/);
  expect(ranging?.command).toContain("'data.range=[x:0..1,n:..9,m]'");
});

it("far values are trained on a robust scale, unless the run has one", () => {
  expect(fitSteps(fitRequest, { columns: columns() }).rescaling?.command).toBe(
    "npx dsbm fit a.csv b.csv max_minutes=2 data.standardise=robust --again",
  );
  expect(fitSteps(fitRequest, { columns: columns({}, "robust") }).rescaling).toBeNull();
});

describe("the command that trains for longer", () => {
  const longer = (request: RunRequest | null) => verdictCommands("my run", request).longer;

  it("is fit with three times the minutes, and steps of its own choice", () =>
    expect(
      longer({
        command: "fit",
        arguments: ["a b.csv", "c.csv"],
        overrides: { max_minutes: 0.5, num_iter: 20, "data.where": "x > 1", times: [0, 1] },
      }),
    ).toBe(
      `npx dsbm fit 'a b.csv' c.csv 'data.where=x > 1' 'times=[0,1]' max_minutes=1.5 --again`,
    ));

  it("of a closed form trains a network instead", () => {
    const overrides = { method: "quantile_mapping", seed: 3 };
    const request = { command: "fit", arguments: ["a.nc", "b.nc"], overrides };
    const { network } = verdictCommands("my run", request);
    expect(network).toBe("npx dsbm fit a.nc b.nc seed=3");
  });

  it.each([null, { command: "train", arguments: [], overrides: {} }])(
    "is extend for %j",
    (request) => expect(longer(request)).toBe("npx dsbm extend 'my run' +2"),
  );
});
