// Spectra of fields: the energy of their Fourier modes, summed over annuli of wavenumbers. Two sets of fields whose
// pixels have the same mean and variance can still have different spectra.
import { fftRfft2, type Tensor, tidy, zeros } from "@dsbm/torch";
import { inBatches } from "../core/batches.js";
import { argumentError, dataError, notFiniteError } from "../core/errors.js";
import { wide } from "../core/pixels.js";

/** Energy by wavenumber, for each channel. */
export interface Spectrum {
  /** Waves across the field (its longer side), 1 … K; annulus k holds the modes that round to k. */
  k: number[];
  /** [C][K]; a channel's sum is its spatial variance. */
  energy: number[][];
}

/** The modes that the transform of a real field keeps, [H, W/2 + 1], in C order. */
export interface Modes {
  height: number;
  width: number;
  /** Distance of each mode from the origin, in waves across the longer side. */
  k: Float64Array;
  /** 2 where a mode also represents its mirror image, else 1. */
  weight: Float64Array;
  /** The largest annulus. */
  largest: number;
}

/** The modes of fields of this size (points). */
export function fourierModes(height: number, width: number): Modes {
  const [columns, side] = [Math.floor(width / 2) + 1, Math.max(height, width)];
  const k = new Float64Array(height * columns);
  const weight = new Float64Array(height * columns);
  for (let i = 0; i < height; i++) {
    const vertical = (Math.min(i, height - i) * side) / height;
    for (let j = 0; j < columns; j++) {
      k[i * columns + j] = Math.hypot(vertical, (j * side) / width);
      weight[i * columns + j] = j === 0 || 2 * j === width ? 1 : 2;
    }
  }
  const largest = k.reduce((most, value) => Math.max(most, Math.round(value)), 0);
  return { height, width, k, weight, largest };
}

/** Sums of a quantity of each mode over the annuli 0 … K, mirror images included. */
export function overAnnuli({ k, weight, largest }: Modes, of: ArrayLike<number>): number[] {
  const sums = new Array<number>(largest + 1).fill(0);
  for (let m = 0; m < k.length; m++) sums[Math.round(k[m]!)]! += weight[m]! * of[m]!;
  return sums;
}

/**
 * The isotropic energy spectrum of fields [n, C, H, W], averaged over them; bytes count as images of −1 … 1.
 *
 * With F the discrete Fourier transform, the energy of annulus k is Σ |F|²/(HW)² over the modes that round to k, so
 * that the sum over k is the variance of a field around its own spatial mean (Parseval). Computed in float64, on the
 * fields' device. Throws a BridgeError for other shapes, no fields, and values that are not finite.
 */
export function isotropicSpectrum(
  x: Tensor,
  { batchSize = 64 }: { batchSize?: number } = {},
): Spectrum {
  const { shape } = x;
  const [n, channels, height, width] = shape as [number, number, number, number];
  if (shape.length !== 4 || shape.includes(0))
    throw dataError(`a spectrum of [${shape}]; expected fields [n, C, H, W]`);
  const modes = fourierModes(height, width);
  const count = modes.k.length;
  const power = tidy(() => {
    const total = zeros([channels, count], { dtype: "float64", device: x.device });
    inBatches(x, batchSize, (rows) => {
      total.add_(fftRfft2(wide(rows)).abs().square().sum(0).view([channels, count]));
    });
    return total.div(n * (height * width) ** 2).toArray() as Float64Array;
  });
  if (!power.every(Number.isFinite))
    throw notFiniteError(
      "a spectrum of fields with values that are NaN or infinite; expected finite values",
    );
  return {
    k: Array.from({ length: modes.largest }, (_, i) => i + 1),
    energy: Array.from({ length: channels }, (_, c) =>
      overAnnuli(modes, power.subarray(c * count, (c + 1) * count)).slice(1),
    ),
  };
}

/** Wavenumbers from the first to the last, both included. */
export type Band = readonly [from: number, to: number];

/** Bands that double: 1, 2–3, 4–7, …, up to `largest`. */
export function octaves(largest: number): Band[] {
  const bands: Band[] = [];
  for (let from = 1; from <= largest; from *= 2)
    bands.push([from, Math.min(2 * from - 1, largest)]);
  return bands;
}

/**
 * The relative difference of two spectra in each band: Σ |E − E*| / Σ E* over its wavenumbers, [C][bands]. 0 where
 * they agree, 1 where the first has no energy; Infinity where only the second has none.
 *
 * Throws a BridgeError for spectra of other channels or wavenumbers, and bands that hold none of them.
 */
export function bandError(
  generated: Spectrum,
  target: Spectrum,
  bands: readonly Band[] = octaves(target.k.length),
): number[][] {
  const sizes = ({ k, energy }: Spectrum) =>
    `${energy.length} channels and ${k.length} wavenumbers`;
  if (sizes(generated) !== sizes(target))
    throw argumentError(
      `a spectrum of ${sizes(generated)} beside one of ${sizes(target)}; expected fields of one shape`,
    );
  return target.energy.map((truth, c) =>
    bands.map(([from, to]) => {
      const inside = target.k.flatMap((k, i) => (k >= from && k <= to ? [i] : []));
      if (inside.length === 0)
        throw argumentError(
          `the band ${from}–${to}; expected wavenumbers among 1 … ${target.k.length}`,
        );
      const total = inside.reduce((sum, i) => sum + truth[i]!, 0);
      const off = inside.reduce(
        (sum, i) => sum + Math.abs(generated.energy[c]![i]! - truth[i]!),
        0,
      );
      return off === 0 ? 0 : off / total;
    }),
  );
}
