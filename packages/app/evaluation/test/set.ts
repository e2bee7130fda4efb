// A set of samples whose source rows, generated rows and data a test gives.
import type { SampleSet } from "../src/metric.js";

export const noSet: Omit<SampleSet, "start" | "end" | "data"> = {
  key: "test",
  direction: "f",
  from: "x0",
  side: "x1",
  sampling: { solver: "sde", grid: { times: [0, 1], steps: [1] } },
  weights: null,
  given: undefined,
  reserve() {
    throw new Error("this test has no reserve");
  },
  states: new Map(),
  energy: null,
  unit: 1,
  get shared() {
    return new Map();
  },
};
