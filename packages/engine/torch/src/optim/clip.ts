import { tidy } from "../binding/handle.js";
import { zeros } from "../tensor/create.js";
import { noGrad } from "../tensor/grad.js";
import { _foreachMul_, _foreachNorm, stack } from "../tensor/ops.generated.js";
import type { Tensor } from "../tensor/tensor.js";

/** Scales gradients to a joint 2-norm of at most `maxNorm`. Returns the norm before, a scalar tensor. */
export function clipGradNorm_(parameters: readonly Tensor[], maxNorm: number): Tensor {
  const clip = () => {
    const grads = parameters.map((p) => p.grad).filter((g): g is Tensor => g !== null);
    if (grads.length === 0) return zeros([]);
    const norm = stack(_foreachNorm(grads)).linalgVectorNorm();
    const scale = norm.add(1e-6).reciprocal().mul(maxNorm).clamp({ max: 1 });
    _foreachMul_(grads, scale);
    return norm;
  };
  return noGrad(() => tidy(clip));
}
