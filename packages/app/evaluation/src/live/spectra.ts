// At which scales an evaluation's ends are right: spectra of starts, ends and data, their errors in each octave beside
// what the start already had and what chance allows, and whether fields follow their conditions.
import { bandError, isotropicSpectrum, octaves, type Spectrum } from "@dsbm/bridge";
import { type Row, spectrumFigure } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";

/** The fields of an evaluation, each [n, C, H, W]. */
export interface Fields {
  start: Tensor;
  end: Tensor;
  /** What the ends should look like. */
  data: Tensor;
  /** As many rows of the same law as the data, from the other split: what chance leaves between two draws. */
  reserve: Tensor;
}

export type Spectra = Record<keyof Fields, Spectrum>;

export const spectraOf = (fields: Fields): Spectra =>
  Object.fromEntries(
    Object.entries(fields).map(([name, x]) => [name, isotropicSpectrum(x)]),
  ) as Spectra;

/** The errors of one channel in one band: generated, of the starts, of other real fields; null where nothing is. */
export interface BandRow {
  channel: number;
  band_from: number;
  band_to: number;
  error_generated: number | null;
  error_start: number | null;
  error_floor: number | null;
}

/** The part of a channel's energy below which there is only the rounding of float32. */
const nothing = 1e-10;

/** Errors against the data by channel and octave; null where the data have no energy to compare with. */
export function bandRows({ start, end, data, reserve }: Spectra): BandRow[] {
  const bands = octaves(data.k.length);
  const of = (spectrum: Spectrum) => bandError(spectrum, data, bands);
  const [generated, source, floor] = [of(end), of(start), of(reserve)];
  return data.energy.flatMap((energy, c) => {
    const total = energy.reduce((a, b) => a + b, 0);
    return bands.map(([from, to], i) => {
      const inside = energy.slice(from - 1, to).reduce((a, b) => a + b, 0);
      const where = (errors: number[][]) =>
        inside > nothing * total ? (errors[c]?.[i] as number) : null;
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

/** The mean of an error over channels and bands that have one; null without any. */
export function meanError(
  rows: readonly BandRow[],
  key: "error_generated" | "error_start" | "error_floor",
): number | null {
  const values = rows.map((row) => row[key]).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
}

/**
 * The largest part of the starts' error that a channel has left in a band: below 1 every scale came nearer to the data.
 * Null without a band in which the starts were off.
 */
export function worstBand(rows: readonly BandRow[]): number | null {
  const parts = rows.flatMap(({ error_generated: left, error_start: before }) =>
    left !== null && before !== null && before > 0 ? [left / before] : [],
  );
  return parts.length === 0 ? null : Math.max(...parts);
}

/** The columns of spectrum.csv. */
export const bandColumns = [
  "half_iteration",
  "direction",
  "sampler",
  "step",
  "channel",
  "band_from",
  "band_to",
  "error_generated",
  "error_start",
  "error_floor",
] as const;

export interface BandPlace {
  half_iteration: number;
  direction: string;
  sampler: string;
  step: number;
}

/** Rows of spectrum.csv with those of an evaluation in the place of what was there of it, and of all later ones. */
export function withBands(before: readonly Row[], at: BandPlace, bands: readonly BandRow[]): Row[] {
  const kept = before.filter((row) => {
    const [half, step] = [Number(row.half_iteration), Number(row.step)];
    if (half !== at.half_iteration) return half < at.half_iteration;
    if (step !== at.step) return step < at.step;
    return row.direction !== at.direction || row.sampler !== at.sampler;
  });
  return [...kept, ...bands.map((band) => ({ ...at, ...band }))];
}

/** The figure of an evaluation's spectra. */
export function spectraFigure(
  { start, end, data }: Spectra,
  { title }: { title: string },
): Promise<string> {
  const cutoff = cutoffOf(start, data);
  return spectrumFigure({
    title,
    series: [
      { name: "source", ...start },
      { name: "target", ...data },
      { name: "generated", ...end },
    ],
    ...(cutoff !== null && { cutoff }),
  });
}

/** The first wavenumber from which one of two sets of fields has no energy in any channel; null: both have all. */
export function cutoffOf(...sets: readonly Spectrum[]): number | null {
  const ends = sets.map(({ k, energy }) => {
    const last = energy.map((values) => {
      const total = values.reduce((a, b) => a + b, 0);
      return values.findLastIndex((value) => value > nothing * total);
    });
    return k[Math.max(...last) + 1] ?? null;
  });
  const found = ends.filter((k) => k !== null);
  return found.length === 0 ? null : Math.min(...found);
}

/**
 * How fields x [n, C, H, W] follow a condition c [n, C′, H, W]: the slope of x on c over all points, for each pair
 * of channels, [C][C′], and the deviations of both. 0 where a condition is constant.
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
    const [own, given] = [variances(a), variances(b)];
    const cross = a.mm(b.t()).div(points).toNumbers();
    return {
      slope: own.map((_, c) => given.map((v, j) => (v > 0 ? cross[c * given.length + j]! / v : 0))),
      deviation: own.map(Math.sqrt),
      spread: given.map(Math.sqrt),
    };
  });
}

/**
 * How far fields follow their conditions otherwise than data do theirs: |slope − slope of the data|, in deviations of
 * the data for one of the condition, mean over pairs of channels.
 */
export function conditionError(
  { x, cond }: { x: Tensor; cond: Tensor },
  data: { x: Tensor; cond: Tensor },
): number {
  const [got, want] = [conditionFit(x, cond), conditionFit(data.x, data.cond)];
  const errors = want.slope.flatMap((slopes, c) =>
    slopes.map((slope, j) => {
      const unit = want.spread[j]! / (want.deviation[c]! || 1);
      return Math.abs(got.slope[c]![j]! - slope) * unit;
    }),
  );
  return errors.reduce((a, b) => a + b, 0) / errors.length;
}
