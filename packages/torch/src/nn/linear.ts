// The affine layer, with PyTorch's names and PyTorch's default initialisation.
import { empty } from "../create.js";
import { linear } from "../ops.generated.js";
import type { Generator } from "../random.js";
import { Parameter, type Tensor } from "../tensor.js";
import { fans, kaimingUniform_, uniform_ } from "./init.js";
import { Module } from "./module.js";

export interface LinearOptions {
  bias?: boolean;
  /** The stream of the initial weights; the default generator where it is not given. */
  generator?: Generator | undefined;
}

/** y = x Wᵀ + b on the last dimension: [.., in] → [.., out]; weight [out, in], bias [out]. */
export class Linear extends Module {
  weight: Parameter;
  bias: Parameter | null;

  constructor(
    inFeatures: number,
    outFeatures: number,
    { bias = true, generator }: LinearOptions = {},
  ) {
    super();
    this.weight = new Parameter(
      kaimingUniform_(empty([outFeatures, inFeatures]), { a: Math.sqrt(5), generator }),
    );
    const bound = inFeatures > 0 ? 1 / Math.sqrt(fans(this.weight).fanIn) : 0;
    this.bias = bias
      ? new Parameter(uniform_(empty([outFeatures]), -bound, bound, { generator }))
      : null;
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, { bias: this.bias });
  }
}
