// The path of a pair of masses under the Wasserstein–Fisher–Rao metric (Chizat et al. 2018).
import type { Tensor } from "@dsbm/torch";
import { asColumn } from "./process.js";

/** Pairs [B, d], log of x1's mass over x0's [B], times [B], and the length δ that relates moving to growing [B]. */
export interface GrowthSample {
  x0: Tensor;
  x1: Tensor;
  logRatio: Tensor;
  t: Tensor;
  delta: Tensor;
}

/** Larger angles |x1 − x0|/2δ have no path: mass dies at x0 and is born at x1; smaller ones lose digits. */
const angles = { min: 1e-3, max: Math.PI / 2 - 1e-3 };

/**
 * On the geodesic of each pair (WFR-FM, ICLR 2026): point x [B, d], dx/dt [B, d], growth d log m/dt [B], and mass m
 * [B] relative to x0's.
 */
export function growthPath({ x0, x1, logRatio, t, delta }: GrowthSample) {
  const way = x1.sub(x0);
  const angle = way.square().sum(1).sqrt().div(delta).div(2).clamp(angles);
  const tau = angle.tan();
  const ratio = logRatio.exp();
  const s = ratio.div(tau.square().add(1)).sqrt();
  // m(t) = a t² − 2 b t + 1.
  const a = ratio.add(1).sub(s, { alpha: 2 });
  const b = s.rsub(1);
  const slope = a.mul(t).sub(b);
  const mass = slope.sub(b).mul(t).add(1);
  const speed = tau.mul(s);
  const turned = slope.div(speed).atan().add(b.div(speed).atan());
  return {
    x: x0.add(way.mul(asColumn(turned.div(angle), way))),
    velocity: way.mul(asColumn(speed.div(mass).div(angle), way)),
    growth: slope.mul(2).div(mass),
    mass,
  };
}

/** The same on straight lines with constant growth (VGFM, NeurIPS 2025). */
export function straightPath({ x0, x1, logRatio, t }: GrowthSample) {
  const way = x1.sub(x0);
  return {
    x: x0.add(way.mul(asColumn(t, way))),
    velocity: way,
    growth: logRatio,
    mass: logRatio.mul(t).exp(),
  };
}

/** The static cost −2 log cos(min(|x0_i − x1_j|/2δ, π/2)) from squared distances [n, m]: [n, m]. */
export const growthCost = (squaredDistances: Tensor, delta: number): Tensor =>
  squaredDistances
    .sqrt()
    .div(2 * delta)
    .clamp({ max: Math.PI / 2 })
    .cos()
    .clamp({ min: 1e-10 })
    .log()
    .mul(-2);
