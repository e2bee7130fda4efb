// The affine layer, with PyTorch's names and PyTorch's default initialisation.

import { callUnchecked, invoke, Op, schemas } from "../binding/dispatch.js";
import { autocast, autocastDType } from "../tensor/autocast.js";
import { empty } from "../tensor/create.js";
import { noGrad } from "../tensor/grad.js";
import { linear } from "../tensor/ops.generated.js";
import type { Generator } from "../tensor/random.js";
import { Parameter, type Tensor } from "../tensor/tensor.js";
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

  /**
   * `shared` [k] are the last k inputs where they are the same for all rows: x [.., in − k] then has the others alone,
   * and theirs is a part of the bias.
   */
  forward(x: Tensor, shared?: Tensor): Tensor {
    const { weight, bias } = this.#after(shared);
    const packed = packedFor(this, weight, x);
    if (!packed) return linear(x, weight, { bias });
    const { dtype } = packed;
    return callUnchecked(oneDNN, "", x.to(dtype), packed, bias, "none", [], undefined) as Tensor;
  }

  /** SiLU of `forward`, by a kernel of our own where weights are constant (see `withStandingWeights`). */
  silu(x: Tensor, shared?: Tensor): Tensor {
    const y = this.forward(x, shared);
    return standing ? (invoke(silu_, y) as Tensor) : y.silu();
  }

  #after(shared: Tensor | undefined): { weight: Tensor; bias: Tensor | null } {
    const { weight, bias } = this;
    if (!shared) return { weight, bias };
    const [k, inputs] = [shared.size(0), weight.size(1)];
    const own = weight.narrow(1, inputs - k, k);
    return {
      weight: weight.narrow(1, 0, inputs - k),
      // What all rows share may be a time, of which bfloat16 keeps two digits.
      bias: autocast(null, () => (bias ? bias.addmv(own, shared) : own.mv(shared))),
    };
  }
}

const oneDNN = "mkldnn::_linear_pointwise";
const silu_ = new Op("dsbm::silu_", "");
/** Fewer rows than these do not pay for packing. */
const manyRows = 128;

/** By layer, dtype, and how many of its inputs are not the same for all rows. */
let standing: Map<Linear, Map<string, Tensor>> | null = null;

/**
 * Runs `fn` without gradients and with weights that do not change meanwhile: those of large products are packed once,
 * by which oneDNN multiplies faster than BLAS does by weights as they are. Results agree to rounding.
 */
export function withStandingWeights<T>(fn: () => T): T {
  const before = standing;
  const packed: NonNullable<typeof standing> = new Map();
  standing = packed;
  try {
    return noGrad(fn);
  } finally {
    standing = before;
    for (const own of packed.values()) for (const t of own.values()) t.dispose();
  }
}

/** A layer's weight, or its first columns, in oneDNN's layout; null where it is not to be used for x. */
function packedFor(layer: Linear, weight: Tensor, x: Tensor): Tensor | null {
  if (!standing) return null;
  const [outputs, inputs] = weight.shape as [number, number];
  // Rows of outputs that do not fill vectors are slower than in BLAS.
  const pays = x.ndim === 2 && x.size(0) >= manyRows && inputs >= 32 && outputs % 16 === 0;
  const dtype = autocastDType() ?? "float32";
  const plain = x.device === "cpu" && weight.dtype === "float32";
  if (!pays || !plain || !["float32", dtype].includes(x.dtype)) return null;
  let own = standing.get(layer);
  if (!own) {
    own = new Map();
    standing.set(layer, own);
  }
  const known = own.get(`${dtype}/${inputs}`);
  if (known) return known;
  if (schemas(oneDNN).length === 0) return null; // a libtorch without it
  const whole = weight.detach().to(dtype).contiguous();
  const packed = callUnchecked("mkldnn::_reorder_linear_weight", "", whole, x.size(0)) as Tensor;
  own.set(`${dtype}/${inputs}`, packed.keep());
  return packed;
}
