// Synthetic downscaling fields against their law.
import { isotropicSpectrum, overAnnuli } from "@dsbm/bridge";
import { setNumThreads, type Tensor } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { distance, sum } from "../../../../../test/support/numbers.js";
import type { Table } from "../../src/data-set.js";
import { fieldLaws, type Resolution } from "../../src/fields/downscaler.js";
import { loadTable } from "../../src/registry.js";

beforeAll(() => setNumThreads(1));

const resolutions = ["high", "low"] as const;
const size = 32;
const drawnTables = new Map<Resolution, Table>();
/** 2,000 fields of 32×32. */
function fields(resolution: Resolution): Table {
  const table =
    drawnTables.get(resolution) ??
    loadTable(`downscaler_synthetic_${resolution}`, { split: "train", image_size: size });
  drawnTables.set(resolution, table);
  return table;
}
const centre = (t: Tensor) => t.sub(t.mean());

describe("synthetic downscaling fields", () => {
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
  });

  it.each(resolutions)(
    "of %s resolution have the variance, coherence and cut-off of their law",
    (resolution) => {
      const { x, condition } = fields(resolution);
      const law = fieldLaws(resolution, size);
      const variances = law.states.map(({ modes, power }) => sum([...overAnnuli(modes, power)]));
      const own = law.slope.map((slope, c) =>
        x.select(1, c).sub(condition!.select(1, 0), { alpha: slope }).to("float64"),
      ) as [Tensor, Tensor];
      const [a, b] = own.map(centre);
      const mean = (t: Tensor) => t.mean().item();
      for (const [c, t] of own.entries()) {
        expect(mean(t)).toBeCloseTo(law.mean[c], 3);
        expect(mean(centre(t).square()) / variances[c]).toBeCloseTo(1, 1);
      }
      if (resolution === "high") expect(variances[0]).toBeCloseTo(0.25, 6);
      expect(mean(a.mul(b))).toBeCloseTo(0.5 * Math.sqrt(variances[0] * variances[1]), 1);
      const { energy, k } = isotropicSpectrum(x);
      const beyond = k.filter((_, i) => energy[0][i] < 1e-12);
      expect(beyond).toEqual(resolution === "high" ? [] : k.filter((one) => one > size / 8));
      // Variance 0.2 around spatial means of variance 0.05.
      expect(mean(centre(condition!.to("float64")).square())).toBeCloseTo(0.25, 1);
    },
  );

  it("depend on seed, split and resolution alone, for any n", () => {
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
    const [high, low] = resolutions.map(fields);
    expect(distance(high.condition!, low.condition!)).toBe(0);
    const law = fieldLaws("high", size);
    for (const c of [0, 1]) {
      // What is left without the condition, at the spatial mean and in the plane: uncorrelated.
      const [a, b] = [high, low].map(({ x, condition }) => {
        const own = x.select(1, c).sub(condition!.select(1, 0), { alpha: law.slope[c] });
        return own.to("float64");
      }) as [Tensor, Tensor];
      const unit = (t: Tensor) => centre(t).div(centre(t).square().mean().sqrt());
      // A field has some ten modes that matter: 2,000 of them tell a correlation of 0.02.
      expect(Math.abs(unit(a).mul(unit(b)).mean().item())).toBeLessThan(0.03);
    }
  });
});
