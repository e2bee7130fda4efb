// Synthetic downscaling fields against their law in closed form: spectra, covariances, the effect
// of the condition.

import { bandError, fourierModes, isotropicSpectrum, octaves, overAnnuli } from "@dsbm/bridge";
import { setNumThreads, type Tensor } from "@dsbm/torch";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { distance } from "../../../../../test/support/numbers.js";
import { downscalingLaw, type Resolution } from "../../src/fields/downscaling-law.js";
import { loadTable } from "../../src/registry.js";
import { summary } from "../../src/summary.js";
import type { Table } from "../../src/table.js";

// Live tensors are counted.
beforeEach(collectGarbage);

beforeAll(() => setNumThreads(1));

const resolutions = ["high", "low"] as const;
const size = 32;
const drawn = new Map<Resolution, Table>();
/** 2,000 fields of 32×32. */
function fields(resolution: Resolution): Table {
  const table =
    drawn.get(resolution) ??
    loadTable(`downscaler_synthetic_${resolution}`, { split: "train", image_size: size });
  drawn.set(resolution, table);
  return table;
}
const centred = (t: Tensor) => t.sub(t.mean());
const sum = (values: readonly number[]) => values.reduce((p, q) => p + q, 0);

describe("drawn downscaling fields", () => {
  it("are float32 tables of two states and a condition, 64×64 by default", () => {
    for (const [split, n] of [
      ["train", 2000],
      ["test", 500],
    ] as const) {
      const table = loadTable("downscaler_synthetic_low", { split, image_size: 16 });
      expect([table.x.dtype, table.x.shape]).toEqual(["float32", [n, 2, 16, 16]]);
      expect([table.condition!.dtype, table.condition!.shape]).toEqual(["float32", [n, 1, 16, 16]]);
      expect(table).toMatchObject({ split, labels: null, classes: [], flip: false });
    }
    const { x } = loadTable("downscaler_synthetic_high", { split: "test", n: 2 });
    expect(x.shape).toEqual([2, 2, 64, 64]);
    // Standardised: of the order of 1.
    const { std } = summary(fields("high"));
    expect(std).toBeGreaterThan(0.3);
    expect(std).toBeLessThan(1);
  });

  it.each(resolutions)("of %s resolution have the spectra of the law", (resolution) => {
    const { x, condition } = fields(resolution);
    const law = downscalingLaw(resolution, { size });
    // An annulus of m modes (in pairs) averages m n / 2 independent exponentials.
    const modes = fourierModes(size, size);
    const among = overAnnuli(modes, new Float64Array(modes.k.length).fill(1)).slice(1);
    const bands = octaves(law.spectrum.k.length);
    const measured = isotropicSpectrum(x);
    for (const [c, truth] of law.spectrum.energy.entries()) {
      law.spectrum.k.forEach((_, i) => {
        const allowed = 5 * Math.sqrt(2 / ((among[i] as number) * 2000));
        if (truth[i]! > 0)
          expect(Math.abs(measured.energy[c]![i]! / truth[i]! - 1)).toBeLessThan(allowed);
        else expect(measured.energy[c]![i]!).toBeLessThan(1e-12);
      });
    }
    if (resolution === "high")
      for (const errors of bandError(measured, law.spectrum, bands))
        for (const error of errors) expect(error).toBeLessThan(0.05);
    const smooth = isotropicSpectrum(condition!).energy[0]!;
    const total = sum(law.condition.energy[0]!);
    expect(Math.abs(sum(smooth) - total)).toBeLessThan(0.05 * total);
  });

  it.each(resolutions)("of %s resolution have its means and covariances", (resolution) => {
    const { x, condition } = fields(resolution);
    const law = downscalingLaw(resolution, { size });
    const [a, b] = [0, 1].map((c) => x.select(1, c).to("float64")) as [Tensor, Tensor];
    const y = condition!.select(1, 0).to("float64");
    const mean = (t: Tensor) => t.mean().item();
    const product = (s: Tensor, t: Tensor) => mean(centred(s).mul(centred(t)));
    // Spatial means vary with the variances 0.05 slope² over 2,000 fields.
    for (const [c, t] of [a, b].entries())
      expect(Math.abs(mean(t) - law.mean[c]!)).toBeLessThan(
        5 * Math.abs(law.slope[c]!) * Math.sqrt(0.05 / 2000),
      );
    for (const [i, j, found] of [
      [0, 0, product(a, a)],
      [0, 1, product(a, b)],
      [1, 1, product(b, b)],
    ] as const)
      expect(Math.abs(found - law.covariance[i]![j]!)).toBeLessThan(0.01);
    expect(law.covariance[0]![1]).toBe(law.covariance[1]![0]);
    // Regression on the condition gives the slopes.
    for (const [c, t] of [a, b].entries())
      expect(product(t, y) / product(y, y)).toBeCloseTo(law.slope[c]!, 1);
    // Its own law: variance 0.2 around spatial means of variance 0.05, on both ends.
    expect(product(y, y)).toBeCloseTo(0.25, 1);
    const means = y.mean([1, 2]);
    expect(means.square().mean().item()).toBeGreaterThan(0.05 * (1 - 5 * Math.sqrt(2 / 2000)));
    expect(means.square().mean().item()).toBeLessThan(0.05 * (1 + 5 * Math.sqrt(2 / 2000)));
  });

  it("come from the seed alone, the first ones whatever n is, each split and resolution its own", () => {
    const draw = (name: string, options: object) =>
      loadTable(`downscaler_synthetic_${name}`, { split: "train", image_size: 16, ...options });
    const some = draw("high", { n: 40, seed: 3 });
    const again = draw("high", { n: 40, seed: 3 });
    expect(distance(some.x, again.x)).toBe(0);
    expect(distance(some.condition!, again.condition!)).toBe(0);
    // 7 do not fill a chunk and 40 more than one.
    const few = draw("high", { n: 7, seed: 3 });
    expect(distance(few.x, some.x.narrow(0, 0, 7))).toBe(0);
    const many = draw("high", { n: 70, seed: 3 });
    expect(distance(many.condition!.narrow(0, 0, 40), some.condition!)).toBe(0);
    for (const [name, options] of [
      ["high", { n: 40, seed: 4 }],
      ["high", { n: 40, seed: 3, split: "test" }],
    ] as const)
      expect(distance(draw(name, options).condition!, some.condition!)).toBeGreaterThan(0.5);
  });

  it("have the same conditions at both resolutions, row by row, and nothing else in common", () => {
    const [high, low] = resolutions.map(fields) as [Table, Table];
    expect(distance(high.condition!, low.condition!)).toBe(0);
    const law = downscalingLaw("high", { size });
    for (const c of [0, 1]) {
      // What is left without the condition, at the spatial mean and in the plane: uncorrelated.
      const [a, b] = [high, low].map(({ x, condition }) => {
        const own = x.select(1, c).sub(condition!.select(1, 0), { alpha: law.slope[c]! });
        return own.to("float64");
      }) as [Tensor, Tensor];
      const unit = (t: Tensor) => centred(t).div(centred(t).square().mean().sqrt());
      // A field has some ten modes that matter: 2,000 of them tell a correlation of 0.02.
      expect(Math.abs(unit(a).mul(unit(b)).mean().item())).toBeLessThan(0.03);
    }
  });
});
