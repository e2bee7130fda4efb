// Fields in network units: each channel by its own mean and deviation at every cell, and back.
import { FieldUnits } from "@dsbm/data";
import { tensor, tidy } from "@dsbm/torch";
import { expect, it } from "vitest";

/** Two fields of two channels of 2×3 cells, in C order. */
const shape = [2, 2, 2, 3] as const;
const cells = 6;
const channelOf = (i: number) => Math.floor(i / cells) % 2;
const values = Float64Array.from({ length: 24 }, (_, i) =>
  channelOf(i) === 0 ? 280 + 3 * Math.sin(i) : 0.002 * i,
);
const standard = { standardise: "columns" as const, mean: [281, 0.01], std: [2, 0.004] };
const limits = {
  min: [Number.NEGATIVE_INFINITY, 0],
  max: [Number.POSITIVE_INFINITY, 0.03],
  whole: [false, false],
};

it.each([
  { flags: { log1p: false }, own: (y: number) => y },
  { flags: { log1p: false, sqrt: true }, own: (y: number) => y * y },
  { flags: { log1p: true }, own: Math.expm1 },
])(
  "scale each channel, give missing cells the mean, and return within the limits: $flags",
  (row) => {
    // Transformed values of the first channel stay small, so that their exponentials do, too.
    const mean = row.flags.log1p ? [1, 0.01] : standard.mean;
    const transform = { ...standard, ...row.flags, mean };
    const shifted = values.map((y, i) => (channelOf(i) === 0 ? y - 281 + mean[0] : y));
    const missing = new Uint8Array(2 * cells);
    missing[cells + 4] = 1;
    const units = new FieldUnits({ transform, limits, missing, size: [2, 3] });
    const x = shifted.slice();
    x[1] = Number.NaN;
    const z = tidy(() => {
      const rows = units.apply(tensor(x, { shape: [...shape] }));
      expect(rows.shape).toEqual(shape);
      return rows.flatten().toNumbers();
    });
    const isGone = (i: number) => i === 1 || missing[i % (2 * cells)] === 1;
    z.forEach((one, i) => {
      const k = channelOf(i);
      const expected = (shifted[i] - transform.mean[k]) / transform.std[k];
      expect(one).toBeCloseTo(isGone(i) ? 0 : expected, 4);
    });
    const back = tidy(() => {
      const fields = units.undo(tensor(Float32Array.from(z), { shape: [...shape] }));
      expect([fields.shape, fields.dtype]).toEqual([shape, "float64"]);
      return fields.flatten().toNumbers();
    });
    back.forEach((one, i) => {
      const k = channelOf(i);
      const value = row.own(isGone(i) ? transform.mean[k] : shifted[i]);
      const inside = k === 0 ? value : Math.min(0.03, Math.max(0, value));
      expect(one / (Math.abs(inside) + 1)).toBeCloseTo(inside / (Math.abs(inside) + 1), 5);
    });
    units.dispose();
  },
);
