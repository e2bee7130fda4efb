// Dropout with one random number for two mask elements; libtorch draws two for each.

import { call } from "../binding/dispatch.js";
import { refusedOption } from "../binding/errors.js";
import { empty } from "../tensor/create.js";
import { noGrad } from "../tensor/grad.js";
import type { Generator } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { drawnOnce } from "./checkpoint.js";
import { Module } from "./module.js";

const bits = 15;

function drawMask(shape: readonly number[], keep: number, like: Tensor, generator?: Generator) {
  const n = shape.reduce((a, b) => a * b, 1);
  const words = empty([Math.ceil(n / 4)], { dtype: "int64", device: like.device });
  call("aten::random_", "", words, generator);
  return words
    .view("int16")
    .narrow(0, 0, n)
    .bitwiseAnd_(2 ** bits - 1)
    .sub_(2 ** bits - 1 - keep)
    .clamp_({ min: 0, max: 1 })
    .view(shape);
}

/**
 * Sets elements of x to 0 with probability `p` and divides the others by 1 − p; p is rounded to a multiple of 2⁻¹⁵,
 * other than 0 and 1. Inside `checkpoint` both runs share the mask.
 * @throws {TorchError} for p outside [0, 1].
 */
export function dropout(
  x: Tensor,
  p: number,
  { training = true, generator }: { training?: boolean; generator?: Generator | undefined } = {},
): Tensor {
  checkProbability(p);
  if (!training || p === 0) return x;
  if (p === 1) return x.mul(0);
  const keep = Math.min(Math.max(Math.round((1 - p) * 2 ** bits), 1), 2 ** bits - 1);
  const mask = drawnOnce(() => noGrad(() => drawMask(x.shape, keep, x, generator)));
  // As numbers of x's own kind: multiplying by another kind is several times slower, forward and backward.
  return x.mul(noGrad(() => mask.to(x.dtype).mul_(2 ** bits / keep)));
}

function checkProbability(p: number): void {
  if (!(p >= 0 && p <= 1))
    throw refusedOption(`dropout: p is ${p}; expected a probability between 0 and 1`);
}

/** Sets elements to 0 with probability `p` in training; does nothing in evaluation. */
export class Dropout extends Module {
  /** The stream of the masks (default: the default generator). */
  generator: Generator | undefined;

  constructor(
    /** Probability of 0. */
    readonly p = 0.5,
    { generator }: { generator?: Generator | undefined } = {},
  ) {
    super();
    checkProbability(p);
    this.generator = generator;
  }

  forward(x: Tensor): Tensor {
    const { training, generator } = this;
    return dropout(x, this.p, { training, generator });
  }
}
