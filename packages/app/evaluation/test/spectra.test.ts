// Errors by octave on fields whose spectra are known in closed form, and how fields follow a condition of known slope.
import { bandError, isotropicSpectrum, octaves } from "@dsbm/bridge";
import type { Split } from "@dsbm/data";
import { downscalingLaw, loadTable, type Resolution } from "@dsbm/data";
import { setNumThreads, type Tensor, tidy, zeros } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import {
  bandRows,
  conditionError,
  conditionFit,
  meanError,
  spectraOf,
} from "../src/metrics/spectra.js";

beforeAll(() => setNumThreads(1));

const size = 32;
const n = 400;
const draw = (resolution: Resolution, split: Split = "train") =>
  loadTable(`downscaler_synthetic_${resolution}`, { split, image_size: size, n, seed: 4 });
const law = (resolution: Resolution) => downscalingLaw(resolution, { size });

/** Coarse fields as starts, the same as ends, and fine ones as data. */
const setOf = () => {
  const [low, high, more] = [draw("low"), draw("high", "test"), draw("high")];
  return { low, high, more };
};

describe("errors by octave", () => {
  it("of coarse fields against fine ones are those of their laws", () =>
    tidy(() => {
      const { low, high, more } = setOf();
      const spectra = spectraOf({ start: low.x, end: more.x, data: high.x, reserve: more.x });
      const rows = bandRows(spectra);
      const bands = octaves(spectra.data.k.length);
      const exact = bandError(law("low").spectrum, law("high").spectrum, bands);
      expect(rows).toHaveLength(2 * bands.length);
      for (const row of rows) {
        const i = bands.findIndex(([from]) => from === row.band_from);
        expect(row.band_to).toBe(bands[i]?.[1]);
        // 400 fields: the energy of the few large modes is known to some 5 %.
        expect(Math.abs(Number(row.error_start) - exact[row.channel]![i]!)).toBeLessThan(0.15);
        expect(row.error_generated).toBe(row.error_floor);
        expect(Number(row.error_floor)).toBeLessThan(0.15);
        const own = bandError(isotropicSpectrum(low.x), isotropicSpectrum(high.x), bands);
        expect(row.error_start).toBe(own[row.channel]![i]);
      }
      // Nothing of the fine scales is there: all of their energy is missing.
      expect(rows.findLast(({ channel }) => channel === 0)?.error_start).toBeCloseTo(1, 6);
    }));

  it("are left out where the data have no energy, and so of the means", () =>
    tidy(() => {
      const { low, high } = setOf();
      const spectra = spectraOf({ start: high.x, end: high.x, data: low.x, reserve: low.x });
      const rows = bandRows(spectra);
      const { cutoff } = law("low");
      for (const row of rows)
        expect(row.error_generated === null, `${row.band_from}`).toBe(row.band_from > cutoff);
      const told = rows.filter(({ error_start }) => error_start !== null);
      expect(told.length).toBeGreaterThan(0);
      const mean = told.reduce((sum, row) => sum + Number(row.error_start), 0) / told.length;
      expect(meanError(rows, "error_start")).toBeCloseTo(mean, 12);
      expect(meanError(rows, "error_floor")).toBe(0);
      expect(meanError([], "error_start")).toBeNull();
    }));
});

describe("following a condition", () => {
  it("shows the slope of the law", () =>
    tidy(() => {
      for (const resolution of ["high", "low"] as const) {
        const { x, condition } = draw(resolution);
        const { slope, spread } = conditionFit(x, condition as Tensor);
        law(resolution).slope.forEach((exact, c) => {
          expect(Math.abs(slope[c]![0]! - exact)).toBeLessThan(0.1);
        });
        expect(spread[0]).toBeCloseTo(0.5, 1);
      }
    }));

  it("is off by as much as the fields do not follow", () =>
    tidy(() => {
      const { x, condition } = draw("high");
      const truth = { x, cond: condition as Tensor };
      expect(conditionError(truth, truth)).toBe(0);
      const { slope, deviation, spread } = conditionFit(x, truth.cond);
      const unit = slope.map(([s], c) => (Math.abs(s!) * spread[0]!) / deviation[c]!);
      const none = conditionError({ x: zeros(x.shape), cond: truth.cond }, truth);
      expect(none).toBeCloseTo((unit[0]! + unit[1]!) / 2, 6);
      const opposite = conditionError({ x: x.neg(), cond: truth.cond }, truth);
      expect(opposite).toBeCloseTo(2 * none, 6);
      // A condition that never changes cannot be followed.
      const flat = conditionFit(x, zeros([n, 1, size, size]));
      expect(flat.slope).toEqual([[0], [0]]);
    }));
});
