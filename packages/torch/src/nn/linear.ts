// The affine layer, with PyTorch's names and PyTorch's default initialisation.
import { empty } from "../create.js";
import { call, schemas } from "../dispatch.js";
import { noGrad } from "../grad.js";
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
    const packed = packedFor(this, x);
    if (packed) return call(oneDNN, "", x, packed, this.bias, "none", [], undefined) as Tensor;
    return linear(x, this.weight, { bias: this.bias });
  }
}

const oneDNN = "mkldnn::_linear_pointwise";
/** Fewer rows than these do not pay for packing. */
const manyRows = 128;

let standing: Map<Linear, Tensor> | null = null;

/**
 * Runs `fn` without gradients and with weights that do not change meanwhile: those of large products are packed once,
 * by which oneDNN multiplies faster than BLAS does by weights as they are. Results agree to rounding.
 */
export function withStandingWeights<T>(fn: () => T): T {
  const before = standing;
  const packed = new Map<Linear, Tensor>();
  standing = packed;
  try {
    return noGrad(fn);
  } finally {
    standing = before;
    for (const t of packed.values()) t.dispose();
  }
}

/** The layer's weight in oneDNN's layout; null where it is not to be used for x. */
function packedFor(layer: Linear, x: Tensor): Tensor | null {
  if (!standing) return null;
  const { weight } = layer;
  const [outputs, inputs] = weight.shape as [number, number];
  // Rows of outputs that do not fill vectors are slower than in BLAS.
  const pays = x.ndim === 2 && x.size(0) >= manyRows && inputs >= 32 && outputs % 16 === 0;
  const plain = [x, weight].every((t) => t.device === "cpu" && t.dtype === "float32");
  if (!pays || !plain) return null;
  const known = standing.get(layer);
  if (known) return known;
  if (schemas(oneDNN).length === 0) return null; // a libtorch without it
  const packed = call("mkldnn::_reorder_linear_weight", "", weight.detach(), x.size(0)) as Tensor;
  standing.set(layer, packed.keep());
  return packed;
}
