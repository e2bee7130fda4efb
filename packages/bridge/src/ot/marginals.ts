// The simplex counts mass in whole units, which a double holds exactly: flows then cancel to exactly zero, as its
// rule against cycling needs.
import { BridgeError } from "../core/errors.js";

/** The marginals in whole units: Σ supply = Σ demand, and `unit` is the mass of one. */
export interface Units {
  supply: Float64Array;
  demand: Float64Array;
  unit: number;
}

const resolution = 2 ** 50;

/** The sum of weights that are finite and not negative; throws a BridgeError on others. */
function total(name: string, weights: ArrayLike<number>, length: number): number {
  if (weights.length !== length) {
    throw new BridgeError(
      "argument",
      `${name} has ${weights.length} weights: expected one per point, ${length}`,
    );
  }
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const w = weights[i]!;
    if (!(w >= 0 && w < Number.POSITIVE_INFINITY)) {
      throw new BridgeError(
        "argument",
        `${name}[${i}] is ${w}: expected a finite weight that is not negative`,
      );
    }
    sum += w;
  }
  if (!(sum > 0 && sum < Number.POSITIVE_INFINITY)) {
    throw new BridgeError("argument", `${name} sums to ${sum}: expected a positive, finite mass`);
  }
  return sum;
}

/** True where the weights are left out or all the same. */
export function isUniform(weights: ArrayLike<number> | undefined): boolean {
  if (weights === undefined) return true;
  for (let i = 1; i < weights.length; i++) if (weights[i] !== weights[0]) return false;
  return true;
}

/** Weights in units: the running sum is rounded, not each weight, so that they add up to `resolution` exactly. */
function spread(weights: ArrayLike<number>, sum: number): Float64Array {
  const units = new Float64Array(weights.length);
  let running = 0;
  let given = 0;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    running += weights[i]!;
    const upTo = Math.min(resolution, Math.round((running / sum) * resolution));
    units[i] = upTo - given;
    given = upTo;
    if (units[i]! > 0) last = i;
  }
  units[last] = units[last]! + (resolution - given);
  return units;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/**
 * Brings marginals to whole units, uniform ones (the default, total mass 1) without any rounding.
 *
 * `a` [n], `b` [m]; others are rounded to 2⁻⁵⁰ of the mass. Throws a BridgeError on wrong
 * lengths, negative or non-finite weights, and masses that differ by more than 1e-6 relative; `b`
 * is scaled to the mass of `a` below that.
 */
export function toUnits(n: number, m: number, a?: ArrayLike<number>, b?: ArrayLike<number>): Units {
  const massA = a === undefined ? 1 : total("a", a, n);
  const massB = b === undefined ? 1 : total("b", b, m);
  if (Math.abs(massA - massB) > 1e-6 * Math.max(massA, massB)) {
    throw new BridgeError(
      "argument",
      `a sums to ${massA}, b to ${massB}: expected the same mass; divide each by its sum`,
    );
  }
  if (isUniform(a) && isUniform(b)) {
    const common = gcd(n, m);
    return {
      supply: new Float64Array(n).fill(m / common),
      demand: new Float64Array(m).fill(n / common),
      unit: (massA * common) / (n * m),
    };
  }
  return {
    supply: spread(a ?? new Float64Array(n).fill(1), a === undefined ? n : massA),
    demand: spread(b ?? new Float64Array(m).fill(1), b === undefined ? m : massB),
    unit: massA / resolution,
  };
}
