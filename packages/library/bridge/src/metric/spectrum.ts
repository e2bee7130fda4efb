// Spectra of fields, which can differ where means and variances of pixels agree.
import { fftRfft2, type Tensor, tidy, zeros } from "@dsbm/torch";
import { inBatches } from "../core/batches.js";
import { argumentError, dataError, notFiniteError } from "../core/errors.js";
import { toFloat64 } from "../core/pixels.js";

/** An energy spectrum of fields over wavenumbers. */
export interface Spectrum {
  /** Waves across the longer side, 1 … K; annulus k holds the modes that round to k. */
  k: number[];
  /** [C][K]; a channel's sum is its spatial variance. */
  energy: number[][];
}

const mostPixels = 2 ** 14;

/** The modes of a real field's transform, [H, W/2 + 1], in C order. */
export interface Modes {
  /** Rows of the field. */
  height: number;
  /** Columns of the field. */
  width: number;
  /** Distance from the origin, in waves across the longer side. */
  k: Float64Array;
  /** 2 if a mode also represents its mirror image, else 1. */
  weight: Float64Array;
  /** The largest k, rounded. */
  largest: number;
}

/**
 * The Fourier modes of images of a size, by wavenumber.
 * @throws {BridgeError} for sizes that no image has.
 */
export function fourierModes(height: number, width: number): Modes {
  if (![height, width].every((n) => Number.isInteger(n) && n > 0 && n <= mostPixels))
    throw argumentError(
      `modes of [${height}, ${width}]; expected integers from 1 to ${mostPixels}`,
    );
  const columns = Math.floor(width / 2) + 1;
  const side = Math.max(height, width);
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

/** Sums over the annuli 0 … K, mirror images included. */
export function overAnnuli({ k, weight, largest }: Modes, of: ArrayLike<number>): number[] {
  const sums = new Array<number>(largest + 1).fill(0);
  for (let m = 0; m < k.length; m++) sums[Math.round(k[m])] += weight[m] * of[m];
  return sums;
}

/**
 * The isotropic energy spectrum of fields [n, C, H, W], averaged, in float64: Σ |F|²/(HW)² over the modes of an
 * annulus, so that its sum is the spatial variance (Parseval). Bytes count as images of −1 … 1.
 * @throws {BridgeError} without fields, and for NaN or infinity.
 */
export function isotropicSpectrum(x: Tensor): Spectrum {
  const { shape } = x;
  const [n, channels, height, width] = shape;
  if (shape.length !== 4 || shape.includes(0))
    throw dataError(`a spectrum of [${shape}]; expected fields [n, C, H, W]`);
  const modes = fourierModes(height, width);
  const count = modes.k.length;
  const power = tidy(() => {
    const total = zeros([channels, count], { dtype: "float64", device: x.device });
    inBatches(x, 64, (rows) => {
      total.add_(fftRfft2(toFloat64(rows)).abs().square().sum(0).view([channels, count]));
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

/** A band of wavenumbers, both ends included. */
export type Band = readonly [from: number, to: number];

/** Bands 1, 2–3, 4–7, … up to `largest`. */
export function octaves(largest: number): Band[] {
  const bands: Band[] = [];
  for (let from = 1; from <= largest; from *= 2)
    bands.push([from, Math.min(2 * from - 1, largest)]);
  return bands;
}

/**
 * Σ |E − E*| / Σ E* over the wavenumbers of each band, [C][bands]; Infinity if only the target has no energy.
 * @throws {BridgeError} for other channels, wavenumbers or empty bands.
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
      `spectra of ${sizes(generated)} and of ${sizes(target)}; expected fields of one shape`,
    );
  return target.energy.map((truth, c) =>
    bands.map(([from, to]) => {
      const inside = target.k.flatMap((k, i) => (k >= from && k <= to ? [i] : []));
      if (inside.length === 0)
        throw argumentError(
          `the band ${from}–${to}; expected wavenumbers among 1 … ${target.k.length}`,
        );
      const total = inside.reduce((sum, i) => sum + truth[i], 0);
      const off = inside.reduce((sum, i) => sum + Math.abs(generated.energy[c][i] - truth[i]), 0);
      return off === 0 ? 0 : off / total;
    }),
  );
}
