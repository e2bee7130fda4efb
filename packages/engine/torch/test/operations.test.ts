// Random numbers against PyTorch's own numbers for the seed.
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../../test/support/close.js";
import { startFrom } from "../../../../test/support/start.js";
import * as T from "../src/index.js";

const close = (t: T.Tensor, want: readonly number[], digits?: number) =>
  expectClose(t.toNumbers(), want, digits);

startFrom(42);

describe("random numbers are PyTorch's", () => {
  it("for the default generator after manual_seed(42)", () => {
    expect(T.randn([5]).toNumbers()).toEqual([
      0.33669036626815796, 0.12880940735340118, 0.23446236550807953, 0.23033303022384644,
      -1.1228563785552979,
    ]);
    T.manualSeed(42);
    expect(T.rand([5]).toNumbers()).toEqual([
      0.8822692632675171, 0.9150039553642273, 0.38286375999450684, 0.9593056440353394,
      0.3904482126235962,
    ]);
    T.manualSeed(42);
    expect(T.randint(0, 100, [8]).toNumbers()).toEqual([42, 67, 76, 14, 26, 35, 20, 24]);
    T.manualSeed(42);
    expect(T.randperm(10).toNumbers()).toEqual([2, 6, 1, 8, 4, 5, 0, 9, 3, 7]);
    T.manualSeed(42);
    expect(T.randn([20], { dtype: "float64" }).toNumbers().slice(0, 2)).toEqual([
      0.2995562877502637, 0.24237779080894106,
    ]);
  });

  it("for the samplers of distributions", () => {
    expect(T.full([10], 0.5).bernoulli().toNumbers()).toEqual([0, 0, 1, 0, 1, 0, 1, 0, 0, 1]);
    T.manualSeed(42);
    const p = T.tensor([0.1, 0.2, 0.3, 0.4]);
    expect(p.multinomial(6, { replacement: true }).toNumbers()).toEqual([0, 0, 1, 0, 2, 2]);
    T.manualSeed(42);
    close(
      T.empty([3]).normal_({ mean: 2, std: 3 }),
      [3.010071039199829, 2.386428117752075, 2.7033870220184326],
    );
    close(
      T.empty([3]).uniform_({ from: -1, to: 1 }),
      [0.8815429210662842, -0.7336281538009644, 0.8691961765289307],
    );
    close(T.empty([3]).exponential_(), [1.380858063697815, 0.7802808284759521, 0.5713477730751038]);
  });
});
