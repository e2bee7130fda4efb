// A set of samples whose source rows, generated rows and data a test gives.
import { plainSet, type SampleSet } from "../src/metric.js";

export const noSet: Omit<SampleSet, "sourceRows" | "generatedRows" | "targetRows"> = {
  ...plainSet,
  key: "test",
  floorRows() {
    throw new Error("this test has no reserve");
  },
};
