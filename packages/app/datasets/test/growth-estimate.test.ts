// What a scan of lengths says about growth.
import type { GrowthScan } from "@dsbm/bridge";
import { describe, expect, it } from "vitest";
import { type GrowthEstimate, growthFacts } from "../src/growth-estimate.js";

/** A scan whose growth changes by these shifts from the shortest length; the best one is the last. */
const findingOf = (shifts: readonly number[], agreement = 0.9) => {
  const lengths = shifts.map((shift, i) => ({
    ...{ delta: 4 / 2 ** i, growth: 1.6 - shift, noise: 0.05, shift, agreement },
  }));
  const scan: GrowthScan = { lengths, best: shifts.length - 1 };
  return growthFacts({ scan } as GrowthEstimate).finding;
};

describe("growth that halves of the rows agree on", () => {
  it("is identified if it changes less and less with the length", () => {
    expect(findingOf([0.5, 0.3, 0.1, 0])).toBe("identified");
  });

  it("is not identified if the shortest length still changes it by more than the one before", () => {
    expect(findingOf([1.49, 1.24, 0.73, 0])).toBe("unidentified");
  });

  it("is none if they do not agree", () => {
    expect(findingOf([0.5, 0.3, 0.1, 0], 0.3)).toBe("none");
  });
});
