// A set of samples whose source rows, generated rows and data a test gives.
import { plainSet, type SampleSet } from "../src/metric.js";

export const noSet: Omit<SampleSet, "start" | "end" | "data"> = {
  ...plainSet,
  key: "test",
  reserve() {
    throw new Error("this test has no reserve");
  },
};
