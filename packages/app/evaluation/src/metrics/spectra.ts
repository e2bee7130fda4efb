import { bandError, isotropicSpectrum, octaves, type Spectrum } from "@dsbm/bridge";
import type { Tensor } from "@dsbm/torch";

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

/** The share of a channel's energy below which float32 only rounds. */
export const noEnergy = 1e-10;

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** The mean error over the channels and octaves in which the data have energy; null without any. */
export function meanError(spectrum: Spectrum, data: Spectrum): number | null {
  const bands = octaves(data.k.length);
  const errors = bandError(spectrum, data, bands).flatMap((ofChannel, c) => {
    const energy = data.energy[c];
    const least = noEnergy * total(energy);
    const within = bands.map(([from, to]) => total(energy.slice(from - 1, to)));
    return ofChannel.filter((_, i) => within[i] > least);
  });
  return errors.length === 0 ? null : total(errors) / errors.length;
}
