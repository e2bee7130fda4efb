// Rows of quality.json for tests of reports.
import type { MetricRow } from "../../src/run/quality.js";

/** A row of quality.json from floor 1 to ceiling 100. */
export const row = (change: Partial<MetricRow>): MetricRow => ({
  name: "sliced_w2",
  title: "sliced W2",
  group: "endpoints",
  meaning: "",
  direction: "f",
  value: 1,
  interval: null,
  floor: 1,
  ceiling: 100,
  better: "lower",
  n: null,
  ...change,
});

/** As a page has it: a number stays next to its percent sign. */
export const unbroken = (text: string) => text.replaceAll(" %", "\u00a0%");

/** Four fifths of the way, from 70 % to 90 %. */
export const excessRow = { value: 0.2, low: 0.1, high: 0.3, power: 1, more: null, isSquared: true };
