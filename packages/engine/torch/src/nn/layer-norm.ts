// Layer normalisation, with PyTorch's names and defaults.
import { ones, zeros } from "../tensor/create.js";
import { layerNorm } from "../tensor/ops.generated.js";
import { Parameter, type Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

export interface LayerNormOptions {
  eps?: number;
  elementwiseAffine?: boolean;
  bias?: boolean;
}

/**
 * Normalises the last dimensions (`normalizedShape`), then scales and shifts; weight and bias have that shape (none
 * without `elementwiseAffine`).
 */
export class LayerNorm extends Module {
  weight: Parameter | null;
  bias: Parameter | null;
  readonly normalizedShape: readonly number[];
  readonly eps: number;

  constructor(
    normalizedShape: number | readonly number[],
    { eps = 1e-5, elementwiseAffine = true, bias = true }: LayerNormOptions = {},
  ) {
    super();
    const shape = typeof normalizedShape === "number" ? [normalizedShape] : [...normalizedShape];
    this.normalizedShape = shape;
    this.eps = eps;
    this.weight = elementwiseAffine ? new Parameter(ones(shape)) : null;
    this.bias = elementwiseAffine && bias ? new Parameter(zeros(shape)) : null;
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return layerNorm(x, this.normalizedShape, { weight, bias, eps });
  }
}
