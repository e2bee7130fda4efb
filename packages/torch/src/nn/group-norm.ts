// Group normalisation, with PyTorch's names and defaults: it does not depend on the batch, so it suits images
// in small batches.

import { invalid } from "../binding/errors.js";
import { ones, zeros } from "../tensor/create.js";
import { groupNorm } from "../tensor/ops.generated.js";
import { Parameter, type Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

export interface GroupNormOptions {
  /** Added to the variance. */
  eps?: number;
  /** Whether a trained scale and shift per channel follow. */
  affine?: boolean;
}

/**
 * Each sample's groups of channels brought to mean 0 and variance 1, then scaled and shifted per channel:
 * [B, C, …] → the same; weight [C], bias [C] (none without `affine`).
 */
export class GroupNorm extends Module {
  weight: Parameter | null;
  bias: Parameter | null;
  readonly numGroups: number;
  readonly eps: number;

  /** Throws a TorchError where the groups do not divide the channels. */
  constructor(
    numGroups: number,
    numChannels: number,
    { eps = 1e-5, affine = true }: GroupNormOptions = {},
  ) {
    super();
    if (!(Number.isInteger(numGroups) && numGroups > 0 && numChannels % numGroups === 0))
      throw invalid(
        `GroupNorm: ${numGroups} groups for ${numChannels} channels; expected a divisor of the channels`,
      );
    this.numGroups = numGroups;
    this.eps = eps;
    this.weight = affine ? new Parameter(ones([numChannels])) : null;
    this.bias = affine ? new Parameter(zeros([numChannels])) : null;
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return groupNorm(x, this.numGroups, { weight, bias, eps });
  }
}
