// Lengths of adaptive steps of a fifth-order solver, from estimates of their errors.
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import type { CountedField, FlowOptions } from "./flow.js";

/** Errors that a step may have. */
export type Tolerance = Pick<Required<FlowOptions>, "rtol" | "atol">;

function rms(x: Tensor, scale: Tensor): number {
  return Math.sqrt(x.div(scale).square().mean().item());
}

/**
 * The root mean square of the estimated error [B, …] over atol + rtol·max(|from|, |to|) of states [B, …]; a step is accepted
 * up to 1.
 */
export function errorRatio(
  { error, from, to }: { error: Tensor; from: Tensor; to: Tensor },
  { rtol, atol }: Tolerance,
): number {
  return noGrad(() => tidy(() => rms(error, from.abs().maximum(to.abs()).mul(rtol).add(atol))));
}

/** The next step: safety 0.9, at most 10 times longer and 5 times shorter, never shorter after a good one. */
export function nextStep(h: number, ratio: number): number {
  if (ratio === 0) return 10 * h;
  const least = ratio < 1 ? 1 : 0.2;
  return h * Math.min(10, Math.max(0.9 / ratio ** (1 / 5), least));
}

/**
 * A first step of a fifth-order solver at x [B, …] with slope [B, …], from the field's change over explicit Euler
 * (Hairer 1993, §II.4). One evaluation.
 */
export function initialStep(
  field: CountedField,
  { x, slope, time, sign }: { x: Tensor; slope: Tensor; time: number; sign: 1 | -1 },
  { rtol, atol }: Tolerance,
): number {
  return noGrad(() =>
    tidy(() => {
      const scale = x.abs().mul(rtol).add(atol);
      const d0 = rms(x, scale);
      const d1 = rms(slope, scale);
      const h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : (0.01 * d0) / d1;
      const ahead = field.at(x.add(slope, { alpha: sign * h0 }), time + sign * h0);
      const d2 = rms(ahead.sub(slope), scale) / h0;
      const h1 =
        d1 <= 1e-15 && d2 <= 1e-15 ? Math.max(1e-6, h0 * 1e-3) : (0.01 / Math.max(d1, d2)) ** 0.2;
      return Math.min(100 * h0, h1);
    }),
  );
}
