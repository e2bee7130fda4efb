// The law of the synthetic downscaling fields.
//
// States: x_c = mean_c + slope_c · c + u_c. The condition c is its spatial mean, N(0, 0.05), and a smooth field of modes
// ∝ exp(−(k/2)²), variance 0.2. High resolution: u_c has the energy k^−p exp(−(2k/size)²) at wavenumber k, up to a
// factor, p = 3/2 and 1; variance 0.25; coherence 0.5 between both states. Low resolution: only modes below the cut-off
// size/8, with 0.7 exp(−(k/cutoff)²) of their variance, and means of ±0.25.
import { fourierModes, type Modes } from "@dsbm/bridge";
import { fftIrfft2, fftRfft2, type Tensor, tensor, tidy } from "@dsbm/torch";

export type Resolution = "high" | "low";

type Pair<T> = readonly [T, T];

const coarsening = 4;
const exponents = [1.5, 1] as const;
const stateVariance = 0.25;
/** Correlation of the two states' modes. */
export const coherence = 0.5;
const slope = [0.6, -0.4] as const;
const conditionVariance = { mean: 0.05, field: 0.2 } as const;
const bias = { gain: 0.7, mean: [0.25, -0.25] } as const;

export interface FieldLaws {
  /** Without the effect of the condition. */
  states: Pair<FieldLaw>;
  /** Its mode 0 is the spatial mean. */
  condition: FieldLaw;
  mean: Pair<number>;
  slope: Pair<number>;
}

export function fieldLaws(resolution: Resolution, size: number): FieldLaws {
  const cutoff = size / (2 * coarsening);
  const fine = exponents.map((p) => {
    // The energy of an annulus is the energy of a mode times its circumference.
    const shape = (k: number) => k ** -(p + 1) * Math.exp(-(((2 * k) / size) ** 2));
    return fieldLaw(size, shape, { variance: stateVariance });
  });
  const damping = (k: number) => (k < cutoff ? bias.gain * Math.exp(-((k / cutoff) ** 2)) : 0);
  const coarse = fine.map((law) => reshaped(law, damping));
  const smooth = (k: number) => (k < cutoff ? Math.exp(-((k / 2) ** 2)) : 0);
  const condition = fieldLaw(size, smooth, { variance: conditionVariance.field });
  condition.power[0] = conditionVariance.mean;
  return {
    states: (resolution === "high" ? fine : coarse) as [FieldLaw, FieldLaw],
    condition,
    mean: resolution === "high" ? [0, 0] : bias.mean,
    slope,
  };
}

/** An isotropic field without its mean. */
interface FieldLaw {
  modes: Modes;
  power: Float64Array;
}

/** Modes have variances in proportion to `shape(k)`, k > 0 in waves across the field. */
function fieldLaw(
  size: number,
  shape: (k: number) => number,
  { variance }: { variance: number },
): FieldLaw {
  const modes = fourierModes(size, size);
  const raw = modes.k.map((k) => (k === 0 ? 0 : shape(k)));
  const total = raw.reduce((sum, p, m) => sum + p * modes.weight[m]!, 0);
  return { modes, power: raw.map((p) => (p * variance) / total) };
}

function reshaped({ modes, power }: FieldLaw, factor: (k: number) => number): FieldLaw {
  return { modes, power: power.map((p, m) => p * factor(modes.k[m]!)) };
}

/** Filters that turn white noise into fields of these laws, [laws, H, W/2 + 1] in float64. */
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

/** White noise [n, laws, H, W] in float64 through filters. */
export function filtered(noise: Tensor, by: Tensor): Tensor {
  const [height, width] = noise.shape.slice(-2) as [number, number];
  return tidy(() => fftIrfft2(fftRfft2(noise).mul(by), { s: [height, width] }));
}
