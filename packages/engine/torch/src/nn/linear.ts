import { callUnchecked, invoke, Op, schemas } from "../binding/dispatch.js";
import { autocast, autocastDType } from "../tensor/autocast.js";
import { empty } from "../tensor/create.js";
import { gradEnabled } from "../tensor/grad.js";
import { linear } from "../tensor/ops.generated.js";
import { Parameter, type Tensor } from "../tensor/tensor.js";
import { fans, type InitOptions, kaimingUniform_, uniform_ } from "./init.js";
import { Module } from "./module.js";
import { areStanding, standingOf } from "./standing.js";

/** y = x Wᵀ + b on the last dimension: [.., in] → [.., out]; weight [out, in], bias [out]. */
export class Linear extends Module {
  /** [out, in], uniform in ±1/√in. */
  weight: Parameter;
  /** [out], uniform in ±1/√in. */
  bias: Parameter;

  constructor(inFeatures: number, outFeatures: number, options: InitOptions = {}) {
    super();
    const weight = empty([outFeatures, inFeatures]);
    this.weight = new Parameter(kaimingUniform_(weight, { a: Math.sqrt(5), ...options }));
    const bound = inFeatures > 0 ? 1 / Math.sqrt(fans(this.weight).fanIn) : 0;
    this.bias = new Parameter(uniform_(empty([outFeatures]), -bound, bound, options));
  }

  /** `shared` [k] are the last k inputs, equal for all rows of x [.., in − k]: their product is a part of the bias. */
  forward(x: Tensor, shared?: Tensor): Tensor {
    const affineMap = this.#after(shared);
    return fusedWithGradients(x, affineMap, false) ?? affine(this, x, affineMap);
  }

  /** SiLU of `forward`: […, out] for x […, in], by kernels of our own on the processor. */
  silu(x: Tensor, shared?: Tensor): Tensor {
    const affineMap = this.#after(shared);
    const fused = fusedWithGradients(x, affineMap, true);
    if (fused) return fused;
    const y = affine(this, x, affineMap);
    return areStanding() ? (invoke(silu_, y) as Tensor) : y.silu();
  }

  #after(shared: Tensor | undefined): Affine {
    const { weight, bias } = this;
    if (!shared) return { weight, bias };
    const k = shared.size(0);
    const inputs = weight.size(1);
    const columns = weight.narrow(1, inputs - k, k);
    return {
      weight: weight.narrow(1, 0, inputs - k),
      // A shared input may be a time, of which bfloat16 keeps two digits.
      bias: autocast(null, () => bias.addmv(columns, shared)),
    };
  }
}

type Affine = Record<"weight" | "bias", Tensor>;

function fusedWithGradients(x: Tensor, { weight, bias }: Affine, silu: boolean): Tensor | null {
  if (!gradEnabled() || x.ndim !== 2 || autocastDType() !== null) return null;
  for (const t of [x, weight, bias]) if (t.device !== "cpu" || t.dtype !== "float32") return null;
  return (invoke(denseOp, x, weight, bias, silu, true) as [Tensor, Tensor])[0];
}

/** x Wᵀ + b, [.., in] → [.., out], by a weight [out, in] of a layer: packed inside `withStandingWeights`. */
export function affine(layer: Module, x: Tensor, { weight, bias }: Affine): Tensor {
  const packed = packedFor(layer, weight, x);
  if (!packed) return linear(x, weight, { bias });
  const { dtype } = packed;
  return callUnchecked(oneDNN, "", x.to(dtype), packed, bias, "none", [], undefined) as Tensor;
}

const denseOp = new Op("dsbm::dense", "");
const oneDNN = "mkldnn::_linear_pointwise";
const silu_ = new Op("dsbm::silu_", "");
/** Fewer rows than these do not pay for packing. */
const manyRows = 128;

let isOneDNNThere: boolean | null = null;

/** Whether libtorch has oneDNN. The list of its operations is read once: that takes a millisecond, as long as a small layer. */
function hasOneDNN(): boolean {
  isOneDNNThere ??= schemas(oneDNN).length > 0;
  return isOneDNNThere;
}

function packedFor(layer: Module, weight: Tensor, x: Tensor): Tensor | null {
  if (!areStanding()) return null;
  const [outputs, inputs] = weight.shape;
  const dtype = autocastDType() ?? "float32";
  // For one or two outputs BLAS is faster, and in bfloat16 for outputs that do not fill vectors.
  const isWide = dtype === "float32" ? outputs > 2 : outputs % 16 === 0;
  const pays = x.ndim === 2 && x.size(0) >= manyRows && inputs >= 32 && isWide;
  const plain = x.device === "cpu" && weight.dtype === "float32";
  if (!pays || !plain || !["float32", dtype].includes(x.dtype)) return null;
  if (!hasOneDNN()) return null;
  const short = { bfloat16: "bf16", float16: "fp16" }[dtype as string];
  if (short && !callUnchecked(`mkldnn::_is_mkldnn_${short}_supported`, "")) return null;
  return standingOf(layer, `${dtype}/${inputs}`, () => {
    const whole = weight.detach().to(dtype).contiguous();
    return callUnchecked("mkldnn::_reorder_linear_weight", "", whole, x.size(0)) as Tensor;
  });
}
