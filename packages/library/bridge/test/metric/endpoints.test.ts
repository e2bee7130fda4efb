// The numbers of an evaluation against the same by plain tensor operations, in any batches.
import { full, ones, setNumThreads, tensor } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { normal } from "../../../../../test/support/numbers.js";
import { endpointRow, endpointStatistics, valueStatistics } from "../../src/metric/endpoints.js";
import { squaredDisplacement } from "../../src/metric/moments.js";

beforeAll(() => setNumThreads(1));

/** Images of three channels with different brightness and contrast. */
const images = (n: number, seed: number) =>
  normal([n, 3, 4, 5], seed)
    .mul(tensor([1, 2, 0.5]).reshape([3, 1, 1]))
    .add(tensor([0, 10, -4]).reshape([3, 1, 1]));

describe("valueStatistics", () => {
  it("has means and variances over all values, per channel, and over samples", () => {
    for (const x of [images(37, 1), images(2037, 1)]) {
      const got = valueStatistics(x);
      const variance = (y: typeof x) => y.flatten().var({ correction: 1 }).item();
      expect(got.n).toBe(x.size(0));
      expect(got.mean).toBeCloseTo(x.mean().item(), 12);
      expect(got.var).toBeCloseTo(variance(x), 10);
      const sampleVariance = x.var({ dim: [0], correction: 1 }).mean();
      expect(got.sample_var).toBeCloseTo(sampleVariance.item(), 12);
      for (const c of [0, 1, 2]) {
        expect(got.channel_mean[c]).toBeCloseTo(x.select(1, c).mean().item(), 12);
        expect(got.channel_var[c]).toBeCloseTo(variance(x.select(1, c)), 11);
      }
    }
  });
});

describe("endpointStatistics", () => {
  it("measures how far pairs went, per sample and per value", () => {
    const start = images(23, 4);
    const end = images(23, 5);
    const got = endpointStatistics({ start, end, data: images(31, 6) });
    expect(got.msd).toBeCloseTo(squaredDisplacement(end, start), 8);
    expect(got.mse).toBeCloseTo(end.sub(start).square().mean().item(), 10);
    expect(got.msd / got.mse).toBeCloseTo(60, 10);
    expect([got.start.n, got.end.n, got.data?.n]).toEqual([23, 23, 31]);
    expect(got.start.mean).toBeCloseTo(start.mean().item(), 12);
    expect(got.end.mean).toBeCloseTo(end.mean().item(), 12);
    const moved = endpointStatistics({ start, end: start.add(full([1], 0.5)) });
    expect(moved.msd).toBeCloseTo(15, 10);
    expect(moved.mse).toBeCloseTo(0.25, 12);
  });

  it("becomes a flat row for a log", () => {
    const one = (value: number) => ones([2, 1, 2, 2]).mul(value);
    expect(endpointRow(endpointStatistics({ start: one(1), end: one(3) }))).toEqual({
      start_mean: 1,
      start_var: 0,
      start_sample_var: 0,
      end_mean: 3,
      end_var: 0,
      end_sample_var: 0,
      msd: 16,
      mse: 4,
    });
    const start = images(5, 7);
    const data = images(6, 8);
    const colour = endpointRow(endpointStatistics({ start, end: start, data }));
    expect(Object.keys(colour)).toEqual([
      ...["start", "end", "data"].flatMap((name) => [
        `${name}_mean`,
        `${name}_var`,
        `${name}_sample_var`,
        ...[0, 1, 2].flatMap((c) => [`${name}_mean_${c}`, `${name}_var_${c}`]),
      ]),
      "msd",
      "mse",
    ]);
    expect(colour.data_mean_1).toBeCloseTo(data.select(1, 1).mean().item(), 12);
    expect(colour.msd).toBe(0);
  });
});
