// A step of Dormand and Prince's pair 5(4) (1980), with the numbers and roundings of torchdiffeq.
import { type DType, stack, type Tensor, tensor, tidy } from "@dsbm/torch";
import type { CountedField } from "./flow.js";

const nodes = [1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1];
const stages = [
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
/** The last stage's weights, so that its slope costs nothing. */
const solution = [...stages[5], 0];
/** Solution less Shampine's fourth-order companion, as in torchdiffeq. */
const companion = [
  35 / 384 - 1951 / 21600,
  0,
  500 / 1113 - 22642 / 50085,
  125 / 192 - 451 / 720,
  -2187 / 6784 + 12231 / 42400,
  11 / 84 - 649 / 6300,
  -1 / 60,
];
/** The middle of the step, to fourth order (Shampine 1986). */
const middle = [
  6025192743 / 30085553152 / 2,
  0,
  51252292925 / 65400821598 / 2,
  -2691868925 / 45128329728 / 2,
  187940372067 / 1594534317056 / 2,
  -1776094331 / 19743644256 / 2,
  11237099 / 235043384 / 2,
];

/** A step from a state x [B, …]. */
export interface DormandPrinceStep {
  /** The state at the end, [B, …]. */
  end: Tensor;
  /** The slope at the end, [B, …]. */
  slope: Tensor;
  /** The estimated error of the end, [B, …]. */
  error: Tensor;
  /** The state [B, …] at a share [0, 1] of the step. */
  between(share: number): Tensor;
}

/** The step from x [B, …] at `time` with known slope [B, …] over dt of either sign; six evaluations. */
export function dormandPrince(
  field: CountedField,
  { x, slope, time, dt }: { x: Tensor; slope: Tensor; time: number; dt: number },
): DormandPrinceStep {
  const k = [slope];
  // One number early, as in torchdiffeq: in float32 it can change the next step.
  const before = neighbour(time + dt, dt > 0 ? -1 : 1, x.dtype);
  let end = x;
  for (const [i, weights] of stages.entries()) {
    end = stageState(x, dt, weights, k);
    const node = nodes[i];
    k.push(field.at(end, node === 1 ? before : time + node * dt));
  }
  return {
    end,
    slope: k[6],
    error: difference(dt, k),
    between: (share) => stageState(x, dt, quartic(share), k),
  };
}

/** x + dt Σ w k, summed before it is added to the state, whose rounding would hide small terms. */
function stageState(
  x: Tensor,
  dt: number,
  [w1, ...weights]: readonly number[],
  k: readonly Tensor[],
): Tensor {
  return tidy(() => {
    let sum = k[0].mul(w1 * dt);
    for (const [j, w] of weights.entries()) if (w !== 0) sum = sum.add(k[j + 1], { alpha: w * dt });
    return x.add(sum);
  });
}

/** One reduction: in another order, rounding would make float32 runs take other steps than the reference's. */
function difference(dt: number, k: readonly Tensor[]): Tensor {
  const { dtype, device } = k[0];
  return stack(k, { dim: -1 }).mul(tensor(companion, { dtype, device }).mul(dt)).sum([-1]);
}

/** The quartic with the step's states, slopes and middle, at θ; summed in float64, so that nothing cancels. */
function quartic(share: number): number[] {
  return solution.map((c, j) => {
    const m = middle[j];
    const f0 = j === 0 ? 1 : 0;
    const f1 = j === 6 ? 1 : 0;
    const fourth = 2 * (f1 - f0) - 8 * c + 16 * m;
    const third = 5 * f0 - 3 * f1 + 14 * c - 32 * m;
    const second = f1 - 4 * f0 - 5 * c + 16 * m;
    return share * (f0 + share * (second + share * (third + share * fourth)));
  });
}

/** The next number of a dtype in the direction `sign`; other dtypes than float32 and float64 keep their number. */
function neighbour(value: number, sign: 1 | -1, dtype: DType): number {
  if (dtype === "float32") {
    const number = new Float32Array([value]);
    const bits = new Int32Array(number.buffer);
    if (number[0] === 0) return sign * 2 ** -149;
    bits[0] = bits[0] + (number[0] > 0 ? sign : -sign);
    return number[0];
  }
  if (dtype !== "float64") return value;
  if (value === 0) return sign * Number.MIN_VALUE;
  const number = new Float64Array([value]);
  const bits = new BigInt64Array(number.buffer);
  bits[0] = bits[0] + BigInt(value > 0 ? sign : -sign);
  return number[0];
}
