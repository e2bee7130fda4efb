// Rows of a cross-validation: means, whose intervals hold the deviation between folds.
import type { MetricRow } from "@dsbm/runs";
import { expect, it } from "vitest";
import { pooledRows } from "../src/variants/folds.js";

const row = (name: string, left: number, power = 0.75) =>
  ({
    name,
    title: name,
    value: left,
    excess: { value: left, low: left - 0.1, high: left + 0.1, power, more: 2 },
  }) as MetricRow;

it.each([
  ["c2st", [0.2, 0.2, 0.2], 0.2 + 0.1 / Math.sqrt(3)],
  ["sliced_w2", [0.2, 0.2, 0.2], Math.sqrt(0.04 + 0.05 / Math.sqrt(3))],
  // Folds that differ more than their intervals allow.
  ["c2st", [1, 5, 9], 5 + (1.96 * 4) / Math.sqrt(3)],
] as const)(
  "%s with %s of the way left is at most that of independent folds",
  (name, lefts, high) => {
    const [pooled] = pooledRows(lefts.map((left) => [row(name, left)]));
    expect(pooled?.excess?.high).toBeCloseTo(high);
  },
);

it("is not sure of a difference that one of three folds shows", () => {
  const [pooled] = pooledRows([1, 0.05, 0.05].map((power) => [row("c2st", 1, power)]));
  expect(pooled?.excess?.power).toBeLessThan(0.5);
});
