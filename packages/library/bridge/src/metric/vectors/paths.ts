import { type Tensor, tidy, zeros } from "@dsbm/torch";
import { oneTime } from "../../core/one-time.js";
import { asVectors, squaredLengths } from "../../ot/cost.js";
import type { Field } from "../../solver/solver.js";
import { type Estimate, meanEstimate } from "./bootstrap.js";

/** The energy ∫|drift|²dt of each path, [n], summed step by step. */
export class PathEnergy implements Disposable {
  readonly #sum: Tensor;

  constructor(n: number) {
    this.#sum = zeros([n], { dtype: "float64" }).keep();
  }

  /** Adds the energies |drift|²dt of a step [n]. */
  add(energies: Tensor): void {
    tidy(() => {
      this.#sum.add_(energies.to({ device: "cpu" }));
    });
  }

  /** The mean over paths, with its interval. */
  estimate(): Estimate {
    return meanEstimate(this.#sum);
  }

  /** Frees the sums. */
  dispose(): void {
    this.#sum.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** ∫|v|²dt of each path [n] of a flow's states [T, n, …], by the trapezoidal rule over `times`. */
export function flowEnergy(states: Tensor, times: readonly number[], field: Field): Tensor {
  return tidy(() => {
    const last = times.length - 1;
    let energy = zeros([states.size(1)], { device: states.device, dtype: "float64" });
    for (const [k, time] of times.entries()) {
      const x = states.select(0, k);
      const weight = Math.abs(times[Math.min(last, k + 1)] - times[Math.max(0, k - 1)]) / 2;
      energy = tidy(() =>
        energy.add(squaredLengths(asVectors(field(x, oneTime(x, time)))), { alpha: weight }),
      );
    }
    return energy;
  });
}

/**
 * |E∫|v|²dt − W₂²|/W₂² of a flow with energies [n] (Tong 2024): 0 for optimal transport. The interval comes from the
 * energy.
 */
export function normalisedPathEnergy(energy: Tensor, w2: number): Estimate {
  const { value, low, high } = meanEstimate(energy);
  const of = (e: number) => (e - w2 ** 2) / w2 ** 2;
  const a = of(low);
  const b = of(high);
  const inside = a <= 0 && b >= 0;
  return {
    value: Math.abs(of(value)),
    low: inside ? 0 : Math.min(Math.abs(a), Math.abs(b)),
    high: Math.max(Math.abs(a), Math.abs(b)),
  };
}

/** Distances of samples that go forward and return. */
export interface CycleError {
  /** Distance of start and return. */
  back: Estimate;
  /**
   * Distance of two returns: equal to `back` if the backward process reverses the forward process.
   */
  twice: number;
  /** Distance of starts and returns of other starts. */
  apart: number;
}

/**
 * Whether one direction is the time reversal of the other: then a start [n, …] and two returns `first`, `second`
 * [n, …] from its endpoint are independent draws of one law, and equally far apart. Root mean square, in units of
 * the samples.
 */
export function cycleError(start: Tensor, first: Tensor, second: Tensor): CycleError {
  return tidy(() => {
    const [a, b, c] = [start, first, second].map(asVectors);
    const squared = (x: Tensor, y: Tensor) => squaredLengths(x.sub(y));
    const others = b.roll([Math.max(1, Math.floor(a.size(0) / 2))], { dims: [0] });
    const { value, low, high } = meanEstimate(squared(a, b));
    const root = (x: number) => Math.sqrt(Math.max(0, x));
    return {
      back: { value: root(value), low: root(low), high: root(high) },
      twice: root(squared(b, c).mean().item()),
      apart: root(squared(a, others).mean().item()),
    };
  });
}
