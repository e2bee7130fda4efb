// Average pooling as a module; other poolings are functions of the same names.
import { avgPool2d } from "../tensor/ops.generated.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Size } from "./conv.js";
import { Module } from "./module.js";

export interface AvgPool2dOptions {
  stride?: Size;
  padding?: Size;
  ceilMode?: boolean;
  countIncludePad?: boolean;
  divisorOverride?: number | null;
}

/** Means over windows: [B, C, H, W] → [B, C, H′, W′]. */
export class AvgPool2d extends Module {
  constructor(
    private readonly kernelSize: Size,
    private readonly options: AvgPool2dOptions = {},
  ) {
    super();
  }
  forward(x: Tensor): Tensor {
    return avgPool2d(x, this.kernelSize, this.options);
  }
}
