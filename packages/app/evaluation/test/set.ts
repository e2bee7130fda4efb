// A set of samples whose source rows, generated rows and data a test gives.
import type { SampleSet } from "../src/metric.js";
import { plainSet } from "../src/samples.js";

export const noSet: Omit<SampleSet, "start" | "end" | "data"> = {
  ...plainSet,
  key: "test",
  reserve() {
    throw new Error("this test has no reserve");
  },
};
