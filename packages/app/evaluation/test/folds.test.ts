// Rows of a cross-validation: means, whose intervals hold the deviation between folds.
import type { MetricRow } from "@dsbm/runs";
import { expect, it } from "vitest";
import { pooledFolds } from "../src/variants/folds.js";

const facts = {
  names: { source: "A", target: "B" },
  what: "rows",
};

const row = (left: number, isSquared: boolean, change: Partial<MetricRow> = {}) =>
  ({
    title: "sliced W2",
    value: left,
    excess: { value: left, low: left - 0.1, high: left + 0.1, power: 0.75, more: 2, isSquared },
    ...change,
  }) as MetricRow;

const poolFolds = (...rows: MetricRow[]) =>
  pooledFolds(
    rows.map((one) => ({ rows: [one], verdicts: [] })),
    facts,
  ).rows[0];

it.each([
  [false, [0.2, 0.2, 0.2], 0.2 + 0.1 / Math.sqrt(3)],
  [true, [0.2, 0.2, 0.2], Math.sqrt(0.04 + 0.05 / Math.sqrt(3))],
  // Folds that differ more than their intervals allow.
  [false, [1, 5, 9], 5 + (1.96 * 4) / Math.sqrt(3)],
] as const)("squares: %s, with %s of the displacement left", (isSquared, lefts, high) =>
  expect(poolFolds(...lefts.map((left) => row(left, isSquared)))?.excess?.high).toBeCloseTo(high),
);

it("a difference in one of three folds is not significant", () => {
  const folds = [1, 0.05, 0.05].map((power) => {
    const one = row(1, false);
    return { ...one, excess: { ...one.excess!, power } };
  });
  expect(poolFolds(...folds)?.excess?.power).toBeLessThan(0.5);
});

it.each([
  [[2, 40, 90], 1],
  [[0.5, 40, 90], 0],
])("shares of %s of the displacement in folds of few rows are at least %d", (lefts, low) => {
  const { excess } = poolFolds(...lefts.map((left) => row(left, true))) ?? {};
  expect(excess?.low).toBe(low);
});

it("each fold has a grade and a floor, and the note is from the worst fold", () => {
  const folds = [0, 0.3, 0].map((floor, k) =>
    row(0.8 + floor, false, { grade: "good", note: `note ${k}`, floor }),
  );
  const pooledRow = {
    grade: "poor",
    note: "in the worst part: note 1",
    floor: expect.closeTo(0.1),
  };
  expect(poolFolds(...folds)).toMatchObject(pooledRow);
});
