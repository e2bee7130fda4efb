// The numbers of an evaluation against the same by plain tensor operations, in any batches.
import { setNumThreads, tensor } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { normal } from "../../../../../test/support/numbers.js";
import { valueStatistics } from "../../src/metric/value-statistics.js";

beforeAll(() => setNumThreads(1));

/** Images of three channels with different brightness and contrast. */
const images = (n: number, seed: number) =>
  normal([n, 3, 4, 5], seed)
    .mul(tensor([1, 2, 0.5]).reshape([3, 1, 1]))
    .add(tensor([0, 10, -4]).reshape([3, 1, 1]));

it("value statistics are the mean and the variances over all values and over samples", () => {
  for (const x of [images(37, 1), images(2037, 1)]) {
    const got = valueStatistics(x);
    expect(got.mean).toBeCloseTo(x.mean().item(), 12);
    expect(got.var).toBeCloseTo(x.flatten().var({ correction: 1 }).item(), 10);
    const sampleVariance = x.var({ dim: [0], correction: 1 }).mean();
    expect(got.sample_var).toBeCloseTo(sampleVariance.item(), 12);
  }
});
