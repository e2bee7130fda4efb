// Gaussian random fields on a torus with a given energy at each wavenumber. Their law is known in closed form, so that
// a learnt one can be compared with it exactly.

import { fourierModes, type Modes, overAnnuli } from "@dsbm/bridge";
import { fftIrfft2, fftRfft2, type Tensor, tensor, tidy } from "@dsbm/torch";

/** The variance of each Fourier mode of an isotropic field, mean excluded. */
export interface FieldLaw {
  modes: Modes;
  /** By mode, as `modes` lists them; with mirror images they add up to the field's variance. */
  power: Float64Array;
}

/**
 * The law of a field of size × size points whose modes have variances in proportion to `shape(k)`, k > 0 in waves
 * across the field, and whose spatial variance is `variance`.
 */
export function fieldLaw(
  size: number,
  shape: (k: number) => number,
  { variance }: { variance: number },
): FieldLaw {
  const modes = fourierModes(size, size);
  const raw = modes.k.map((k) => (k === 0 ? 0 : shape(k)));
  const total = raw.reduce((sum, p, m) => sum + p * modes.weight[m]!, 0);
  return { modes, power: raw.map((p) => (p * variance) / total) };
}

/** The law whose modes are those of another one times `factor(k)`. */
export function reshaped({ modes, power }: FieldLaw, factor: (k: number) => number): FieldLaw {
  return { modes, power: power.map((p, m) => p * factor(modes.k[m]!)) };
}

/** Energy by annulus, 1 … K: what `isotropicSpectrum` estimates. */
export const energyOf = ({ modes, power }: FieldLaw): number[] => overAnnuli(modes, power).slice(1);

/** The spatial variance. */
export const varianceOf = (law: FieldLaw): number =>
  energyOf(law).reduce((sum, energy) => sum + energy, 0);

/** The filters that turn white noise into fields of these laws, [laws, H, W/2 + 1] in float64. */
export function filters(laws: readonly FieldLaw[]): Tensor {
  const [first] = laws as [FieldLaw, ...FieldLaw[]];
  const { height, width } = first.modes;
  // White noise of variance 1 has modes of variance 1/(HW).
  const gains = laws.flatMap(({ power }) =>
    Array.from(power, (p) => Math.sqrt(p * height * width)),
  );
  const shape = [laws.length, height, gains.length / (laws.length * height)];
  return tensor(Float64Array.from(gains), { shape });
}

/** White noise [n, laws, H, W] in float64 through filters: the fields. */
export function filtered(noise: Tensor, by: Tensor): Tensor {
  const [height, width] = noise.shape.slice(-2) as [number, number];
  return tidy(() => fftIrfft2(fftRfft2(noise).mul(by), { s: [height, width] }));
}
