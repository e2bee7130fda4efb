// The law of the synthetic downscaling fields.
//
// States: x_c = mean_c + slope_c · c + u_c. The condition c is its spatial mean, N(0, 0.05), and a smooth field of modes
// ∝ exp(−(k/2)²), variance 0.2. High resolution: u_c has the energy k^−p exp(−(2k/size)²) at wavenumber k, up to a
// factor, p = 3/2 and 1; variance 0.25; coherence 0.5 between both states. Low resolution: only modes below the cut-off
// size/8, with 0.7 exp(−(k/cutoff)²) of their variance, and means of ±0.25.
import { fourierModes, type Modes } from "@dsbm/bridge";

export type Resolution = "high" | "low";

/** Correlation of the two states' modes. */
export const coherence = 0.5;

/** A power for each mode. */
export interface FieldLaw {
  modes: Modes;
  power: Float64Array;
}

/** Mode 0 of the condition is its spatial mean; states are without the effect of the condition. */
export function fieldLaws(resolution: Resolution, size: number) {
  const modes = fourierModes(size, size);
  const cutoff = size / 8;
  /** Modes have variances in proportion to `shape(k)`, k > 0 in waves across the field. */
  const law = (variance: number, shape: (k: number) => number): FieldLaw => {
    const raw = modes.k.map((k) => (k === 0 ? 0 : shape(k)));
    const total = raw.reduce((sum, p, m) => sum + p * modes.weight[m], 0);
    return { modes, power: raw.map((p) => (p * variance) / total) };
  };
  const states = [1.5, 1].map((exponent) => {
    // The energy of an annulus is the energy of a mode times its circumference.
    const fine = law(0.25, (k) => k ** -(exponent + 1) * Math.exp(-(((2 * k) / size) ** 2)));
    if (resolution === "high") return fine;
    const damping = (k: number) => (k < cutoff ? 0.7 * Math.exp(-((k / cutoff) ** 2)) : 0);
    return { modes, power: fine.power.map((p, m) => p * damping(modes.k[m])) };
  });
  const condition = law(0.2, (k) => (k < cutoff ? Math.exp(-((k / 2) ** 2)) : 0));
  condition.power[0] = 0.05;
  const mean = resolution === "high" ? [0, 0] : [0.25, -0.25];
  return { states, condition, mean, slope: [0.6, -0.4] };
}
