// Energy spectra of fields, their errors by octave, and how fields follow their conditions.
import { bandError, isotropicSpectrum, octaves, type Spectrum } from "@dsbm/bridge";
import { type Tensor, tidy } from "@dsbm/torch";

/** Source, generated and target fields, and as many further target fields, each [n, C, H, W]. */
export interface Fields {
  start: Tensor;
  end: Tensor;
  data: Tensor;
  reserve: Tensor;
}

export type Spectra = Record<keyof Fields, Spectrum>;

export const spectraOf = (fields: Fields): Spectra =>
  Object.fromEntries(
    Object.entries(fields).map(([name, x]) => [name, isotropicSpectrum(x)]),
  ) as Spectra;

/**
 * Errors of one channel in one band: generated, source and further real fields; null: no energy.
 */
export interface BandRow {
  channel: number;
  band_from: number;
  band_to: number;
  error_generated: number | null;
  error_start: number | null;
  error_floor: number | null;
}

/** The share of a channel's energy below which float32 only rounds. */
export const noEnergy = 1e-10;

/** Errors by channel and octave; null if the data have no energy. */
export function bandRows({ start, end, data, reserve }: Spectra): BandRow[] {
  const bands = octaves(data.k.length);
  const of = (spectrum: Spectrum) => bandError(spectrum, data, bands);
  const generated = of(end);
  const source = of(start);
  const floor = of(reserve);
  return data.energy.flatMap((energy, c) => {
    const total = energy.reduce((a, b) => a + b, 0);
    return bands.map(([from, to], i) => {
      const inside = energy.slice(from - 1, to).reduce((a, b) => a + b, 0);
      const where = (errors: number[][]) =>
        inside > noEnergy * total ? (errors[c]?.[i] as number) : null;
      return {
        channel: c,
        band_from: from,
        band_to: to,
        error_generated: where(generated),
        error_start: where(source),
        error_floor: where(floor),
      };
    });
  });
}

/** The mean error over channels and bands, or null. */
export function meanError(
  rows: readonly BandRow[],
  key: "error_generated" | "error_start" | "error_floor",
): number | null {
  const values = rows.map((row) => row[key]).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
}

/**
 * The slope of fields x [n, C, H, W] on a condition c [n, C′, H, W] over all points, for each pair
 * of channels, [C][C′], and the deviations of both. 0 if a condition is constant.
 */
export function conditionFit(
  x: Tensor,
  cond: Tensor,
): { slope: number[][]; deviation: number[]; spread: number[] } {
  return tidy(() => {
    const [a, b] = [x, cond].map((t) => {
      const rows = t
        .to({ dtype: "float64", device: "cpu" })
        .transpose(0, 1)
        .flatten({ startDim: 1 });
      return rows.sub(rows.mean(1, { keepdim: true }));
    }) as [Tensor, Tensor];
    const points = a.size(1);
    const variances = (t: Tensor) => t.square().mean(1).toNumbers();
    const ours = variances(a);
    const theirs = variances(b);
    const cross = a.mm(b.t()).div(points).toNumbers();
    return {
      slope: ours.map((_, c) =>
        theirs.map((v, j) => (v > 0 ? cross[c * theirs.length + j]! / v : 0)),
      ),
      deviation: ours.map(Math.sqrt),
      spread: theirs.map(Math.sqrt),
    };
  });
}

/**
 * The difference of dependence on conditions: |slope − slope of the data|, in deviations of the
 * data for one deviation of the condition, mean over pairs of channels.
 */
export function conditionError(
  { x, cond }: { x: Tensor; cond: Tensor },
  data: { x: Tensor; cond: Tensor },
): number {
  const got = conditionFit(x, cond);
  const want = conditionFit(data.x, data.cond);
  const errors = want.slope.flatMap((slopes, c) =>
    slopes.map((slope, j) => {
      const unit = want.spread[j]! / (want.deviation[c]! || 1);
      return Math.abs(got.slope[c]![j]! - slope) * unit;
    }),
  );
  return errors.reduce((a, b) => a + b, 0) / errors.length;
}
